"""What the plate reader writes and takes: its picture's size, its symbols, its countries, how many characters a plate may have."""

from __future__ import annotations

HEIGHT_PX = 64
WIDTH_PX = 128
ROWS = 2
"""Rows of text that are looked for; a plate of one row leaves the lower one empty."""
MOST_CHARACTERS = 12

LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
CHINESE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼学警港澳挂使领应急"
ARABIC = "٠١٢٣٤٥٦٧٨٩" + "۴۵۶" + "اأبتثجحخدذرزسشصضطظعغفقكلمنهھوىي" + "پژکگ"
KOREAN = (
    "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호바사아자배울산대인천광전경기강원충북남제세종국합육해공"
)
THAI = "กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ"
KANA = "あいうえかきくけこさすせそたちつてとなにぬねのはひふほまみむめもやゆよらりるれろわをん"
ALPHABET = ("", *LATIN, *CHINESE, *ARABIC, *KOREAN, *THAI, *KANA)
"""One code point a symbol; the same shape has one symbol (Persian digits but 4, 5 and 6 are the Arabic ones, and so on)."""

_CODES = """
AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA CC CD CF
CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF
GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR
KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC
NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU
WF WS XK YE YT ZA ZM ZW
"""
COUNTRIES = tuple(_CODES.split())
"""The order of the country logits: ISO 3166-1 alpha-2 and XK (Kosovo), so that a country described later has its place."""
