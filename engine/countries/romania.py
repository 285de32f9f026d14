"""Romania: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "RO",
    "Romania",
    "Europe",
    (
        Format("B NN(N) LLL", note="Bucharest"),
        Format("@ NN LLL"),
        Format("@ 0N{5}", 0.05, note="temporary"),
        Format("B 0N{5}", 0.05, note="temporary"),
        Format("@ NN/LLL", 0.1, note="two rows"),
    ),
    letters="ABCDEFGHIJKLMNOPRSTUVWXYZ",
    codes=(
        "AB AG AR BC BH BN BR BT BV BZ CJ CL CS CT CV DB DJ GJ GL GR HD HR IF IL IS MH MM MS NT OT PH SB SJ SM SV TL TM TR VL VN VS"
    ),
    styles=(
        Style(band="RO", band_colour="blue", formats=(0, 1, 4)),
        Style(weight=0.05, ink="green", kind="electric", band="RO", band_colour="blue", formats=(0, 1)),
        Style(weight=0.1, ink="red", kind="temporary", band="RO", band_colour="blue", formats=(2, 3)),
    ),
)
