"""Kyrgyzstan: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "KG",
    "Kyrgyzstan",
    "Asia",
    (
        Format("0[1-9] KG NNN LLL"),
        Format("0[1-9] NNN LLL", 0.3, note="without the country letters"),
    ),
    styles=(Style(band="KG"),),
)
