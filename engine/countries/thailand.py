"""Thailand: its plates' formats and looks; Thai letters, Latin digits; the province below them is not read."""

from engine.countries import Country, Format, Style

_LETTERS = "กขคฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ"

COUNTRY = Country(
    "TH",
    "Thailand",
    "Asia",
    (
        Format(f"([1-9])[{_LETTERS}]{{2}} [1-9]N{{0,3}}"),
        Format("[1-9]N-NNNN", 0.2, note="lorries and buses"),
        Format(f"[1-9][{_LETTERS}]{{2}}/[1-9]N{{0,3}}", 0.1, note="motorcycles"),
    ),
    size_mm=(340, 150),
    styles=(
        Style(footer="กรุงเทพมหานคร|เชียงใหม่|ชลบุรี|นนทบุรี|ขอนแก่น|นครราชสีมา|ภูเก็ต|สงขลา|ระยอง|ปทุมธานี", formats=(0, 2)),
        Style(weight=0.4, ink="green", kind="commercial", footer="กรุงเทพมหานคร|เชียงใหม่|ชลบุรี|อุดรธานี|นครปฐม", formats=(0,)),
        Style(weight=0.2, ink="blue", footer="กรุงเทพมหานคร|เชียงใหม่|ชลบุรี|นนทบุรี|สงขลา", formats=(0,)),
        Style("yellow", weight=0.2, kind="taxi", footer="กรุงเทพมหานคร|เชียงใหม่|ภูเก็ต", formats=(0,)),
        Style("green", "white", weight=0.05, kind="rental", footer="กรุงเทพมหานคร|เชียงใหม่|ภูเก็ต", formats=(0,)),
        Style("red", weight=0.05, kind="temporary", footer="กรุงเทพมหานคร|เชียงใหม่|ชลบุรี", formats=(0,)),
        Style("yellow", weight=0.2, kind="commercial", footer="กรุงเทพมหานคร|ขอนแก่น|นครสวรรค์|ระยอง", formats=(1,)),
    ),
)
