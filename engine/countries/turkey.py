"""Türkiye: its plates' formats; the first number is the province, 01 to 81."""

from engine.countries import Country, Format

COUNTRY = Country(
    "TR",
    "Türkiye",
    "Europe",
    (
        Format("[0-8]N L NNNN(N)"),
        Format("[0-8]N LL NNN(N)"),
        Format("[0-8]N LLL NN(N)"),
    ),
    letters="ABCDEFGHIJKLMNOPRSTUVYZ",
)
