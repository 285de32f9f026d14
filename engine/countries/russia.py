"""Russia: its plates' formats; only letters that Cyrillic and Latin share; the last number is the region."""

from engine.countries import Country, Format

COUNTRY = Country(
    "RU",
    "Russia",
    "Europe",
    (
        Format("L NNN LL NN"),
        Format("L NNN LL [1-9]NN"),
    ),
    letters="ABEKMHOPCTYX",
    size_mm=(520, 112),
)
