"""Uganda: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "UG",
    "Uganda",
    "Africa",
    (
        Format("ULL NNNL"),
        Format("U[A-Z] NNNLL", 0.2, note="since 2023"),
    ),
)
