"""Germany: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "DE",
    "Germany",
    "Europe",
    (
        Format("L{1,3} L{1,2} [1-9]N{0,3}"),
        Format("L{1,3} L{1,2} [1-9]N{0,2}E", 0.2, note="electric"),
        Format("L{1,3} L{1,2} [1-9]N{0,2}H", 0.1, note="historic"),
        Format("L{1,3}/L{1,2} [1-9]N{0,3}", 0.1, note="two rows"),
        Format("Y-N{5,6}", 0.01, note="army"),
    ),
    styles=(
        Style(band="D", band_colour="blue", font="fe", separator="seal", formats=(0, 3)),
        Style(weight=0.05, font="din", separator="seal", formats=(0, 3)),
        Style(weight=0.03, ink="green", kind="special", band="D", band_colour="blue", font="fe", separator="seal", formats=(0,)),
        Style(weight=0.02, ink="red", kind="temporary", band="D", band_colour="blue", font="fe", separator="seal", formats=(0,)),
        Style(weight=0.3, kind="electric", band="D", band_colour="blue", font="fe", separator="seal", formats=(1,)),
        Style(weight=0.1, kind="historic", band="D", band_colour="blue", font="fe", separator="seal", formats=(2,)),
        Style(weight=0.02, kind="military", font="din", separator="seal", formats=(4,)),
    ),
)
