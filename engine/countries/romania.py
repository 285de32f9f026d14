"""Romania: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "RO",
    "Romania",
    "Europe",
    (
        Format("B NN(N) LLL", note="Bucharest"),
        Format("@ NN LLL"),
        Format("@ 0N{5}", 0.05, note="temporary"),
        Format("B 0N{5}", 0.05, note="temporary"),
    ),
    letters="ABCDEFGHIJKLMNOPRSTUVWXYZ",
    codes=(
        "AB AG AR BC BH BN BR BT BV BZ CJ CL CS CT CV DB DJ GJ GL GR HD HR IF IL IS MH MM MS NT OT PH SB SJ SM SV TL TM TR VL VN VS"
    ),
)
