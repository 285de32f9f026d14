"""Croatia: its plates' formats and looks; town codes without their accents, as a Latin reader gives them."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "HR",
    "Croatia",
    "Europe",
    (
        Format("@ NNN(N)-L(L)"),
        Format("@/NNN(N)-L(L)", 0.1, note="two rows"),
    ),
    letters="ABCDEFGHIJKLMNOPRSTUVZ",
    codes=("BJ BM CK DA DE DJ DU GS IM KA KC KR KT KZ MA NA NG OG OS PU PZ RI SB SI SK SL ST VK VT VU VZ ZD ZG ZU"),
    styles=(
        Style(band="HR", band_colour="blue", separator="emblem"),
        Style(weight=0.3, separator="emblem", formats=(0,)),
    ),
)
