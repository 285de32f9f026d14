"""Path images: uploaded pictures that stand in for the camera of a simulated board (manual 4.6, General configuration tab).

Each file is looked at before it takes the place of one of the same name; what is refused changes nothing.
"""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

from board.kit.errors import ImageError, StoreError
from board.kit.files import private_in, write_whole
from board.kit.settings import unfit
from board.kit.state import State
from board.kit.web.routes import Refused
from board.kit.words import Text
from board.types import BoardProfile

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""Of what board/camera/replay.py shows; that module is not loaded for it."""
MOST_FILES = 200
MOST_BYTES = 16 << 20
"""Of one picture."""
MOST_BYTES_TOGETHER = 256 << 20
MOST_PIXELS = 25_000_000
LEAST_FREE = 64 << 20
"""Bytes: with less on the storage nothing is taken, as passages need them."""

_NAME = re.compile(r"[\w+()-][\w .+()-]{0,99}")
_TITLE = "Path images"


class PathImages:
    def __init__(self, state: State, profile: BoardProfile) -> None:
        self._folder = state.path_images
        self.are_used = profile.simulated
        """False: this camera has a lens of its own."""

    def files(self) -> list[Path]:
        """In the order in which they are shown."""
        if not self._folder.is_dir():
            return []
        return sorted(path for path in self._folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())

    def put(self, name: str, content: bytes) -> None:
        """Takes a picture in, in the place of one of that name. SettingsError or Refused: it is none, too large, or too many;
        StoreError: the storage takes nothing."""
        self.need_use()
        _check_name(name)
        others = [path for path in self.files() if path.name != name]
        if len(others) >= MOST_FILES:
            raise Refused(409, Text("There are {count} path images already: remove some first.", {"count": MOST_FILES}))
        if sum(path.stat().st_size for path in others) + len(content) > MOST_BYTES_TOGETHER:
            together = MOST_BYTES_TOGETHER >> 20
            raise Refused(409, Text("All path images together are larger than {most} MB: remove some first.", {"most": together}))
        _check_picture(content)
        try:
            self._folder.mkdir(mode=0o770, parents=True, exist_ok=True)
            if shutil.disk_usage(self._folder).free < LEAST_FREE + len(content):
                raise Refused(507, "The storage is nearly full: the file is not taken.")
            write_whole(self._folder / name, content, private_in(self._folder))
        except OSError as why:
            raise StoreError("the path image cannot be stored: {why}", why=why) from why

    def remove(self, name: str) -> None:
        """Refused 404: there is none of that name."""
        path = next((path for path in self.files() if path.name == name), None)
        if path is None:
            raise Refused(404, "There is no such picture.")
        path.unlink(missing_ok=True)

    def remove_all(self) -> None:
        for path in self.files():
            path.unlink(missing_ok=True)

    def need_use(self) -> None:
        """Refused: this camera has a lens of its own."""
        if not self.are_used:
            raise Refused(409, "This camera has a lens of its own: path images stand in for it on a simulated board only.")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise unfit("name", _TITLE, "a file's name has up to 100 letters, digits, blanks and . - _ + ( )")
    if Path(name).suffix.lower() not in SUFFIXES:
        raise unfit("name", _TITLE, "its name must end in one of {kinds}", kinds=", ".join(SUFFIXES))


def _check_picture(content: bytes) -> None:
    from board.pictures import load_rgb

    try:
        load_rgb(io.BytesIO(content), MOST_PIXELS, longest_px=1920)
    except ImageError as why:
        raise unfit("picture", _TITLE, "this is no picture that can be shown: {why}", why=why.text) from why
