"""Taiwan: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "TW",
    "Taiwan",
    "Asia",
    (
        Format("LLL-NNNN", note="since 2012"),
        Format("NNNN-LL", 0.6, note="until 2012"),
        Format("LL-NNNN", 0.4, note="until 2012"),
        Format("NL-NNNN", 0.2, note="until 2012"),
        Format("NNNN-LN", 0.1, note="until 2012"),
        Format("LLL-NNN", 0.3, note="motorcycles"),
        Format("NNN-LLL", 0.2, note="motorcycles, until 2012"),
        Format("E[A-Z]{2}-NNNN", 0.1, note="electric"),
    ),
    letters="ABCDEFGHJKLMNPQRSTUVWXYZ",
    size_mm=(380, 160),
    styles=(
        Style(separator="dash", formats=(0, 1, 2, 3, 4, 5, 6)),
        Style("yellow", weight=0.05, separator="dash", kind="motorcycle", formats=(5, 6)),
        Style("red", "white", weight=0.05, kind="motorcycle", separator="dash", formats=(5, 6)),
        Style(weight=0.1, ink="red", kind="commercial", separator="dash", formats=(0, 1, 2)),
        Style(weight=0.1, ink="green", kind="commercial", separator="dash", formats=(0, 1, 2)),
        Style(weight=0.1, kind="electric", footer="電動車", separator="dash", formats=(7,)),
    ),
)
