"""Monaco: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "MC",
    "Monaco",
    "Europe",
    (
        Format("NNNN"),
        Format("LNNN"),
        Format("NNNL", 0.5),
    ),
    size_mm=(320, 80),
)
