"""Ghana: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "GH",
    "Ghana",
    "Africa",
    (Format("@ N{1,4}-NN"),),
    codes="AE AS AW BA CR ER GC GE GG GL GM GN GR GS GT GW GX GY NR UE UW VR WR",
)
