"""Backup and reset on a running host: a file that only its passphrase opens, back into this camera and another, and a reset."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from firmware.packages.records import CAMERA
from tests.servers.test_host import OWN, Host
from tests.tiny_package import contents
from tests.waiting import until

SECRET = " correct horse battery staple "
"""Blanks belong to it, wherever it is said."""
NVR = {"use": "onvif", "name": "NVR"}
HOURS = {"enable": True, "begin": "07:30", "end": "07:30"}
SCRIPT = b"""
import json, os, pathlib, struct, sys
words = sys.argv[1:]
def say(name, data):
    head = json.dumps({"name": name, "size": len(data)}).encode()
    sys.stdout.buffer.write(struct.pack(">I", len(head)) + head + data)
state = pathlib.Path(os.environ["GATEWRIGHT_STATE"])
if words[:2] == ["data", "save"]:
    kept = state / "tiny.txt"
    if kept.exists() and kept.read_text() == "broken":
        sys.exit(print("the database is damaged", file=sys.stderr) or 74)
    if kept.exists() and kept.read_text() == "killed":
        os.kill(os.getpid(), 9)
    say("about.json", json.dumps({"lists": 2, "entries": 3, "passages": 0}).encode())
    say("tiny.txt", kept.read_bytes() if kept.exists() else b"nothing")
    sys.stdout.buffer.write(bytes(4))
if words[:2] == ["data", "take"]:
    (pathlib.Path(words[-1]) / "tiny.txt").replace(state / "tiny.txt")
print("checked", file=sys.stderr if words[:1] == ["data"] else sys.stdout)
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    host = camera(tmp_path / "one")
    yield host
    host.stop()


def camera(folder: Path) -> Host:
    folder.mkdir()
    host = Host(folder)
    host.start()
    return host


def upload(host: Host) -> None:
    members = contents(files={"initscr": SCRIPT})
    assert "is uploaded" in host.upload(members).text


def backup(host: Host, **more: object) -> bytes:
    answer = host.ask("POST", "/api/backup", json={"passphrase": SECRET, **more})
    assert answer.status_code == 200, answer.text
    return answer.content


def taken(host: Host, data: bytes, passphrase: str = SECRET) -> requests.Response:
    files = {"backup": ("camera.gwbackup", data, "application/octet-stream")}
    return host.ask("POST", "/api/backup/open", files=files, data={"passphrase": passphrase})


def opened(host: Host, data: bytes) -> Any:
    """What is said to be in it."""
    answer = taken(host, data)
    assert answer.status_code == 201, answer.text
    return answer.json()


def restarted(host: Host, act: object) -> None:
    """After `act` the host listens again, as another run of the same process."""
    host.log.unlink()
    assert callable(act)
    answer = act()
    assert answer.status_code in (200, 202), answer.text
    until(lambda: host._listens())


def mac(host: Host) -> str:
    return str(host.ask("GET", "/api/backup").json()["mac"])


def test_a_backup_brings_accounts_settings_keys_and_the_packages_data_into_another_camera(host: Host, tmp_path: Path) -> None:
    upload(host)
    (host.state / "tiny.txt").write_text("a list of plates")
    host.ask("POST", "/api/accounts", json={"name": "guard", "role": "operator", "password": "first horse battery"})
    host.ask("PUT", "/api/ftp", json={"clients": 20})
    assert host.ask("PUT", "/api/packages/TINY/schedule", json=HOURS).ok
    (host.state / "host" / "trust" / "acme.pub").write_bytes(host.trust.read_bytes())
    assert host.ask("POST", "/api/https/own").status_code == 200 and host.ask("POST", "/api/device-passwords", json=NVR).ok
    assert host.ask("POST", "/api/https/request", json={"name": "gate.example"}).status_code == 201
    sealed = backup(host)
    assert not any(word in sealed for word in (b"guard", b"plates", b"clients", b"BEGIN"))

    other = camera(tmp_path / "two")
    try:
        upload(other)
        assert other.ask("GET", "/api/backup").json()["inside"] is None
        said = opened(other, sealed)
        assert said["packages"] == {"TINY": {"version": "1.0.0", "lists": 2, "entries": 3, "passages": 0}}
        assert said["choices"] == ["people", "settings", "keys", "packages"] and said["absent"] == said["problems"] == []
        assert not (other.state / "tiny.txt").exists() and len(other.ask("GET", "/api/accounts").json()["accounts"]) == 1
        order = {"parts": said["choices"], "password": OWN, "made": "2026-01-02T03:04:05+00:00"}
        refused = other.ask("POST", "/api/backup/restore", json=order)
        assert (refused.status_code, refused.json()["error"]) == (
            422, "another backup was opened meanwhile: look at what is in it",
        )  # fmt: skip
        assert f'name="made" value="{said["made"]}"' in other.ask("GET", "/setup/system/backup.html").text
        order["made"] = said["made"]
        restarted(other, lambda: other.ask("POST", "/api/backup/restore", json=order))
        assert (other.state / "tiny.txt").read_text() == "a list of plates"
        names = [each["name"] for each in other.ask("GET", "/api/accounts").json()["accounts"]]
        assert names == ["admin", "guard"] and other.ask("GET", "/api/ftp").json()["settings"]["clients"] == 20
        assert other.package()["schedule"] == HOURS
        for name in ("trust/acme.pub", "tls/camera.crt", "tls/camera.key", "tls/request.key"):
            assert (other.state / "host" / name).read_bytes() == (host.state / "host" / name).read_bytes()
        (device,) = other.ask("GET", "/api/device-passwords").json()["device_passwords"]
        assert device["name"] == NVR["name"]
        page = other.ask("GET", "/setup/system/backup.html").text
        assert "The backup was restored." in page
        assert other.ask("POST", "/api/backup/noted").json()["notice"] is None
        assert not (other.state / "host" / "keeping" / "staged").exists()
    finally:
        other.stop()


def test_licences_stay_with_their_board(host: Host) -> None:
    licence = host.state / "host" / "licences" / "TINY.json"
    licence.parent.mkdir()
    licence.write_text("{}")
    sealed = backup(host)
    licence.unlink()
    (kept := host.state / "host" / "camera_id.json").write_text(json.dumps({"id": "gw-1", "board": "another", "before": ""}))
    (host.state / "host" / "camera_id.json.copy").unlink()
    said = opened(host, sealed)
    assert said["own_board"] and "licences" not in said["choices"] and kept.exists()
    restarted(host, lambda: host.ask("POST", "/api/backup/restore", json={"parts": ["people"], "password": OWN}))
    assert licence.read_text() == "{}"


def test_what_is_wrong_with_a_backup_is_said_and_nothing_is_left_of_it(host: Host) -> None:
    sealed = backup(host)
    for data, passphrase, why in (
        (sealed, "wrong horse battery", "the passphrase is wrong"),
        (sealed[:-1], SECRET, "the backup is damaged or cut off after 0 KB"),
        (b"PK" * 900, SECRET, "this is no backup of a camera"),
        (b"", SECRET, "this is no backup of a camera"),
    ):
        answer = taken(host, data, passphrase)
        assert (answer.status_code, answer.json()["error"]) == (400, why)
    assert host.ask("POST", "/api/backup/restore", json={"parts": ["people"], "password": OWN}).status_code == 422
    until(lambda: not list((host.state / "host" / "keeping").iterdir()))
    assert list((host.state / "host" / "uploads").iterdir()) == []


def test_no_backup_is_made_when_a_package_does_not_give_its_part_or_the_passphrase_is_short(host: Host) -> None:
    upload(host)
    (host.state / "tiny.txt").write_text("broken")
    answer = host.ask("POST", "/api/backup", json={"passphrase": SECRET})
    assert answer.status_code == 422
    assert answer.json()["error"] == "TINY does not give what it stores: the database is damaged"
    (host.state / "tiny.txt").write_text("killed")
    answer = host.ask("POST", "/api/backup", json={"passphrase": SECRET})
    assert (answer.status_code, "TINY does not give what it stores" in answer.json()["error"]) == (422, True)
    short = host.ask("POST", "/api/backup", json={"passphrase": "short"})
    assert (short.status_code, short.json()["error"]) == (422, "the passphrase must have 10 to 200 characters")
    page = host.ask("POST", "/setup/system/backup/save", data={"passphrase": SECRET, "again": "x"})
    assert page.status_code == 400 and "No backup was made: the two passphrases differ." in page.text
    (host.state / "tiny.txt").write_text("well")
    assert backup(host)


def test_a_package_that_knows_nothing_of_backups_keeps_none_from_being_made(host: Host) -> None:
    host.upload()
    said = opened(host, backup(host))
    assert said["packages"] == {} and "packages" not in said["choices"]


def test_who_may_not_do_everything_makes_no_backup_and_a_token_resets_nothing(host: Host) -> None:
    made = host.ask("POST", "/api/tokens", json={"name": "nightly", "permissions": ["system"]}).json()["token"]
    some = {"auth": None, "headers": {"Authorization": f"Bearer {made}"}}
    assert host.ask("GET", "/api/backup", **some).status_code == 200
    refused = host.ask("POST", "/api/backup", json={"passphrase": SECRET}, **some)
    assert (refused.status_code, refused.json()["key"]) == (403, "This needs the permissions {beyond} too.")
    all_of = host.ask("GET", "/api/me").json()["permissions"]
    made = host.ask("POST", "/api/tokens", json={"name": "all", "permissions": all_of}).json()["token"]
    whole = {"auth": None, "headers": {"Authorization": f"Bearer {made}"}}
    assert host.ask("POST", "/api/backup", json={"passphrase": SECRET}, **whole).status_code == 200
    reset = {"mac": mac(host), "password": OWN}
    assert host.ask("POST", "/api/reset", json=reset, **whole).json()["error"] == "A token cannot do this: log in with a password."


@pytest.mark.parametrize("keep", [True, False])
def test_a_reset_asks_for_address_and_password_and_leaves_packages_and_accounts_by_choice(host: Host, keep: bool) -> None:
    upload(host)
    for sent, why in (({"mac": "00:00:00:00:00:00", "password": OWN}, "MAC address: is not this camera's"),
                      ({"mac": mac(host), "password": "wrong"}, "the password is wrong")):  # fmt: skip
        answer = host.ask("POST", "/api/reset", json=sent)
        assert (answer.status_code, answer.json()["error"]) == (422, why)
    (host.state / "anpr").mkdir(exist_ok=True)
    (host.state / "anpr" / "anpr.db").write_text("lists")
    host.ask("PUT", "/api/ftp", json={"clients": 20})
    assert host.ask("PUT", "/api/packages/TINY/schedule", json=HOURS).ok
    assert host.ask("PUT", "/api/packages/unsigned", json={"unsigned": True}).ok
    form = {"mac": mac(host).upper(), "password": OWN, **({"keep_people": "1"} if keep else {})}
    restarted(host, lambda: host.ask("POST", "/setup/system/backup/reset", data=form))
    assert (host.state / "host" / "initial-password").exists() is not keep
    if not keep:
        assert re.fullmatch(r"[\w-]{12}", host.password)
        host.choose("admin", host.password, OWN)
    assert host.package()["version"] == "1.0.0" and host.package()["storage"] == CAMERA
    assert not host.package()["schedule"]["enable"] and not host.ask("GET", "/api/packages").json()["unsigned"]
    assert host.ask("GET", "/api/ftp").json()["settings"]["clients"] == 100 and not (host.state / "anpr").exists()
    assert "the camera was reset" in host.ask("GET", "/api/backup").json()["notice"]


def test_the_support_file_holds_what_helps_and_no_secret_of_this_camera(host: Host) -> None:
    upload(host)
    token = host.ask("POST", "/api/tokens", json={"name": "nightly", "permissions": ["view"]}).json()["token"]
    device = host.ask("POST", "/api/device-passwords", json={"use": "ftp", "name": "slaves"}).json()["password"]
    (host.state / "logs" / "service.log").write_text(f"asked with {token}\n")
    answer = host.ask("GET", "/api/support")
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        found = {name: file.read(name).decode() for name in file.namelist()}
    assert {"about.json", "packages.json", "host.json", "changes.json", "packages/TINY.json", "logs/hostd.log"} <= set(found)
    stored = json.loads((host.state / "host" / "accounts.json").read_text())[0]
    secrets = (
        token,
        device,
        OWN,
        stored["hash"],
        stored["salt"],
        json.loads((host.state / "host" / "tokens.json").read_text())[0]["hash"],
    )
    assert [name for name, text in found.items() if any(secret in text for secret in secrets)] == []
    assert json.loads(found["packages.json"])[0]["name"] == "TINY" and "asked with (hidden)" in found["logs/service.log"]
    assert json.loads(found["host.json"])["tokens"][0]["name"] == "nightly"
    assert "/api/support" in host.ask("GET", "/setup/system/support.html").text
