"""Brazil: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "BR",
    "Brazil",
    "South America",
    (
        Format("LLL-NNNN", note="grey, until 2018"),
        Format("LLLNLNN", note="Mercosur"),
        Format("LLL/NNNN", 0.1, note="motorcycles"),
        Format("LLL/NLNN", 0.1, note="motorcycles, Mercosur"),
    ),
    size_mm=(400, 130),
    styles=(
        Style(
            "light grey",
            header="SP - SAO PAULO|RJ - RIO DE JANEIRO|MG - BELO HORIZONTE|PR - CURITIBA|RS - PORTO ALEGRE|BA - SALVADOR",
            font="plate",
            separator="dash",
            formats=(0, 2),
        ),
        Style(
            "red",
            "white",
            weight=0.15,
            kind="commercial",
            header="SP - SAO PAULO|RJ - RIO DE JANEIRO|MG - BELO HORIZONTE|PR - CURITIBA|BA - SALVADOR",
            font="plate",
            separator="dash",
            formats=(0, 2),
        ),
        Style(
            "white",
            weight=0.05,
            kind="official",
            header="SP - SAO PAULO|DF - BRASILIA|RJ - RIO DE JANEIRO|PR - CURITIBA",
            font="plate",
            separator="dash",
            formats=(0,),
        ),
        Style(header="BRASIL", header_ground="blue", font="fe", formats=(1, 3)),
        Style(weight=0.15, ink="red", kind="commercial", header="BRASIL", header_ground="blue", font="fe", formats=(1, 3)),
        Style(weight=0.05, ink="blue", kind="official", header="BRASIL", header_ground="blue", font="fe", formats=(1,)),
        Style(weight=0.02, ink="green", kind="special", header="BRASIL", header_ground="blue", font="fe", formats=(1,)),
    ),
)
