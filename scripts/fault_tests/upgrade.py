"""Upgrade: a package is upgraded and rolled back while its upload is cut, and while the host dies with all that it started.

Half of the faults close the connection of an upload after a random number of its bytes, half kill everything at a random moment of
an upload, of the switch, of the migration that the new version does at its start, of its trial, or of a roll-back. After each the
camera is started again, if it died, and asked.

What must hold:

- The old or the new version runs and answers, never neither.
- Every row that the package has confirmed is there, its database is whole.
- Nothing is left behind: no half-unpacked version, no upload, no process of a version that is not the current one.
"""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from scripts.fault_tests.host import PASSWORD, Host
from scripts.fault_tests.kill import Say
from scripts.fault_tests.release import release
from vadp_package.build import pack

BACK_S = 60.0
"""A camera that was killed, or whose upload was cut, answers again within this time."""

UPGRADE_S = 2.5
"""A kill comes within this time after the upload began: all of it, with migration and trial, takes less on a quiet computer."""

ROLL_BACK_S = 1.5
ROLL_BACKS = 0.25
"""This share of kills hits a roll-back."""

BOUNDARY = b"a-boundary-of-faults"


def run(times: int, seed: int, folder: Path, say: Say) -> dict[str, Any]:
    """As kill.run; `times` uploads are cut, and as many kills come."""
    began = time.monotonic()
    chance = random.Random(seed)
    with Host(folder) as host:
        this = _Run(host, chance)
        this.begin()
        faults = ["cut"] * times + ["kill"] * times
        chance.shuffle(faults)
        for number, fault in enumerate(faults, 1):
            this.cut() if fault == "cut" else this.kill()
            if this.violations:
                break
            if number % 20 == 0:
                say(f"{number} of {len(faults)}, {dict(this.counts)}, {time.monotonic() - began:.0f} s")
    return {
        **this.counts,
        "rows_confirmed": len(this.confirmed),
        "longest_until_it_answers_s": round(this.longest_s, 1),
        "seconds": round(time.monotonic() - began, 1),
        "violations": this.violations,
    }


@dataclass(slots=True)
class _Run:
    host: Host
    chance: random.Random
    version: str = ""
    newest: int = 1
    confirmed: set[int] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    longest_s: float = 0.0

    def begin(self) -> None:
        for number in (1, 2):
            page = self.host.upload(pack(release(number)))
            assert "is uploaded'" in page, page
            self.host.call("POST", "api/packages/TINY/start", {})
            self.newest = number
            self._look({f"{number}.0.0"}, "begin")

    def cut(self) -> None:
        """An upload of which so many bytes arrive."""
        self._confirm_row()
        head, body = request(self.host.address, pack(release(self.newest + 1)))
        sent = self.chance.randrange(len(head) + len(body))
        with socket.create_connection((urlsplit(self.host.address).hostname, urlsplit(self.host.address).port), 10) as line:
            line.sendall((head + body)[:sent])
            if self.chance.random() < 0.5:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # the line breaks: RST
        self.counts["cuts"] += 1
        self._look({self.version}, f"upload cut after {sent} of {len(head) + len(body)} bytes")

    def kill(self) -> None:
        """An upgrade, or a roll-back, in whose middle everything dies."""
        self._confirm_row()
        back = self.chance.random() < ROLL_BACKS and bool(self._package().get("previous"))
        if back:
            allowed, within_s = {self.version, self._package()["previous"]}, ROLL_BACK_S
        else:
            self.newest += 1
            allowed, within_s = {self.version, f"{self.newest}.0.0"}, UPGRADE_S
        doing = threading.Thread(target=self._ignored, args=(back,))
        doing.start()
        moment_s = self.chance.uniform(0, within_s)
        time.sleep(moment_s)
        self.host.kill()
        doing.join()
        self.counts["kills"] += 1
        self.counts["kills_of_roll_backs"] += back
        old = self.version
        self.host.start()
        self._look(allowed, f"killed {moment_s:.2f} s after the {'roll-back' if back else 'upload'} began")
        self.counts["old_runs" if self.version == old else "new_runs"] += 1

    def _ignored(self, back: bool) -> None:
        try:
            if back:
                self.host.call("POST", "api/packages/TINY/rollback", {})
            else:
                self.host.upload(pack(release(self.newest)))
        except (requests.RequestException, RuntimeError):
            pass  # the host died in the middle

    def _package(self) -> dict[str, Any]:
        return self.host.package() or {}

    def _confirm_row(self) -> None:
        row = len(self.confirmed) + 1
        answer = requests.post(f"{self.host.address}tiny/{row}", auth=("admin", PASSWORD), timeout=BACK_S)
        answer.raise_for_status()
        self.confirmed.add(row)

    def _look(self, allowed: set[str], what: str) -> None:
        """Waits until a version answers, and looks at what it has."""
        began = time.monotonic()
        found: dict[str, Any] = {}
        while not found and time.monotonic() - began < BACK_S:
            found = self._answer()
            time.sleep(0.02)
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        if not found:
            package = self._package()
            self.violations.append(
                f"{what}: nothing runs: {package.get('version')} {package.get('status')} {package.get('message')}"
            )
            return
        shown = self._package().get("version")
        self.version = found["version"]
        missing = self.confirmed - set(found["rows"])
        wrong = [
            f"{self.version} runs" if self.version not in allowed and not self._given_up() else "",
            f"Package Management shows {shown}, {self.version} runs" if shown != self.version else "",
            f"confirmed rows are gone: {sorted(missing)}" if missing else "",
            f"the database is damaged: {found['integrity']}" if found["integrity"] != "ok" else "",
            *self._left_behind(),
        ]
        self.violations += [f"{what}: {each}" for each in wrong if each]

    def _given_up(self) -> bool:
        """The host has gone back after the third start without getting good: every kill on trial counts as one."""
        given_up = "started 3 times without getting good" in str(self._package().get("message"))
        self.counts["given_up_after_three_starts"] += given_up
        return given_up

    def _answer(self) -> dict[str, Any]:
        try:
            answer = self.host.get("tiny/")
            found: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
            return found
        except (requests.RequestException, ValueError):
            return {}

    def _left_behind(self) -> list[str]:
        packages, uploads = self.host.state.host / "packages" / "TINY", self.host.state.host / "uploads"
        until = time.monotonic() + BACK_S
        while True:
            left = [path.name for path in (*packages.glob("*.new"), *uploads.glob("*"))]
            if not left or time.monotonic() > until:
                return [f"left behind: {', '.join(left)}"] if left else []
            time.sleep(0.05)  # the host deletes a cut upload when it has seen that it is cut


def request(address: str, package: bytes) -> tuple[bytes, bytes]:
    """(head, body) of an upload."""
    part = b'--%b\r\nContent-Disposition: form-data; name="file"; filename="package.tar.gz"\r\n\r\n%b\r\n--%b--\r\n'
    body = part % (BOUNDARY, package, BOUNDARY)
    asked = requests.Request(
        "POST", f"{address}cgi-bin/admin/upload_vadp.cgi", auth=("admin", PASSWORD),
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"},
    ).prepare()  # fmt: skip
    asked.headers["Content-Length"] = str(len(body))
    asked.headers["Host"] = urlsplit(address).netloc
    lines = [f"POST {asked.path_url} HTTP/1.1", *(f"{name}: {value}" for name, value in asked.headers.items()), "", ""]
    return "\r\n".join(lines).encode(), body
