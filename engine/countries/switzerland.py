"""Switzerland: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "CH",
    "Switzerland",
    "Europe",
    (
        Format("@ [1-9]N{0,5}"),
        Format("@/[1-9]N{0,5}", 0.5, note="rear, two rows"),
        Format("@ [1-9]N{0,5} U", 0.05, note="dealers"),
    ),
    codes="AG AI AR BE BL BS FR GE GL GR JU LU NE NW OW SG SH SO SZ TG TI UR VD VS ZG ZH",
    size_mm=(500, 110),
    styles=(Style(separator="dot", formats=(0, 1, 2)),),
)
