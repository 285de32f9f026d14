"""Upgrade: a camera with the state of an earlier release gets the new host and, by upload, the new package, then goes back once:
lists, actions, passages with their pictures, settings and accounts are there each time."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from board.kit.state import State
from firmware.packages.keys import read_private
from tests.chain.conftest import ROOT, Camera, started, wait_for
from tests.daemons import free_port
from vadp_package import build

OLD = "79fe1a0"
"""The release before settings, lists and accounts were stored anew."""
GUARD = ("guard", "a guard's password")
LPR = {"region": "Europe", "countries": ["SK", "GB"], "filter_mode": "off", "min_confidence_pct": 61, "roi": [0.0, 0.0, 1.0, 0.9]}
GENERAL = {"time_zone": "Europe/Bratislava", "keep_free_pct": 7, "device_name": "Brána č. 2"}
WEEK = [[[0, 1440]], [[60, 120], [600, 900]], [], [[0, 1440]], [[5, 6]], [[0, 1440]], [[0, 600]]]
OPTIONS = ("output", "do", "duration_ms", "polarity", "url", "authentication", "user", "timeout_s")
TRIGGER_ENDS_AFTER_S = 5.0
ENTRY = {
    "plate": "BA 123-CD",
    "description": "Zoë's car",
    "valid_until": "2031-05-06T07:08",
    "wiegand_facility": 7,
    "wiegand_card": 4711,
}


@pytest.fixture(scope="module")
def old_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of OLD from this repository's history."""
    folder = tmp_path_factory.mktemp("old")
    made = subprocess.run(["git", "archive", OLD], cwd=ROOT, capture_output=True)
    if made.returncode:
        pytest.skip(f"the history of this checkout does not reach back to {OLD}")
    (folder / "old.tar").write_bytes(made.stdout)
    with tarfile.open(folder / "old.tar") as tar:
        tar.extractall(folder / "release", filter="data")
    return folder / "release"


def test_upgraded_by_upload_and_rolled_back_a_camera_keeps_everything(
    old_release: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = State(tmp_path / "state")
    with started(state, "--frames", str(pictures), "--fps", "2", port=free_port(), root=old_release) as camera:
        _give_accounts_in_old(camera)
        _fill(camera)
        before = _everything(camera)
    assert before["passages"] and before["entries"]["WHITELIST"]

    package = _build(tmp_path / "new", state.root / "signing.key", monkeypatch)
    with _host(state, pictures) as camera:
        assert _everything(camera) == before, "the new host runs the old package"
        _upload(camera, package)
        wait_for("a good version", lambda: _package(camera)["slot_state"] == "good" and _healthy(camera))
        assert _everything(camera) == before
        later = _change(camera)
        assert _package(camera)["previous"] == "0.1.0"
        requests.post(f"{camera.address}api/packages/ANPR/rollback", auth=_admin(camera), timeout=60).raise_for_status()
        wait_for("the old release", lambda: _package(camera)["status"] == "on" and _healthy(camera))
        assert _everything(camera) == later
        assert requests.get(f"{camera.address}anpr/api/status", auth=GUARD, timeout=20).status_code == 200
    _look_into_database(state, later)


def _give_accounts_in_old(camera: Camera) -> None:
    session = requests.Session()
    session.post(f"{camera.address}login", data={"user": "admin", "password": camera.password}, timeout=20).raise_for_status()
    new = "correct horse battery"
    form = {"old": camera.password, "new": new, "again": new}
    session.post(f"{camera.address}password", data=form, timeout=20).raise_for_status()
    camera.password = new
    form = {"user": GUARD[0], "role": "operator", "password": "given by the admin"}
    session.post(f"{camera.address}setup/system/accounts/add", data=form, timeout=20).raise_for_status()
    guard = requests.Session()
    guard.post(f"{camera.address}login", data={"user": GUARD[0], "password": "given by the admin"}, timeout=20).raise_for_status()
    form = {"old": "given by the admin", "new": GUARD[1], "again": GUARD[1]}
    guard.post(f"{camera.address}password", data=form, timeout=20).raise_for_status()


def _fill(camera: Camera) -> None:
    camera.call("PUT", "settings/lpr", LPR)
    camera.call("PUT", "settings/general", GENERAL)
    lists = {each["name"]: each["id"] for each in camera.call("GET", "lists")["lists"]}
    camera.call("POST", f"lists/{lists['WHITELIST']}/entries", ENTRY)
    camera.call("POST", f"lists/{lists['BLACKLIST']}/entries", {"plate": "KE777AA"})
    mine = camera.call("POST", "lists", {"name": "Nájomníci", "role": "custom", "colour": "#336699"})
    camera.call("POST", f"lists/{mine.get('id') or mine['list']['id']}/entries", {"plate": "MÜ-AB 1"})
    options = {"output": "DO1", "do": "pulse", "duration_ms": 300}
    camera.call("POST", f"lists/{lists['WHITELIST']}/rules", {"kind": "io", "name": "gate", "options": options})
    address = {"url": "http://127.0.0.1:9/", "user": "u", "password": "kept"}
    server = {"kind": "http", "name": "server", "options": address, "enabled": False, "week": WEEK}
    camera.call("POST", f"lists/{lists['ALL PLATES']}/rules", server)
    camera.restart()
    wait_for("three passages", lambda: camera.answers() and len(camera.plates()) >= 3)
    camera.call("PUT", "settings/lpr", {"mode": "TRIGGER"})  # no more of them
    camera.restart()
    wait_for("the mode", lambda: camera.answers() and camera.call("GET", "status")["mode"] == "TRIGGER")


def _everything(camera: Camera) -> dict[str, Any]:
    """What the portal tells of what is stored, in the words that both releases share."""
    wait_for("the portal", lambda: camera.answers() or None)
    lists = camera.call("GET", "lists")["lists"]
    entries, rules = {}, {}
    for each in lists:
        found = camera.call("GET", f"lists/{each['id']}/entries")["entries"]
        shown = ("plate", "description", "valid_from", "valid_until", "wiegand_facility", "wiegand_card")
        entries[each["name"]] = sorted(tuple(str(entry[key]) for key in shown) for entry in found)
        found = camera.call("GET", f"lists/{each['id']}/rules")["rules"]
        told = [(rule, {key: rule["options"].get(key) for key in OPTIONS}) for rule in found]
        rules[each["name"]] = [(rule["kind"], rule["name"], rule["enabled"], rule["week"], options) for rule, options in told]
    settings = {
        name: {key: camera.call("GET", f"settings/{name}")["settings"][key] for key in keys}
        for name, keys in (("lpr", (*LPR, "mode")), ("general", GENERAL))
    }
    passages = {each["id"]: each["plate"] for each in camera.call("GET", "passages?limit=1000")["passages"]}
    images = sorted(path.name for path in camera.state.images.rglob("*.jpg"))
    return {"entries": entries, "rules": rules, "settings": settings, "passages": passages, "images": images}


def _change(camera: Camera) -> dict[str, Any]:
    """Something of every kind that the new release stores."""
    lists = {each["name"]: each["id"] for each in camera.call("GET", "lists")["lists"]}
    camera.call("POST", f"lists/{lists['WHITELIST']}/entries", {"plate": "TT555TT", "description": "by the new release"})
    camera.call("PUT", "settings/lpr", {"min_confidence_pct": 55})
    known = len(camera.plates())
    camera.call("POST", "trigger", {"wait_s": 20})
    wait_for("a passage of the new release", lambda: len(camera.plates()) > known)
    return wait_for("the end of the trigger", lambda: _at_rest(camera))


def _at_rest(camera: Camera) -> dict[str, Any] | None:
    """Everything, once no car was reported for some time: one trigger may see the next car too."""
    before = _everything(camera)
    time.sleep(TRIGGER_ENDS_AFTER_S)
    return before if _everything(camera) == before else None


def _build(folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package of this checkout, on trial for 3 s only."""
    folder.mkdir()
    for name in ("package.conf", "initscr"):
        text = (build.HERE / name).read_text("utf-8")
        (folder / name).write_text(re.sub(r"^window_s = .*$", "window_s = 3", text, flags=re.M), "utf-8")
    monkeypatch.setattr(build, "HERE", folder)
    return build.build(folder, read_private(key)).path


@contextmanager
def _host(state: State, pictures: Path) -> Iterator[Camera]:
    """The new host alone, with what is installed."""
    port = free_port()
    words = [
        sys.executable,
        "-m",
        "firmware",
        "--state",
        str(state.root),
        "--port",
        str(port),
        "--camera",
        f"replay:{pictures}?fps=2",
    ]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    camera = Camera(process, state, f"http://127.0.0.1:{port}/", "correct horse battery")
    try:
        wait_for("the camera", lambda: _healthy(camera))
        yield camera
    finally:
        process.terminate()
        process.wait(30)


def _healthy(camera: Camera) -> bool:
    try:
        return requests.get(f"{camera.address}health", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def _admin(camera: Camera) -> tuple[str, str]:
    return "admin", camera.password


def _package(camera: Camera) -> Any:
    return requests.get(f"{camera.address}api/packages", auth=_admin(camera), timeout=20).json()["packages"][0]


def _upload(camera: Camera, package: Path) -> None:
    with package.open("rb") as file:
        done = requests.post(
            f"{camera.address}cgi-bin/admin/upload_vadp.cgi", files={"package": file}, auth=_admin(camera), timeout=120
        )
    assert "'ANPR is uploaded'" in done.text, done.text


def _look_into_database(state: State, wanted: dict[str, Any]) -> None:
    with closing(sqlite3.connect(state.database)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert {row[0] for row in database.execute("SELECT id FROM passages")} == set(wanted["passages"])
        [(options,)] = database.execute("SELECT options FROM rules WHERE name = 'server'").fetchall()
        assert json.loads(options)["password"] == "kept"
        assert database.execute("SELECT count(*) FROM entries").fetchone()[0] == sum(map(len, wanted["entries"].values()))
