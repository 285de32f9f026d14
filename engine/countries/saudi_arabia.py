"""Saudi Arabia: its plates' formats; the Latin row; the Arabic row says the same."""

from engine.countries import Country, Format

COUNTRY = Country(
    "SA",
    "Saudi Arabia",
    "Middle East",
    (
        Format("NNNN LLL"),
        Format("[1-9]N{0,2} LLL", 0.1),
    ),
    letters="ABDEGHJKLNRSTUVXZ",
    size_mm=(310, 155),
)
