"""Slovenia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "SI",
    "Slovenia",
    "Europe",
    (
        Format("<CE,GO,KK,KP,KR,LJ,MB,MS,NM,PO,SG> LL-NNN"),
        Format("<CE,GO,KK,KP,KR,LJ,MB,MS,NM,PO,SG> NN-LLL", 0.3),
        Format("<CE,GO,KK,KP,KR,LJ,MB,MS,NM,PO,SG> LN-NNN", 0.3),
        Format("<CE,GO,KK,KP,KR,LJ,MB,MS,NM,PO,SG> [0-9A-Z]{2}-[0-9A-Z]{3}", 0.05, note="other mixes of letters and digits"),
    ),
    letters="ABCDEFGHIJKLMNOPRSTUVZ",
    styles=(Style(band="SLO", band_colour="blue", separator="emblem"),),
)
