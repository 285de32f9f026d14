"""Backups: the host's side: makes a backup while it is downloaded, takes one in, says what is in it, and has it restored."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from board.identity import identity
from board.kit.child import environment
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, PackageError
from board.kit.from_json import from_json
from board.kit.state import State
from board.kit.web.exchange import BrokenOff
from board.kit.words import Text, received
from firmware import platform_text
from firmware.keeping import order
from firmware.keeping.contents import CHOSEN, LICENCES, PACKAGES, WIRING
from firmware.packages.script import PackageData
from firmware.processes.launch import CHILD

MIN_PASSPHRASE, MAX_PASSPHRASE = 10, 200
MAX_BACKUP_BYTES = 16 << 30
PIECE_BYTES = 1 << 16
OPEN_WITHIN_S = 1_800.0
"""For the largest backup from a slow card."""
ENDS_WITHIN_S = 5.0
"""Of a process that nobody reads any more; longer than it gives those of the packages."""
KEPT_S = 1_800.0
"""A backup that was taken in lies in the clear until it is restored: not for longer."""


@dataclass(frozen=True, slots=True)
class Inside:
    """A backup that was taken in. `made`: UTC (ISO 8601); `camera`: whose it is; `own_board`: this board's, so that licences count;
    `same_profile`: of the same kind of board, so that its wiring does; `parts`: those that it holds; `packages`: {name:
    {"version", and numbers of what it holds}}; `absent`: those of them that are not installed here; `problems`: of packages that
    do not take it."""

    made: str
    camera: str
    profile: str
    version: str
    own_board: bool
    same_profile: bool
    parts: tuple[str, ...]
    packages: Mapping[str, Mapping[str, Any]]
    absent: tuple[str, ...] = ()
    problems: tuple[Text, ...] = field(default=())

    @property
    def choices(self) -> tuple[str, ...]:
        """Parts that can be restored here."""
        return tuple(part for part in CHOSEN if part in self.parts and (part != WIRING or self.same_profile))


class Backups:
    """Thread-safe; one backup or restore at a time. `profile`: of this board; `restart`: has the host started again."""

    def __init__(self, state: State, data: PackageData, profile: str, restart: Callable[[], None]) -> None:
        self._state = state
        self._data = data
        self._profile = profile
        self._restart = restart
        self._busy = threading.Lock()
        self._inside: Inside | None = None
        self._forgets: threading.Timer | None = None

    @property
    def inside(self) -> Inside | None:
        """What was taken in and not restored yet."""
        return self._inside

    def make(self, passphrase: str, passages: bool, pictures: bool) -> Making:
        """The sealed backup, as it is made. ConfigError says why there is none, before the first byte."""
        check_passphrase(passphrase)
        self._take()  # until it is closed
        try:
            return Making(_started("seal", self._plan(passphrase, passages, pictures)), self._busy.release)
        except BaseException:
            self._busy.release()
            raise

    def take_in(self, file: Path, passphrase: str) -> Inside:
        """Opens and checks all of a backup and stages what is in it; nothing is changed. ConfigError says what is wrong with it."""
        with self._once():
            self._leave()
            into = order.staged(self._state)
            try:
                into.mkdir(mode=0o700)
            except OSError as why:
                raise ConfigError("the storage takes nothing: {reason}", reason=why.strerror) from why
            try:
                found = _answer(_started("open", {"passphrase": passphrase, "file": str(file), "into": str(into)}))
                inside = self._described(found, into)
            except BaseException:
                order.discard(self._state)
                raise
            self._inside = inside
            self._forgets = threading.Timer(KEPT_S, self._forget, (inside,))
            self._forgets.daemon = True
            self._forgets.start()
            return inside

    def leave(self) -> None:
        """What was taken in is not wanted."""
        with self._once():
            self._leave()

    def restore(self, parts: Sequence[str], by: str, made: str) -> tuple[str, ...]:
        """Has these parts restored, and the host started again for it; the parts with those that follow by themselves. `made`: of
        the backup that was looked at, "" for whichever was taken in last: somebody else may have opened another."""
        self._take()  # until the host has started again: nobody leaves it meanwhile, nor opens another in its place
        try:
            wanted = self._chosen(parts, made)
            order.give(self._state, order.Order(order.RESTORE, wanted, by))
        except BaseException:
            self._busy.release()
            raise
        self._restart()
        return wanted

    def _chosen(self, parts: Sequence[str], made: str) -> tuple[str, ...]:
        inside = self._inside
        if inside is None:
            raise ConfigError("there is no backup to restore: upload it again")
        if made and made != inside.made:
            raise ConfigError("another backup was opened meanwhile: look at what is in it")
        wanted = tuple(part for part in inside.choices if part in parts)
        if not wanted or set(parts) - set(wanted):
            raise ConfigError("choose of {parts}", field="parts", parts=list(inside.choices))
        if inside.problems and PACKAGES in wanted:
            raise ConfigError("{problems}", problems=list(inside.problems))
        return (*wanted, LICENCES) if inside.own_board and LICENCES in inside.parts else wanted

    def _forget(self, inside: Inside) -> None:
        """Its time is over; while a backup is being made or another one opened, once that is done."""
        with self._busy:
            if self._inside is inside:
                self._leave()

    def _leave(self) -> None:
        if self._forgets is not None:
            self._forgets.cancel()
        self._inside = self._forgets = None
        order.discard(self._state)

    def _described(self, found: Mapping[str, Any], into: Path) -> Inside:
        about = found["about"]
        installed = self._data.versions()
        packages = {path.name: about["packages"].get(path.name, {}) for path in sorted((into / PACKAGES).glob("*"))}
        problems: list[Text] = []
        for name in packages:
            try:
                if name in installed:
                    self._data.ask(name, "check", str(into / PACKAGES / name))
            except PackageError as why:
                problems.append(why.text)
        return Inside(
            about["made"], about["camera"], about["profile"], about["version"],
            about["board"] == identity(self._state).board, about["profile"] == self._profile,
            tuple(found["parts"]), packages, tuple(name for name in packages if name not in installed), tuple(problems),
        )  # fmt: skip

    def _plan(self, passphrase: str, passages: bool, pictures: bool) -> dict[str, object]:
        who = identity(self._state)
        words = ["save", "--state", str(self._state.root), *["--passages"] * passages, *["--pictures"] * (passages and pictures)]
        packages = {}
        for name, version in self._data.versions().items():
            asked = self._data.command(name, *words)
            packages[name] = {
                "version": version, "words": list(asked.words), "folder": str(asked.folder), "environment": dict(asked.environment),
            }  # fmt: skip
        made = datetime.now(UTC).isoformat(timespec="seconds")
        about = {"made": made, "camera": who.id, "board": who.board, "profile": self._profile, "version": platform_text()}
        return {"passphrase": passphrase, "state": str(self._state.root), "about": about, "packages": packages}

    def _take(self) -> None:
        if not self._busy.acquire(blocking=False):
            raise ConfigError("another backup is being made or opened right now; try again when it is done")

    @contextmanager
    def _once(self) -> Iterator[None]:
        self._take()
        try:
            yield
        finally:
            self._busy.release()


class Making:
    """A backup as it comes, for one thread; `close` ends it. BrokenOff: the rest does not come, and what came cannot be opened."""

    def __init__(self, popen: subprocess.Popen[bytes], release: Callable[[], None]) -> None:
        self._popen = popen
        self._release = release
        self._is_open = True
        self._first = _read(popen)
        if not self._first:
            try:
                raise _refusal(popen)
            finally:
                _end(popen)

    def __iter__(self) -> Iterator[bytes]:
        piece, self._first = self._first, b""
        while piece:
            yield piece
            piece = _read(self._popen)
        if self._popen.wait():
            raise BrokenOff(str(_refusal(self._popen)))
        self.close()  # before whoever downloads learns that this was all: they may open it at once

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            _end(self._popen)
            self._release()


def check_passphrase(passphrase: str) -> None:
    """ConfigError when a backup must not be sealed with it: all that it holds is as safe as the passphrase is."""
    if not MIN_PASSPHRASE <= len(passphrase) <= MAX_PASSPHRASE:
        raise ConfigError(
            "the passphrase must have {least} to {most} characters", field="passphrase", least=MIN_PASSPHRASE, most=MAX_PASSPHRASE
        )


def _started(verb: str, plan: Mapping[str, object]) -> subprocess.Popen[bytes]:
    popen = subprocess.Popen(
        [sys.executable, "-I", "-S", str(CHILD), str(os.getpid()), sys.executable, "-P", "-m", "firmware.keeping.work", verb],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
        start_new_session=True,
    )  # fmt: skip
    assert popen.stdin is not None
    with suppress(OSError):  # when it ended at once, its answer says why
        popen.stdin.write(json.dumps(plan).encode())
        popen.stdin.close()
    return popen


def _read(popen: subprocess.Popen[bytes]) -> bytes:
    assert popen.stdout is not None
    return popen.stdout.read(PIECE_BYTES)


def _answer(popen: subprocess.Popen[bytes]) -> Mapping[str, Any]:
    watch = threading.Timer(OPEN_WITHIN_S, _kill, (popen,))
    watch.daemon = True
    watch.start()
    try:
        assert popen.stdout is not None
        said = popen.stdout.read(1 << 20)
        if popen.wait():
            raise _refusal(popen)
        answer = from_json(said)
    except ValueError as why:
        if isinstance(why, ConfigError):
            raise
        raise ConfigError("the backup could not be opened: its process said nothing") from why
    finally:
        watch.cancel()
        _end(popen)
    assert isinstance(answer, dict)
    return answer


def _refusal(popen: subprocess.Popen[bytes]) -> ConfigError:
    """What it said last."""
    assert popen.stderr is not None
    lines = popen.stderr.read(1 << 16).decode("utf-8", "replace").strip().splitlines()
    try:
        return ConfigError(received(from_json(lines[-1])["refused"]))
    except (ValueError, LookupError, TypeError):
        return ConfigError("the process of the backup failed: {reason}", reason=lines[-1][:200] if lines else popen.wait())


def _kill(popen: subprocess.Popen[bytes]) -> None:
    if popen.poll() is None:
        os.killpg(popen.pid, signal.SIGKILL)  # with the packages' scripts


def _end(popen: subprocess.Popen[bytes]) -> None:
    """Nobody reads what it writes: it ends by that, and takes away what it has put aside, such as a copy of a whole database."""
    for pipe in (popen.stdin, popen.stdout, popen.stderr):
        if pipe is not None:
            pipe.close()
    with suppress(subprocess.TimeoutExpired):
        popen.wait(ENDS_WITHIN_S)
    _kill(popen)
    popen.wait()
