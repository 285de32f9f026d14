"""Nigeria: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "NG",
    "Nigeria",
    "Africa",
    (Format("LLL-NNNLL"),),
    styles=(
        Style(
            ink="blue",
            header="LAGOS|ABUJA|KANO|RIVERS|OGUN|KADUNA|CENTRE OF EXCELLENCE",
            footer="FEDERAL REPUBLIC OF NIGERIA",
            separator="dash",
        ),
        Style(
            weight=0.3,
            ink="red",
            kind="commercial",
            header="LAGOS|ABUJA|KANO|RIVERS|OGUN|KADUNA",
            footer="FEDERAL REPUBLIC OF NIGERIA",
            separator="dash",
        ),
        Style(
            weight=0.05,
            ink="green",
            kind="official",
            header="LAGOS|ABUJA|KANO|RIVERS",
            footer="FEDERAL REPUBLIC OF NIGERIA",
            separator="dash",
        ),
    ),
)
