"""Raspberry Pi Compute Module 4: the pins of its IO board's header; another carrier names its own in STATE/lines.json."""

from dataclasses import replace

from board.profiles import _header

PROFILE = replace(
    _header.BOARD,
    name="cm4",
    title="Compute Module 4",
    chip_labels=("pinctrl-bcm2711",),
    why=_header.WHY
    + " These are the pins of the Compute Module 4 IO board. A carrier with other lines names them in STATE/lines.json: a pin "
    "that is pulled to its active level at boot is refused unless the file says that the carrier holds it (`held`).",
)
