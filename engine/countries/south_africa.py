"""South Africa: its plates' formats and looks; no vowels after the province scheme."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "ZA",
    "South Africa",
    "Africa",
    (
        Format("LL NN LL GP", note="Gauteng"),
        Format("LLL NNN GP", 0.3, note="Gauteng, earlier"),
        Format("@ N{2,6}", 0.7, note="Western Cape"),
        Format("<ND,NES,NIM,NIN,NIX,NJ,NKK,NMA,NN,NP,NPN,NPS,NR,NS,NT,NU,NUD,NUF,NUR,NUZ,NX,NZ> N{2,6}", 0.5, note="KwaZulu-Natal"),
        Format("LLL NNN <EC,L,MP,NC,NW,FS>", 0.7),
        Format("LL NN LL Z[N]", 0.3, note="KwaZulu-Natal, since 2023"),
    ),
    letters="BCDFGHJKLMNPRSTVWXYZ",
    codes=(
        "CA CAA CAW CBL CBM CBR CBS CBT CBY CCA CCC CCD CCK CCM CCO CCP CEA CEG CEM CEO CER CES CEX CEY CF "
        "CFA CFG CFM CFP CFR CG CJ CK CL CN CO CR CS CT CV CW CX CY CZ"
    ),
    size_mm=(520, 113),
    styles=(
        Style(formats=(0, 1, 5)),
        Style(weight=0.7, formats=(2,)),
        Style(weight=0.5, ink="dark blue", formats=(3,)),
        Style("yellow", weight=0.2, formats=(2, 3)),
        Style(weight=0.7, header="MPUMALANGA|LIMPOPO|EASTERN CAPE|FREE STATE|NORTH WEST", formats=(4,)),
        Style(weight=0.3, formats=(4,)),
    ),
)
