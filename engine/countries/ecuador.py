"""Ecuador: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "EC",
    "Ecuador",
    "South America",
    (
        Format("LLL-NNNN"),
        Format("LLL-NNN", 0.2),
        Format("LLNNNL", 0.3, note="motorcycles"),
    ),
    size_mm=(404, 154),
    styles=(
        Style(header="ECUADOR", separator="dash"),
        Style(weight=0.2, kind="commercial", header="ECUADOR", header_ground="orange", separator="dash"),
        Style(weight=0.05, kind="official", header="ECUADOR", header_ground="yellow", separator="dash"),
    ),
)
