"""China: its plates' formats; the first character is the province."""

from engine.countries import Country, Format

COUNTRY = Country(
    "CN",
    "China",
    "Asia",
    (
        Format("@[A-HJ-NP-Z] [0-9A-HJ-NP-Z]{4}[0-9A-HJ-NP-Z挂学警港澳]"),
        Format("@[A-HJ-NP-Z] [DF][0-9A-HJ-NP-Z]NNNN", 0.3, note="electric, small"),
        Format("@[A-HJ-NP-Z] NNNNN[DF]", 0.1, note="electric, large"),
        Format("[A-HJ-NP-Z] [0-9A-HJ-NP-Z]{5}", 0.05, note="as a Latin reader gives it, without the province"),
    ),
    codes="京 津 沪 渝 冀 豫 云 辽 黑 湘 皖 鲁 新 苏 浙 赣 鄂 桂 甘 晋 蒙 陕 吉 闽 贵 粤 青 藏 川 宁 琼",
    size_mm=(440, 140),
)
