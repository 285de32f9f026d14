"""Characters of other scripts than Latin: their fonts, rasterised like the Latin ones, so that a row may mix scripts.

Debian packages: fonts-noto-core fonts-noto-cjk fonts-wqy-zenhei fonts-wqy-microhei fonts-droid-fallback fonts-nanum
fonts-unfonts-core fonts-ipafont-gothic fonts-thai-tlwg fonts-kacst fonts-hosny-amiri. Whatever is missing is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from scripts.training.ocr import alphabet

CAP_PX = 64
"""Height of every rasterised character."""

Glyphs = dict[str, Image.Image]

ARABIC_DIGITS = "٠١٢٣٤٥٦٧٨٩۴۵۶"
TUNIS = "تونس"
"""Stands on Tunisian plates; the label has T for it."""

_ARABIC = (
    "NotoSansArabic-Bold", "NotoSansArabic-Regular", "NotoKufiArabic-Bold", "NotoKufiArabic-Regular", "NotoNaskhArabic-Bold",
    "KacstOne-Bold", "KacstOne", "KacstBook", "KacstTitle", "KacstOffice", "Amiri-Bold", "DejaVuSans-Bold", "DejaVuSans",
)  # fmt: skip
_CJK = ("NotoSansCJK-Bold", "NotoSansCJK-Regular", "wqy-zenhei", "wqy-microhei", "DroidSansFallbackFull")
FONTS = {
    # characters that share one height -> stems of their fonts
    alphabet.CHINESE: _CJK,
    ARABIC_DIGITS: _ARABIC,
    "".join(c for c in alphabet.ARABIC if c not in ARABIC_DIGITS): _ARABIC,
    alphabet.KOREAN: ("NanumGothicBold", "NanumGothic", "NanumSquareB", "NanumBarunGothicBold", "UnDotumBold", "NotoSansCJK-Bold"),
    alphabet.THAI: ("Loma-Bold", "Garuda-Bold", "Waree-Bold", "Umpush-Bold", "NotoSansThai-Bold", "Laksaman-Bold", "Norasi-Bold"),
    alphabet.KANA: ("ipag", "NotoSansCJK-Regular", "NotoSansCJK-Bold", "DroidSansFallbackFull"),
}
LETTERING = ((0x3000, "NotoSansCJK-Bold"), (0x0E00, "Loma-Bold"), (0x0600, "NotoSansArabic-Bold"), (0x0250, "DejaVuSans-Bold"))
"""From this code point on: the font for small lettering."""


def rasterise_set(path: Path, characters: str) -> Glyphs | None:
    """Masks CAP_PX high of all the characters, placed as on one line; None where the font lacks one of them."""
    font = ImageFont.truetype(str(path), 120)
    boxes = {c: font.getbbox(c) for c in characters}
    top, bottom = min(box[1] for box in boxes.values()), max(box[3] for box in boxes.values())
    glyphs, shapes = {}, set()
    for character, (left, _, right, _) in boxes.items():
        if right - left < 3:
            return None
        image = Image.new("L", (int(right - left) + 8, int(bottom - top) + 2), 0)
        ImageDraw.Draw(image).text((4 - left, -top), character, fill=255, font=font)
        inside = image.getbbox()
        if inside is None:
            return None
        scale = CAP_PX / image.height
        size = (max(3, round((inside[2] - inside[0]) * scale)), CAP_PX)
        glyphs[character] = image.crop((inside[0], 0, inside[2], image.height)).resize(size, Image.Resampling.BILINEAR)
        shapes.add(image.tobytes())
    # one box for many: characters are missing (ى and ی are one shape, and so are a few more Arabic pairs)
    return glyphs if len(shapes) >= 0.9 * len(boxes) else None


def word(path: Path, text: str) -> Image.Image | None:
    """A word as one mask CAP_PX high, trimmed (Pillow shapes Arabic where it was built with Raqm); None when it is empty."""
    font = ImageFont.truetype(str(path), 120)
    left, top, right, bottom = (int(v) for v in font.getbbox(text))
    if right - left < 8 or bottom - top < 8:
        return None
    image = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=font)
    return image.resize((max(8, round(image.width * CAP_PX / image.height)), CAP_PX), Image.Resampling.BILINEAR)


@dataclass(frozen=True, slots=True)
class Scripts:
    """`glyphs`: {characters of a set: its fonts' masks}; `tunis`: the word in several fonts; `lettering`: font files for
    small lettering, by the first code point of the writing that they serve."""

    glyphs: dict[str, tuple[Glyphs, ...]] = field(default_factory=dict)
    tunis: tuple[Image.Image, ...] = ()
    lettering: tuple[tuple[int, str], ...] = ()

    def lettering_for(self, text: str) -> str | None:
        """The font file for a text that is not Latin; None where there is none."""
        highest = max(map(ord, text), default=0)
        return next((path for first, path in self.lettering if highest >= first), None)

    def write(self, text: str) -> bool:
        """Whether every character of the text that is not Latin has a font."""
        return all(c.isascii() or any(c in characters for characters in self.glyphs) for c in text)


def load_scripts(files: dict[str, Path]) -> Scripts:
    """All scripts' fonts found (about half a second), from font files by stem."""
    glyphs = {}
    for characters, stems in FONTS.items():
        found = tuple(g for stem in stems if stem in files and (g := rasterise_set(files[stem], characters)))
        if found:
            glyphs[characters] = found
    words = (word(files[stem], TUNIS) for stem in _ARABIC if stem in files)
    lettering = tuple((first, str(files[stem])) for first, stem in LETTERING if stem in files)
    return Scripts(glyphs, tuple(w for w in words if w), lettering)
