"""Pakistan: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "PK",
    "Pakistan",
    "Asia",
    (
        Format("LLL-NNN(N)"),
        Format("LL-NNNN", 0.3),
        Format("LLL NN NNN", 0.3, note="Punjab"),
        Format("LLL/NNN(N)", 0.1, note="two rows"),
    ),
    size_mm=(330, 160),
    styles=(
        Style(header="PUNJAB|ISLAMABAD|ICT|KPK", formats=(0, 2, 3)),
        Style("yellow", weight=0.6, footer="SINDH", formats=(0, 1)),
        Style(weight=0.2, formats=(0, 1)),
    ),
)
