"""Finland: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "FI",
    "Finland",
    "Europe",
    (
        Format("LLL-N{1,3}"),
        Format("LL-N{1,3}", 0.1),
        Format("LLL/N{1,3}", 0.05, note="two rows"),
    ),
    size_mm=(442, 118),
    styles=(
        Style(band="FIN", band_colour="blue", separator="dash"),
        Style(weight=0.4, separator="dash"),
        Style("black", "white", weight=0.03, kind="historic", separator="dash"),
    ),
)
