"""Upgrade: a package, or the host itself, is upgraded and goes back while its upload is cut, and while processes die.

Half of the faults close the connection of an upload after a random number of its bytes, half kill at a random moment of an upload,
of the unpacking, the check, the saving of data, the switch, the migration that the new version does at its start, its trial, or of
a way back: all that runs, as when the power goes; or the host alone, as when it crashes; or one of the processes that it has
started. After each the camera is started again, if its host died, and asked.

What must hold:

- The old or the new version runs and answers, never neither.
- Every row that the package has confirmed is there (rows.py), its database is whole.
- Nothing is left behind: no half-unpacked version, no upload, no copy of data that nobody needs, no process of a version that is
  not the current one or of what was killed.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from scripts.fault_tests.host import PASSWORD, Host, comes_true
from scripts.fault_tests.kill import Say
from scripts.fault_tests.release import release
from scripts.fault_tests.rows import Rows
from scripts.fault_tests.upgraded import GIVEN_UP, KINDS, Upgraded
from vadp_package.build import pack

BACK_S = 60.0
"""A camera that was killed, or whose upload was cut, answers again within this time."""

ROLL_BACKS = 0.25
"""This share of kills hits a way back."""

SETTLES = 0.5
"""After this share of faults the version that runs gets good before the next one."""

LATEST = 0.7
"""This share of kills of one process hits the one that was started last: what checks, saves or compiles lives for short."""

STRETCH, LONGEST_STRETCH = 1.2, 10.0
"""A busy computer takes longer: as often as the old version runs after a kill, kills come later."""

VICTIMS = {"everything": 2, "the host": 1, "one process": 1}
"""Who is killed, and how often beside the others."""


def run(times: int, seed: int, folder: Path, say: Say, kind: str = "package") -> dict[str, Any]:
    """As kill.run; `times` uploads are cut, and as many kills come. `kind`: of what is upgraded (KINDS)."""
    began = time.monotonic()
    chance = random.Random(seed)
    upgraded = KINDS[kind]
    with Host(folder, port=free_port(), program=upgraded.program) as host:
        this = _Run(host, chance, upgraded.make(host, folder / "built"))
        this.begin()
        faults = [this.cut] * times + [this.kill] * times
        chance.shuffle(faults)
        for number, fault in enumerate(faults, 1):
            fault()
            if this.violations:
                break
            if number % 20 == 0:
                say(f"{number} of {len(faults)}, {dict(this.counts)}, {time.monotonic() - began:.0f} s")
    return {
        **this.counts,
        "rows_confirmed": this.rows.newest,
        "longest_until_it_answers_s": round(this.longest_s, 1),
        "seconds": round(time.monotonic() - began, 1),
        "violations": this.violations,
    }


def free_port() -> int:
    """A host that starts again as another version listens where it did."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


@dataclass(slots=True)
class _Run:
    host: Host
    chance: random.Random
    upgraded: Upgraded
    version: str = ""
    newest: int = 2
    rows: Rows = field(default_factory=Rows)
    counts: Counter[str] = field(default_factory=lambda: Counter(cuts=0, kills=0, old_runs=0, new_runs=0))
    violations: list[str] = field(default_factory=list)
    longest_s: float = 0.0
    stretch: float = 1.0
    """By this factor the time in which a kill may come is longer than on a quiet computer."""

    def begin(self) -> None:
        for number in (1, 2):
            page = self.host.upload(pack(release(number)))
            assert "is uploaded'" in page, page
            self.host.call("POST", "api/packages/TINY/start", {})
        self._look({self.upgraded.first, self.upgraded.version(2)}, "begin")

    def cut(self) -> None:
        """An upload of which so many bytes arrive."""
        self._confirm_row()
        head, body = self.upgraded.request(self.newest + 1)
        sent = self.chance.randrange(len(head) + len(body))
        with socket.create_connection((urlsplit(self.host.address).hostname, urlsplit(self.host.address).port), 10) as line:
            line.sendall((head + body)[:sent])
            if self.chance.random() < 0.5:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # the line breaks: RST
        self.counts["cuts"] += 1
        self._look({self.version}, f"upload cut after {sent} of {len(head) + len(body)} bytes")

    def kill(self) -> None:
        """An upgrade, or a way back, in whose middle somebody dies."""
        self._confirm_row()
        before = self.upgraded.state()
        back = self.chance.random() < ROLL_BACKS and bool(before["previous"])
        if back:
            new, within_s = before["previous"], self.upgraded.back_s
            doing = _Doing(self.upgraded.go_back)
        else:
            self.newest += 1
            new, within_s = self.upgraded.version(self.newest), self.upgraded.upgrade_s
            doing = _Doing(partial(self.upgraded.upload, self.newest))
        [victim] = self.chance.choices(tuple(VICTIMS), tuple(VICTIMS.values()))
        doing.start()
        moment_s = self.chance.uniform(0, within_s * self.stretch)
        time.sleep(moment_s)
        self._kill(victim)
        doing.join()
        self.counts.update(("kills", f"kills_of_{victim.replace(' ', '_')}", *(["kills_of_ways_back"] if back else ())))
        old = self.version
        self.host.revive()
        if doing.taken and victim == "one process":
            comes_true(lambda: self.upgraded.state()["version"] == new, BACK_S)  # the host starts again as that one
        self._look({old, new}, f"{victim} killed {moment_s:.2f} s after the {'way back' if back else 'upload'} began")
        self.counts["old_runs" if self.version == old else "new_runs"] += 1
        if victim != "one process":
            stretched = self.stretch * STRETCH if self.version == old else self.stretch / STRETCH
            self.stretch = min(LONGEST_STRETCH, max(1.0, stretched))
        if self.chance.random() < SETTLES:
            self._settle()

    def _kill(self, victim: str) -> None:
        if victim == "everything":
            self.host.kill()
        elif victim == "the host":
            self.host.kill_alone()
        else:
            children = self.host.children()
            if children:
                pid = children[-1] if self.chance.random() < LATEST else self.chance.choice(children)
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    return  # it has ended

    def _settle(self) -> None:
        if not comes_true(lambda: self.upgraded.state()["slot"] == "good", BACK_S):
            self.violations.append(f"{self.version} did not get good within {BACK_S:.0f} s")
        self.version = self.upgraded.state()["version"]  # a trial that failed may have ended meanwhile

    def _confirm_row(self) -> None:
        row = self.rows.next()

        def taken() -> bool:
            answer = requests.post(f"{self.host.address}tiny/{row}", auth=("admin", PASSWORD), timeout=BACK_S)
            if answer.ok:
                self.rows.add(row, answer.json()["layout"])
            return answer.ok

        if not comes_true(taken, BACK_S):
            self.violations.append(f"row {row} was not taken")

    def _look(self, allowed: set[str], what: str) -> None:
        """Waits until a version answers, and looks at what it has."""
        began = time.monotonic()
        found: dict[str, Any] = {}
        state = {"version": "", "message": ""}
        while time.monotonic() - began < BACK_S:
            try:
                found, state = dict(self.upgraded.running()), dict(self.upgraded.state())
            except (requests.RequestException, RuntimeError):
                found = {}
            if found and found["version"] == state["version"]:
                break  # else it is being switched
            time.sleep(0.02)
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        if not found:
            self.violations.append(f"{what}: nothing runs: {state}")
            return
        self.version = found["version"]
        given_up = GIVEN_UP in state["message"]  # every kill on trial counts as a start
        self.counts["given_up_after_three_starts"] += given_up
        wrong = [
            f"{self.version} runs" if self.version not in allowed and not given_up else "",
            f"{state['version']} is shown, {self.version} runs" if state["version"] != self.version else "",
            *self.rows.wrong(found),
            *self._left_behind(),
        ]
        self.violations += [f"{what}: {each}" for each in wrong if each]

    def _left_behind(self) -> list[str]:
        until = time.monotonic() + BACK_S
        while True:
            left = self.upgraded.left_behind() + [f"process {pid}" for pid in self.host.orphans()]
            if not left or time.monotonic() > until:
                return [f"left behind: {', '.join(left)}"] if left else []
            time.sleep(0.05)  # the host deletes a cut upload when it has seen that it is cut


class _Doing(threading.Thread):
    """`taken`: whether the camera did what it was asked for; one that died in the middle may have, too."""

    def __init__(self, act: Callable[[], bool]) -> None:
        super().__init__()
        self._act = act
        self.taken = False

    def run(self) -> None:
        try:
            self.taken = self._act()
        except (requests.RequestException, RuntimeError):
            pass  # the host died in the middle
