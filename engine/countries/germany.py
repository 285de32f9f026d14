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
        Format("L{1,3} 0[3-7]N{1,4}", 0.1, note="dealers, short-term and historic, without letters"),
        Format("BP-NN-N{1,3}", 0.06, note="federal police"),
        Format("THW-8N{4}", 0.01, note="disaster relief"),
    ),
    styles=(
        Style(band="D", band_colour="blue", font="fe", separator="seal", formats=(0, 3)),
        Style(weight=0.05, font="din", separator="seal", formats=(0, 3)),
        Style(weight=0.03, ink="green", kind="special", band="D", band_colour="blue", font="fe", separator="seal", formats=(0,)),
        Style(weight=0.02, ink="red", kind="temporary", band="D", band_colour="blue", font="fe", separator="seal", formats=(0, 5)),
        Style(weight=0.02, kind="temporary", right_band=True, right_colour="yellow", font="fe", separator="seal", formats=(5,)),
        Style(weight=0.01, kind="police", band="D", band_colour="blue", font="fe", separator="seal", formats=(6,)),
        Style(weight=0.01, kind="official", band="D", band_colour="blue", font="fe", separator="seal", formats=(7,)),
        Style(weight=0.3, kind="electric", band="D", band_colour="blue", font="fe", separator="seal", formats=(1,)),
        Style(weight=0.1, kind="historic", band="D", band_colour="blue", font="fe", separator="seal", formats=(2,)),
        Style(weight=0.02, kind="military", font="din", separator="seal", formats=(4,)),
    ),
)
