"""Philippines: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "PH",
    "Philippines",
    "Asia",
    (
        Format("LLL NNNN", note="since 2014"),
        Format("LLL NNN", 0.7, note="until 2014"),
        Format("NNN LLL", 0.3, note="motorcycles, since 2018"),
        Format("L NNN LL", 0.3, note="motorcycles, since 2018"),
        Format("LL NNNNN", 0.1, note="motorcycles, 2014 to 2018"),
    ),
    size_mm=(390, 140),
    styles=(
        Style(footer="NCR|REGION IV-A|REGION III|REGION VII|PILIPINAS", formats=(0,)),
        Style(weight=0.5, ink="dark green", footer="PILIPINAS|MATATAG NA REPUBLIKA", formats=(1,)),
        Style("yellow", weight=0.2, kind="commercial", footer="NCR|REGION IV-A|REGION III|REGION VII|PILIPINAS"),
        Style(weight=0.05, ink="red", kind="official", footer="PILIPINAS"),
    ),
)
