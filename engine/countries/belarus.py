"""Belarus: its plates' formats and looks; only letters that Cyrillic and Latin share."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "BY",
    "Belarus",
    "Europe",
    (
        Format("NNNN LL-[0-8]"),
        Format("N LLL NNNN", 0.05, note="others than cars"),
        Format("LL NNNN-[0-8]", 0.3, note="lorries and buses"),
        Format("L NNNN L-[0-8]", 0.1, note="trailers"),
        Format("E NNN LL-[0-8]", 0.1, note="electric, since 2020"),
    ),
    letters="ABEIKMHOPCTX",
    styles=(
        Style(band="BY", separator="dash", formats=(0, 1)),
        Style(weight=0.3, kind="commercial", band="BY", separator="dash", formats=(2,)),
        Style(weight=0.1, kind="trailer", band="BY", separator="dash", formats=(3,)),
        Style(weight=0.1, ink="green", kind="electric", band="BY", separator="dash", formats=(4,)),
    ),
)
