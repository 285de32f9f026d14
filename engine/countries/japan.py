"""Japan: its plates' formats and looks; class number, hiragana and serial are read, the region's name is not."""

from engine.countries import Country, Format, Style

_PRIVATE = "さすせそたちつてとなにぬねのはひふほまみむめもやゆらりるろ"
_CLASS = "NN[0-9ACFHKLMPXY]"

COUNTRY = Country(
    "JP",
    "Japan",
    "Asia",
    (
        Format(f"{_CLASS}/[{_PRIVATE}] NN-NN"),
        Format(f"{_CLASS}/[{_PRIVATE}] [1-9]N{{0,2}}", 0.3, note="short numbers, dots before them"),
        Format(f"[1-8]N/[{_PRIVATE}] NN-NN", 0.1, note="until 1999"),
        Format("[48][589]N/[あいうえかきくけこ] NN-NN", 0.3, note="small cars"),
        Format(f"{_CLASS}/[われ] NN-NN", 0.2, note="rental"),
        Format(f"{_CLASS}/[あいうえかきくけこを] NN-NN", 0.2, note="lorries, taxis, buses"),
        Format(f"{_CLASS}/[EHKMTYよ] NN-NN", 0.02, note="foreign forces"),
        Format(f"[{_PRIVATE}] NN-NN", 0.05, note="the first row not read"),
        Format(f"{_CLASS}/[われ] [1-9]N{{0,2}}", 0.05, note="rental, short numbers"),
        Format(f"{_CLASS}/[あいうえかきくけこを] [1-9]N{{0,2}}", 0.05, note="lorries, taxis, buses, short numbers"),
    ),
    size_mm=(330, 165),
    styles=(
        Style(
            ink="dark green",
            header="品川|横浜|名古屋|大阪|神戸|札幌|福岡|仙台|京都|千葉|練馬|なにわ|つくば",
            header_beside=True,
            formats=(0, 1, 2, 6, 7),
        ),
        Style(
            "yellow",
            weight=0.5,
            header="品川|横浜|浜松|大阪|神戸|札幌|福岡|仙台|京都|千葉",
            header_beside=True,
            formats=(0, 1, 3, 8),
        ),
        Style(
            "dark green",
            "white",
            weight=0.2,
            kind="commercial",
            header="品川|横浜|名古屋|大阪|神戸|札幌|福岡|足立",
            header_beside=True,
            formats=(5, 9),
        ),
        Style(
            "black",
            "yellow",
            weight=0.1,
            kind="commercial",
            header="品川|横浜|名古屋|大阪|福岡",
            header_beside=True,
            formats=(5, 9),
        ),
        Style(weight=0.1, ink="dark green", kind="rental", header="札幌|沖縄|品川|福岡|大阪", header_beside=True, formats=(4, 8)),
    ),
)
