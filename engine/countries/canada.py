"""Canada: its provinces' plate formats and looks (current and common ones; chosen texts have none)."""

from engine.countries import Country, Format, Style


def _state(code: str, name: str, *formats: Format, styles: tuple[Style, ...]) -> Country:
    return Country(f"CA-{code}", name, "North America", formats, size_mm=(305, 152), styles=styles)


COUNTRY = Country(
    "CA",
    "Canada",
    "North America",
    (),
    size_mm=(305, 152),
    states=(
        _state(
            "AB",
            "Alberta",
            Format("LLL-NNNN"),
            Format("LLL-NNN", 0.5),
            styles=(Style(font="us", ink="red", header="Alberta", footer="Wild Rose Country"),),
        ),
        _state(
            "BC",
            "British Columbia",
            Format("LLN NNL"),
            Format("LLL NNN", 0.3),
            Format("NNN LLL", 0.5),
            styles=(Style(font="us", ink="blue", header="Beautiful", footer="British Columbia", separator="emblem"),),
        ),
        _state(
            "MB",
            "Manitoba",
            Format("LLL NNN"),
            styles=(Style(font="us", ink="dark blue", header="Manitoba", footer="Friendly Manitoba"),),
        ),
        _state(
            "NB",
            "New Brunswick",
            Format("LLL NNN"),
            styles=(Style(font="us", ink="red", header="New Nouveau Brunswick", separator="emblem"),),
        ),
        _state(
            "NL",
            "Newfoundland and Labrador",
            Format("LLL NNN"),
            styles=(Style(font="us", ink="dark blue", header="Newfoundland & Labrador"),),
        ),
        _state(
            "NS",
            "Nova Scotia",
            Format("LLL NNN"),
            styles=(Style(font="us", ink="dark blue", header="NOVA SCOTIA", footer="CANADA'S OCEAN PLAYGROUND"),),
        ),
        _state(
            "NT",
            "Northwest Territories",
            Format("NNN NNN"),
            styles=(Style("light blue", "blue", font="us", header="SPECTACULAR", footer="NORTHWEST TERRITORIES"),),
        ),
        _state(
            "NU",
            "Nunavut",
            Format("NNN NNN"),
            styles=(Style(font="us", ink="red", header="NUNAVUT"),),
        ),
        _state(
            "ON",
            "Ontario",
            Format("LLLL NNN"),
            Format("LLL NNN", 0.2, note="earlier"),
            Format("LL NNNNN", 0.2, note="trucks"),
            Format("NNN LLL", 0.05, note="earlier"),
            styles=(
                Style(font="us", ink="blue", header="ONTARIO", footer="YOURS TO DISCOVER", separator="emblem"),
                Style(
                    font="us",
                    ink="green",
                    weight=0.05,
                    kind="electric",
                    header="ONTARIO",
                    footer="YOURS TO DISCOVER",
                    formats=(0,),
                    separator="emblem",
                ),
            ),
        ),
        _state(
            "QC",
            "Quebec",
            Format("LNN LLL"),
            Format("NNN LLL", 0.7),
            styles=(
                Style(font="us", ink="blue", header="Québec", footer="Je me souviens"),
                Style(font="us", ink="green", weight=0.1, kind="electric", header="Québec", footer="Je me souviens", formats=(0,)),
            ),
        ),
        _state(
            "SK",
            "Saskatchewan",
            Format("NNN LLL"),
            styles=(Style(font="us", ink="green", header="Saskatchewan", footer="Land of Living Skies", separator="emblem"),),
        ),
        _state(
            "YT",
            "Yukon",
            Format("LLL NN"),
            styles=(Style(font="us", ink="red", header="Yukon", footer="The Klondike"),),
        ),
    ),
)
