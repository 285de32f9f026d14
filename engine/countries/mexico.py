"""Mexico: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "MX",
    "Mexico",
    "North America",
    (
        Format("LLL-NNN-L"),
        Format("LNN-LLL", 0.3, note="Mexico City"),
        Format("LLL-NN-NN", 0.5, note="before 2016"),
        Format("NNN-LLL", 0.2, note="Mexico City, earlier"),
        Format("LL-NNNN-L", 0.5, note="lorries and pick-ups"),
        Format("LL-NN-NNN", 0.2, note="lorries, before 2016"),
        Format("NN-LL-NL", 0.2, note="federal service: lorries, buses, trailers"),
    ),
    letters="ABCDEFGHJKLMNPRSTUVWXYZ",
    size_mm=(305, 152),
    styles=(
        Style(
            header="MEXICO|JALISCO|NUEVO LEON|CDMX|PUEBLA|GUANAJUATO|VERACRUZ|SONORA|YUCATAN",
            footer="ESTADO DE MEXICO|TRASERA|DELANTERA|MEXICO",
            separator="dash",
        ),
        Style(
            ink="dark green",
            weight=0.05,
            kind="electric",
            header="CDMX|EDOMEX",
            footer="CIUDAD DE MEXICO",
            separator="dash",
            formats=(1,),
        ),
    ),
)
