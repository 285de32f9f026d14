"""Senegal: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "SN",
    "Senegal",
    "Africa",
    (
        Format("LL-NNN-LL", note="since 2019"),
        Format("<DK,DB,DL,FK,KD,KG,KL,KF,LG,MT,SD,SL,TC,TH,ZG> NNNN L{1,2}", 0.7, note="until 2019, with the region"),
    ),
    styles=(
        Style(band="SN", band_colour="blue", separator="dash", formats=(0,)),
        Style(formats=(1,)),
    ),
)
