"""Morocco: its plates' formats; the letter in its Latin form."""

from engine.countries import Country, Format

COUNTRY = Country(
    "MA",
    "Morocco",
    "Africa",
    (Format("[1-9]N{0,4}-[ABDHTWE]-[1-9](N)"),),
)
