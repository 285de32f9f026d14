"""Device passwords: random, encrypted at rest, bound to their use, and not lost with one damaged file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from board.kit.clock import TestClock
from board.kit.errors import ConfigError
from firmware.people import sealing
from firmware.people.device_passwords import MAX_DEVICES, DevicePasswords
from firmware.people.sealing import Pairs

FILES = ("device-passwords.json", "device-passwords.json.copy", "device-passwords.key", "device-passwords.key.copy")


def here(do: Callable[[bytes, Pairs], list[bytes]], key: bytes, pairs: Pairs) -> list[bytes]:
    """As sealing.apart, without a process."""
    return do(key, pairs)


@pytest.fixture
def devices(tmp_path: Path) -> DevicePasswords:
    return DevicePasswords(tmp_path, TestClock(), here)


def test_a_device_password_is_random_and_nowhere_readable(tmp_path: Path, devices: DevicePasswords) -> None:
    device, password = devices.make("onvif", "Recorder", "admin")
    other, second = devices.make("onvif", "Second", "admin")
    assert re.fullmatch(r"onvif-[a-km-np-z2-9]{4}", device.user) and re.fullmatch(r"[a-km-np-z2-9]{16}", password)
    assert (device.use, device.name, device.maker, device.made) == ("onvif", "Recorder", "admin", "2026-01-02T03:04:05+00:00")
    assert password != second and device.user != other.user
    for name in FILES:
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        assert password not in (tmp_path / name).read_text()
    assert password.encode() not in bytes.fromhex(json.loads((tmp_path / "device-passwords.key").read_text())["key"])


def test_it_is_right_for_its_own_use_only_also_after_a_restart(tmp_path: Path, devices: DevicePasswords) -> None:
    device, password = devices.make("ftp", "Pictures", "admin")
    for each in (devices, DevicePasswords(tmp_path, TestClock(), here)):
        assert each.right("ftp", device.user, password) == device
        assert each.right("onvif", device.user, password) is None
        assert each.right("ftp", device.user, password + "x") is None and each.right("ftp", device.user, "") is None
        assert each.right("ftp", "ftp-zzzz", password) is None and each.right("", "", "\ud800") is None


def test_what_was_stored_for_one_user_or_use_opens_nothing_elsewhere(tmp_path: Path, devices: DevicePasswords) -> None:
    weak, password = devices.make("ftp", "Pictures", "admin")
    strong, _ = devices.make("onvif", "Recorder", "admin")
    stored = json.loads((tmp_path / FILES[0]).read_text())
    sealed = {each["user"]: each["sealed"] for each in stored}
    for each in stored:
        each["sealed"] = sealed[weak.user]
    for name in FILES[:2]:
        (tmp_path / name).write_text(json.dumps(stored))
    again = DevicePasswords(tmp_path, TestClock(), here)
    assert again.right("onvif", strong.user, password) is None
    assert again.right("ftp", weak.user, password) is not None
    assert "make them again" in str(again.damage)


def test_a_removed_one_is_wrong(tmp_path: Path, devices: DevicePasswords) -> None:
    device, password = devices.make("nvr", "Recorder", "admin")
    assert devices.remove(device.user) == device
    assert devices.right("nvr", device.user, password) is None
    assert DevicePasswords(tmp_path, TestClock(), here).all() == ()
    with pytest.raises(ConfigError, match="there is no device password of"):
        devices.remove(device.user)


@pytest.mark.parametrize(
    ("use", "name", "said"),
    [
        ("ssh", "a", "use: must be one of onvif, nvr, ftp"),
        ("", "a", "use: must be one of"),
        ("ftp", "", "name: 1 to 40"),
        ("ftp", "x" * 41, "name: 1 to 40"),
        ("ftp", "a\tb", "name: 1 to 40"),
        ("ftp", "there", "there is a password there for ftp already"),
    ],
)
def test_a_bad_one_is_refused(devices: DevicePasswords, use: str, name: str, said: str) -> None:
    devices.make("ftp", "there", "admin")
    with pytest.raises(ConfigError, match=said):
        devices.make(use, name, "admin")
    assert len(devices.all()) == 1


def test_there_are_so_many_and_no_more(devices: DevicePasswords) -> None:
    for number in range(MAX_DEVICES):
        devices.make("ftp", f"{number}", "admin")
    with pytest.raises(ConfigError, match="there are already 32 device passwords"):
        devices.make("nvr", "one more", "admin")


@pytest.mark.parametrize("damaged", FILES)
def test_one_damaged_file_costs_nothing(tmp_path: Path, devices: DevicePasswords, damaged: str) -> None:
    device, password = devices.make("nvr", "Recorder", "admin")
    (tmp_path / damaged).write_bytes(b"")
    again = DevicePasswords(tmp_path, TestClock(), here)
    assert again.right("nvr", device.user, password) == device


@pytest.mark.parametrize("damaged", [FILES[:2], FILES[2:], FILES])
def test_with_both_files_damaged_recorders_need_new_ones_and_get_them(
    tmp_path: Path, devices: DevicePasswords, damaged: tuple[str, ...]
) -> None:
    device, password = devices.make("nvr", "Recorder", "admin")
    for name in damaged:
        (tmp_path / name).write_bytes(b"{")
    again = DevicePasswords(tmp_path, TestClock(), here)
    assert again.right("nvr", device.user, password) is None and again.all() == ()
    assert "make them again for your recorders" in str(again.damage)
    fresh, secret = again.make("nvr", "Recorder", "admin")
    assert DevicePasswords(tmp_path, TestClock(), here).right("nvr", fresh.user, secret) == fresh


def test_one_that_may_only_see_is_told_by_its_user_which_nobody_changes_in_the_file(
    tmp_path: Path, devices: DevicePasswords
) -> None:
    device, password = devices.make("onvif", "Screen", "admin", view_only=True)
    usual, _ = devices.make("onvif", "Recorder", "admin")
    other, _ = devices.make("ftp", "Pictures", "admin", view_only=True)
    assert (device.view_only, usual.view_only, other.view_only) == (True, False, False)
    assert (device.use, device.user.partition("-")[0], other.user.partition("-")[0]) == ("onvif", "viewer", "ftp")
    assert devices.right("onvif", device.user, password) == device
    for name in FILES[:2]:
        text = (tmp_path / name).read_text()
        (tmp_path / name).write_text(text.replace(device.user, device.user.replace("viewer", "onvif")))
    again = DevicePasswords(tmp_path, TestClock(), here)
    assert again.right("onvif", device.user.replace("viewer", "onvif"), password) is None


MADE_AND_USED = """
import sys
from pathlib import Path
from board.kit.clock import Clock
from firmware.people.device_passwords import DevicePasswords
device, password = DevicePasswords(Path(sys.argv[1]), Clock()).make("ftp", "Pictures", "admin")
again = DevicePasswords(Path(sys.argv[1]), Clock())
assert again.right("ftp", device.user, password) == device
print("cryptography" in sys.modules)
"""


def test_the_host_does_not_load_the_library_that_encrypts_them(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", MADE_AND_USED, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n", done.stderr


def test_without_another_process_they_are_unsealed_here(
    tmp_path: Path, devices: DevicePasswords, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, password = devices.make("ftp", "Pictures", "admin")
    monkeypatch.setattr(sealing, "_COMMAND", ("/no/such/program",))
    assert DevicePasswords(tmp_path, TestClock()).right("ftp", device.user, password) == device
    monkeypatch.setattr(sealing, "_COMMAND", (sys.executable, "-c", "raise SystemExit(1)"))
    assert DevicePasswords(tmp_path, TestClock()).right("ftp", device.user, password) == device
