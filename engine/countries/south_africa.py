"""South Africa: its plates' formats; no vowels after the province scheme."""

from engine.countries import Country, Format

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
    ),
    letters="BCDFGHJKLMNPRSTVWXYZ",
    codes=(
        "CA CAA CAW CBL CBM CBR CBS CBT CBY CCA CCC CCD CCK CCM CCO CCP CEA CEG CEM CEO CER CES CEX CEY CF "
        "CFA CFG CFM CFP CFR CG CJ CK CL CN CO CR CS CT CV CW CX CY CZ"
    ),
    size_mm=(520, 113),
)
