"""Russia: its plates' formats and looks; only letters that Cyrillic and Latin share; the last number is the region."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "RU",
    "Russia",
    "Europe",
    (
        Format("L NNN LL NN"),
        Format("L NNN LL [1-9]NN"),
        Format("L NNN/LL NN(N)", 0.05, note="two rows"),
        Format("LL NNN NN(N)", 0.1, note="taxis and buses"),
        Format("L NNNN NN(N)", 0.02, note="police"),
        Format("NNNN LL NN", 0.02, note="army, motorcycles"),
        Format("LL NNNN NN(N)", 0.1, note="trailers"),
    ),
    letters="ABEKMHOPCTYX",
    size_mm=(520, 112),
    styles=(
        Style(footer="RUS", formats=(0, 1)),
        Style(footer="RUS", weight=0.1, formats=(2,)),
        Style(footer="RUS", weight=0.05, kind="trailer", formats=(6,)),
        Style("yellow", weight=0.1, kind="commercial", footer="RUS", formats=(3,)),
        Style("blue", "white", weight=0.03, kind="police", footer="RUS", formats=(4,)),
        Style("black", "white", weight=0.03, kind="military", footer="RUS", formats=(5,)),
    ),
)
