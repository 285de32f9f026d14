"""Plate renderer for training: random grey plates of many layouts, stretched to 96x192, each with its text.

Numbers and fonts follow real series only as far as a reader needs them: character shapes, grouping, rows, bands,
stickers, state names, frames and other things that stand near the characters and must not be read.
Everything is drawn from one `random.Random`: the same seed gives the same plates.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from scripts.plates import layouts
from scripts.plates.fonts import FontSet, GlyphFont
from scripts.plates.writing import CAP_PX

HEIGHT_PX = 96
WIDTH_PX = 192

Grey = NDArray[np.float32]
Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels


@dataclass(frozen=True, slots=True)
class DrawnPlate:
    """A rendered plate: grey (96, 192) uint8, its text without gaps, the family it was drawn from, and the country (ISO
    alpha-2) whose look it has; "" where it is no country's."""

    grey: NDArray[np.uint8]
    text: str
    family: str
    country: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Where a row of characters went: its extent, and the middle x of every gap between groups."""

    left: float
    right: float
    top: float
    bottom: float
    gaps: tuple[tuple[float, float], ...]


@lru_cache(maxsize=512)
def _lettering(path: str, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size_px)


def write_row(mask: Image.Image, font: GlyphFont, text: str, box: Box, *, spacing: float, gap: float, widest: float = 99.0) -> Line:
    """Paste a row of characters into a mask so that it spans `box`; blanks are gaps.

    `spacing` and `gap` are in cap heights before the row is squeezed to the box width; `widest` limits how far it
    is stretched (1 = the font's own proportions), the row is then centred.
    """
    left, top, right, bottom = box
    height = bottom - top
    scale = height / CAP_PX
    widths = [gap * height if c == " " else font.glyphs[c].width * scale for c in text]
    blanks = [i for i, c in enumerate(text) if c == " "]
    joints = sum(1 for a, b in pairwise(text) if a != " " and b != " ")
    natural = sum(widths) + joints * spacing * height
    stretch = min((right - left) / natural, widest)
    x = (left + right - natural * stretch) / 2
    start = x
    gaps = []
    for index, character in enumerate(text):
        width = widths[index] * stretch
        if index in blanks:
            gaps.append((x, x + width))
        else:
            glyph = font.glyphs[character].resize(
                (max(2, round(x + width) - round(x)), max(4, round(height))), Image.Resampling.BILINEAR, reducing_gap=2.0
            )
            mask.paste(glyph, (round(x), round(top)))
            if index + 1 < len(text) and text[index + 1] != " ":
                x += spacing * height * stretch
        x += width
    return Line(start, x, top, bottom, tuple(gaps))


class Painter:
    """One plate being painted: a float grey canvas and the random choices of its look."""

    def __init__(self, rng: random.Random, fonts: FontSet) -> None:
        self.rng = rng
        self.fonts = fonts
        self.noise = np.random.default_rng(rng.getrandbits(32))
        self.ground = rng.uniform(110, 255)
        self.ink = rng.uniform(0, min(140, self.ground - 50))
        self.canvas: Grey = np.full((HEIGHT_PX, WIDTH_PX), self.ground, np.float32)

    # ---- choices
    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def invert(self) -> None:
        """Light characters on a dark ground from here on."""
        self.ground, self.ink = self.ink, self.ground
        self.canvas[:] = self.ground

    def tone(self, near: float, spread: float) -> float:
        return min(255.0, max(0.0, near + self.rng.uniform(-spread, spread)))

    # ---- strokes
    def mask(self) -> Image.Image:
        return Image.new("L", (WIDTH_PX, HEIGHT_PX), 0)

    def paint(self, mask: Image.Image, value: float, strength: float = 1.0) -> None:
        """Blend `value` into the canvas where the mask is bright."""
        box = mask.getbbox()
        if box is None:
            return
        left, top, right, bottom = box
        weight = np.asarray(mask.crop(box), np.float32) * (strength / 255.0)
        area = self.canvas[top:bottom, left:right]
        area += (value - area) * weight

    def characters(self, mask: Image.Image) -> None:
        """Paint the plate's characters: thinned or fattened, embossed or flat."""
        if self.chance(0.25):
            mask = mask.filter(ImageFilter.MaxFilter(3) if self.chance(0.55) else ImageFilter.MinFilter(3))
        if self.chance(0.45):
            edge = np.asarray(mask, np.float32) * (self.rng.uniform(0.15, 0.6) / 255)
            down, right = self.rng.choice(((1, 1), (1, 0), (2, 1), (1, 2), (1, -1)))
            moved = np.roll(edge, (down, right), (0, 1))
            light = 255.0 if self.chance(0.5) else 0.0
            self.canvas += (light - self.canvas) * moved
            if self.chance(0.5):
                self.canvas += (255.0 - light - self.canvas) * np.roll(edge, (-down, -right), (0, 1))
        self.paint(mask, self.ink, self.rng.uniform(0.85, 1.0))

    def lettering(self, text: str, centre: tuple[float, float], size_px: float, value: float, *, squeeze: float = 1.0) -> None:
        """Small text that is not part of the label, centred at a point; nothing where no font writes it."""
        path = self.rng.choice(self.fonts.lettering) if text.isascii() else self.fonts.scripts.lettering_for(text)
        if path is None:
            return
        font = _lettering(path, max(6, round(size_px)))
        left, top, right, bottom = (int(v) for v in font.getbbox(text))
        if right <= left or bottom <= top:
            return
        image = Image.new("L", (right - left + 2, bottom - top + 2), 0)
        ImageDraw.Draw(image).text((1 - left, 1 - top), text, fill=255, font=font)
        if squeeze != 1.0:
            image = image.resize((max(3, int(image.width * squeeze)), image.height), Image.Resampling.BILINEAR)
        mask = self.mask()
        mask.paste(image, (round(centre[0] - image.width / 2), round(centre[1] - image.height / 2)))
        self.paint(mask, value, self.rng.uniform(0.5, 1.0))

    def box(self, box: Box, value: float, strength: float = 1.0) -> None:
        left, top, right, bottom = (round(v) for v in box)
        left, top, right, bottom = max(0, left), max(0, top), min(WIDTH_PX, right), min(HEIGHT_PX, bottom)
        if right > left and bottom > top:
            area = self.canvas[top:bottom, left:right]
            area += (value - area) * strength

    def shape(self, draw: Callable[[ImageDraw.ImageDraw], object], value: float, strength: float = 1.0) -> None:
        mask = self.mask()
        draw(ImageDraw.Draw(mask))
        self.paint(mask, value, strength)

    def blob(self, centre: tuple[float, float], radius: float, value: float, strength: float = 1.0) -> None:
        """A random polygon: a state's outline, a tree, a crest."""
        x, y = centre
        corners = self.rng.randint(4, 12)
        points = [
            (
                x + radius * self.rng.uniform(0.35, 1.15) * float(np.cos(6.2832 * i / corners)),
                y + radius * self.rng.uniform(0.35, 1.15) * float(np.sin(6.2832 * i / corners)),
            )
            for i in range(corners)
        ]
        self.shape(lambda d: d.polygon(points, fill=255), value, strength)

    # ---- furniture
    def gradient(self) -> None:
        top, bottom = self.rng.uniform(-45, 45), self.rng.uniform(-45, 45)
        self.canvas += np.linspace(top, bottom, HEIGHT_PX, dtype=np.float32)[:, None]

    def scenery(self) -> None:
        """Picture shapes behind the characters: hills, suns, trees, lines."""
        for _ in range(self.rng.randint(1, 5)):
            value, strength = self.tone(self.ground, 80), self.rng.uniform(0.3, 1.0)
            # pictures stay fainter than the ink, else nobody could read the plate
            if abs(value - self.ink) < 0.45 * abs(self.ground - self.ink):
                value = self.ground + 0.4 * (self.ink - self.ground)
            x, y, r = self.rng.uniform(0, WIDTH_PX), self.rng.uniform(0, HEIGHT_PX), self.rng.uniform(6, 50)
            kind = self.rng.randrange(5)
            if kind == 0:
                hill = (
                    [(0, HEIGHT_PX)]
                    + [(i * WIDTH_PX / 6, y + self.rng.uniform(-r, r) / 2) for i in range(7)]
                    + [(WIDTH_PX, HEIGHT_PX)]
                )
                self.shape(lambda d, p=hill: d.polygon(p, fill=255), value, strength)  # type: ignore[misc]
            elif kind == 1:
                ring = (x - r, y - r * 0.7, x + r, y + r * 0.7)
                self.shape(lambda d, b=ring: d.ellipse(b, fill=255), value, strength)  # type: ignore[misc]
            elif kind == 2:
                self.blob((x, y), r * 0.6, value, strength)
            elif kind == 3:
                strokes = [(x, y, x + self.rng.uniform(-60, 60), y + self.rng.uniform(-30, 30)) for _ in range(4)]
                self.shape(lambda d, s=strokes: [d.line(q, fill=255, width=2) for q in s], value, strength)  # type: ignore[misc]
            else:
                self.box((0, y, WIDTH_PX, y + r * 0.5), value, strength)

    def sticker(self, centre: tuple[float, float], width: float, height: float) -> None:
        x, y = centre
        value = self.rng.uniform(0, 255)
        self.box((x - width / 2, y - height / 2, x + width / 2, y + height / 2), value)
        text = self.rng.choice((self.rng.choice(layouts.MONTHS), f"{self.rng.randint(0, 99):02d}", f"{self.rng.randint(1, 12)}"))
        if self.chance(0.85):
            self.lettering(text, (x, y), height * self.rng.uniform(0.6, 0.95), 255 - value if abs(value - 128) > 40 else 255)

    def bolts(self) -> None:
        inset, value = self.rng.uniform(0.1, 0.3) * WIDTH_PX, self.tone(self.rng.choice((40, 190)), 40)
        rows = [self.rng.uniform(4, 12)] + ([HEIGHT_PX - self.rng.uniform(4, 12)] if self.chance(0.6) else [])
        radius = self.rng.uniform(1.5, 4.5)
        for y in rows:
            for x in (inset, WIDTH_PX - inset):
                ring = (x - radius * self.rng.choice((1.0, 1.0, 2.0)), y - radius, x + radius, y + radius)
                self.shape(lambda d, b=ring: d.ellipse(b, fill=255), value)  # type: ignore[misc]

    def rim(self) -> None:
        inset, value = self.rng.uniform(0, 4), self.tone(self.rng.choice((self.ink, self.ground, 30)), 30)
        ring = (inset, inset, WIDTH_PX - 1 - inset, HEIGHT_PX - 1 - inset)
        thick, round_px = self.rng.randint(1, 4), self.rng.randint(1, 14)
        self.shape(lambda d: d.rounded_rectangle(ring, round_px, outline=255, width=thick), value)

    def frame(self, line: Line) -> None:
        """A dealer's frame: border with lettering that may reach the characters' edge but never covers them."""
        dark = self.chance(0.6)
        value = self.rng.uniform(0, 70) if dark else self.rng.uniform(150, 255)
        text_value = self.tone(230 if dark else 30, 25)
        room_top, room_bottom = line.top - 1, HEIGHT_PX - line.bottom - 1
        room_left, room_right = line.left - 1, WIDTH_PX - line.right - 1
        top, bottom = (max(0.0, min(room, self.rng.uniform(3, 22))) for room in (room_top, room_bottom))
        # phantom: every fourth side bar touches the first or last character like a 1 or an I
        side_l, side_r = (
            max(0.0, room if self.chance(0.25) else min(room, self.rng.uniform(1, 9))) for room in (room_left, room_right)
        )
        self.box((0, 0, WIDTH_PX, top), value)
        self.box((0, HEIGHT_PX - bottom, WIDTH_PX, HEIGHT_PX), value)
        self.box((0, 0, min(side_l, 12), HEIGHT_PX), value)
        self.box((WIDTH_PX - min(side_r, 12), 0, WIDTH_PX, HEIGHT_PX), value)
        if top > 7 and self.chance(0.7):
            self.lettering(self.rng.choice(layouts.DEALERS), (WIDTH_PX / 2, top / 2), top * 0.85, text_value)
        if bottom > 7 and self.chance(0.8):
            self.lettering(self.rng.choice(layouts.DEALERS), (WIDTH_PX / 2, HEIGHT_PX - bottom / 2), bottom * 0.85, text_value)

    def phantoms(self, line: Line) -> None:
        """Things that touch the first or last character and are no character: crests, bars, stickers, small letters."""
        for room, direction, edge in ((line.left, -1, line.left), (WIDTH_PX - line.right, 1, line.right)):
            if room < 4 or not self.chance(0.16):
                continue
            width = min(room, self.rng.uniform(5, 26))
            x, y = edge + direction * (width / 2 + self.rng.uniform(0, 2)), (line.top + line.bottom) / 2 + self.rng.uniform(-8, 8)
            value = self.tone(self.rng.choice((self.ink, (self.ink + self.ground) / 2)), 25)
            kind = self.rng.randrange(5)
            if kind == 0:
                self.blob((x, y), width / 2, value)
            elif kind == 1:
                self.sticker((x, y), width, self.rng.uniform(8, 20))
            elif kind == 2:
                tall = self.rng.uniform(0.9, 1.8) * (line.bottom - line.top)
                self.box((x - 1.5, y - tall / 2, x + 1.5, y + tall / 2), value)
            elif kind == 3:  # stacked small letters
                small = (line.bottom - line.top) * self.rng.uniform(0.3, 0.44)
                for offset in (-0.55, 0.55):
                    self.lettering(self.rng.choice(layouts.LETTERS), (x, y + offset * small * 1.1), small, value)
            else:
                ring = (x - width / 2, y - width / 2, x + width / 2, y + width / 2)
                self.shape(lambda d, b=ring: d.ellipse(b, outline=255, width=2), value)  # type: ignore[misc]

    def side_letters(self, line: Line, *, at_left: bool, symbol: bool) -> None:
        """Two small letters, one above the other, that are not part of the label; on request a wheelchair beyond them."""
        rng, height = self.rng, line.bottom - line.top
        small = height * rng.uniform(0.34, 0.46)
        x = line.left - small * 0.6 if at_left else line.right + small * 0.6
        for offset in (-0.5, 0.5):
            self.lettering(
                rng.choice(layouts.LETTERS), (x, (line.top + line.bottom) / 2 + offset * small * 1.15), small * 1.15, self.ink
            )
        if not symbol:
            return
        size = height * rng.uniform(0.75, 1.0)
        room = x - small * 0.5 if at_left else WIDTH_PX - x - small * 0.5
        width = max(6.0, min(size, room - 3))
        left = x - small * 0.5 - width if at_left else x + small * 0.5
        top = (line.top + line.bottom - size) / 2
        dark = self.chance(0.6)
        if dark:
            self.box((left, top, left + width, top + size), self.tone(self.ink, 40))
        stroke = self.tone(self.ground if dark else self.ink, 15)
        self.shape(lambda d: _wheelchair(d, left, top, width, size), stroke)

    def separators(self, line: Line) -> None:
        """What stands in the gaps between groups: nothing, dash, dot, star, outline, shield, sticker block."""
        for left, right in line.gaps:
            kind = self.rng.choices(range(7), (34, 16, 12, 5, 16, 7, 10))[0]
            x, y, width = (left + right) / 2, (line.top + line.bottom) / 2 + self.rng.uniform(-3, 3), right - left
            height = line.bottom - line.top
            value = self.tone(self.ink, 25)
            if kind == 1:
                self.box((x - width * 0.3, y - 2, x + width * 0.3, y + self.rng.uniform(0.5, 3)), value)
            elif kind == 2:
                radius = min(width / 2, self.rng.uniform(2, 4.5))
                ring = (x - radius, y - radius, x + radius, y + radius)
                self.shape(lambda d, b=ring: d.ellipse(b, fill=255), value)  # type: ignore[misc]
            elif kind in (3, 4):
                faint = value if self.chance(0.5) else (self.ink + self.ground) / 2
                self.blob((x, y), min(width * 0.6, height * 0.5) * self.rng.uniform(0.7, 1.15), faint, self.rng.uniform(0.6, 1))
            elif kind == 5:
                for place in (-0.25, 0.25):
                    radius = min(width * 0.4, height * 0.2)
                    ring = (x - radius, y + place * height - radius, x + radius, y + place * height + radius)
                    self.shape(lambda d, b=ring: d.ellipse(b, fill=255), value, 0.8)  # type: ignore[misc]
            elif kind == 6:
                self.sticker((x, y - height * 0.22), width * 0.85, height * 0.4)
                if self.chance(0.6):
                    self.sticker((x, y + height * 0.25), width * 0.85, height * 0.4)

    def wear(self) -> None:
        """Cast shadow and dirt over everything."""
        if self.chance(0.3):
            points = [(self.rng.uniform(-40, WIDTH_PX + 40), self.rng.uniform(-30, HEIGHT_PX + 30)) for _ in range(4)]
            mask = self.mask()
            ImageDraw.Draw(mask).polygon(points, fill=255)
            factor = self.rng.uniform(0.4, 0.8)
            self.canvas *= 1.0 - np.asarray(mask, np.float32) * ((1 - factor) / 255)
        if self.chance(0.15):
            coarse = self.noise.uniform(0, 1, (12, 20)).astype(np.float32)
            spots = Image.fromarray(np.clip((coarse - 0.55) * 500, 0, 255).astype(np.uint8)).resize(
                (WIDTH_PX, HEIGHT_PX), Image.Resampling.BILINEAR
            )
            self.paint(spots, self.rng.uniform(40, 180), self.rng.uniform(0.2, 0.6))

    def finish(self, text: str, family: str, country: str = "") -> DrawnPlate:
        self.wear()
        label = text.replace(" ", "").replace("|", "")
        return DrawnPlate(np.clip(self.canvas, 0, 255).astype(np.uint8), label, family, country)


def _wheelchair(draw: ImageDraw.ImageDraw, left: float, top: float, width: float, size: float) -> None:
    """The symbol of disabled drivers' plates: head, back, seat, leg and wheel in a box."""

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x * width, top + y * size

    thick = max(2, round(width * 0.11))
    draw.ellipse((*at(0.3, 0.06), *at(0.5, 0.24)), fill=255)
    draw.line([at(0.4, 0.25), at(0.43, 0.58), at(0.72, 0.58), at(0.84, 0.88)], fill=255, width=thick)
    draw.arc((*at(0.14, 0.4), *at(0.68, 0.94)), 20, 250, fill=255, width=thick)


def us_plate(p: Painter) -> DrawnPlate:
    """United States and Canada: one row in the middle of a 2:1 plate full of other lettering."""
    rng = p.rng
    text = layouts.fill(rng, layouts.pick(rng, layouts.US))
    font = rng.choice(p.fonts.family("plate") if p.chance(0.3) else p.fonts.family("narrow") if p.chance(0.7) else p.fonts.plate)
    if p.chance(0.18):
        p.invert()
    if p.chance(0.5):
        p.gradient()
    if p.chance(0.35):
        p.scenery()
    height = rng.uniform(0.36, 0.56) * HEIGHT_PX
    span = rng.uniform(0.76, 0.94) * (0.8 + 0.2 * min(1.0, len(text) / 6)) * WIDTH_PX
    left = (WIDTH_PX - span) / 2 + rng.uniform(-0.4, 0.4) * (WIDTH_PX - span)
    side_block = rng.choices(("", "letters", "symbol", "logo"), (80, 8, 4, 8))[0]
    if side_block:  # small letters, a disabled driver's symbol or a logo at one side take their room
        span *= 0.72 if side_block == "symbol" else 0.84
        left = rng.choice((WIDTH_PX * 0.96 - span, WIDTH_PX * 0.04))
    top = (HEIGHT_PX - height) / 2 + rng.uniform(-0.05, 0.08) * HEIGHT_PX
    mask = p.mask()
    line = write_row(
        mask,
        font,
        text,
        (left, top, left + span, top + height),
        spacing=rng.uniform(0.08, 0.24),
        gap=rng.uniform(0.35, 0.8),
        widest=2.2,
    )
    state, slogan = rng.choice(layouts.STATES), rng.choice(layouts.SLOGANS)
    above, below = line.top, HEIGHT_PX - line.bottom
    if p.chance(0.25):
        band = rng.uniform(0, 120)
        p.box((0, 0, WIDTH_PX, above * rng.uniform(0.6, 0.95)), band)
    if p.chance(0.12):
        p.box((0, HEIGHT_PX - below * rng.uniform(0.5, 0.9), WIDTH_PX, HEIGHT_PX), rng.uniform(0, 120))
    small_ink = p.tone(p.ink if p.chance(0.7) else 128, 60)
    if p.chance(0.88):
        p.lettering(
            state, (WIDTH_PX * rng.uniform(0.42, 0.58), above * rng.uniform(0.4, 0.62)), above * rng.uniform(0.55, 0.95), small_ink
        )
    if p.chance(0.65):
        p.lettering(slogan, (WIDTH_PX / 2, HEIGHT_PX - below * rng.uniform(0.35, 0.6)), below * rng.uniform(0.4, 0.8), small_ink)
    for x in (0.1, 0.9):
        for y, room in ((above / 2, above), (HEIGHT_PX - below / 2, below)):
            if p.chance(0.28):
                p.sticker((WIDTH_PX * x + rng.uniform(-8, 8), y), rng.uniform(14, 30), min(room * 0.95, rng.uniform(10, 20)))
    if p.chance(0.5):
        p.bolts()
    if p.chance(0.4):
        p.rim()
    p.separators(line)
    if side_block in ("letters", "symbol"):
        p.side_letters(line, at_left=left > WIDTH_PX * 0.08, symbol=side_block == "symbol")
    p.phantoms(line)
    p.characters(mask)
    if p.chance(0.4):
        p.frame(line)
    return p.finish(text, "us", "US")


def eu_plate(p: Painter) -> DrawnPlate:
    """Europe and alike, one row: wide plate squeezed to 2:1, left band, seals."""
    rng = p.rng
    text = layouts.fill(rng, layouts.pick(rng, layouts.EU))
    font = rng.choice(p.fonts.family("fe", "wide", "narrow") if p.chance(0.85) else p.fonts.plate)
    if p.chance(0.06):
        p.invert()
    if p.chance(0.3):
        p.gradient()
    left, right = rng.uniform(0.02, 0.06) * WIDTH_PX, rng.uniform(0.94, 0.98) * WIDTH_PX
    top, bottom = rng.uniform(0.08, 0.24) * HEIGHT_PX, rng.uniform(0.78, 0.93) * HEIGHT_PX
    if p.chance(0.3):  # a strip of dealer frame below
        strip = rng.uniform(0.7, 0.86) * HEIGHT_PX
        value = rng.uniform(0, 90)
        p.box((0, strip, WIDTH_PX, HEIGHT_PX), value)
        p.lettering(
            rng.choice(layouts.DEALERS), (WIDTH_PX / 2, (strip + HEIGHT_PX) / 2), (HEIGHT_PX - strip) * 0.85, 220, squeeze=0.55
        )
        bottom = strip - rng.uniform(3, 10)
    if p.chance(0.65):
        band = rng.uniform(0.07, 0.12) * WIDTH_PX
        value = rng.uniform(20, 130)
        p.box((0, 0, band, HEIGHT_PX if bottom > 0.75 * HEIGHT_PX else bottom + 6), value)
        p.lettering(
            rng.choice(layouts.BAND_CODES), (band / 2, HEIGHT_PX * rng.uniform(0.6, 0.78)), rng.uniform(14, 24), 235, squeeze=0.5
        )
        if p.chance(0.7):
            ring = (band * 0.2, HEIGHT_PX * 0.15, band * 0.8, HEIGHT_PX * 0.45)
            p.shape(lambda d: d.ellipse(ring, outline=255, width=1), 225)
        left = band + rng.uniform(2, 10)
    if p.chance(0.18):
        band = rng.uniform(0.06, 0.11) * WIDTH_PX
        p.box((WIDTH_PX - band, 0, WIDTH_PX, HEIGHT_PX), rng.uniform(20, 150))
        p.lettering(f"{rng.randint(1, 95):02d}", (WIDTH_PX - band / 2, HEIGHT_PX * 0.7), rng.uniform(12, 20), 235, squeeze=0.5)
        right = WIDTH_PX - band - rng.uniform(2, 8)
    if p.chance(0.6):
        p.rim()
    mask = p.mask()
    line = write_row(mask, font, text, (left, top, right, bottom), spacing=rng.uniform(0.06, 0.26), gap=rng.uniform(0.25, 0.65))
    p.separators(line)
    if p.chance(0.4):
        p.phantoms(line)
    p.characters(mask)
    return p.finish(text, "eu")


def write_rows(p: Painter, text: str, font: GlyphFont, box: Box) -> tuple[Line, ...]:
    """Write one or two rows into a box and paint them."""
    rng = p.rng
    rows = text.split("|")
    left, top, right, bottom = box
    mask, lines = p.mask(), []
    share = rng.uniform(0.42, 0.56) if len(rows) == 2 else 1.0
    pitch = rng.uniform(0.05, 0.12) * (bottom - top)
    for index, row in enumerate(rows):
        first = top if index == 0 else top + (bottom - top) * share + pitch / 2
        last = bottom if index == len(rows) - 1 else top + (bottom - top) * share - pitch / 2
        inset = rng.uniform(0, 0.2) * (right - left) * (4 / max(4, len(row)) if len(row) < 5 else 0.2)
        lines.append(
            write_row(
                mask,
                font,
                row,
                (left + inset, first, right - inset, last),
                spacing=rng.uniform(0.08, 0.3),
                gap=rng.uniform(0.25, 0.6),
            )
        )
    for line in lines:
        p.separators(line)
    p.characters(mask)
    return tuple(lines)


def two_row_plate(p: Painter) -> DrawnPlate:
    """Two rows, top row first: motorcycles, lorries, square rear plates of Europe, India, Vietnam and others."""
    rng = p.rng
    text = layouts.fill(rng, layouts.pick(rng, layouts.TWO_ROWS))
    if p.chance(0.15):
        p.invert()
    if p.chance(0.3):
        p.gradient()
    left = rng.uniform(0.05, 0.12) * WIDTH_PX
    if p.chance(0.3):
        band = rng.uniform(0.09, 0.16) * WIDTH_PX
        p.box((0, 0, band, HEIGHT_PX * rng.choice((0.5, 0.55, 1.0))), rng.uniform(20, 130))
        p.lettering(rng.choice(layouts.BAND_CODES), (band / 2, HEIGHT_PX * 0.35), 14, 235, squeeze=0.8)
        left = band + 4
    if p.chance(0.6):
        p.rim()
    if p.chance(0.3):
        p.bolts()
    write_rows(
        p,
        text,
        rng.choice(p.fonts.plate),
        (left, rng.uniform(5, 13), WIDTH_PX * rng.uniform(0.9, 0.96), HEIGHT_PX - rng.uniform(5, 13)),
    )
    return p.finish(text, "two rows")


def americas_plate(p: Painter) -> DrawnPlate:
    """Brazil, Mercosur, Argentina: one row below a town's name or a dark band."""
    rng = p.rng
    text = layouts.fill(rng, layouts.pick(rng, layouts.AMERICAS))
    if p.chance(0.15):
        p.invert()
    top = rng.uniform(0.26, 0.4) * HEIGHT_PX
    if p.chance(0.5):
        value = rng.uniform(20, 120)
        p.box((0, 0, WIDTH_PX, top * rng.uniform(0.7, 0.95)), value)
        p.lettering(rng.choice(layouts.CITIES), (WIDTH_PX / 2, top * 0.42), top * 0.55, 235, squeeze=0.8)
    else:
        p.lettering(rng.choice(layouts.CITIES), (WIDTH_PX / 2, top * 0.5), top * rng.uniform(0.4, 0.65), p.ink, squeeze=0.9)
        if p.chance(0.5):
            p.bolts()
    if p.chance(0.6):
        p.rim()
    font = rng.choice(p.fonts.family("fe", "wide", "narrow"))
    inset = rng.uniform(0.04, 0.09) * WIDTH_PX
    lines = write_rows(p, text, font, (inset, top, WIDTH_PX - inset, HEIGHT_PX - rng.uniform(6, 14)))
    if p.chance(0.3):
        p.phantoms(lines[0])
    return p.finish(text, "americas")


def dated_plate(p: Painter) -> DrawnPlate:
    """Mostly light on dark, with a small row of date or state that is not read."""
    rng = p.rng
    text = layouts.fill(rng, layouts.pick(rng, layouts.DATED))
    if p.chance(0.6):
        p.invert()
    if p.chance(0.3):
        p.gradient()
    below = p.chance(0.7)
    small = rng.uniform(0.12, 0.24) * HEIGHT_PX
    y = HEIGHT_PX - small * 0.75 if below else small * 0.75
    note = f"{rng.choice(layouts.STATES)[:7]} {rng.choice(('19', '20', ''))}{rng.randint(10, 99)}"
    p.lettering(note, (WIDTH_PX / 2, y), small, p.ink)
    top, bottom = (rng.uniform(6, 14), HEIGHT_PX - small * 1.5) if below else (small * 1.5, HEIGHT_PX - rng.uniform(6, 14))
    if p.chance(0.5):
        p.rim()
    inset = rng.uniform(0.03, 0.1) * WIDTH_PX
    lines = write_rows(p, text, rng.choice(p.fonts.plate), (inset, top, WIDTH_PX - inset, bottom))
    p.phantoms(lines[0])
    return p.finish(text, "dated")


def any_plate(p: Painter) -> DrawnPlate:
    """Four to ten characters of any kind in any font, one row, sometimes two."""
    rng = p.rng
    count = rng.randint(4, 10)
    signs = [rng.choice(layouts.LETTERS + layouts.DIGITS) for _ in range(count)]
    text = "".join(signs)
    if p.chance(0.5):
        cut = rng.randint(1, count - 1)
        text = text[:cut] + rng.choice("  |" if count > 4 else " ") + text[cut:]
    if p.chance(0.35):
        p.invert()
    if p.chance(0.3):
        p.gradient()
    if p.chance(0.15):
        p.scenery()
    if p.chance(0.5):
        p.rim()
    inset = rng.uniform(0.03, 0.1) * WIDTH_PX
    room = rng.uniform(0.05, 0.25)
    lines = write_rows(p, text, rng.choice(p.fonts.plate), (inset, room * HEIGHT_PX, WIDTH_PX - inset, HEIGHT_PX * (1 - room)))
    if len(lines) == 1:
        p.phantoms(lines[0])
    return p.finish(text, "any")
