"""China: its plates' formats and looks; the first character is the province."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "CN",
    "China",
    "Asia",
    (
        Format("@[A-HJ-NP-Z] [0-9A-HJ-NP-Z]{5}"),
        Format("@[A-HJ-NP-Z] [A-HJK][0-9A-HJ-NP-Z]NNNN", 0.3, note="electric, small"),
        Format("@[A-HJ-NP-Z] NNNNN[DF]", 0.1, note="electric, large"),
        Format("[A-HJ-NP-Z] [0-9A-HJ-NP-Z]{5}", 0.05, note="as a Latin reader gives it, without the province"),
        Format("@[A-HJ-NP-Z]/[0-9A-HJ-NP-Z]{5}", 0.1, note="large vehicles, rear"),
        Format("@[A-HJ-NP-Z]/[0-9A-HJ-NP-Z]{4}挂", 0.1, note="trailers"),
        Format("@[A-HJ-NP-Z] [0-9A-HJ-NP-Z]{4}学", 0.1, note="driving schools"),
        Format("@[A-HJ-NP-Z] [0-9A-HJ-NP-Z]{4}警", 0.1, note="police"),
        Format("粤Z [0-9A-HJ-NP-Z]{4}[港澳]", 0.05, note="from Hong Kong and Macao"),
        Format("@[A-HJ-NP-Z] [0-9A-HJ-NP-Z]{4}领", 0.02, note="consulates"),
        Format("使NNN NNN", 0.02, note="embassies"),
        Format("@[A-HJ-NP-Z] NNNN应急", 0.02, note="fire and rescue"),
        Format("WJ@ NNNN[0-9BDHJSTX]", 0.02, note="armed police"),
        Format("[A-Z][A-Z] NNNNN", 0.02, note="army"),
    ),
    codes="京 津 沪 渝 冀 豫 云 辽 黑 湘 皖 鲁 新 苏 浙 赣 鄂 桂 甘 晋 蒙 陕 吉 闽 贵 粤 青 藏 川 宁 琼",
    size_mm=(440, 140),
    styles=(
        Style("blue", "white", separator="dot", formats=(0, 3)),
        Style("yellow", weight=0.15, kind="commercial", separator="dot", formats=(0, 3)),
        Style("yellow", weight=0.1, kind="commercial", formats=(4,)),
        Style("yellow", weight=0.1, kind="trailer", formats=(5,)),
        Style("yellow", weight=0.1, kind="special", separator="dot", formats=(6,)),
        Style("light green", weight=0.5, kind="electric", separator="dot", formats=(1, 2)),
        Style("white", weight=0.1, kind="police", separator="dot", formats=(7,)),
        Style("black", "white", weight=0.05, kind="special", separator="dot", formats=(0, 8)),
        Style("black", "white", weight=0.05, kind="diplomatic", separator="dot", formats=(9, 10)),
        Style("white", weight=0.03, kind="official", separator="dot", formats=(11,)),
        Style("white", weight=0.03, kind="military", formats=(12, 13)),
    ),
)
