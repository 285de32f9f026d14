"""National plates: drawn from the product's own country descriptions (engine/countries: formats, looks, sizes), all scripts."""

from __future__ import annotations

from functools import lru_cache

from engine.countries import PLATE_COLOURS, Country, Format, Style, countries, sample
from scripts.plates.fonts import GlyphFont
from scripts.plates.render import HEIGHT_PX, WIDTH_PX, DrawnPlate, Line, Painter, write_rows
from scripts.plates.writing import ARABIC_DIGITS, Glyphs

SHARES = {
    "CN": 14.0, "EG": 9.0, "TN": 6.0, "US": 12.0, "BR": 3.0, "AR": 2.0, "IN": 6.0, "VN": 4.0, "IR": 3.0, "KR": 5.0, "JP": 4.0,
    "TH": 4.0, "MA": 2.0, "SA": 2.0, "CA": 2.0, "MX": 1.5, "DE": 1.5, "FR": 1.5, "GB": 1.5, "RU": 1.5,
}  # fmt: skip
"""How often a country is drawn; 0.6 where it is not named. Rare scripts, and countries of which the sets hold little, get more."""
OTHER_SHARE = 0.6
FAMILIES = {
    # font of a style -> families of the font files; the first ones that are there
    "fe": ("fe",), "din": ("narrow",), "narrow": ("narrow",), "wide": ("wide",), "uk": ("wide",), "us": ("plate", "narrow"),
    "plate": ("plate", "narrow", "wide", "fe"),
}  # fmt: skip


@lru_cache(maxsize=1)
def _drawn() -> tuple[tuple[Country, ...], tuple[float, ...]]:
    """Every country and state with formats, and how often it is drawn."""
    found = [each for each in countries().values() if each.formats]
    states = {code[:2]: sum(each.code[:2] == code[:2] for each in found) for code in countries()}
    return tuple(found), tuple(SHARES.get(each.code[:2], OTHER_SHARE) / states[each.code[:2]] for each in found)


def grey_of(colour: str) -> float:
    """The grey level of a plate colour (ITU-R BT.601)."""
    red, green, blue = PLATE_COLOURS[colour]
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _choose(p: Painter) -> tuple[Country, Format, Style]:
    rng = p.rng
    found, shares = _drawn()
    country = rng.choices(found, shares)[0]
    fmt = rng.choices(country.formats, [max(0.04, f.weight) for f in country.formats])[0]
    index = country.formats.index(fmt)
    styles = [style for style in country.styles if not style.formats or index in style.formats] or list(country.styles)
    return country, fmt, rng.choices(styles, [max(0.03, style.weight) for style in styles])[0]


def _paint_ground(p: Painter, style: Style) -> None:
    """Ground and ink as a grey camera sees them; by infra-red light colours tell nothing of their grey."""
    rng = p.rng
    ground, ink = grey_of(style.ground), grey_of(style.ink)
    if p.chance(0.12):  # infra-red: coloured paint is bright or dark, the contrast keeps its sign mostly
        ground, ink = (rng.uniform(130, 255), rng.uniform(0, 110)) if ground > ink else (rng.uniform(0, 110), rng.uniform(130, 255))
    gain = rng.uniform(0.65, 1.05)
    ground, ink = ground * gain + rng.uniform(-15, 15), ink * gain + rng.uniform(-15, 25)
    if abs(ground - ink) < 50:
        sign = 1 if ground >= ink else -1
        middle = (ground + ink) / 2
        ground, ink = middle + 28 * sign, middle - 28 * sign
    p.ground, p.ink = min(255.0, max(0.0, ground)), min(255.0, max(0.0, ink))
    p.canvas[:] = p.ground


def _font(p: Painter, style: Style, country: Country, text: str) -> GlyphFont:
    """A Latin font of the style's family with the other scripts' characters put beside."""
    rng, scripts = p.rng, p.fonts.scripts
    latin = rng.choice(p.fonts.family(*FAMILIES[style.font]) if p.chance(0.8) else p.fonts.plate)
    more: Glyphs = {}
    for characters, fonts in scripts.glyphs.items():
        if any(c in characters for c in text):
            more.update(rng.choice(fonts))
    if country.code == "TN" and scripts.tunis:
        more["T"] = rng.choice(scripts.tunis)
    return GlyphFont(latin.name, latin.family, {**latin.glyphs, **more})


def _strip(p: Painter, texts: str, box: tuple[float, float, float, float], ground: str, squeeze: float) -> None:
    """A line of small text that is not read, on its own ground where it has one."""
    left, top, right, bottom = box
    value = p.tone(p.ink, 30)
    if ground:
        shade = grey_of(ground) * p.rng.uniform(0.7, 1.1)
        p.box(box, shade)
        value = 240.0 if shade < 128 else 20.0
    text = p.rng.choice(texts.split("|"))
    size = (bottom - top) * p.rng.uniform(0.55, 0.85)
    if text:
        p.lettering(text, ((left + right) / 2, (top + bottom) / 2), size, value, squeeze=squeeze)


def national_plate(p: Painter) -> DrawnPlate:
    """One plate of a country of the product's table, in one of its looks."""
    rng = p.rng
    while True:
        country, fmt, style = _choose(p)
        printed = sample(country, fmt, rng)
        if p.fonts.scripts.write(printed):
            break
    text = "|".join(" ".join(row.replace("-", " ").replace(".", " ").split()) for row in printed.split("\n"))
    _paint_ground(p, style)
    if p.chance(0.4):
        p.gradient()
    aspect = country.size_mm[0] / country.size_mm[1]
    squeeze = min(1.0, 2.0 / aspect) * rng.uniform(0.8, 1.1)
    left, right = rng.uniform(0.02, 0.06) * WIDTH_PX, rng.uniform(0.94, 0.98) * WIDTH_PX
    top, bottom = rng.uniform(0.07, 0.2) * HEIGHT_PX, rng.uniform(0.8, 0.94) * HEIGHT_PX
    american = style.font == "us"
    if american and p.chance(0.35):
        p.scenery()
    if style.header or style.header_ground:
        top = rng.uniform(0.18, 0.34) * HEIGHT_PX
        _strip(p, style.header, (0, 0, WIDTH_PX, top * rng.uniform(0.8, 1.0)), style.header_ground, squeeze)
        top += rng.uniform(1, 6)
    if style.footer and p.chance(0.85):
        bottom = rng.uniform(0.72, 0.88) * HEIGHT_PX
        _strip(p, style.footer, (0, bottom, WIDTH_PX, HEIGHT_PX), "", squeeze)
        bottom -= rng.uniform(1, 4)
    if style.band or style.band_colour:
        width = min(0.2, 0.42 / aspect) * rng.uniform(0.8, 1.2) * WIDTH_PX
        shade = grey_of(style.band_colour or style.ground) * rng.uniform(0.7, 1.1)
        p.box((0, 0, width, HEIGHT_PX), shade)
        letters = 235.0 if shade < 128 else 20.0
        p.lettering(style.band, (width / 2, HEIGHT_PX * rng.uniform(0.6, 0.8)), rng.uniform(14, 24), letters, squeeze=squeeze)
        left = width + rng.uniform(2, 9)
        if style.right_band:
            p.box((WIDTH_PX - width, 0, WIDTH_PX, HEIGHT_PX), shade)
            right = WIDTH_PX - width - rng.uniform(2, 8)
    if p.chance(0.55):
        p.rim()
    if p.chance(0.35):
        p.bolts()
    if american and len(text) < 7:  # short texts are not spread over the whole plate
        room = (right - left) * rng.uniform(0.0, 0.12)
        left, right = left + room, right - room
    lines = write_rows(p, text, _font(p, style, country, text), (left, top, right, bottom))
    _divide(p, text, lines)
    if p.chance(0.3):
        p.phantoms(lines[0])
    if p.chance(0.35 if american else 0.06):
        p.frame(lines[0] if len(lines) == 1 else Line(left, right, top, bottom, ()))
    return p.finish(text, "national", country.code[:2])


def _divide(p: Painter, text: str, lines: tuple[Line, ...]) -> None:
    """The stroke between digits and letters of Arabic plates: it must not be read as a one."""
    if not any(c in ARABIC_DIGITS for c in text) or not p.chance(0.7):
        return
    for line in lines:
        for start, end in line.gaps:
            x, half = (start + end) / 2, p.rng.uniform(0.5, 1.5)
            p.box((x - half, line.top - p.rng.uniform(0, 8), x + half, line.bottom + p.rng.uniform(0, 8)), p.tone(p.ink, 20))
