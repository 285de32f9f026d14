"""Upgraded: what is upgraded while faults happen: the tiny package of release.py, or the host itself with that package on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests

from firmware import VERSION
from scripts.fault_tests.camera import ROOT
from scripts.fault_tests.host import PASSWORD, Host
from scripts.fault_tests.release import release
from tests.tiny_package import KEY
from vadp_package.build import build_firmware, pack

BOUNDARY = b"a-boundary-of-faults"
GIVEN_UP = "started 3 times without getting good"
HOST_WINDOW_S = 1.0
NAMES, SERVICE = "firmware/__init__.py", "firmware/update/service.py"


class Upgraded(Protocol):
    """`upgrade_s`, `back_s`: on a quiet computer all of it is over within this time, from the first byte until it is good;
    `first`: version that is there at the beginning."""

    upgrade_s: float
    back_s: float
    first: str

    def archive(self, number: int) -> bytes:
        """The file to upload for the numberth version."""

    def version(self, number: int) -> str: ...

    def upload(self, number: int) -> bool:
        """Whether it was taken."""

    def request(self, number: int) -> tuple[bytes, bytes]:
        """(head, body) of the upload, as HTTP/1.1 has them."""

    def go_back(self) -> bool:
        """As `upload`; RuntimeError: it was refused."""

    def state(self) -> Mapping[str, str]:
        """As the camera shows it: "version", "previous", "slot" (trial, good ...), "message"."""

    def running(self) -> Mapping[str, Any]:
        """What really runs: "version", and what the tiny package answers: "layout", "rows", "integrity"; {}: it does not yet."""

    def left_behind(self) -> list[str]:
        """Names of what an interrupted upgrade left."""


class OfPackage:
    upgrade_s = 3.0
    back_s = 1.5
    first = "1.0.0"

    def __init__(self, host: Host) -> None:
        self._host = host

    def archive(self, number: int) -> bytes:
        return pack(release(number))

    def version(self, number: int) -> str:
        return f"{number}.0.0"

    def upload(self, number: int) -> bool:
        return "is uploaded'" in self._host.upload(self.archive(number))

    def request(self, number: int) -> tuple[bytes, bytes]:
        return request(f"{self._host.address}cgi-bin/admin/upload_vadp.cgi", self.archive(number))

    def go_back(self) -> bool:
        self._host.call("POST", "api/packages/TINY/rollback", {})
        return True

    def state(self) -> Mapping[str, str]:
        found = self._host.package() or {}
        names = {"version": "version", "previous": "previous", "slot": "slot_state", "message": "message"}
        return {name: str(found.get(theirs) or "") for name, theirs in names.items()}

    def running(self) -> Mapping[str, Any]:
        return self._host.tiny()

    def left_behind(self) -> list[str]:
        return self._host.left_behind("packages/TINY") + self._strays()

    def _strays(self) -> list[str]:
        """Processes of a version that is not the current one."""
        home = self._host.state.host / "packages" / "TINY"
        current = (home / "current").readlink().name
        found = []
        for pid in self._host.processes():
            try:
                words = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
            except OSError:
                continue  # it ended
            paths = next((each.partition("=")[2] for each in words if each.startswith("PYTHONPATH=")), "")
            if paths.startswith(f"{home}{os.sep}") and Path(paths.split(os.pathsep)[0]).parent.name != current:
                found.append(f"process {pid} of {paths}")
        return found


class OfHost:
    """Versions 100.NUMBER of the checkout's host, which are on trial for HOST_WINDOW_S; the tiny package runs meanwhile."""

    upgrade_s = 12.0
    back_s = 4.0
    first = VERSION

    def __init__(self, host: Host, folder: Path) -> None:
        self._host = host
        self._folder = folder
        self._names, self._service = ((ROOT / name).read_text() for name in (NAMES, SERVICE))

    def archive(self, number: int) -> bytes:
        quick = self._service.replace("WINDOW_S = 30.0", f"WINDOW_S = {HOST_WINDOW_S}")
        changed = {NAMES: self._names.replace(f'"{VERSION}"', f'"{self.version(number)}"'), SERVICE: quick}
        files = {f"lib/{name}": text.encode() for name, text in changed.items()}
        path = build_firmware(self._folder, KEY, changed=files).path
        try:
            return path.read_bytes()
        finally:
            path.unlink()

    def version(self, number: int) -> str:
        return f"100.{number}"

    def upload(self, number: int) -> bool:
        answer = requests.post(
            f"{self._host.address}api/firmware", files={"firmware": ("HOST.tar.gz", self.archive(number))},
            auth=("admin", PASSWORD), timeout=120,
        )  # fmt: skip
        return answer.status_code == 202

    def request(self, number: int) -> tuple[bytes, bytes]:
        return request(f"{self._host.address}api/firmware", self.archive(number))

    def go_back(self) -> bool:
        self._host.call("POST", "api/firmware/back")
        return True

    def state(self) -> Mapping[str, str]:
        found = self._host.call("GET", "api/firmware")["update"]
        return {"version": found["version"], "previous": found["previous"], "slot": found["state"], "message": found["notice"]}

    def running(self) -> Mapping[str, Any]:
        found = self._host.tiny()
        return {**found, "version": self.state()["version"]} if found else {}

    def left_behind(self) -> list[str]:
        return self._host.left_behind("firmware/HOST")


@dataclass(frozen=True, slots=True)
class Kind:
    """`program`: the host, as Host starts it."""

    program: str
    make: Callable[[Host, Path], Upgraded]


KINDS = {"package": Kind("tests.quick_host", lambda host, _: OfPackage(host)), "host": Kind("firmware", OfHost)}


def request(address: str, package: bytes) -> tuple[bytes, bytes]:
    """(head, body) of an upload."""
    part = b'--%b\r\nContent-Disposition: form-data; name="file"; filename="package.tar.gz"\r\n\r\n%b\r\n--%b--\r\n'
    body = part % (BOUNDARY, package, BOUNDARY)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
    asked = requests.Request("POST", address, auth=("admin", PASSWORD), headers=headers).prepare()
    asked.headers["Content-Length"] = str(len(body))
    asked.headers["Host"] = urlsplit(address).netloc
    lines = [f"POST {asked.path_url} HTTP/1.1", *(f"{name}: {value}" for name, value in asked.headers.items()), "", ""]
    return "\r\n".join(lines).encode(), body
