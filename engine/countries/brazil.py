"""Brazil: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "BR",
    "Brazil",
    "South America",
    (
        Format("LLL-NNNN", note="grey, until 2018"),
        Format("LLLNLNN", note="Mercosur"),
        Format("LLL/NNNN", 0.1, note="motorcycles"),
        Format("LLL/NLNN", 0.1, note="motorcycles, Mercosur"),
    ),
    size_mm=(400, 130),
)
