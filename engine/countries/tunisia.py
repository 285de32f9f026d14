"""Tunisia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "TN",
    "Tunisia",
    "Africa",
    (
        Format("[1-9]N{0,2} T N{1,4}", note="T stands for the Arabic word Tunis"),
        Format("N{4,6} N", 0.02),
        Format("[1-9]N{0,2} T/N{1,4}", 0.1, note="two rows"),
    ),
    styles=(
        Style("black", "white"),
        Style("blue", "white", weight=0.05, kind="rental"),
        Style(weight=0.02, ink="red", kind="official", formats=(1,)),
    ),
)
