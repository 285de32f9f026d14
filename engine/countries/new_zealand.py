"""New Zealand: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "NZ",
    "New Zealand",
    "Oceania",
    (
        Format("LLLNNN", note="since 2001"),
        Format("LLNNNN", 0.1, note="until 2001"),
    ),
    size_mm=(360, 125),
    styles=(
        Style(font="uk"),
        Style("black", "white", font="uk", weight=0.1, formats=(1,)),
    ),
)
