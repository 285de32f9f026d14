"""Morocco: its plates' formats and looks; the letter is Arabic, on newer plates Latin too."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "MA",
    "Morocco",
    "Africa",
    (
        Format("[1-9]N{0,4}-[أبدھطو]-[1-9](N)"),
        Format("[1-9]N{0,4}-[ABDHTWE]-[1-9](N)", note="the letter in its Latin form"),
        Format("WW NNNNNN", 0.05, note="temporary"),
    ),
    styles=(
        Style(separator="bar", formats=(0, 1)),
        Style(weight=0.02, ink="red", kind="temporary", formats=(2,)),
    ),
)
