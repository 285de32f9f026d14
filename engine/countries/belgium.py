"""Belgium: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "BE",
    "Belgium",
    "Europe",
    (
        Format("[1-9]-LLL-NNN", note="since 2010"),
        Format("LLL-NNN", 0.2, note="1973 to 2008"),
        Format("NNN-LLL", 0.1, note="2008 to 2010"),
        Format("M-LLL/NNN", 0.05, note="motorcycles"),
        Format("T-LLL-NNN", 0.05, note="taxis"),
        Format("Q-LLL-NNN", 0.05, note="trailers"),
        Format("O-LLL-NNN", 0.05, note="historic"),
        Format("[1-9]-LLL/NNN", 0.1, note="two rows"),
        Format("Z-LLL-NNN", 0.05, note="dealers"),
        Format("CD-LL-NNN", 0.02, note="diplomats"),
    ),
    styles=(
        Style(ink="dark red", band="B", band_colour="blue", separator="dash", formats=(0, 7)),
        Style(weight=0.2, ink="dark red", separator="dash", formats=(1, 2)),
        Style(weight=0.05, ink="dark red", kind="motorcycle", band="B", band_colour="blue", separator="dash", formats=(3,)),
        Style(weight=0.05, ink="dark red", kind="taxi", band="B", band_colour="blue", separator="dash", formats=(4,)),
        Style(weight=0.05, ink="dark red", kind="trailer", band="B", band_colour="blue", separator="dash", formats=(5,)),
        Style(weight=0.05, ink="dark red", kind="historic", band="B", band_colour="blue", separator="dash", formats=(6,)),
        Style(weight=0.05, ink="green", kind="temporary", band="B", band_colour="blue", separator="dash", formats=(8,)),
        Style(weight=0.02, ink="dark red", kind="diplomatic", band="B", band_colour="blue", separator="dash", formats=(9,)),
    ),
)
