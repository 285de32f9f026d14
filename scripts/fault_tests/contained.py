"""Contained: versions that misbehave are uploaded over a good one, and the host and a gate process beside them go on.

Each bad version does its worst in one process, while another one of the package beats as the gate's does and notes how late it
is. What must hold of each:

- The host answers as before: none of its answers takes SLOWEST_S.
- The gate process of whichever version runs beats on: it is never late by LATE_S, but for the time that a switch of versions takes.
- A version that does not work is rolled back within BACK_S, and Package Management says why. One that works, though it floods
  its log, takes no more of the disk than a log may.
- One that fills the disk keeps nobody from working: STATE lies on a small one, where that can be mounted.
- Nothing of it runs any more when it has been rolled back or stopped.

What a bad version may take of this computer is bounded by itself as well: one that reaches that bound was not contained.
"""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from scripts.fault_tests.host import PASSWORD, Host, comes_true
from scripts.fault_tests.kill import Say
from tests.tiny_package import contents
from vadp_package.build import pack

SLOWEST_S = 2.0
LATE_S = 1.0
BACK_S = 60.0
QUIET_S = 6.0
FLOODS_S = 12.0
LOG_BYTES = 16 << 20
"""Of all logs together, after a flood."""

MISDEEDS: Mapping[str, tuple[str, str]] = {
    "crashes at start": ("sys.exit('the lens fell off')", "the lens fell off"),
    "ends at once": ("sys.exit(0)", "exit code 0"),
    "never beats": ("stop.wait()", "no heartbeat"),
    "hangs after a while": ("beat_for(1.0); time.sleep(600)", "no heartbeat"),
    "burns a processor": ("\n    while True: pass", "no heartbeat"),
    "ignores SIGTERM and hangs": ("signal.signal(signal.SIGTERM, signal.SIG_IGN); beat_for(1.0); time.sleep(600)", "no heartbeat"),
    "eats memory": ("eat_memory()", "memory"),
    "opens thousands of files": ("open_files()", "Too many open files"),
    "forks without end": ("fork_on()", "processes|memory|Resource temporarily unavailable"),
    "fills the disk": ("fill()", "No space left on device"),
    "floods its log": ("flood()", ""),
}
"""{what it does: (its code, what is said of it; "": it works and is not rolled back)}"""

PROGRAM = """
import os, pathlib, signal, sys, threading, time

kind, state = sys.argv[1], pathlib.Path(sys.argv[sys.argv.index("--state") + 1])
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
(state / "told").mkdir(exist_ok=True)

def beat(): (state / "run" / f"{kind}.beat").touch()

def beat_for(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        beat()
        time.sleep(0.05)

def gate():
    with (state.parent.parent / "gate").open("a") as told:
        last = time.monotonic()
        while not stop.wait(0.02):
            beat()
            now = time.monotonic()
            told.write(f"{now} {now - last - 0.02:.4f}\\n")
            told.flush()
            last = now

def uncontained(what):
    (state / "told" / "uncontained").write_text(what)
    while True:
        beat()
        time.sleep(0.05)

def eat_memory():
    taken = []
    while sum(map(len, taken)) < MOST_MEMORY:
        beat()
        block = bytearray(16 << 20)
        block[::4096] = b"x" * len(block[::4096])
        taken.append(block)
        time.sleep(0.02)
    uncontained(f"{MOST_MEMORY >> 20} MB of memory")

def open_files():
    files = []
    while len(files) < MOST_FILES:
        if len(files) % 100 == 0:
            beat()
        files.append(open("/dev/null"))
    uncontained(f"{MOST_FILES} open files")

def fork_on():
    for number in range(MOST_PROCESSES):
        beat()
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)
        time.sleep(0.005)
    uncontained(f"{MOST_PROCESSES} processes")

def fill():
    (state / "tiny").mkdir(exist_ok=True)
    with (state / "tiny" / "filling").open("wb", buffering=0) as file:
        for _ in range(MOST_FILE_MB):
            beat()
            file.write(bytes(1 << 20))
    uncontained(f"{MOST_FILE_MB} MB of the disk")

def flood():
    line = ("x" * 200 + "\\n").encode() * 100
    while not stop.is_set():
        beat()
        os.write(2, line)

if kind == "gate":
    gate()
else:
    MISDEED
while not stop.wait(0.05):
    beat()
"""
BOUNDS = {"MOST_MEMORY": 1200 << 20, "MOST_FILES": 9_000, "MOST_PROCESSES": 400, "MOST_FILE_MB": 1_500}
DISK_MB = 96
NOTED = re.compile(r"(\d+\.\d+) (-?\d+\.\d{4})")
"""A full disk leaves halves of lines."""

HEALTH = (("grace_s = 30", "grace_s = 3"), ("silent_s = 15", "silent_s = 2"))


def run(times: int, seed: int, folder: Path, say: Say) -> dict[str, Any]:
    """As kill.run; all misdeeds, `times` times. The table's rows are {what: figures}."""
    began = time.monotonic()
    rows: dict[str, Any] = {}
    violations: list[str] = []
    with _small_disk(folder / "disk") as small, Host(folder, folder / "disk" / "state") as host:
        misdeeds = {what: each for what, each in MISDEEDS.items() if small or what != "fills the disk"}
        upload(host, pack(version(1, "pass", window_s=2)))
        host.call("POST", "api/packages/TINY/start", {})
        comes_true(lambda: (host.package() or {}).get("slot_state") == "good", BACK_S)
        with Watch(host) as watch:
            time.sleep(QUIET_S)
        rows["nothing wrong"] = watch.figures()
        number = 1
        for _ in range(times):
            for what, (code, reason) in misdeeds.items():
                number += 1
                row, wrong = _one(host, version(number, code), reason)
                rows[what] = row
                violations += [f"{what}: {each}" for each in wrong]
                say(f"{what}: {row}")
    for line in table(rows):
        say(line)
    left_out = "" if small else "fills the disk: no small disk can be mounted here"
    return {"rows": rows, "left_out": left_out, "seconds": round(time.monotonic() - began, 1), "violations": violations}


@contextmanager
def _small_disk(folder: Path) -> Iterator[bool]:
    """`folder`, on a disk of its own if this user may mount one."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "faults", str(folder)], stderr=subprocess.DEVNULL)
    try:
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "-l", str(folder)], check=False)


def version(number: int, misdeed: str, window_s: int = 25) -> dict[str, bytes]:
    """{name: content} of a version with a gate process and one that does it."""
    program = PROGRAM.replace("MISDEED", misdeed)
    for name, value in BOUNDS.items():
        program = program.replace(name, str(value))

    def conf(text: str) -> str:
        for old, new in (*HEALTH, ("window_s = 1", f"window_s = {window_s}")):
            text = text.replace(old, new)
        text = text[: text.index("[process.")].replace("format = 1", "format = 2").replace("url = /tiny/\n", "")
        text += "[resources]\nram_kb = 262144\n[route.portal]\npath = /tiny/\nsocket = manager.sock\n"
        return text + "".join(
            f"[process.{name}]\norder = {order}\ncommand = tiny\nargs = {name}\n" for order, name in ((1, "gate"), (2, "worst"))
        )

    return contents(f"{number}.0.0", conf=conf, files={"lib/tiny/__main__.py": program.encode()})


def _one(host: Host, package: dict[str, bytes], reason: str) -> tuple[dict[str, Any], list[str]]:
    """(figures, what did not hold)."""
    told = host.state.root / "told"
    (told / "uncontained").unlink(missing_ok=True)
    wrong: list[str] = []
    with Watch(host) as watch:
        began = time.monotonic()
        upload(host, pack(package))
        if reason:
            back = comes_true(lambda: (host.package() or {}).get("version") == "1.0.0" or (told / "uncontained").exists(), BACK_S)
            if not back:
                wrong.append("was not rolled back")
        else:
            time.sleep(FLOODS_S)
        took_s = time.monotonic() - began
        comes_true(lambda: re.search(reason, _said(host)), 5.0)
        said = _said(host)
    if (told / "uncontained").exists():
        wrong.append(f"took {(told / 'uncontained').read_text()}")
    if reason and not re.search(reason, said):
        wrong.append(f"Package Management does not say why: {said[:200]!r}")
    _settle(host, wrong)
    figures = watch.figures()
    wrong += [f"the host took {watch.slowest_s:.1f} s for an answer"] if watch.slowest_s > SLOWEST_S else []
    wrong += [f"the host did not answer {watch.failed} times"] if watch.failed else []
    logs = sum(path.stat().st_size for path in host.state.logs.glob("*"))
    wrong += [f"its logs have {logs >> 20} MB"] if logs > LOG_BYTES else []
    return {**figures, "until_it_was_over_s": round(took_s, 1), "said": said[:160]}, wrong


def _said(host: Host) -> str:
    message = (host.package() or {}).get("message", "")
    return str(message.get("text", message) if isinstance(message, dict) else message)


def _settle(host: Host, wrong: list[str]) -> None:
    """The good version runs alone, on a disk with room, before the next one comes."""
    (host.state.root / "tiny" / "filling").unlink(missing_ok=True)
    if (host.package() or {}).get("version") != "1.0.0":
        host.call("POST", "api/packages/TINY/rollback", {})
    if not comes_true(lambda: (host.package() or {}).get("slot_state") == "good", BACK_S):
        wrong.append("the good version does not run again")
    if not comes_true(lambda: len(host.processes()) <= 2, 10.0):
        wrong.append(f"{len(host.processes())} processes run, two are the good version's")


def upload(host: Host, data: bytes) -> None:
    page = host.upload(data)
    if "is uploaded'" not in page:
        raise SystemExit(f"faults: the package is refused: {page}")


@dataclass(slots=True)
class Watch:
    """Asks the host all the time, and reads afterwards how late the gate process was."""

    host: Host
    answers_s: list[float] = field(default_factory=list)
    failed: int = 0
    _late_s: list[float] = field(default_factory=list)
    _began: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Watch:
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()
        return self

    def __exit__(self, *why: object) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join()
        lines = (self.host.state.root.parent.parent / "gate").read_text().splitlines()
        noted = [(float(found[1]), float(found[2])) for line in lines if (found := NOTED.fullmatch(line))]
        self._late_s = [late for at, late in noted if at >= self._began and late < BACK_S]

    def _ask(self) -> None:
        with requests.Session() as session:
            while not self._stop.wait(0.05):
                began = time.monotonic()
                try:
                    session.get(f"{self.host.address}api/packages", auth=("admin", PASSWORD), timeout=30).raise_for_status()
                except requests.RequestException:
                    self.failed += 1
                self.answers_s.append(time.monotonic() - began)

    @property
    def slowest_s(self) -> float:
        return max(self.answers_s, default=0.0)

    def figures(self) -> dict[str, Any]:
        """Answers of the host, and beats of the gate process beyond their 20 ms: median, 99th percentile, longest, in ms."""
        return {"host_ms": _at(self.answers_s), "gate_late_ms": _at(self._late_s)}


def _at(values_s: list[float]) -> list[float]:
    ordered = sorted(values_s)
    if not ordered:
        return []
    return [round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000, 1) for percent in (50, 99, 100)]


def table(rows: Mapping[str, Any]) -> list[str]:
    """As docs/figures.md shows it."""
    lines = [
        "| version that | host answers, ms: p50, p99, longest | gate's beats late by, ms | over after, s | what is said |",
        "|---|---|---|---|---|",
    ]
    for what, row in rows.items():
        host, gate = (", ".join(f"{each:g}" for each in row[name]) for name in ("host_ms", "gate_late_ms"))
        lines.append(f"| {what} | {host} | {gate} | {row.get('until_it_was_over_s', '')} | {row.get('said', '')} |")
    return lines
