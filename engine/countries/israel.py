"""Israel: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "IL",
    "Israel",
    "Middle East",
    (
        Format("NNN-NN-NNN", note="since 2017"),
        Format("NN-NNN-NN", note="until 2017"),
    ),
)
