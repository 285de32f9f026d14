"""Raspberry Pi 4: header pins through RPi.GPIO's API."""

from dataclasses import replace

from board.profiles import _header

PROFILE = replace(_header.BOARD, name="pi4", title="Raspberry Pi 4", chip_labels=("pinctrl-bcm2711",))
