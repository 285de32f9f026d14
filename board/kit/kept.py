"""Kept: a small file that must not be lost, in two equal ones: a damaged one is replaced by the other. JSON documents are read and
written so by `Kept`; for files that others write `keep_copy` does it.

The copy holds the same as the file and not what was there before: a removed account must not come back with a damaged file.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from board.kit.dataclass import dataclass
from board.kit.errors import GatewrightError
from board.kit.files import private_in, read_again, set_aside, sync_folder, write_together, write_whole
from board.kit.from_json import from_json
from board.kit.words import Text

LOG = logging.getLogger("files")
MAX_BYTES = 1 << 20

WRONG = (ValueError, TypeError, LookupError, AttributeError, GatewrightError)
"""What is raised over a document that is not what it should be: a damaged file must end nobody who reads it."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What was read. `value`: None when there is none; `damage`: what was wrong and what was done about it, None: nothing."""

    value: T | None
    damage: Text | None


_TURNS: dict[Path, threading.RLock] = {}
"""Of each file: whoever reads it between the two renames of a write takes its copy for that of an interrupted change, and undoes
it. One disk that is slow to write one file holds up nobody who reads another."""


class Kept(Generic[T]):
    """`parse`: the JSON document -> the value, an error of WRONG if it is not right; `plain`: its opposite. Thread-safe, also
    where several are of one file."""

    def __init__(self, file: Path, parse: Callable[[Any], T], plain: Callable[[T], object]) -> None:
        self.file = file
        self.copy = copy_of(file)
        self._parse = parse
        self._plain = plain

    def read(self) -> Found[T]:
        """The newest intact document. One that is damaged or may not be read is kept as *.damaged for whoever looks into it."""
        with _turn(self.file):
            return self._intact()

    def _intact(self) -> Found[T]:
        problems: list[str] = []
        for path in (self.file, self.copy):
            try:
                value = self._read(path)
            except FileNotFoundError:
                continue
            except (OSError, *WRONG) as why:
                problems.append(f"{path.name}: {str(why) or type(why).__name__}"[:200])
                _set_aside(path)
                continue
            return self._repaired(path, value, problems)
        if not problems:
            return Found(None, None)
        return Found(None, Text("{file} and its copy are damaged ({why})", {"file": self.file, "why": "; ".join(problems)}))

    def write(self, value: T) -> None:
        """On both files and safe from a power cut when it returns. OSError when the disk refuses: both are as they were."""
        data = json.dumps(self._plain(value), indent=1).encode()
        write_both(self.file, data, private_in(self.file.parent))

    def _read(self, path: Path) -> T:
        data = _bytes(path)
        if len(data) > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES} bytes")
        return self._parse(from_json(data.decode("utf-8")))

    def _repaired(self, path: Path, value: T, problems: list[str]) -> Found[T]:
        if path == self.file and self._copy_is_equal():
            return Found(value, None)
        try:
            self.write(value)
        except OSError as why:
            LOG.error("%s and its copy cannot be made equal again: %s", self.file, why)
        if path == self.file:
            return Found(value, None)  # the copy is of an interrupted change, damaged, or of a release that made none
        lost = "; ".join(problems) or f"{self.file.name} was not there"
        return Found(value, Text("{file} was damaged ({why}) and is restored from its copy", {"file": self.file, "why": lost}))

    def _copy_is_equal(self) -> bool:
        found = _found(self.file)
        return found is not None and found == _found(self.copy)


def copy_of(file: Path) -> Path:
    """Where the same lies a second time."""
    return file.with_name(file.name + ".copy")


def write_both(file: Path, data: bytes, mode: int = 0o644) -> None:
    """On `file` and its copy and safe from a power cut when it returns. OSError when the disk refuses: both are as they were."""
    with _turn(file):
        write_together([(copy_of(file), data, mode), (file, data, mode)])
        sync_folder(file.parent)


def keep_copy(file: Path, check: Callable[[bytes], object]) -> bool:
    """Keeps a copy of `file` while that is right, and puts it back over a damaged one; when somebody took the file away, its copy
    goes too. `check` raises ValueError or GatewrightError if what it gets is not right. False: neither is right, and both stay as
    they are. What the disk refuses is logged."""
    copy = copy_of(file)
    if _is_gone(file):
        _logged(copy, lambda: copy.unlink(missing_ok=True))
        return True
    right: bytes | None = None
    for path in (file, copy):
        try:
            data = _bytes(path)
            check(data)
            mode = path.stat().st_mode & 0o777
        except (OSError, *WRONG) as why:
            if path == file:
                LOG.error("%s is damaged: %s", file, why)
            continue
        right = data if right is None else right
    if right is None:
        return False
    for path in (file, copy):
        if _found(path) != right:
            _logged(path, lambda path=path: write_whole(path, right, mode))  # type: ignore[misc]
    return True


def _turn(file: Path) -> threading.RLock:
    return _TURNS.setdefault(file, threading.RLock())


def _is_gone(path: Path) -> bool:
    """What a worn card does not show is there."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _found(path: Path) -> bytes | None:
    try:
        return _bytes(path)
    except OSError:
        return None


def _logged(path: Path, act: Callable[[], object]) -> None:
    try:
        act()
    except OSError as why:
        LOG.error("%s cannot be kept: %s", path, why)


def _bytes(path: Path) -> bytes:
    def read() -> bytes:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)

    return read_again(read)


def _set_aside(path: Path) -> None:
    try:
        set_aside(path)
    except OSError as why:
        LOG.error("%s cannot be set aside: %s", path, why)
