"""Paraguay: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "PY",
    "Paraguay",
    "South America",
    (
        Format("LLLL NNN", note="Mercosur, since 2019"),
        Format("LLL NNN", 0.8, note="until 2019"),
        Format("NNN LLL(L)", 0.2, note="motorcycles"),
    ),
    size_mm=(400, 130),
    styles=(
        Style(header="REPUBLICA DEL PARAGUAY", header_ground="blue", font="fe", formats=(0,)),
        Style(weight=0.8, header="PARAGUAY", formats=(1,)),
        Style(weight=0.2, kind="motorcycle", header="PARAGUAY", formats=(2,)),
    ),
)
