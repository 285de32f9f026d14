"""Logo: an uploaded picture becomes a small PNG of its pixels alone; what was before is kept for a revert.

Only PNG and JPEG are read. An SVG is a program of the page that shows it, so it is refused.
"""

from __future__ import annotations

import io
from pathlib import Path

from board.kit.errors import ConfigError, StoreError
from board.kit.files import private_folder, write_beside
from board.kit.settings import unfit
from board.kit.state import State
from board.kit.web.logo import logo_file

MOST_BYTES = 4 << 20
MOST_PIXELS = 16_000_000
SIZE_PX = (400, 80)
"""Width and height at most: twice of what pages show, for fine screens."""


def change(state: State, upload: bytes) -> None:
    """SettingsError for what is no picture, StoreError when the storage takes nothing."""
    png = _small(upload)
    path = logo_file(state)
    try:
        private_folder(path.parent)
        fresh = write_beside(path, png)
        _keep(path)  # only now: a full disk takes no logo away
        fresh.replace(path)
    except OSError as why:
        raise StoreError("the logo cannot be stored: {why}", why=why) from why


def remove(state: State) -> None:
    """Pages show ours again."""
    path = logo_file(state)
    if path.exists():
        path.replace(_before(path))


def revert(state: State) -> None:
    """The logo of before and that of now change places; ConfigError when there was none."""
    path = logo_file(state)
    before = _before(path)
    if not before.exists():
        raise ConfigError("there was no other logo before")
    if not path.exists():
        before.replace(path)
        return
    other = path.with_name("logo.other.png")
    path.replace(other)
    before.replace(path)
    other.replace(before)


def can_revert(state: State) -> bool:
    return _before(logo_file(state)).exists()


def _keep(path: Path) -> None:
    if path.exists():
        path.replace(_before(path))


def _before(path: Path) -> Path:
    return path.with_name("logo.before.png")


def _small(upload: bytes) -> bytes:
    if upload.lstrip()[:5].lower() in (b"<svg ", b"<?xml") or b"<svg" in upload[:1000].lower():
        raise unfit("logo", "Logo", "an SVG can hold programs: export it as PNG")
    try:
        width, height, png = _encoded(upload)
    except (OSError, ValueError, SyntaxError, EOFError) as why:
        raise unfit("logo", "Logo", "this is no PNG or JPEG, or it is damaged") from why
    if not png:
        raise unfit("logo", "Logo", "{width} x {height} pixels are too many", width=width, height=height)
    return png


def _encoded(upload: bytes) -> tuple[int, int, bytes]:
    """Width, height and the small PNG; b"" for one with too many pixels, which are not looked at."""
    from PIL import Image, JpegImagePlugin, PngImagePlugin

    reader = PngImagePlugin.PngImageFile if upload.startswith(b"\x89PNG") else JpegImagePlugin.JpegImageFile
    with reader(io.BytesIO(upload)) as picture:  # Image.open would say in its own way that there are too many pixels
        width, height = picture.size
        if width * height > MOST_PIXELS:
            return width, height, b""
        picture.draft("RGB", SIZE_PX)
        fresh = picture.convert("RGBA")
    fresh.thumbnail(SIZE_PX)
    clean = Image.new("RGBA", fresh.size)
    clean.paste(fresh)  # without what else stood in the file
    out = io.BytesIO()
    clean.save(out, "PNG")
    return width, height, out.getvalue()
