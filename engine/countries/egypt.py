"""Egypt: its plates' formats and looks; Arabic digits and letters in the order seen, left to right."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "EG",
    "Egypt",
    "Africa",
    (
        Format("[١٢٣٤٥٦٧٨٩]{3,4} [أبجدرسصطعفقلمنھوى]{2,3}"),
        Format("[١٢٣٤٥٦٧٨٩]{1,4} [أبجدرسصطعفقلمنھوى]{1,3}", 0.5, note="chosen short numbers"),
    ),
    size_mm=(400, 170),
    styles=(
        Style(header="EGYPT مصر", header_ground="light blue"),
        Style(weight=0.15, kind="taxi", header="EGYPT مصر", header_ground="orange"),
        Style(weight=0.2, kind="commercial", header="EGYPT مصر", header_ground="red"),
        Style(weight=0.05, kind="commercial", header="EGYPT مصر", header_ground="grey"),
        Style(weight=0.05, kind="temporary", header="EGYPT مصر", header_ground="yellow"),
        Style(weight=0.03, kind="diplomatic", header="EGYPT مصر", header_ground="green"),
        Style(weight=0.03, kind="police", header="EGYPT مصر", header_ground="dark blue"),
    ),
)
