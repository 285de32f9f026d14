"""Plates in colour, drawn true to size for the demo clip: one table row per kind of plate, free fonts only."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from scripts.plates.fonts import FontSet, GlyphFont
from scripts.plates.render import write_row

Colour = tuple[int, int, int]
WHITE: Colour = (240, 240, 236)
YELLOW: Colour = (246, 200, 40)
BLUE: Colour = (24, 62, 150)
BLACK: Colour = (22, 22, 24)


@dataclass(frozen=True, slots=True)
class PlateStyle:
    """How a country's plate looks; sizes in millimetres, x positions from the plate's left edge."""

    country: str
    width_mm: int
    height_mm: int
    character_mm: int
    ground: Colour
    ink: Colour
    fonts: tuple[str, ...]
    row: tuple[int, int]  # the characters' first and last x
    row_centre_mm: int  # the characters' middle from the top
    gap: float = 0.45  # between groups, in character heights
    band: str = ""  # letters in a blue band at the left
    header: str = ""  # text above the characters
    header_ground: Colour | None = None
    footer: str = ""


STYLES = {
    style.country: style
    for style in (
        PlateStyle("SK", 520, 110, 78, WHITE, BLACK, ("OSP-DIN", "RG2014C"), (58, 500), 55, band="SK", gap=0.5),
        PlateStyle("CZ", 520, 110, 76, WHITE, BLACK, ("RG2014C", "OSP-DIN"), (58, 505), 55, band="CZ", gap=0.7),
        PlateStyle("DE", 520, 110, 76, WHITE, BLACK, ("OSP-DIN", "RG2014C"), (58, 505), 55, band="D", gap=0.65),
        PlateStyle("ES", 520, 110, 77, WHITE, BLACK, ("OSP-DIN", "RG2014D"), (64, 495), 55, band="E", gap=0.5),
        PlateStyle("NL", 520, 110, 77, YELLOW, BLACK, ("barlow-latin-700-normal", "RG2014D"), (62, 500), 55, band="NL"),
        PlateStyle("GB", 520, 111, 79, YELLOW, BLACK, ("overpass-latin-700-normal", "RG2014D"), (24, 496), 56, gap=0.42),
        PlateStyle(
            "BR", 400, 130, 68, WHITE, BLACK, ("OSP-DIN", "RG2014C"), (22, 378), 83, header="BRASIL", header_ground=BLUE
        ),
        PlateStyle(
            "US",
            305,
            152,
            68,
            (232, 238, 244),
            (24, 40, 96),
            ("barlow-condensed-latin-700-normal", "RG2014C"),
            (16, 289),
            77,
            header="SAMPLE STATE",
            footer="Welcome to the lake",
        ),
    )
}  # fmt: skip


def _font(style: PlateStyle, fonts: FontSet) -> GlyphFont:
    by_name = {font.name: font for font in fonts.plate}
    return next((by_name[name] for name in style.fonts if name in by_name), fonts.plate[0])


def _centred(draw: ImageDraw.ImageDraw, text: str, centre: tuple[float, float], size_px: float, path: str, fill: Colour) -> None:
    font = ImageFont.truetype(path, max(6, round(size_px)))
    draw.text(centre, text, fill=fill, font=font, anchor="mm")


def draw_colour_plate(country: str, text: str, fonts: FontSet, *, px_per_mm: float, seed: int) -> Image.Image:
    """A plate as RGB, `text` with blanks between groups, slightly embossed and worn; the same seed gives the same pixels."""
    style, rng = STYLES[country], random.Random(seed)
    width, height = round(style.width_mm * px_per_mm), round(style.height_mm * px_per_mm)
    plate = Image.new("RGB", (width, height), style.ground)
    draw = ImageDraw.Draw(plate)
    lettering = fonts.lettering[0]
    if style.header_ground is not None:
        draw.rectangle((0, 0, width, round(30 * px_per_mm)), fill=style.header_ground)
    if style.header:
        ink = WHITE if style.header_ground is not None else style.ink
        _centred(draw, style.header, (width / 2, 17 * px_per_mm), 20 * px_per_mm, lettering, ink)
    if style.footer:
        _centred(draw, style.footer, (width / 2, (style.height_mm - 16) * px_per_mm), 16 * px_per_mm, lettering, style.ink)
    if style.band:
        band = round(44 * px_per_mm)
        draw.rectangle((0, 0, band, height), fill=BLUE)
        ring = (band * 0.22, height * 0.14, band * 0.78, height * 0.14 + band * 0.56)
        draw.ellipse(ring, outline=(236, 206, 60), width=max(1, round(3 * px_per_mm)))
        _centred(draw, style.band, (band / 2, height * 0.78), 28 * px_per_mm, lettering, WHITE)
    mask = Image.new("L", (width, height), 0)
    top = (style.row_centre_mm - style.character_mm / 2) * px_per_mm
    box = (style.row[0] * px_per_mm, top, style.row[1] * px_per_mm, top + style.character_mm * px_per_mm)
    write_row(mask, _font(style, fonts), text, box, spacing=0.16, gap=style.gap, widest=1.15)
    # pressed characters: a light edge below, a dark one above
    step = max(1, round(1.5 * px_per_mm))
    for offset, shade in ((step, 255), (-step, 60)):
        edge = mask.transform(mask.size, Image.Transform.AFFINE, (1, 0, -offset, 0, 1, -offset)).point(lambda v: v // 5)
        plate.paste((shade, shade, shade), (0, 0), edge)
    plate.paste(style.ink, (0, 0), mask)
    rim = round(2.5 * px_per_mm)
    frame = (rim, rim, width - 1 - rim, height - 1 - rim)
    draw.rounded_rectangle(frame, round(8 * px_per_mm), outline=style.ink, width=max(1, round(2.5 * px_per_mm)))
    # soft dirt, the same for every run with this seed
    noise = np.random.default_rng(rng.getrandbits(32)).uniform(0.86, 1.0, (5, 18)).astype(np.float32)
    dirt = np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))
    worn = np.asarray(plate, np.float32) * np.clip(dirt, 0.8, 1.0)[..., None]
    return Image.fromarray(worn.astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.3))
