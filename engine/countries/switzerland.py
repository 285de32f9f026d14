"""Switzerland: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "CH",
    "Switzerland",
    "Europe",
    (Format("@ [1-9]N{0,5}"),),
    codes="AG AI AR BE BL BS FR GE GL GR JU LU NE NW OW SG SH SO SZ TG TI UR VD VS ZG ZH",
    size_mm=(500, 110),
)
