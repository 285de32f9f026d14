"""Cambodia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "KH",
    "Cambodia",
    "Asia",
    (Format("[1-579]L(L)-NNNN"),),
    size_mm=(340, 150),
    styles=(Style(ink="blue", footer="PHNOM PENH|KANDAL|SIEM REAP|BATTAMBANG|KAMPONG CHAM|SIHANOUKVILLE", separator="dash"),),
)
