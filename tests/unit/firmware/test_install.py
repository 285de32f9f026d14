"""Install: the unit is right and shut off from the machine as far as its work permits; the script is one that bash reads."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from board.kit.web.listeners import tcp_listener
from firmware.packages.manifest import parse
from firmware.processes.launch import CHECK
from firmware.processes.places import FOLDERS, OWN
from firmware.processes.users import FTP
from firmware.run import _command_line
from tests.apart import users

FIRMWARE = Path(__file__).parents[3] / "firmware"
UNIT = FIRMWARE / "gatewright.service"
SCRIPT = (FIRMWARE / "install").read_text()


def written(name: str) -> str:
    """What the script writes into the file of this variable, variables unfilled."""
    found = re.search(rf"put \"\${name}\" <<'?EOF'?\n(.*?)\nEOF\n", SCRIPT, re.S)
    assert found
    return found[1] + "\n"


@pytest.mark.parametrize("unit", [UNIT, FIRMWARE / "gatewright-root@.service"], ids=lambda unit: unit.name)
def test_the_unit_is_exposed_by_less_than_three(unit: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Overall exposure level for gatewright\S*: ([0-9.]+)", said)
    assert found and float(found[1]) < 3.0


def test_the_host_may_use_the_devices_that_the_boards_page_offers() -> None:
    unit = UNIT.read_text()
    assert {"video", "gpio", "i2c", "dialout"} <= {group for groups in users().values() for group in groups}
    allowed = set(re.findall(r"^DeviceAllow=(\S+)", unit, re.M))
    assert {"char-gpiochip", "char-i2c", "char-video4linux", "char-ttyUSB", "char-ttyAMA", "/dev/watchdog"} <= allowed


MODULES = {
    "char-i2c": "i2c_dev", "char-media": "mc", "char-video4linux": "videodev", "char-drm": "drm", "char-ttyUSB": "usbserial",
    "char-ttyACM": "cdc_acm", "/dev/watchdog": "bcm2835_wdt",
}  # fmt: skip
"""{what the unit allows: the module that makes it on Debian or Raspberry Pi OS}"""
IN_THE_KERNEL = {"char-gpiochip", "char-dma_heap", "char-rtc", "char-ttyAMA", "char-ttyS"}


def test_devices_whose_driver_comes_later_may_be_opened_all_the_same() -> None:
    """systemd.resource-control(5), DeviceAllow: groups that cannot be resolved "at the time the unit is started" are left out."""
    unit = UNIT.read_text()
    allowed = {each for each in re.findall(r"^DeviceAllow=(\S+)", unit, re.M) if each.startswith("char-")}
    assert allowed == {each for each in MODULES if each.startswith("char-")} | IN_THE_KERNEL
    for kind in ("Wants", "After"):
        loaded = {
            each for line in re.findall(rf"^{kind}=(.*)$", unit, re.M) for each in re.findall(r"modprobe@(\w+)\.service", line)
        }
        assert loaded == set(MODULES.values())


def test_the_host_sees_the_boards_new_name_without_a_start() -> None:
    """systemd.exec(5): under ProtectHostname changes of the name "no longer propagate from the system into the service"."""
    unit = re.sub(r"#.*", "", UNIT.read_text())
    assert "ProtectHostname" not in unit and "CAP_SYS_ADMIN" not in unit


def test_there_is_a_user_for_each_process_and_the_host_is_in_the_groups_of_its_folders() -> None:
    manifest = parse((FIRMWARE.parent / "vadp_package" / "package.conf").read_text().replace("{version}", "1.0").encode())
    wanted = {f"gatewright-{name}" for name in (*manifest.users, CHECK, FTP)}
    assert manifest.apart and set(users()) == {"gatewright", *wanted}
    assert {folder.group for folder in FOLDERS} | {f"gatewright-{name}" for name in OWN} <= {"gatewright", *users()["gatewright"]}


def test_the_script_makes_the_groups_of_the_unit_and_refuses_what_it_does_not_know() -> None:
    script = FIRMWARE / "install"
    assert "groups=(video gpio i2c dialout)" in script.read_text()
    assert set(users()["gatewright"]) >= {"video", "gpio", "i2c", "dialout"}
    asked = subprocess.run(["bash", str(script), "--profil", "pi5"], capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stdout) == (1, "")
    assert "unknown option --profil" in asked.stderr


def test_the_helper_for_root_is_open_to_the_hosts_user_alone_and_comes_and_goes_with_the_host() -> None:
    socket, script = (FIRMWARE / "gatewright-root.socket").read_text(), (FIRMWARE / "install").read_text()
    assert "SocketUser=gatewright\nSocketMode=0600\nAccept=yes\n" in socket
    assert "User=" not in (FIRMWARE / "gatewright-root@.service").read_text()
    assert 'rm -f "${helper[@]}"' in script and 'at_boot "${helper[0]}" sockets.target' in script


def test_the_devices_of_the_unit_are_given_to_the_groups_that_the_users_have() -> None:
    rules = written("rules").splitlines()
    given = {re.findall(r'KERNEL=="([^"]+)"|SUBSYSTEM=="([^"]+)"', rule)[-1]: rule for rule in rules}
    groups = {group for rule in given.values() for group in re.findall(r'GROUP="([^"]+)"', rule)}
    assert groups == {"gatewright", "gpio", "i2c", "video"} and all('MODE="0660"' in rule for rule in rules)
    assert 'KERNEL=="watchdog", GROUP="gatewright"' in written("rules")


def test_what_pulses_need_is_permitted_and_nobody_waits_for_a_mount_that_is_missing() -> None:
    unit = UNIT.read_text()
    assert "LimitRTPRIO=90\nLimitMEMLOCK=infinity\n" in unit and "RestrictRealtime" not in re.sub(r"#.*", "", unit)
    assert "After=var-lib-gatewright.mount var-lib-gatewright-run.mount\n" in unit
    # systemd.exec(5), Implicit Dependencies: these require "all mount units required to access the specified paths".
    assert not re.search(r"^(State|Runtime|Cache|Logs)Directory=|^Requires", unit, re.M)
    lines = re.findall(r'^.*"((?:tmpfs|\$read_only|\$kept/state) .* [02] [02])"', SCRIPT, re.M)
    assert len(lines) == 3 and all("nofail" in line for line in lines)
    assert "nosuid,nodev,noexec" in lines[0] and "nosuid,nodev" in lines[1]


def test_folders_that_users_share_may_hand_their_group_on_and_the_ftp_server_may_enter_its_own() -> None:
    directives = re.sub(r"#.*", "", UNIT.read_text())
    assert "RestrictSUIDSGID" not in directives and "NoNewPrivileges=true\n" in directives
    assert directives.count("CAP_SYS_CHROOT\n") == 2 and "RestrictNamespaces=true\n" in directives


def test_the_watchdog_is_fed_by_the_host_or_by_systemd_never_by_both() -> None:
    assert "--watchdog ${WATCHDOG}\n" in UNIT.read_text() and "WATCHDOG=$watchdog\n" in written("environment")
    assert "RuntimeWatchdogSec=off" in written("manager") and 'take "$manager"' in SCRIPT


def test_the_camera_is_announced_by_its_name_with_both_ports() -> None:
    services = ElementTree.fromstring(written("names")).findall("service")
    assert [(each.findtext("type"), each.findtext("port")) for each in services] == [("_http._tcp", "80"), ("_https._tcp", "443")]


def test_it_listens_by_ipv4_and_ipv6_as_its_name_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name that is announced leads to addresses of both. A kernel that was started without IPv6 has one of them alone."""
    assert " --bind :: " in UNIT.read_text()
    assert _command_line().parse_args(["--state", "x", "--bind", "::"]).bind == "::"
    with tcp_listener("::", 0) as both:
        both.listen()
        for address in ("127.0.0.1", "::1"):
            socket.create_connection((address, both.getsockname()[1]), 10).close()
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    assert _command_line().parse_args(["--state", "x", "--bind", "::"]).bind == "0.0.0.0"


def test_the_journal_lies_in_memory_and_a_root_in_memory_leaves_what_is_stored_on_its_own_partition() -> None:
    assert "Storage=volatile" in written("journal")
    assert 'overlayroot="tmpfs:swap=1,recurse=0"' in written("overlay")


def test_each_file_that_the_script_writes_goes_with_an_uninstall() -> None:
    names = {*re.findall(r'put "\$(\w+)"', SCRIPT)} - {"file"}
    uninstall = SCRIPT[SCRIPT.index("uninstall() {") : SCRIPT.index("\nprofile=")]
    assert names == {"environment", "rules", "manager", "names", "journal", "overlay", "unit"}
    assert all(f'"${name}"' in uninstall for name in names)


def executed(folder: Path, words: str) -> str:
    """What bash says of these words after the functions of the script, below a folder instead of "/", without commands of root."""
    for part in ("etc", "opt/gatewright", "var/lib/gatewright", "tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    functions = re.sub(r"(?<![\w.$}/])/(?=(?:etc|opt|var|run)/)", f"{folder}/", SCRIPT[: SCRIPT.index("\nprofile=")])
    idle = "".join(f"{name}() {{ :; }}\n" for name in ("systemctl", "umount", "mount", "userdel", "groupdel", "sync"))
    idle += "getent() { return 1; }\nmountpoint() { return 1; }\n"
    asked = subprocess.run(
        ["bash", "-c", f"{functions}\n{idle}{words}", str(FIRMWARE / "install")], capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(folder / "tmp")},
    )  # fmt: skip
    return asked.stderr


def test_a_board_or_a_place_for_a_card_that_is_none_is_refused_before_anything_changes() -> None:
    """The host does not start with a profile that it does not know."""
    for words, why in (
        (("--profile", "pi9"), "there is no board pi9"),
        (("--profile", "__init__"), "there is no board __init__"),
        (("--sd", "mnt/sd"), "mnt/sd is no place for a card"),
        (("--sd", "/mnt/my card"), "/mnt/my card is no place for a card"),
    ):
        asked = subprocess.run(["bash", str(FIRMWARE / "install"), *words, "--none"], capture_output=True, text=True, check=False)
        assert (asked.returncode, asked.stdout) == (1, "") and why in asked.stderr
    for profile in ("pi5", "sim_small"):
        words = ("--profile", profile, "--sd", "/mnt/sd", "--none")
        assert (
            "unknown option --none"
            in subprocess.run(["bash", str(FIRMWARE / "install"), *words], capture_output=True, text=True).stderr
        )


def test_sources_that_cannot_be_copied_leave_those_that_run(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "opt/gatewright"
    for folder, text in ((source, "new"), (target, "old")):
        for part in ("board", "engine"):
            (folder / part).mkdir(parents=True)
            (folder / part / "file").write_text(text)
    (target / ".fresh/board").mkdir(parents=True)  # of a run that was broken off
    full = f'source={source}; parts=(board engine); tar() {{ command tar --warning=none "$@" && [ $1 != -C -o $3 != -x ]; }}; place'
    executed(tmp_path, full)
    assert {path.read_text() for path in target.glob("[a-z]*/file")} == {"old"}
    assert executed(tmp_path, f"source={source}; parts=(board engine); place") == ""
    assert {path.read_text() for path in target.glob("[a-z]*/file")} == {"new"} and not (target / ".fresh").exists()


@pytest.mark.parametrize(
    ("made_for", "pip", "stays"),
    [("3.13", "exit 0", True), ("3.11", "exit 0", False), ("3.13", "exit 1", False), ("", "exit 0", False)],
)
def test_an_environment_of_another_python_or_one_that_was_broken_off_is_made_anew(
    tmp_path: Path, made_for: str, pip: str, stays: bool
) -> None:
    """Its python is a link to the system's: after an upgrade of the distribution it is of the new version, without any library."""
    environment = tmp_path / "opt/gatewright/.venv"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin/python").write_text(f"#!/bin/sh\n[ $1 = --version ] && echo Python 3.13.5 && exit\n{pip}\n")
    (environment / "bin/python").chmod(0o755)
    if made_for:
        (environment / f"lib/python{made_for}").mkdir(parents=True)
    system = 'python3() { case $1 in -c) echo 3.13 ;; --version) echo Python 3.13.5 ;; *) mkdir -p "$4/fresh" ;; esac; }'
    executed(tmp_path, f"{system}; libraries")
    assert (environment / "bin").exists() == stays and (environment / "fresh").exists() == (not stays)


def test_the_host_is_started_again_whatever_it_ended_with() -> None:
    """Python ends with 2 when it cannot open its file, be it once: nobody would start it again after that."""
    command = re.findall(r"^ExecStart=\S+ -I -S (\S+)", UNIT.read_text(), re.M)
    asked = subprocess.run([sys.executable, "-I", "-S", f"/nowhere/{command[0]}"], capture_output=True, check=False)
    prevented = {code for line in re.findall(r"^RestartPreventExitStatus=(.*)$", UNIT.read_text(), re.M) for code in line.split()}
    assert "Restart=always\n" in UNIT.read_text() and str(asked.returncode) not in prevented


def test_what_the_power_takes_away_does_not_count_as_installed() -> None:
    assert re.search(r'sync -f "\$target".*\n  echo "\$stamp" >"\$target/.installed"', SCRIPT)
    assert re.search(r"^sync .*\nif booted && \[ \$changes -gt 0 \]; then\n  systemctl daemon-reload", SCRIPT, re.M)
    assert not re.search(r"\b(put|take|at_boot|in_fstab) ", SCRIPT[SCRIPT.index("\nsync ") :])


def test_a_file_is_what_it_was_until_the_new_one_is_on_the_card(tmp_path: Path) -> None:
    file = tmp_path / "etc/gatewright.env"
    file.parent.mkdir()
    file.write_text("PROFILE=pi4\n")
    executed(tmp_path, f"sync() {{ exit 1; }}; echo PROFILE=pi5 | put {file}")
    assert file.read_text() == "PROFILE=pi4\n"
    executed(tmp_path, f"echo PROFILE=pi5 | put {file}")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("PROFILE=pi5\n", 0o644) and not file.with_name(
        "gatewright.env.new"
    ).exists()


def test_what_is_stored_comes_back_from_its_partition_though_the_power_failed_right_after_that(tmp_path: Path) -> None:
    stored = tmp_path / "var/lib/gatewright-kept/state"
    stored.mkdir(parents=True)
    (stored / "plates").write_text("")
    words = 'move() { cp -r "$1/." "$2"; }; fetch'
    for _ in range(2):
        assert executed(tmp_path, words) == ""
        assert (tmp_path / "var/lib/gatewright/plates").exists() and not stored.exists()


@pytest.mark.parametrize("purge", ["", "--purge"])
def test_an_uninstall_deletes_what_is_stored_on_a_partition_when_it_is_to(tmp_path: Path, purge: str) -> None:
    stored = tmp_path / "var/lib/gatewright-kept/state"
    stored.mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/fstab").write_text(f"LABEL=data {stored.parent} ext4 noatime 0 2 # gatewright read-only\n")
    (tmp_path / "var/lib/gatewright").mkdir()
    said = executed(tmp_path, f"booted() {{ false; }}; uninstall {purge}")
    assert stored.exists() == (tmp_path / "var/lib/gatewright").exists() == (not purge)
    assert said.endswith("install: removed\n") and ("stays on LABEL=data and in" in said) == (not purge)
    assert (tmp_path / "etc/fstab").read_text() == ""


def test_packages_are_installed_though_lists_cannot_be_fetched_and_another_installation_runs(tmp_path: Path) -> None:
    """Of itself apt-get fails at once while others hold the lock."""
    debian = f'apt-get() {{ echo "$*" >>{tmp_path}/asked; case "$*" in *update) return 100 ;; esac; }}; apt-cache() {{ :; }}'
    executed(tmp_path, f"{debian}; dpkg-query() {{ :; }}; packages python3-venv")
    update, install = (tmp_path / "asked").read_text().splitlines()
    assert update.endswith("update") and "DPkg::Lock::Timeout=300" in install and install.endswith("python3-venv")
