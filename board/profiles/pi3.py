"""Raspberry Pi 3 and 3+: header pins through RPi.GPIO's API."""

from dataclasses import replace

from board.profiles import _header

PROFILE = replace(_header.BOARD, name="pi3", title="Raspberry Pi 3", chip_labels=("pinctrl-bcm2835",))
