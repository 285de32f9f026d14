"""Raspberry Pi Compute Module 4: the pins of its IO board's header; another carrier names its own in STATE/lines.json."""

from board.profiles import _header
from board.types import BoardProfile

PROFILE = BoardProfile(
    name="cm4",
    title="Compute Module 4",
    gpio="rpi",
    camera="picamera2:",
    outputs=_header.OUTPUTS,
    inputs=_header.INPUTS,
    wiegand=_header.WIEGAND,
    reserved=_header.RESERVED,
    boot_pulls=_header.BOOT_PULLS,
    why=_header.WHY
    + " These are the pins of the Compute Module 4 IO board. A carrier with other lines names them in STATE/lines.json: a pin "
    "that is pulled to its active level at boot is refused unless the file says that the carrier holds it (`held`).",
    chip_labels=("pinctrl-bcm2711",),
    threads=4,
)
