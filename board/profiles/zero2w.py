"""Raspberry Pi Zero 2 W: header pins through RPi.GPIO's API.

Two inference threads leave cores to pins and the camera.
"""

from board.profiles import _header
from board.types import BoardProfile

PROFILE = BoardProfile(
    name="zero2w",
    title="Raspberry Pi Zero 2 W",
    gpio="rpi",
    camera="picamera2:",
    outputs=_header.OUTPUTS,
    inputs=_header.INPUTS,
    wiegand=_header.WIEGAND,
    reserved=_header.RESERVED,
    boot_pulls=_header.BOOT_PULLS,
    why=_header.WHY,
    chip_labels=("pinctrl-bcm2835",),
    threads=2,
    small=True,
)
