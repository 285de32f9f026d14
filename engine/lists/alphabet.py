"""Alphabet: converts what is typed for a plate to the characters that the reader can give, so that the two can be compared.

People type what they see on a plate, on the keyboard that they have: letters with marks, Cyrillic or Greek letters, digits of
another script, words that the reader leaves out. A key is the same for all of them; it is what is looked up, never what is shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from engine.types import WILDCARDS

READABLE = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼学警港澳挂使领应急"
    "٠١٢٣٤٥٦٧٨٩"
    "۴۵۶"
    "اأبتثجحخدذرزسشصضطظعغفقكلمنهھوىيپژکگ"
    "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호바사아자배울산대인천광전경기강원충북남제세종국합육해공"
    "กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ"
    "あいうえかきくけこさすせそたちつてとなにぬねのはひふほまみむめもやゆよらりるれろわをん"
)
"""Every character that the reader can give (`alphabet` of models/ocr.json; a test keeps them equal)."""

DASHES_AND_DOTS = "-.·•‧∙⋅・･●。⸱ꞏ۔−⁃˗ーـ"
"""Left out beside all that Unicode calls a dash, a space or invisible."""

_LEFT_OUT = frozenset(("Pd", "Zs", "Zl", "Zp", "Cf"))
"""Unicode's categories of dashes, spaces and invisible characters."""

_VARIATIONS = frozenset(range(0xFE00, 0xFE10)) | {0x034F, 0x115F, 0x1160, 0x3164}
"""Variation selectors and fillers: invisible, though Unicode calls them marks or letters."""

_LATIN = str.maketrans({
    **dict(zip("АВЕКМНОРСТУХІЈЅԚԜҮҺӀ", "ABEKMHOPCTYXIJSQWYHI", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
    "Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Ħ": "H", "Ŧ": "T", "Æ": "AE", "Œ": "OE", "ẞ": "SS", "Ƶ": "Z",
})  # fmt: skip
"""Cyrillic and Greek letters by their look, and letters that Unicode does not take apart into a letter and a mark."""

_ARABIC = str.maketrans("أإآٱىیئھہەةکڪؤ", "اااايييههههككو")
"""Letters of Arabic and Persian keyboards that stand for one letter on a plate."""

_CHINESE = str.maketrans("滬雲遼蘇贛陝閩貴瓊寧粵魯晉學領應掛", "沪云辽苏赣陕闽贵琼宁粤鲁晋学领应挂")
"""Traditional characters of what the plates write in simplified ones."""

_WORDS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile("تونس"), "T"),  # Tunisia: read as one letter
    (re.compile("ايران"), ""),  # Iran: stands over the region, is left out
    (re.compile(r"(?<=\d)الف(?=\d)"), "ا"),  # Iran: the letter alef is printed as its name
    (re.compile(r"^[^\W\d_A-Z]+(?=\d{2}[0-9A-Z]?[ぁ-んA-Z]\d{1,4}$)"), ""),  # Japan: the office's name
    (re.compile(r"(?<=\d)[ก-๛]{3,}$"), ""),  # Thailand: the province
    (
        re.compile(rf"^([ء-ي]{{2,3}})([\d{WILDCARDS}]{{1,4}})$"),
        lambda found: found[2] + found[1][::-1],
    ),  # Egypt: read aloud from the right
)
"""What the reader leaves out, gives as one letter or in another order: from the left, as it is seen (engine/countries)."""


def key_of(plate: str) -> str:
    """The text that is compared ("ab-12 ü" -> "AB12U"). What cannot be brought to the alphabet stays as it is (`unreadable`)."""
    if plate.isascii() and plate.isalnum():  # what the reader mostly gives
        return plate.upper()
    text = unicodedata.normalize("NFKC", plate).upper()
    text = "".join(_plain(character) for character in text if not _is_left_out(character))
    text = text.translate(_LATIN).translate(_ARABIC).translate(_CHINESE)
    if not text.isascii():
        for pattern, instead in _WORDS:
            text = pattern.sub(instead, text)
    return text


def unreadable(plate: str) -> str:
    """Those characters of a plate that the reader never gives, each once: such a plate is never found."""
    return "".join(dict.fromkeys(character for character in key_of(plate) if character not in _KEYS and character not in WILDCARDS))


def _is_left_out(character: str) -> bool:
    return (
        character in DASHES_AND_DOTS
        or character.isspace()
        or unicodedata.category(character) in _LEFT_OUT
        or ord(character) in _VARIATIONS
    )


def _plain(character: str) -> str:
    """A character without its marks, a digit of any script as 0 to 9, katakana as hiragana."""
    if character.isascii():
        return character
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if "ァ" <= character <= "ヶ":
        return chr(ord(character) - 0x60)
    if character in READABLE or "ぁ" <= character <= "ん":
        return character
    return "".join(part for part in unicodedata.normalize("NFD", character) if not unicodedata.combining(part)) or character


_KEYS = frozenset(character for symbol in READABLE for character in key_of(symbol))
"""The characters of the keys of what the reader gives."""
