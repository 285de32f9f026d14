"""Czechia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "CZ",
    "Czechia",
    "Europe",
    (
        Format("[1-9][ABCEHJKLMPSTUZ][0-9A-FH-NPR-VX-Z] NNNN", note="since 2001"),
        Format("LL(L) NN-NN", 0.2, note="until 2001"),
        Format("[1-9][ABCEHJKLMPSTUZ][0-9A-FH-NPR-VX-Z]/NNNN", 0.1, note="two rows"),
        Format("E[L] NNN LL", 0.05, note="electric"),
    ),
    letters="ABCDEFHIJKLMNOPRSTUVXYZ",
    styles=(
        Style(band="CZ", band_colour="blue", separator="seal", formats=(0, 2)),
        Style(weight=0.2, separator="seal", formats=(1,)),
        Style(weight=0.1, kind="electric", band="CZ", band_colour="blue", separator="seal", formats=(3,)),
    ),
)
