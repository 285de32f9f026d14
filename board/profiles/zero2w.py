"""Raspberry Pi Zero 2 W: header pins through RPi.GPIO's API.

Two inference threads leave cores to pins and the camera.
"""

from dataclasses import replace

from board.profiles import _header

PROFILE = replace(
    _header.BOARD,
    name="zero2w",
    title="Raspberry Pi Zero 2 W",
    chip_labels=("pinctrl-bcm2835",),
    threads=2,
    small=True,
)
