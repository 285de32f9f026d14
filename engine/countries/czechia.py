"""Czechia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "CZ",
    "Czechia",
    "Europe",
    (
        Format("[1-9][ABCEHJKLMPSTUZ][0-9A-Z] NNNN", note="since 2001"),
        Format("LL(L) NN-NN", 0.2, note="until 2001"),
    ),
    letters="ABCDEFHIJKLMNOPRSTUVXYZ",
)
