"""Raspberry Pi 5: header pins through RPi.GPIO's API.

That is rpi-lgpio here: RPi.GPIO knows no RP1. The chip is found by its label, as kernels number it 0 or 4.
"""

from board.profiles import _header
from board.types import BoardProfile

PROFILE = BoardProfile(
    name="pi5",
    title="Raspberry Pi 5",
    gpio="rpi",
    camera="picamera2:",
    outputs=_header.OUTPUTS,
    inputs=_header.INPUTS,
    wiegand=_header.WIEGAND,
    reserved=_header.RESERVED,
    boot_pulls=_header.BOOT_PULLS,
    why=_header.WHY,
    chip_labels=("pinctrl-rp1",),
    threads=4,
)
