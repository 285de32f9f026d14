"""Restart: runs as root where the camera's real unit is ready, on a booted card (scripts/sd-card) or in a root (scripts/roots): it
is restarted, its starter, its host and the process of the gate are killed, its host is hung and it is stopped, each while the
output of a barrier is held.

Before that the rights of its processes are looked at, and the camera reads its first plate. It prints one line for each:
`cd /opt/gatewright && .venv/bin/python -m scripts.boards.restart`. Exit code 1 when the gate did not come to rest, or package,
processes and users did not come back.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import requests
from PIL import Image

from board.camera.replay import pictures_of
from board.kit.child import ROOT
from board.kit.state import State
from firmware.processes.starter import CAP_NET_BIND_SERVICE, RIGHTS
from scripts.boards.update import ask, choose_password

STATE = State(Path("/var/lib/gatewright"))
UNIT = "gatewright.service"
UNITS = (UNIT, "gatewright-root@1.service")
EXPOSED_LESS_THAN = 3.0
CAP_SETGID, CAP_SETUID = 6, 7
USER = "gatewright"
"""Of the host; those of its processes begin with it and a hyphen."""
OUTPUT = "DO1"
GATE = ("pins", "service")
"""Processes between a decision and the relay."""
BACK_WITHIN_S = 400.0
HOLDS_WITHIN_S = 60.0
HANGS_S = 10.0
"""So long the gate's processes are watched while the host hangs; systemd ends it after 30 s."""


class Wrong(Exception):
    """What must hold does not."""


def main() -> int:
    """Every way that the camera ends by while its machine runs on."""
    choose_password(STATE.host / "initial-password")
    acts: dict[str, Callable[[], object]] = {
        "the unit is restarted": lambda: _systemctl("restart", UNIT),
        "the gate's process is killed": lambda: _signal(_running()[0]["pins"], signal.SIGKILL),
        "the host is killed": lambda: _signal(_host(), signal.SIGKILL),
        "the starter is killed": lambda: _signal(_starter(), signal.SIGKILL),
        "the host hangs": _hang,
    }
    checks = {"units are shut": _shut, "no process has a right too many": _rights, "a plate is read": _first_read}
    checks |= {what: partial(_tried, act) for what, act in acts.items()} | {"the unit is stopped": _stopped}
    failed = 0
    for what, check in checks.items():
        try:
            print(f"{what}: right: {check()}", flush=True)
        except Wrong as why:
            print(f"{what}: WRONG: {why}", flush=True)
            failed = 1
    return failed


def _shut() -> str:
    found = {}
    for unit in UNITS:
        said = _systemctl("security", "--no-pager", unit, program="systemd-analyze")
        level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
        found[unit] = float(level[1]) if level else 10.0
    if not all(level < EXPOSED_LESS_THAN for level in found.values()):
        raise Wrong(f"exposed by {found}")
    return f"exposed by {', '.join(map(str, found.values()))}"


def _rights() -> str:
    """Of all processes, also those that others have started: as their table says, and none can get more."""
    _until_all_run({})
    host, starter = _host(), _starter()
    allowed = {host: {CAP_NET_BIND_SERVICE}, starter: {CAP_SETGID, CAP_SETUID, *(each for row in RIGHTS.values() for each in row)}}
    seen = []
    for pid, user in _ours():
        has = _capabilities(pid, "CapEff") | _capabilities(pid, "CapPrm") | _capabilities(pid, "CapAmb")
        name = user.removeprefix(f"{USER}-")
        if user == USER and pid not in allowed and not _is_child_of(pid, host):
            raise Wrong(f"process {pid} is the host's user")
        if more := has - allowed.get(pid, set(RIGHTS.get(name, ()))):
            raise Wrong(f"{user}, process {pid}, has the capabilities {sorted(more)}")
        if _status(pid, "NoNewPrivs") != "1":
            raise Wrong(f"{user}, process {pid}, may get more")
        seen.append(name)
    return f"{len(seen)} processes of {len(set(seen))} users"


def _first_read() -> str:
    """With region and camera chosen, which a new card has not yet. The camera sees one picture of the demo again and again: in
    its video each car is there for seconds, which an emulated processor may need for a frame."""
    _until_all_run({})
    street = {"connection": "URL", "camera_url": f"replay:{_picture_of_a_car()}?fps=1"}
    ask("PUT", "/anpr/api/settings/lpr", json={"region": "Europe", "countries": ["DE"], **street}).raise_for_status()
    began_s = time.monotonic()
    _systemctl("restart", UNIT)
    while time.monotonic() < began_s + BACK_WITHIN_S:
        try:
            if ask("GET", "/anpr/api/passages?limit=1").json()["passages"]:
                return f"the first plate is read {time.monotonic() - began_s:.0f} s after the unit is started again"
        except (requests.RequestException, ValueError, LookupError):
            pass  # it starts
        time.sleep(0.5)
    raise Wrong("nothing is read")


def _picture_of_a_car() -> Path:
    """A folder with the first picture of the demo's clip in which a car stands at the barrier."""
    demo = ROOT / "firmware" / "demo"
    stands_s = json.loads((demo / "street.json").read_text())["plates"][0]["stands_s"][0]
    picture = next(rgb for rgb, shown_s, _ in pictures_of(demo / "street.mp4") if shown_s > stands_s)
    folder = ROOT / "build" / "street"
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(folder / "car.png")
    return folder


def _tried(act: Callable[[], object]) -> str:
    """What became of it, in words."""
    before = _until_all_run({})
    _hold()
    began_ns = time.monotonic_ns()
    act()
    after = _until_all_run({"pins": before["pins"]})
    back_s = (time.monotonic_ns() - began_ns) / 1e9
    rest_ns = next((t for t, level in _edges() if t > began_ns and level == 0), None)
    if rest_ns is None:
        raise Wrong(f"{OUTPUT} is still on")
    if any(level for t, level in _edges() if t > rest_ns):
        raise Wrong(f"{OUTPUT} was switched on again")
    kept = [name for name, pid in before.items() if after.get(name) == pid]
    stayed = f", {', '.join(kept)} ran on" if kept else ""
    return f"{OUTPUT} at rest after {(rest_ns - began_ns) / 1e9:.2f} s, all back after {back_s:.0f} s{stayed}"


def _stopped() -> str:
    """In order, with nothing left; it starts again."""
    _until_all_run({})
    _hold()
    began_ns = time.monotonic_ns()
    _systemctl("stop", UNIT)
    took_s = (time.monotonic_ns() - began_ns) / 1e9
    left = [f"{user} {pid}" for pid, user in _ours()]
    result = _systemctl("show", "--value", "--property=Result", UNIT)
    if left or result != "success" or _last_level():
        raise Wrong(f"{result}, {OUTPUT} is {_last_level()}, left: {left}")
    _systemctl("start", UNIT)
    _until_all_run({})
    return f"{OUTPUT} at rest and nothing left after {took_s:.1f} s"


def _hang() -> None:
    _signal(_host(), signal.SIGSTOP)
    told = {name: STATE.beat(name).stat().st_mtime_ns for name in GATE}
    time.sleep(HANGS_S)
    silent = [name for name in GATE if STATE.beat(name).stat().st_mtime_ns == told[name]]
    if silent or _last_level() != 1:
        raise Wrong(f"a host that hangs stops the gate: {silent or OUTPUT}")


def _hold() -> None:
    deadline = time.monotonic() + HOLDS_WITHIN_S
    while True:
        answer = ask("GET", f"/cgi-bin/dido/setdo.cgi?{OUTPUT.lower()}=1")
        if answer.status_code == 200 and _last_level() == 1:
            return
        if time.monotonic() > deadline:
            raise Wrong(f"{OUTPUT} cannot be switched on: {answer.status_code} {answer.text[:200]!r}")
        time.sleep(0.5)  # a process that has just started listens soon


def _until_all_run(other: dict[str, int]) -> dict[str, int]:
    """{process: its number} once all of them run, none under a number of `other`, each as a user of its own."""
    deadline = time.monotonic() + BACK_WITHIN_S
    found: dict[str, int] = {}
    why: object = ""
    while time.monotonic() < deadline:
        try:
            found, why = _running()
            if not why and all(found[name] != pid for name, pid in other.items()):
                return found
        except (requests.RequestException, ValueError, LookupError, OSError) as error:
            why = error  # it starts again
        time.sleep(0.5)
    raise Wrong(f"not back after {BACK_WITHIN_S:.0f} s: {why} {found}")


def _running() -> tuple[dict[str, int], str]:
    """({process: its number}, what is missing)."""
    health = ask("GET", "/health").status_code
    (package,) = ask("GET", "/api/packages").json()["packages"]
    processes = [each for each in package["processes"] if not each["optional"]]
    pids = {each["name"]: each["pid"] for each in processes}
    wrong = [each["name"] for each in processes if each["ill"] or not each["pid"]]
    wrong += [name for name, pid in pids.items() if pid and Path(f"/proc/{pid}").owner() != f"gatewright-{name}"]
    if health != 200 or package["status"] != "on" or not pids:
        wrong.append(f"health {health}, package {package['status']}")
    return pids, ", ".join(wrong)


def _signal(pid: int, number: int) -> None:
    if pid < 2:
        raise Wrong("it does not run")
    os.kill(pid, number)


def _host() -> int:
    return int(_systemctl("show", "--value", "--property=MainPID", UNIT))


def _starter() -> int:
    host = _host()
    children = Path(f"/proc/{host}/task/{host}/children").read_text().split()
    return next((int(pid) for pid in children if b"starter.py" in Path(f"/proc/{pid}/cmdline").read_bytes()), 0)


def _ours() -> list[tuple[int, str]]:
    """(process, its user) of the camera's."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            user = folder.owner()
        except (OSError, KeyError):
            continue  # it ended meanwhile
        if user == USER or user.startswith(f"{USER}-"):
            found.append((int(folder.name), user))
    return found


def _is_child_of(pid: int, parent: int) -> bool:
    return _status(pid, "PPid") == str(parent)


def _capabilities(pid: int, name: str) -> set[int]:
    mask = int(_status(pid, name), 16)
    return {number for number in range(64) if mask >> number & 1}


def _status(pid: int, name: str) -> str:
    """A line of proc(5)'s status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))


def _systemctl(*words: str, program: str = "systemctl") -> str:
    return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout.strip()


def _edges() -> list[tuple[int, int]]:
    """(when, in ns of the monotonic clock; level) of the output, oldest first."""
    lines = map(json.loads, (STATE.sim / "edges.jsonl").read_text().splitlines())
    return [(line["t_ns"], line["level"]) for line in lines if line["line"] == OUTPUT]


def _last_level() -> int:
    edges = _edges()
    return edges[-1][1] if edges else 0


if __name__ == "__main__":
    sys.exit(main())
