"""South Korea: its plates' formats and looks; one Korean syllable between the digits."""

from engine.countries import Country, Format, Style

_PRIVATE = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주"
_REGIONS = "서울,부산,대구,인천,광주,대전,울산,경기,강원,충북,충남,전북,전남,경북,경남,제주,세종"

COUNTRY = Country(
    "KR",
    "South Korea",
    "Asia",
    (
        Format(f"NNN[{_PRIVATE}] NNNN", note="since 2019"),
        Format(f"NN[{_PRIVATE}] NNNN", note="2006 to 2019"),
        Format("NN(N)[하허호] NNNN", 0.2, note="rental"),
        Format("NN[바사아자배] NNNN", 0.1, note="taxis, buses, deliveries: the region not read"),
        Format(f"<{_REGIONS}> NN [바사아자배] NNNN", 0.2, note="taxis, buses, deliveries"),
        Format(f"<{_REGIONS}> N(N)/[{_PRIVATE}] NNNN", 0.1, note="until 2004"),
        Format(f"NN/[{_PRIVATE}] NNNN", 0.05, note="2004 to 2006"),
        Format(f"<{_REGIONS}> NN/[바사아자] NNNN", 0.1, note="taxis, buses, lorries, two rows"),
    ),
    styles=(
        Style(band="KOR", band_colour="blue", formats=(0,)),
        Style(formats=(0, 1)),
        Style("light blue", weight=0.2, kind="electric", formats=(0, 1, 2)),
        Style("light green", weight=0.05, kind="special", formats=(0,)),
        Style(weight=0.2, kind="rental", formats=(2,)),
        Style("yellow", weight=0.3, kind="commercial", formats=(3, 4, 7)),
        Style("green", "white", weight=0.1, formats=(5, 6)),
    ),
)
