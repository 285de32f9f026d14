"""Packages: hostile ones (hostile_packages.py) are given to a camera that has another version and another package installed.

What must hold:

- None is accepted. The refusal is one line that names the reason, and nothing but a PackageError comes out.
- Nothing is opened for writing, made, renamed or removed anywhere, as Python's audit events tell, and what is installed stays as
  it was.
- Memory and time stay bounded.
- What nobody signs may be anything: then exactly the signed files are unpacked, with the camera's own modes.
- The unchanged package is taken, before and after: so each refusal is of the change.

All go through `Packages.install` in this process; a sample goes by HTTP through upload_vadp.cgi of a real host, whose checks are
processes of their own.
"""

from __future__ import annotations

import html
import logging
import os
import random
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from board.kit.clock import Clock
from board.kit.errors import PackageError
from board.kit.state import State
from firmware.packages import install
from firmware.packages.keys import TrustedKeys
from firmware.packages.management import Packages
from firmware.packages.records import CAMERA
from firmware.packages.slots import Slots
from firmware.packages.verify import unpack, verify
from firmware.packages.versions import NEVER
from scripts.fault_tests.host import Host
from scripts.fault_tests.hostile_packages import KINDS, UNSIGNED, Hostile, right
from scripts.fault_tests.kill import Say
from scripts.fault_tests.tar_entries import archive, entries
from tests.tiny_package import TRUST, contents, trust_file, write

ONE_IN = 40
"""One hostile package of so many goes through the CGI as well."""

UNSIGNED_ONE_IN = 20
MOST_VIOLATIONS = 10
LONGEST_TEXT = 600
WRITES = (
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.symlink",
    "os.link",
    "os.chmod",
    "os.chown",
    "os.truncate",
    "shutil.rmtree",
    "subprocess.Popen",
    "os.exec",
    "os.posix_spawn",
)


def run(times: int, seed: int, folder: Path, say: Say) -> dict[str, Any]:
    """As kill.run; `times` hostile packages that are refused."""
    began = time.monotonic()
    chance = random.Random(seed)
    sample: list[tuple[str, Hostile]] = []
    with _camera(folder / "here") as here:
        seen = _Seen()
        while seen.refused.total() < times and len(seen.violations) < MOST_VIOLATIONS:
            [kind] = chance.choices([*KINDS], [often for _, often in KINDS.values()])
            hostile = KINDS[kind][0](chance)
            if seen.judge(kind, hostile, here.offer(hostile.data)):
                if chance.random() < 1 / ONE_IN or not sample:
                    sample.append((kind, hostile))
                if seen.refused.total() % 1000 == 0:
                    say(f"{seen.refused.total()} refused, {time.monotonic() - began:.0f} s")
            elif seen.violations:
                (folder / f"{kind}-{len(seen.violations)}.tar.gz").write_bytes(hostile.data)
            if chance.random() < 1 / UNSIGNED_ONE_IN:
                change = chance.choice(UNSIGNED)
                seen.unsigned(change.__name__, here.unpacked(change(chance)))
        seen.violations += here.still_right()
    in_process_s = time.monotonic() - began
    host = _through_the_cgi(folder / "host", sample, say) if not seen.violations else {}
    return {
        "refused": seen.refused.total(),
        "kinds": len(seen.refused),
        "accepted": seen.accepted,
        "unchanged_by_chance": seen.same,
        "unsigned_changes_unpacked_as_signed": seen.as_signed,
        "slowest_ms": dict(seen.slowest()),
        "peak_rss_mb": round(seen.peak_kb * 1024 / 1e6, 1),
        "peak_rss_grew_by_mb": round((seen.peak_kb - seen.before_kb) * 1024 / 1e6, 1),
        "reasons": len(seen.reasons),
        "seconds_in_process": round(in_process_s, 1),
        **host,
        "seconds": round(time.monotonic() - began, 1),
        "violations": [*seen.violations, *host.get("violations", [])],
    }


@dataclass(frozen=True, slots=True)
class _Outcome:
    """`said`: the refusal, None when it was accepted; `crash`: what came out that is no refusal; `writes`: what it touched."""

    said: str | None
    crash: str
    writes: list[str]
    ms: float
    peak_kb: int


@dataclass(slots=True)
class _Seen:
    refused: Counter[str] = field(default_factory=Counter)
    reasons: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)
    accepted: int = 0
    same: int = 0
    as_signed: int = 0
    peak_kb: int = 0
    before_kb: int = field(default_factory=lambda: _memory_kb("VmRSS"))
    longest_ms: dict[str, float] = field(default_factory=dict)

    def judge(self, kind: str, hostile: Hostile, outcome: _Outcome) -> bool:
        """Whether it was refused, and rightly."""
        self.peak_kb = max(self.peak_kb, outcome.peak_kb)
        self.longest_ms[kind] = max(self.longest_ms.get(kind, 0.0), outcome.ms)
        if outcome.writes:
            self.violations.append(f"{kind}: touched {', '.join(outcome.writes[:5])}")
        if outcome.crash:
            self.violations.append(f"{kind}: {outcome.crash}")
        elif outcome.said is None and hostile.maybe_none:
            self.same += 1
        elif outcome.said is None:
            self.accepted += 1
            self.violations.append(f"{kind}: accepted")
        elif wrong := wrong_words(outcome.said, hostile.reason):
            self.violations.append(f"{kind}: {wrong}")
        else:
            self.refused[kind] += 1
            self.reasons.add(re.sub(r"[\d']+[^ ]*|^[^:]*:", "", outcome.said))
            return True
        return False

    def unsigned(self, name: str, wrong: str) -> None:
        if wrong:
            self.violations.append(f"{name}: {wrong}")
        else:
            self.as_signed += 1

    def slowest(self) -> list[tuple[str, float]]:
        return [(kind, round(ms, 1)) for kind, ms in sorted(self.longest_ms.items(), key=lambda each: -each[1])[:5]]


def wrong_words(said: str, reason: str) -> str:
    """What is wrong with a refusal as a message for people; "" when it names its reason in one line."""
    if not re.search(reason, said):
        return f"the refusal does not name the reason: {said!r}"
    if not said.isprintable() or len(said) > LONGEST_TEXT:
        return f"the refusal is no line for people: {said[:200]!r}"
    return ""


class _Here:
    """A camera's packages in this process: TINY in two versions, OTHER beside it; older versions are forbidden."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        state = State(folder / "camera" / "state")
        (state.host / "trust").mkdir(parents=True)
        trust_file(state.host / "trust")
        slots = Slots(state.host / "packages", None, lambda: False)
        self._packages = Packages(state, slots, TrustedKeys(state.host / "trust"), lambda: None, "serial", Clock())
        for members in (contents("5.0.0"), other(), right()):
            [*_, _] = self._packages.install(write(folder / "package.tar.gz", members), CAMERA)
        self._packages.versions.decide(NEVER)
        self._writes: list[str] | None = None
        self._before = _tree(folder / "camera")
        sys.addaudithook(self._hear)

    def offer(self, data: bytes) -> _Outcome:
        """What becomes of this upload."""
        path = self._folder / "package.tar.gz"
        path.write_bytes(data)
        said, crash = None, ""
        Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins anew
        began = time.perf_counter()
        self._writes = writes = []
        try:
            for _ in self._packages.install(path, CAMERA):
                pass
        except PackageError as why:
            said = str(why)
        except Exception as why:  # that is what is looked for
            crash = f"{type(why).__name__}: {why}"[:300]
        finally:
            self._writes = None
        ms = (time.perf_counter() - began) * 1000
        after = _tree(self._folder / "camera")
        writes += sorted({*after} ^ {*self._before}) + [
            name for name in after if self._before.get(name, after[name]) != after[name]
        ]
        self._before = after
        return _Outcome(said, crash, writes, ms, _memory_kb("VmHWM"))

    def unpacked(self, data: bytes) -> str:
        """What is wrong with what is unpacked of a package whose unsigned parts alone are changed."""
        path, target = self._folder / "package.tar.gz", self._folder / "unpacked"
        path.write_bytes(data)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        try:
            unpack(path, verify(path, TRUST), target)
        except PackageError as why:
            return f"refused: {why}"
        found = {each.relative_to(target).as_posix(): each.read_bytes() for each in target.rglob("*") if not each.is_dir()}
        modes = {
            each.relative_to(target).as_posix(): each.lstat().st_mode & 0o7777 for each in target.rglob("*") if not each.is_dir()
        }
        if found != dict(right()):
            return "other files than the signed ones"
        wrong = [name for name, mode in modes.items() if mode != (0o755 if name == "initscr" else 0o644)]
        return f"modes of {', '.join(wrong)}" if wrong else ""

    def still_right(self) -> list[str]:
        outcome = self.offer(archive(entries(right())))
        return (
            [] if outcome.said is None and not outcome.crash else [f"the right package is refused: {outcome.said or outcome.crash}"]
        )

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._writes is None:
            return
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            self._writes.append(str(arguments[0]))
        elif event in WRITES:
            self._writes.append(f"{event} {arguments[:2]}")


@contextmanager
def _camera(folder: Path) -> Iterator[_Here]:
    """Its packages are checked in this process: the check itself, not what starts one that does it."""
    log = logging.getLogger("packages")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with (
            patch.object(install, "check_archive", lambda path, trust, unsigned=False: verify(path, TRUST)),
            patch.object(install, "check_slot", lambda path, slot, trust: None),
        ):
            yield _Here(folder)
    finally:
        log.setLevel(level)


def other() -> dict[str, bytes]:
    """The package that is installed beside."""

    def conf(text: str) -> str:
        return text.replace("name = TINY", "name = OTHER").replace("url = /tiny/", "url = /other/\nsocket = other.sock")

    return contents(processes={"elsewhere": "live"}, conf=conf)


def _tree(folder: Path) -> dict[str, tuple[int, ...]]:
    """{path: mode, size, inode, time of the last change} of all below."""
    found: dict[str, tuple[int, ...]] = {}
    for path in _paths(str(folder)):
        status = os.lstat(path)
        found[path] = (status.st_mode, status.st_size, status.st_ino, status.st_mtime_ns)
    return found


def _paths(folder: str) -> Iterator[str]:
    for entry in os.scandir(folder):
        yield entry.path
        if entry.is_dir(follow_symlinks=False):
            yield from _paths(entry.path)


def _memory_kb(name: str, pid: int | str = "self") -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def _through_the_cgi(folder: Path, sample: list[tuple[str, Hostile]], say: Say) -> dict[str, Any]:
    """Those of `sample` through the address that clients use."""
    violations: list[str] = []
    longest_s = 0.0
    with Host(folder) as host:
        for members in (contents("5.0.0"), other(), right()):
            assert "is uploaded'" in host.upload(write(folder / "package.tar.gz", members).read_bytes())
        host.call("PUT", "api/packages/older", {"older": NEVER})
        before = _tree(host.state.host / "packages")
        for number, (kind, hostile) in enumerate(sample, 1):
            began = time.monotonic()
            answer = html.unescape(host.upload(hostile.data))
            longest_s = max(longest_s, time.monotonic() - began)
            found = re.search(r"upload failed: ([^<\n]*)", answer)
            wrong = wrong_words(found[1], hostile.reason) if found else f"not refused: {answer[:300]!r}"
            if wrong or _tree(host.state.host / "packages") != before:
                violations.append(f"upload_vadp.cgi, {kind}: {wrong or 'the installed packages changed'}")
            if number % 50 == 0:
                say(f"{number} of {len(sample)} through upload_vadp.cgi")
        peak_kb = _memory_kb("VmHWM", host.pid)
        left = [each.name for each in (host.state.host / "uploads").glob("*")]
    if left:
        violations.append(f"left in the folder of uploads: {', '.join(left)}")
    return {
        "through_cgi": len(sample),
        "cgi_slowest_s": round(longest_s, 2),
        "host_peak_rss_mb": round(peak_kb * 1024 / 1e6, 1),
        "violations": violations,
    }
