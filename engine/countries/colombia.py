"""Colombia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "CO",
    "Colombia",
    "South America",
    (
        Format("LLL-NNN"),
        Format("LLL/NNL", 0.3, note="motorcycles"),
        Format("[RS]NNNNN", 0.05, note="trailers"),
        Format("NNN-LLL", 0.05, note="three-wheelers"),
    ),
    size_mm=(330, 160),
    styles=(
        Style("yellow", footer="BOGOTA D.C.|MEDELLIN|CALI|ENVIGADO|BARRANQUILLA|FUNZA|CHIA", separator="emblem"),
        Style(
            weight=0.3, kind="commercial", footer="BOGOTA D.C.|MEDELLIN|CALI|BARRANQUILLA|FUNZA", separator="emblem", formats=(0,)
        ),
        Style("blue", "white", weight=0.02, kind="diplomatic", footer="BOGOTA D.C.", formats=(0,)),
    ),
)
