"""Raspberry Pi 5: header pins through RPi.GPIO's API.

That is rpi-lgpio here: RPi.GPIO knows no RP1. The chip is found by its label, as kernels number it 0 or 4.
"""

from dataclasses import replace

from board.profiles import _header

PROFILE = replace(_header.BOARD, name="pi5", title="Raspberry Pi 5", chip_labels=("pinctrl-rp1",), software_video=True)
