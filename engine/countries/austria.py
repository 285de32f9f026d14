"""Austria: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "AT",
    "Austria",
    "Europe",
    (
        Format("L{1,2} N{1,5} L{1,3}"),
        Format("L{1,2} L{1,5} N{1,4}", 0.2, note="chosen text"),
        Format("L{1,2}/N{1,5} L{1,3}", 0.1, note="two rows"),
    ),
    styles=(
        Style(band="A", band_colour="blue", font="din", separator="emblem", formats=(0, 1, 2)),
        Style(
            weight=0.1, ink="green", kind="electric", band="A", band_colour="blue", font="din", separator="emblem", formats=(0, 1)
        ),
        Style("blue", "white", weight=0.02, kind="temporary", font="din", separator="emblem", formats=(0,)),
    ),
)
