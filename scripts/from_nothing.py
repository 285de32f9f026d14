"""From nothing: a host in an empty folder, and a client that has curl alone: it uploads the package, starts it, reaches its portal,
stops it, upgrades it, rolls it back and removes it, through the CGIs that VIVOTEK's clients use.

`./scripts/from-nothing`; what the CGIs answer is read by a strict client: lines of name='value' and CR LF, and nothing else. Exit
code 1 and a line on stderr when a step does not do what it must.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware.packages.keys import make_pair, read_private
from scripts.fault_tests.host import PASSWORD, Host, strict
from vadp_package import __version__
from vadp_package.build import build

WITHIN_S = 120.0
Say = Callable[[str], None]


class Refused(SystemExit):
    """A step did something else than it must."""


@dataclass(frozen=True, slots=True)
class Packages:
    """Two versions of one package. `path`: of its portal; `shows`: what is in its page."""

    name: str
    first: Path
    second: Path
    versions: tuple[str, str]
    path: str
    shows: str


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/from-nothing", description=__doc__)
    parser.parse_args(words)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        public = make_pair(folder / "vendor.key")
        versions = (__version__, _next(__version__))
        first, second = (build(folder, read_private(folder / "vendor.key"), version=version).path for version in versions)
        packages = Packages("ANPR", first, second, versions, "anpr/", "Gatewright")
        walk(packages, Host(folder / "camera", trust=public), lambda text: print(text, flush=True))
    return 0


def _next(version: str) -> str:
    first, _, last = version.rpartition(".")
    return f"{first}.{int(last) + 1}"


def walk(packages: Packages, host: Host, say: Say) -> None:
    """Every step; Refused says which one failed."""
    began = time.monotonic()
    with host:
        client = _Client(host.address)

        def step(what: str) -> None:
            say(f"{time.monotonic() - began:6.1f} s  {what}")

        step("the host is up, with an empty folder behind it")
        client.has(vadp_module_number="0")
        client.upload(packages.first, f"'{packages.name} is uploaded'")
        client.has(
            vadp_module_number="1",
            vadp_module_i0_name=packages.name,
            vadp_module_i0_version=packages.versions[0],
            vadp_module_i0_status="off",
        )
        step(f"{packages.first.name} is uploaded by curl, and off")
        client.order("start", f"'{packages.name} is started'")
        client.has(vadp_module_i0_status="on", vadp_module_i0_enable="1", vadp_module_i0_statmsg="")
        client.portal(packages.path, packages.shows)
        step("it is started, and its portal answers")
        client.order("stop", f"'{packages.name} is stopped'")
        client.has(vadp_module_i0_status="off", vadp_module_i0_enable="0")
        step("it is stopped")
        client.order("start", f"'{packages.name} is started'")
        client.has(vadp_module_i0_status="on", vadp_module_i0_statmsg="")
        client.upload(packages.second, f"'{packages.name} is uploaded'")
        client.has(vadp_module_i0_status="on", vadp_module_i0_version=packages.versions[1], vadp_module_number="1")
        client.portal(packages.path, packages.shows)
        step(f"it is upgraded to {packages.versions[1]} and runs on")
        client.order("rollback", f"'{packages.name} is rolled back'")
        client.has(vadp_module_i0_status="on", vadp_module_i0_version=packages.versions[0])
        client.portal(packages.path, packages.shows)
        step(f"it is rolled back to {packages.versions[0]} and runs on")
        client.order("remove", f"'{packages.name} is removed'")
        client.has(vadp_module_number="0")
        step("it is removed")


class _Client:
    """curl, and eyes that see no more than a strict parser does."""

    def __init__(self, address: str) -> None:
        self._address = address

    def has(self, **wanted: str) -> None:
        """Waits until getparam.cgi tells these values."""
        until = time.monotonic() + WITHIN_S
        while True:
            found = strict(self._curl("cgi-bin/admin/getparam.cgi?vadp")[1])
            wrong = {name: found.get(name) for name, value in wanted.items() if found.get(name) != value}
            if not wrong:
                return
            if time.monotonic() > until:
                raise Refused(f"getparam.cgi still tells {wrong} instead of {wanted}")
            time.sleep(0.2)

    def upload(self, package: Path, last: str) -> None:
        status, page = self._curl("cgi-bin/admin/upload_vadp.cgi", "-F", f"file=@{package}", "-F", "save2sd=0")
        lines = [line for line in page.splitlines() if line and not line.startswith("<")]
        if status != 200 or not lines or lines[-1].partition("<")[0] != last:
            raise Refused(f"upload_vadp.cgi answers {status}: {page}")

    def order(self, command: str, said: str) -> None:
        status, page = self._curl(f"cgi-bin/admin/vadpctrl.cgi?idx=0&cmd={command}")
        found = re.search(r"<pre>(.*)</pre>", page)
        if status != 200 or found is None or found[1] != said:
            raise Refused(f"vadpctrl.cgi?cmd={command} answers {status}: {page}")

    def portal(self, path: str, shows: str) -> None:
        """Waits for its page."""
        until = time.monotonic() + WITHIN_S
        while True:
            status, page = self._curl(path)
            if status == 200 and shows in page:
                return
            if time.monotonic() > until:
                raise Refused(f"{path} answers {status}: {page[:300]}")
            time.sleep(0.2)

    def _curl(self, path: str, *more: str) -> tuple[int, str]:
        command = ["curl", "-sSL", "-u", f"admin:{PASSWORD}", "-w", "%{http_code}", *more, self._address + path]
        done = subprocess.run(command, capture_output=True, timeout=WITHIN_S * 2)
        if done.returncode:
            raise Refused(f"curl: {done.stderr.decode().strip()}")
        text = done.stdout.decode()
        return int(text[-3:]), text[:-3]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
