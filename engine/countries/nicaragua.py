"""Nicaragua: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "NI",
    "Nicaragua",
    "North America",
    (
        Format("M NNN NNN", note="Managua"),
        Format("<BO,CH,CT,CZ,ES,GR,JI,LE,MT,MY,MZ,NS,RI,RJ,RN,RS> NNNNN", 0.7),
    ),
    size_mm=(305, 152),
    styles=(Style(ink="dark blue", header="NICARAGUA", footer="CENTROAMERICA"),),
)
