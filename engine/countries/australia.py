"""Australia: its states' plate formats and looks (current and common ones; chosen texts have none)."""

from engine.countries import Country, Format, Style


def _state(code: str, name: str, *formats: Format, styles: tuple[Style, ...]) -> Country:
    return Country(f"AU-{code}", name, "Oceania", formats, size_mm=(372, 134), styles=styles)


COUNTRY = Country(
    "AU",
    "Australia",
    "Oceania",
    (),
    size_mm=(372, 134),
    states=(
        _state(
            "ACT",
            "Australian Capital Territory",
            Format("YLL-NNL"),
            Format("YLL-NNN", 0.3),
            styles=(
                Style(
                    ink="blue", font="us", footer="CANBERRA - THE NATION'S CAPITAL|AUSTRALIAN CAPITAL TERRITORY", separator="dash"
                ),
            ),
        ),
        _state(
            "NSW",
            "New South Wales",
            Format("LLL-NNL", 0.7, note="since 2021"),
            Format("LL-NN-LL"),
            Format("LLL-NNN", 0.3),
            styles=(
                Style("yellow", font="us", footer="NEW SOUTH WALES|NSW - THE FIRST STATE", separator="dot"),
                Style(font="us", weight=0.5, footer="NEW SOUTH WALES|NSW"),
                Style("black", "white", font="us", weight=0.1, footer="NSW"),
            ),
        ),
        _state(
            "NT",
            "Northern Territory",
            Format("C[A-Z] NN LL"),
            styles=(Style(ink="red", font="us", footer="NT - OUTBACK AUSTRALIA"),),
        ),
        _state(
            "QLD",
            "Queensland",
            Format("NNN-LLL"),
            Format("NNN-LLN", 0.6, note="since 2020"),
            styles=(Style(ink="dark red", font="us", footer="QUEENSLAND - SUNSHINE STATE|QUEENSLAND", separator="dot"),),
        ),
        _state(
            "SA",
            "South Australia",
            Format("SNNN-LLL"),
            Format("LLL-NNN", 0.2, note="earlier"),
            styles=(Style(font="us", header="SOUTH AUSTRALIA", footer="THE FESTIVAL STATE", separator="dot"),),
        ),
        _state(
            "TAS",
            "Tasmania",
            Format("L NN LL"),
            Format("LL-NNNN", 0.1, note="earlier"),
            styles=(Style(ink="blue", font="us", footer="TASMANIA - EXPLORE THE POSSIBILITIES|TASMANIA - YOUR NATURAL STATE"),),
        ),
        _state(
            "VIC",
            "Victoria",
            Format("[12]LL-[0-9]LL", note="since 2013"),
            Format("LLL-NNN", 0.7),
            styles=(
                Style(
                    ink="blue",
                    font="us",
                    footer="VICTORIA - THE EDUCATION STATE|VICTORIA - STAY ALERT STAY ALIVE|VICTORIA - THE PLACE TO BE",
                    separator="dot",
                ),
            ),
        ),
        _state(
            "WA",
            "Western Australia",
            Format("1LLL-NNN"),
            styles=(Style(ink="blue", font="us", header="WESTERN AUSTRALIA", separator="dot"),),
        ),
    ),
)
