"""Netherlands: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "NL",
    "Netherlands",
    "Europe",
    (
        Format("L-NNN-LL"),
        Format("LL-NNN-L"),
        Format("N-LLL-NN"),
        Format("NN-LLL-N"),
        Format("NN-LL-LL", 0.7),
        Format("LL-LL-NN", 0.3),
        Format("LLL-NN-L", 0.3),
        Format("L-NN-LLL", 0.3),
        Format("N-LL-NNN", 0.1),
        Format("NNN-LL-N", 0.1),
        Format("LL-NN-LL", 0.2),
        Format("NN-LL-NN", 0.03),
        Format("LL-NN-NN", 0.03),
        Format("NN-NN-LL", 0.03),
    ),
    letters="BDFGHJKLMNPRSTVWXZ",
)
