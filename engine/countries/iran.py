"""Iran: its plates' formats and looks; Persian digits and letters as the reader gives them (`_scripts`), the region last.

The word for alef is printed as a word and read as one character."""

from engine.countries import Country, Format, Style

_DIGIT = "[١٢٣۴۵۶٧٨٩]"
_REGION = f"{_DIGIT}[٠١٢٣۴۵۶٧٨٩]"


def _with(letters: str) -> str:
    return f"{_DIGIT}{{2}} [{letters}] {_DIGIT}{{3}} {_REGION}"


COUNTRY = Country(
    "IR",
    "Iran",
    "Middle East",
    (
        Format(_with("بجدسصطقلمنوھى")),
        Format(_with("تع"), 0.2, note="taxis and lorries"),
        Format(_with("ا"), 0.1, note="government"),
        Format(_with("پ"), 0.05, note="police"),
        Format(_with("ک"), 0.05, note="agriculture"),
        Format(_with("ژ"), 0.05, note="disabled"),
        Format(_with("شثزف"), 0.02, note="armed forces"),
        Format(_with("گ"), 0.02, note="temporary"),
    ),
    styles=(
        Style(band="I.R. IRAN", band_colour="blue", formats=(0, 5, 7)),
        Style("yellow", weight=0.3, kind="commercial", band="I.R. IRAN", band_colour="blue", formats=(1,)),
        Style("yellow", weight=0.05, kind="agricultural", band="I.R. IRAN", band_colour="blue", formats=(4,)),
        Style("red", "white", weight=0.1, kind="official", band="I.R. IRAN", band_colour="blue", formats=(2,)),
        Style("dark green", "white", weight=0.05, kind="police", band="I.R. IRAN", band_colour="blue", formats=(3,)),
        Style("green", "white", weight=0.02, kind="military", band="I.R. IRAN", band_colour="blue", formats=(6,)),
        Style("blue", "white", weight=0.02, kind="military", band="I.R. IRAN", band_colour="blue", formats=(6,)),
    ),
)
