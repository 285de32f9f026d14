"""Raspberry Pi 4: header pins through RPi.GPIO's API."""

from board.profiles import _header
from board.types import BoardProfile

PROFILE = BoardProfile(
    name="pi4",
    title="Raspberry Pi 4",
    gpio="rpi",
    camera="picamera2:",
    outputs=_header.OUTPUTS,
    inputs=_header.INPUTS,
    wiegand=_header.WIEGAND,
    reserved=_header.RESERVED,
    boot_pulls=_header.BOOT_PULLS,
    why=_header.WHY,
    chip_labels=("pinctrl-bcm2711",),
    threads=4,
)
