"""Thailand: its plates' formats; Thai letters, Latin digits."""

from engine.countries import Country, Format

COUNTRY = Country(
    "TH",
    "Thailand",
    "Asia",
    (Format("([1-9])[กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ]{2} [1-9]N{0,3}"),),
    size_mm=(340, 150),
)
