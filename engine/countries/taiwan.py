"""Taiwan: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "TW",
    "Taiwan",
    "Asia",
    (
        Format("LLL-NNNN", note="since 2012"),
        Format("NNNN-LL", 0.6, note="until 2012"),
        Format("LL-NNNN", 0.4, note="until 2012"),
        Format("NL-NNNN", 0.2, note="until 2012"),
        Format("NNNN-LN", 0.1, note="until 2012"),
        Format("LLL-NNN", 0.3, note="motorcycles"),
        Format("NNN-LLL", 0.2, note="motorcycles, until 2012"),
    ),
    letters="ABCDEFGHJKLMNPQRSTUVWXYZ",
    size_mm=(380, 160),
)
