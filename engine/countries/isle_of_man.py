"""Isle of Man: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "IM",
    "Isle of Man",
    "Europe",
    (
        Format("[A-Z]MN [1-9]N{0,2} [A-Z]"),
        Format("MAN [1-9]N{0,3} [A-Z]", 0.3),
        Format("[A-Z]MN [1-9]N{0,3}", 0.2),
    ),
    size_mm=(520, 111),
    styles=(
        Style(band="GBM", band_colour="red", font="uk"),
        Style("yellow", band="GBM", band_colour="red", font="uk"),
    ),
)
