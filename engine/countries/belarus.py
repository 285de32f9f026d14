"""Belarus: its plates' formats; only letters that Cyrillic and Latin share."""

from engine.countries import Country, Format

COUNTRY = Country(
    "BY",
    "Belarus",
    "Europe",
    (
        Format("NNNN LL-[0-8]"),
        Format("N LLL NNNN", 0.05, note="others than cars"),
    ),
    letters="ABEIKMHOPCTX",
)
