"""Fonts of the plate renderer: finds font files by name and rasterises the 36 Latin plate characters of each once
(other scripts: writing.py).

Where fonts come from (all free to use for drawing; none of them is kept in the repository):

* Debian packages: fonts-roadgeek fonts-opendin fonts-b612 fonts-roboto-unhinted fonts-yanone-kaffeesatz
  fonts-dosis fonts-dejavu-core fonts-liberation2 fonts-open-sans fonts-lato fonts-league-spartan
* npm packages @fontsource/{barlow, barlow-condensed, oswald, overpass, roboto-condensed, rajdhani, saira-condensed,
  antonio, teko}: `python -m scripts.plates.fonts fetch` packs them and unpacks two weights each under `.train/fonts`
* for training only, where the folder is there: `../shared/data/fonts` (its fonts' rights are partly unknown)

Whatever is missing is left out; `python -m scripts.plates.fonts list` says what was found.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scripts.plates.writing import CAP_PX, Scripts, load_scripts

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

REPOSITORY = Path(__file__).resolve().parents[2]
SYSTEM_FOLDER = Path("/usr/share/fonts")
FETCHED_FOLDER = REPOSITORY / ".train" / "fonts"
SHARED_FOLDER = REPOSITORY.parent / "shared" / "data" / "fonts"

FONTSOURCE = (
    "barlow",
    "barlow-condensed",
    "oswald",
    "overpass",
    "roboto-condensed",
    "rajdhani",
    "saira-condensed",
    "antonio",
    "teko",
)

# file stem -> families that may use it: "plate" (drawn after real plates), "narrow" (narrow or DIN-like), "wide"
SHARED_FONTS = {
    "PenitentiaryGothicFill": "plate",
    "licenseplate": "plate",
    "GL-Nummernschild-Eng": "fe",
    "GL-Nummernschild-Mtl": "fe",
    "DINEngschriftStd": "narrow",
    "DINMittelschriftStd": "narrow",
    "RoadUA-Bold": "wide",
    "RoadUA-Medium": "wide",
    "Eu_ua_custom_np-Regular": "wide",
    "UKNumberPlate": "wide",
    "RoadNumbers2.0": "wide",
}
FREE_FONTS = {
    "RG2014B": "narrow",
    "RG2014C": "narrow",
    "RG2014D": "narrow",
    "RG2014E": "wide",
    "RG2014F": "wide",
    "OSP-DIN": "narrow",
    "B612-Bold": "wide",
    "B612Mono-Bold": "wide",
    "B612Mono-Regular": "wide",
    "RobotoCondensed-Bold": "narrow",
    "RobotoCondensed-Regular": "narrow",
    "Roboto-Bold": "wide",
    "YanoneKaffeesatz-Bold": "narrow",
    "YanoneKaffeesatz-Regular": "narrow",
    "Dosis-SemiBold": "narrow",
    "DejaVuSans-Bold": "wide",
    "DejaVuSansMono-Bold": "wide",
    "LiberationSans-Bold": "wide",
    "LiberationSansNarrow-Bold": "narrow",
    "OpenSans-CondBold": "narrow",
    "Lato-Bold": "wide",
    "barlow-latin-500-normal": "wide",
    "barlow-latin-700-normal": "wide",
    "barlow-condensed-latin-500-normal": "narrow",
    "barlow-condensed-latin-700-normal": "narrow",
    "oswald-latin-400-normal": "narrow",
    "oswald-latin-600-normal": "narrow",
    "overpass-latin-500-normal": "wide",
    "overpass-latin-700-normal": "wide",
    "roboto-condensed-latin-500-normal": "narrow",
    "roboto-condensed-latin-700-normal": "narrow",
    "rajdhani-latin-500-normal": "narrow",
    "rajdhani-latin-700-normal": "narrow",
    "saira-condensed-latin-500-normal": "narrow",
    "saira-condensed-latin-700-normal": "narrow",
    "antonio-latin-500-normal": "narrow",
    "antonio-latin-700-normal": "narrow",
    "teko-latin-500-normal": "narrow",
    "teko-latin-600-normal": "narrow",
}
# small lettering (state names, slogans, dealers): anything readable, serif and italic included
LETTERING = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSerif-Bold",
    "LiberationSans-Bold",
    "LiberationSerif-BoldItalic",
    "LiberationSerif-Bold",
    "LiberationSans-BoldItalic",
    "Roboto-BoldItalic",
    "Lato-BoldItalic",
)


@dataclass(frozen=True, slots=True)
class GlyphFont:
    """One font as 36 masks: grey images CAP_PX high, trimmed sideways; 255 is ink."""

    name: str
    family: str
    glyphs: dict[str, Image.Image]


@dataclass(frozen=True, slots=True)
class FontSet:
    """All fonts the renderer may draw from: plate characters, paths for small lettering, other scripts than Latin."""

    plate: tuple[GlyphFont, ...]
    lettering: tuple[str, ...]
    scripts: Scripts = field(default_factory=Scripts)

    def family(self, *names: str) -> tuple[GlyphFont, ...]:
        """Fonts of the named families; all fonts where none of them was found."""
        found = tuple(font for font in self.plate if font.family in names)
        return found or self.plate


def font_files(*, with_shared: bool) -> dict[str, Path]:
    """Stem -> path of every font file found, sorted; the first of two equal stems wins."""
    folders = [FETCHED_FOLDER, SYSTEM_FOLDER] + ([SHARED_FOLDER] if with_shared else [])
    files: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.suffix.lower() in (".ttf", ".ttc", ".otf", ".woff"):
                files.setdefault(path.stem, path)
    return files


def rasterise(path: Path, family: str) -> GlyphFont | None:
    """The 36 masks of a font file, or None where it lacks a character or draws one empty."""
    probe = ImageFont.truetype(str(path), 200)
    left, top, right, bottom = probe.getbbox("H")
    if bottom - top < 20:
        return None
    font = ImageFont.truetype(str(path), max(8, round(200 * CAP_PX / (bottom - top))))
    _, cap_top, _, cap_bottom = font.getbbox("H")
    glyphs: dict[str, Image.Image] = {}
    shapes = set()
    for character in CHARACTERS:
        left, top, right, bottom = (int(v) for v in font.getbbox(character))
        if right - left < 2 or bottom - top < CAP_PX // 2 or top > cap_top + CAP_PX // 3:
            return None
        image = Image.new("L", (right - left + 8, int(cap_bottom) + 40), 0)
        ImageDraw.Draw(image).text((4 - left, 0), character, fill=255, font=font)
        # the tail of a Q or J may hang below the line: such a glyph is squeezed into the cap height
        first, last = min(int(cap_top), top), max(int(cap_bottom), bottom)
        if last - first < CAP_PX * 1.12:
            first, last = int(cap_top), int(cap_bottom)
        inside = image.getbbox()
        if inside is None:
            return None
        mask = image.crop((inside[0], first, inside[2], last)).resize((inside[2] - inside[0], CAP_PX), Image.Resampling.BILINEAR)
        glyphs[character] = mask
        shapes.add(mask.tobytes())
    if len(shapes) < 34:  # one box for many: characters are missing
        return None
    return GlyphFont(path.stem, family, glyphs)


def lettering_of(files: Mapping[str, Path]) -> tuple[str, ...]:
    """The paths of those for small lettering."""
    return tuple(str(files[stem]) for stem in LETTERING if stem in files)


def load_fonts(*, with_shared: bool) -> FontSet:
    """Rasterise every font found (about 1 s). Raises FileNotFoundError where there is not even one."""
    files = font_files(with_shared=with_shared)
    wanted = {**FREE_FONTS, **(SHARED_FONTS if with_shared else {})}
    fonts = [rasterise(files[stem], family) for stem, family in wanted.items() if stem in files]
    plate = tuple(font for font in fonts if font is not None)
    lettering = lettering_of(files)
    if not plate or not lettering:
        raise FileNotFoundError(
            "no plate fonts found: install the Debian packages named in scripts/plates/fonts.py"
            " (fonts-dejavu-core at least) or run 'python -m scripts.plates.fonts fetch'"
        )
    return FontSet(plate, lettering, load_scripts(files))


def fetch() -> None:
    """Fetch the @fontsource packages with npm and unpack their weights under `.train/fonts`."""
    FETCHED_FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for family in FONTSOURCE:
            subprocess.run(["npm", "pack", "--silent", f"@fontsource/{family}"], cwd=folder, check=True)
        for archive in sorted(Path(folder).glob("*.tgz")):
            with tarfile.open(archive) as packed:
                for member in packed.getmembers():
                    name = Path(member.name).name
                    if Path(name).stem in FREE_FONTS and name.endswith(".woff"):
                        content = packed.extractfile(member)
                        assert content is not None
                        (FETCHED_FOLDER / name).write_bytes(content.read())


def main(arguments: list[str]) -> int:
    """`fetch` or `list`."""
    if arguments == ["fetch"]:
        fetch()
    fonts = load_fonts(with_shared=True)
    for font in fonts.plate:
        ink = np.mean([np.asarray(glyph).mean() / 255 for glyph in font.glyphs.values()])
        print(f"{font.family:7} {font.name} (ink {ink:.2f})")
    print(f"{len(fonts.plate)} plate fonts, {len(fonts.lettering)} for small lettering")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
