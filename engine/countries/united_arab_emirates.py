"""United Arab Emirates: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "AE",
    "United Arab Emirates",
    "Middle East",
    (
        Format("L{1,2} [1-9]N{0,4}"),
        Format("[1-9]N{0,1} [1-9]N{0,4}", 0.5, note="Abu Dhabi, Sharjah"),
    ),
    styles=(
        Style(header="DUBAI دبي", formats=(0,)),
        Style(header="SHJ الشارقة|AJMAN عجمان|RAK رأس الخيمة|UAQ أم القيوين|FUJAIRAH الفجيرة", weight=0.4),
        Style(weight=0.4, header="الإمارات أبوظبي|U.A.E. ABU DHABI", formats=(1,)),
    ),
)
