"""France: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "FR",
    "France",
    "Europe",
    (
        Format("LL-NNN-LL", note="since 2009"),
        Format("[1-9]N{1,3} LL(L) NN", 0.1, note="until 2009, with the department"),
        Format("[1-9]N{1,3} LL(L) 2[AB]", 0.02, note="until 2009, Corsica"),
    ),
    letters="ABCDEFGHJKLMNPQRSTVWXYZ",
)
