"""Argentina: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "AR",
    "Argentina",
    "South America",
    (
        Format("LL NNN LL", note="Mercosur, since 2016"),
        Format("LLL NNN", 0.8, note="until 2016"),
        Format("LNNN/LLL", 0.1, note="motorcycles, since 2016"),
        Format("NNN/LLL", 0.1, note="motorcycles, until 2016"),
    ),
    size_mm=(400, 130),
    styles=(
        Style(header="REPUBLICA ARGENTINA", header_ground="blue", font="fe", formats=(0, 2)),
        Style("black", "white", weight=0.8, header="ARGENTINA", formats=(1, 3)),
    ),
)
