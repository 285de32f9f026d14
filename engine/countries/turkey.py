"""Türkiye: its plates' formats and looks; the first number is the province, 01 to 81."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "TR",
    "Türkiye",
    "Europe",
    (
        Format("[0-8]N L NNNN(N)"),
        Format("[0-8]N LL NNN(N)"),
        Format("[0-8]N LLL NN(N)"),
        Format("[0-8]N/LL(L) NN(N)", 0.1, note="two rows"),
    ),
    letters="ABCDEFGHIJKLMNOPRSTUVYZ",
    styles=(Style(band="TR", band_colour="blue"),),
)
