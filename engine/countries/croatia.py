"""Croatia: its plates' formats; town codes without their accents, as a Latin reader gives them."""

from engine.countries import Country, Format

COUNTRY = Country(
    "HR",
    "Croatia",
    "Europe",
    (Format("@ NNN(N)-L(L)"),),
    letters="ABCDEFGHIJKLMNOPRSTUVZ",
    codes=("BJ BM CK DA DE DJ DU GS IM KA KC KR KT KZ MA NA NG OG OS PU PZ RI SB SI SK SL ST VK VT VU VZ ZD ZG ZU"),
)
