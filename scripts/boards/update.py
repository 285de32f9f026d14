"""Update: runs in a fresh root where the host listens at port 80: chooses the first password, uploads a firmware file and waits
until that host is good. `python update.py FIRMWARE INITIAL_PASSWORD_FILE`; scripts/roots calls it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import requests

ADDRESS = "http://127.0.0.1"
PASSWORD = "correct horse battery"
WITHIN_S = 240.0


def ask(method: str, path: str, password: str = PASSWORD, **more: Any) -> requests.Response:
    return requests.request(method, ADDRESS + path, auth=("admin", password), timeout=180, allow_redirects=False, **more)


def choose_password(initial: Path) -> None:
    """PASSWORD from now on, for the first one, which lies in the file `initial`; nothing when it was chosen already."""
    if not initial.exists():
        return
    first = initial.read_text().strip()
    form = {"old": first, "new": PASSWORD, "again": PASSWORD}
    ask("POST", "/password", first, data=form).raise_for_status()


def main(firmware: Path, initial: Path) -> int:
    choose_password(initial)
    with firmware.open("rb") as file:
        answer = ask("POST", "/api/firmware", files={"firmware": (firmware.name, file)})
    if answer.status_code != 202:
        print(f"refused: {answer.status_code} {answer.text[:300]}")
        return 1
    wanted = answer.json()["version"]
    until = time.monotonic() + WITHIN_S
    found: dict[str, Any] = {}
    while time.monotonic() < until:
        try:
            found = ask("GET", "/api/firmware").json()["update"]
        except (requests.RequestException, ValueError):
            found = {}  # it starts again
        if found.get("notice") or (found.get("version"), found.get("state")) == (wanted, "good"):
            break
        time.sleep(1)
    print(found)
    return 0 if (found.get("version"), found.get("state")) == (wanted, "good") else 1


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
