"""Local files: the newest exports of each job, kept on the camera until somebody downloads them."""

from __future__ import annotations

import codecs
import shutil
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO

from board.kit.errors import ConfigError
from board.kit.settings import field_validator, option
from engine.exchange.names import NAME, check_name
from engine.store.jobs import JobOptions
from engine.store.notes import Spelling

LEAST_FREE = 64 << 20
"""Bytes: with less free storage nothing is added, because passages need the room."""

KEPT_FREE = 16 << 20
"""Bytes that files of exports and imports leave free while they are made: a full storage costs pictures, then passages."""

PIECE_BYTES = 1 << 20
LONGEST_PLATE = 200
"""Characters, with what separates them."""
WORKBOOK = ".xlsx"
PICTURES = (".jpg", ".jpeg", ".png")


class LocalFileOptions(JobOptions):
    name: str = option("{list}_{date}_{time}", "File name", NAME, max_length=200)
    keep: int = option(10, "Files kept", "The oldest files of this export beyond this number are deleted.", ge=1, le=1000)

    @field_validator("name")
    @classmethod
    def _is_name(cls, text: str) -> str:
        if "/" in text:
            raise ConfigError("is a name, not a path: it may hold no /")
        return check_name(text)


def keep(path: Path, folder: Path, name: str, most: int) -> None:
    """Moves the file into the folder under that name, replacing a file of the same name as a whole, and deletes the oldest
    beyond `most`. ConfigError if the storage is nearly full."""
    folder.mkdir(mode=0o770, parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < LEAST_FREE:
        raise ConfigError("the storage is nearly full: the file is not kept")
    path.replace(folder / name)
    now_ns = (folder / name).stat().st_mtime_ns
    others = [each for each in local_files(folder) if each.name != name]
    others.sort(key=lambda each: each.stat().st_mtime_ns > now_ns)  # of a clock that was ahead: they would stay for years
    for old in others[most - 1 :]:
        old.unlink(missing_ok=True)


def drop_others(exchange: Path, jobs: Collection[int]) -> None:
    """Files of all jobs but these, by their numbers, go: they hold plates, and nobody who wants those deleted would find them.
    `exchange`: State.exchange."""
    stay = {str(job) for job in jobs}
    for folder in exchange.glob("[0-9]*"):
        if folder.name not in stay:
            shutil.rmtree(folder, ignore_errors=True)


def naming(exchange: Path, plate: Spelling) -> Iterator[Path]:
    """The files of all jobs in which it stands, or may stand: nobody knows what is in a damaged one."""
    for path in sorted(exchange.glob("[0-9]*/*")):
        try:
            if path.is_file() and any(map(plate.is_in, _texts(path))):
                yield path
        except FileNotFoundError:
            continue  # a newer one has taken its place meanwhile
        except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error):
            yield path


def holds(path: Path, characters: str) -> bool:
    """Whether they stand anywhere in it, as in a database, which has nothing between its texts."""
    if not characters or not path.is_file():
        return False
    with path.open("rb") as file:
        return any(characters in piece for piece in _pieces(file))


def _texts(path: Path) -> Iterator[str]:
    """What a file holds, piece by piece, a workbook's parts too; each piece begins with the end of the one before."""
    if path.suffix != WORKBOOK:
        with path.open("rb") as file:
            yield from _pieces(file)
        return
    with zipfile.ZipFile(path) as archive:
        for part in archive.infolist():
            if not part.filename.endswith(PICTURES):
                with archive.open(part) as file:
                    yield from _pieces(file)


def _pieces(file: IO[bytes]) -> Iterator[str]:
    decoder, end = codecs.getincrementaldecoder("utf-8")("replace"), ""
    while read := file.read(PIECE_BYTES):
        piece = end + decoder.decode(read)
        yield piece
        end = piece[-LONGEST_PLATE:]


def room(folder: Path, most: int) -> int:
    """How many bytes a file in the folder may take, at most `most`. ConfigError if the storage is nearly full."""
    left = shutil.disk_usage(folder).free - KEPT_FREE
    if left <= 0:
        raise ConfigError("the storage is nearly full: the file is not kept")
    return min(most, left)


def local_files(folder: Path) -> list[Path]:
    """The files there, newest first."""
    if not folder.is_dir():
        return []
    return sorted((each for each in folder.iterdir() if each.is_file()), key=lambda each: each.stat().st_mtime_ns, reverse=True)
