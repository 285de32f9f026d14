"""Malaysia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "MY",
    "Malaysia",
    "Asia",
    (
        Format("L{1,3} [1-9]N{0,3}"),
        Format("L{1,3} [1-9]N{0,3} L", 0.5),
        Format("<Q,S>LL [1-9]N{0,3} L", 0.2, note="Sarawak and Sabah"),
        Format("L{1,3}/[1-9]N{0,3}", 0.3, note="two rows"),
    ),
    letters="ABCDEFGHJKLMNPQRSTUVWXYZ",
)
