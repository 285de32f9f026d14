"""Root: the helper does what its table names and nothing else, whatever it is asked; a card of the system is never formatted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from firmware.privileged import lower
from firmware.privileged.__main__ import Refused, Root
from tests.recorder import Recorder

LOOKED = ("systemctl", "show", "--property=LoadState", "--value", "systemd-timesyncd")


class Machine:
    """A file system of a Pi: mmcblk0 is the system's card, mmcblk1 another, sda a stick with two partitions, nvme0n1 a disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ran: list[tuple[str, ...]] = []
        self.fails = ""
        self.refusals: list[str] = []
        """What timedatectl says first."""
        self.labelled = ""
        self.read_only = False
        for number, (disk, kind, removable, parts) in enumerate(
            (("mmcblk0", "SD", "0", ("p1", "p2")), ("mmcblk1", "SD", "0", ("p1",)), ("mmcblk2", "SD", "0", ()),
             ("mmcblk3", "MMC", "0", ()), ("sda", "", "1", ("1", "2")), ("sdb", "", "0", ()))
        ):  # fmt: skip
            self.put(f"sys/class/block/{disk}/removable", removable)
            self.put(f"sys/class/block/{disk}/dev", f"{8 + number}:0")
            if kind:
                self.put(f"sys/class/block/{disk}/device/type", kind)
            for part, name in enumerate(parts, 1):
                for folder in (f"sys/class/block/{disk}/{disk}{name}", f"sys/class/block/{disk}{name}"):
                    self.put(f"{folder}/partition", str(part))
                    self.put(f"{folder}/dev", f"{8 + number}:{part}")
        self.mounted("8:1", "/boot/firmware")
        self.mounted("8:2", "/")
        self.put("proc/swaps", "Filename Type\n/dev/sda2 partition\n")
        self.put("etc/passwd", "root:x:0:0:\ngatewright:x:991:992::/var/lib/gatewright:/bin/false\n")
        self.put("etc/fstab", "proc /proc proc\nLABEL=OLD /mnt/old ext4 x 0 2 # gatewright sd\n")
        self.put("etc/gatewright.env", "PROFILE=pi4\nSD=\n")
        self.put("usr/share/zoneinfo/Europe/Berlin", "")

    def put(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")

    def mounted(self, number: str, place: str) -> None:
        path = self.root / "proc/self/mountinfo"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(f"30 1 {number} / {place} rw,relatime - ext4 /dev/root rw\n")

    def unmounted(self, place: str) -> None:
        path = self.root / "proc/self/mountinfo"
        path.write_text("".join(f"{line}\n" for line in path.read_text().splitlines() if line.split()[4] != place))

    def run(self, *words: str) -> str:
        self.ran.append(words)
        if words[0] == self.fails:
            raise Refused(f"{words[0]}: no")
        if words[0] == "timedatectl" and self.refusals:
            raise Refused(f"timedatectl: {self.refusals.pop(0)}")
        if words[0] == "mkfs.ext4":
            self.labelled = words[-1].removeprefix("/dev/")
        place = "/" + words[-1].removesuffix(".mount").replace("-", "/")
        if words[:2] == ("systemctl", "start") and f" {place} " not in (self.root / "proc/self/mountinfo").read_text():
            self.mounted((self.root / f"sys/class/block/{self.labelled}/dev").read_text().strip(), place)
        if words[:2] == ("systemctl", "stop"):
            self.unmounted(place)
        return words[-1].strip("/").replace("/", "-") + ".mount" if words[0] == "systemd-escape" else ""

    def ask(self, **request: object) -> dict[str, object]:
        return Root(self.run, self.root, lambda: self.read_only, lambda _: None).answer(json.dumps(request).encode())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_zone_servers_clock_and_restart_become_calls_of_the_systems_own_tools(machine: Machine) -> None:
    conf = machine.root / "etc/systemd/timesyncd.conf.d/60-gatewright.conf"
    assert machine.ask(do="zone", zone="Europe/Berlin") == {"ok": True}
    assert machine.ask(do="servers", on=True, servers=["ntp.example", "192.0.2.1", "2001:db8::1"]) == {"ok": True}
    assert conf.read_text() == "[Time]\nNTP=ntp.example 192.0.2.1 2001:db8::1\n"
    assert machine.ask(do="servers", on=False, servers=[]) == {"ok": True}
    assert not conf.exists()
    assert machine.ask(do="time", at="2026-01-02T04:04:05+01:00") == {"ok": True}
    assert machine.ask(do="reboot") == {"ok": True}
    assert machine.ran == [
        ("timedatectl", "set-timezone", "Europe/Berlin"), LOOKED, ("timedatectl", "set-ntp", "true"),
        ("systemctl", "restart", "systemd-timesyncd"), LOOKED, ("timedatectl", "set-ntp", "false"),
        ("timedatectl", "set-ntp", "false"), ("timedatectl", "set-time", "2026-01-02 03:04:05 UTC"),
        ("systemctl", "--no-block", "reboot"),
    ]  # fmt: skip


def test_the_clock_is_set_once_time_servers_are_off_however_long_that_takes(machine: Machine) -> None:
    """timedated answers to set-ntp before it is done, and refuses until then."""
    machine.refusals = ["", *["Failed to set time: Previous request is not finished, refusing."] * 3]
    machine.refusals[0] = "Failed to set ntp: Previous request is not finished, refusing."
    machine.refusals.append("Failed to set time: Automatic time synchronization is enabled")
    assert machine.ask(do="time", at="2026-01-02T04:04:05+01:00") == {"ok": True}
    assert machine.ran[-1] == ("timedatectl", "set-time", "2026-01-02 03:04:05 UTC")
    machine.refusals = ["Failed to set time: Automatic time synchronization is enabled"] * 1_000
    assert "Automatic time synchronization" in str(machine.ask(do="time", at="2026-01-02T04:04:05+01:00"))


def test_where_another_program_sets_the_clock_it_is_switched_and_servers_are_refused_before_anything_changes(
    machine: Machine,
) -> None:
    """With chrony systemd-timesyncd is not there."""
    usual = machine.run
    machine.run = lambda *words: "not-found" if usual(*words) is not None and words == LOOKED else ""  # type: ignore[method-assign]
    assert machine.ask(do="servers", on=True, servers=[]) == {"ok": True}
    assert machine.ran == [LOOKED, ("timedatectl", "set-ntp", "true")]
    assert "systemd-timesyncd is not installed" in str(machine.ask(do="servers", on=True, servers=["ntp.example"]))
    assert machine.ran[2:] == [LOOKED] and not (machine.root / "etc/systemd/timesyncd.conf.d/60-gatewright.conf").exists()


@pytest.mark.parametrize(
    "request_",
    [
        {}, {"do": "shell"}, {"do": "__init__"}, {"do": ["zone"]}, {"do": "zone"}, {"do": "zone", "zone": "../../etc/passwd"},
        {"do": "zone", "zone": "Europe/Atlantis"}, {"do": "zone", "zone": "Europe"}, {"do": "zone", "zone": "-H"},
        {"do": "zone", "zone": ["Europe/Berlin"]}, {"do": "servers", "on": True, "servers": ["a b"]},
        {"do": "servers", "on": True, "servers": ["a\n[Service]"]}, {"do": "servers", "on": True, "servers": ["-x"]},
        {"do": "servers", "on": "true", "servers": []}, {"do": "servers", "on": True, "servers": ["a"] * 5},
        {"do": "time", "at": "2026-01-02T03:04:05"}, {"do": "time", "at": "1970-01-01T00:00:00+00:00"},
        {"do": "time", "at": "9999-01-01T00:00:00+00:00"}, {"do": "time", "at": 5}, {"do": "time", "at": "; reboot"},
        {"do": "format", "device": "/dev/mmcblk1p1"}, {"do": "format", "device": "../mmcblk1p1"}, {"do": "format", "device": "sdz"},
        {"do": "format", "device": "mmcblk1p1 /"}, {"do": "format", "device": "loop0"}, {"do": "format"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_exactly_right_runs_nothing(machine: Machine, request_: dict[str, object]) -> None:
    assert "error" in machine.ask(**request_)
    assert machine.ran == []


@pytest.fixture
def closed() -> Iterator[None]:
    """As the unit of the helper has it (UMask)."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.parametrize("of_before", [False, True], ids=["new", "of an earlier release"])
def test_what_others_read_is_open_to_them(machine: Machine, closed: None, of_before: bool) -> None:
    """systemd-timesyncd is a user of its own, as the host is; so is whoever looks up a name."""
    for folder in (machine.root, *machine.root.rglob("*")):
        folder.chmod(0o755 if folder.is_dir() else 0o644)
    conf = machine.root / "etc/systemd/timesyncd.conf.d"
    if of_before:
        conf.mkdir(parents=True)
        conf.parent.chmod(0o755)
    machine.put("etc/gatewright.env", "SD=/media/cards/sd")
    machine.put("etc/hosts", "127.0.0.1 localhost")
    (machine.root / "etc/hosts").chmod(0o644)
    machine.labelled = "mmcblk1p1"
    assert machine.ask(do="servers", on=True, servers=["ntp.example"]) == {"ok": True}
    assert machine.ask(do="mount", device="mmcblk1p1") == {"ok": True}
    assert machine.ask(do="name", name="gate-7") == {"ok": True}
    made = (conf / "60-gatewright.conf", machine.root / "media/cards/sd", machine.root / "etc/fstab", machine.root / "etc/hosts")
    for path in made:
        for each in (path, *path.parents):
            if each == machine.root:
                break
            assert each.stat().st_mode & 0o777 == (0o755 if each.is_dir() else 0o644), each


@pytest.mark.parametrize("line", [b"", b"\xff\n", b"[]\n", b"null\n", b'{"do": "reboot"', b"[" * 4_000, b'"reboot"\n'])
def test_what_is_no_request_runs_nothing(machine: Machine, line: bytes) -> None:
    assert Root(machine.run, machine.root).answer(line) == {"error": "this is no request"}
    assert machine.ran == []


def test_a_card_is_formatted_mounted_and_mounted_again_at_each_boot(machine: Machine) -> None:
    machine.mounted("9:1", "/media/pi/old\\040card")
    machine.put("etc/gatewright.env", "SD=/mnt/card/")
    assert machine.ask(do="format", device="mmcblk1p1") == {"ok": True}
    assert ("systemctl", "stop", "media-pi-old card.mount") in machine.ran
    assert ("mkfs.ext4", "-q", "-F", "-L", "GATEWRIGHT", "-E", "root_owner=991:992", "/dev/mmcblk1p1") in machine.ran
    assert list(filter(None, (machine.root / "etc/fstab").read_text().splitlines())) == [
        "proc /proc proc",
        "LABEL=GATEWRIGHT /mnt/card ext4 nosuid,nodev,noatime,nofail,x-systemd.device-timeout=5,"
        r"x-systemd.wanted-by=dev-disk-by\x2dlabel-GATEWRIGHT.device 0 2 # gatewright sd",
    ]
    assert machine.ask(do="unmount", device="mmcblk1p1") == {"ok": True}
    assert machine.ask(do="format", device="mmcblk2") == {"ok": True}
    assert machine.ran[-1] == ("systemctl", "start", "mnt-card.mount")
    assert machine.ask(do="unmount", device="mmcblk2") == {"ok": True}


def test_a_card_is_not_said_to_be_used_while_another_one_is(machine: Machine) -> None:
    machine.mounted("9:1", "/mnt/sd")
    before = (machine.root / "etc/fstab").read_text()
    for verb in ("format", "mount"):
        assert machine.ask(do=verb, device="mmcblk2") == {"error": "mmcblk1p1 is mounted at /mnt/sd: take it out of use first"}
    assert machine.ran == [] and (machine.root / "etc/fstab").read_text() == before
    machine.unmounted("/mnt/sd")
    machine.labelled = "mmcblk1p1"  # as another card, which systemd mounts by the label
    said = machine.ask(do="mount", device="mmcblk2")
    assert said == {"error": "another card is called GATEWRIGHT, too, and was mounted: take it out"}


def test_a_card_that_was_pulled_out_while_it_was_used_makes_way_for_the_next(machine: Machine) -> None:
    machine.mounted("8:99", "/mnt/sd")
    assert machine.ask(do="format", device="mmcblk2") == {"ok": True}
    assert ("systemctl", "stop", "mnt-sd.mount") in machine.ran


def test_a_card_that_somebody_else_has_mounted_elsewhere_is_mounted_where_it_belongs(machine: Machine) -> None:
    machine.labelled = "mmcblk2"
    machine.mounted("10:0", "/media/pi/GATEWRIGHT")
    assert machine.ask(do="mount", device="mmcblk2") == {"ok": True}
    assert machine.ran[-1] == ("systemctl", "start", "mnt-sd.mount")


def test_systemd_mounts_the_card_whenever_it_is_put_in(machine: Machine) -> None:
    """systemd.mount(5), x-systemd.wanted-by: without it local-fs.target alone asks for the mount, once."""
    generator = Path("/usr/lib/systemd/system-generators/systemd-fstab-generator")
    if not generator.exists():
        pytest.skip("systemd is not installed")
    machine.labelled = "mmcblk1p1"
    assert machine.ask(do="mount", device="mmcblk1p1") == {"ok": True}
    made = [machine.root / name for name in ("normal", "early", "late")]
    for folder in made:
        folder.mkdir()
    subprocess.run(
        [generator, *made], env={"SYSTEMD_FSTAB": str(machine.root / "etc/fstab")}, check=True, stderr=subprocess.DEVNULL
    )
    assert [path.name for path in made[0].glob("*-GATEWRIGHT.device.wants/*")] == ["mnt-sd.mount"]


def test_the_last_line_of_fstab_stays_one_though_it_has_no_end(machine: Machine) -> None:
    (machine.root / "etc/fstab").write_text("proc /proc proc\nLABEL=root / ext4 defaults 0 1")
    machine.labelled = "mmcblk1p1"
    assert machine.ask(do="mount", device="mmcblk1p1") == {"ok": True}
    lines = (machine.root / "etc/fstab").read_text().splitlines()
    assert lines[:2] == ["proc /proc proc", "LABEL=root / ext4 defaults 0 1"]
    assert len(lines) == 3 and lines[2].startswith("LABEL=GATEWRIGHT ")


@pytest.mark.parametrize(
    ("device", "why"),
    [
        ("mmcblk0p1", "mmcblk0 holds /boot/firmware, which the system needs"),
        ("mmcblk0p2", "mmcblk0 holds /boot/firmware, which the system needs"),
        ("mmcblk0", "mmcblk0 has partitions: name one of them"),
        ("mmcblk1", "mmcblk1 has partitions: name one of them"),
        ("mmcblk3", "mmcblk3 cannot be taken out: it is not formatted here"),
        ("sda1", "sda holds swap, which the system needs"),
        ("sdb", "sdb cannot be taken out: it is not formatted here"),
        ("sdc", "there is no sdc"),
    ],
)
def test_what_the_system_needs_or_nobody_can_take_out_is_never_touched(machine: Machine, device: str, why: str) -> None:
    for verb in ("format", "mount", "unmount"):
        assert machine.ask(do=verb, device=device) == {"error": why}
    assert machine.ran == []


def test_the_disk_below_a_root_in_memory_is_the_systems(machine: Machine) -> None:
    machine.put("proc/self/mountinfo", "30 1 0:25 / / rw - overlay overlayroot rw")
    machine.mounted("8:2", str(lower.ROOT))
    for verb in ("format", "mount", "unmount"):
        assert machine.ask(do=verb, device="mmcblk0p2") == {"error": "mmcblk0 holds /media/root-ro, which the system needs"}
    assert machine.ran == []


def test_a_tool_that_fails_is_told_in_its_own_words_and_nothing_follows(machine: Machine) -> None:
    machine.fails = "mkfs.ext4"
    assert machine.ask(do="format", device="mmcblk2") == {"error": "mkfs.ext4: no"}
    assert [words[0] for words in machine.ran] == ["mkfs.ext4"]


def test_below_a_root_in_memory_what_was_changed_is_copied_down_by_systemd_and_nothing_else(machine: Machine) -> None:
    machine.read_only = True
    assert machine.ask(do="zone", zone="Europe/Berlin") == {"ok": True}
    lower_module = (sys.executable, "-P", "-m", "firmware.privileged.lower")
    assert machine.ran[-1] == ("systemd-run", "--wait", "--collect", "--quiet", *lower_module, "etc/localtime", "etc/timezone")
    machine.ran.clear()
    assert machine.ask(do="reboot") == {"ok": True}
    assert machine.ran == [("systemctl", "--no-block", "reboot")]
    machine.ran.clear()
    assert "error" in machine.ask(do="zone", zone="Europe/Atlantis") and machine.ran == []


def test_files_links_and_folders_are_copied_down_while_the_lower_file_system_may_be_written(tmp_path: Path) -> None:
    now, kept = tmp_path / "now", tmp_path / "kept"
    ran: list[tuple[Sequence[str], bool]] = []
    for root in (now, kept):
        (root / "etc/systemd/timesyncd.conf.d").mkdir(parents=True)
    (now / "etc/localtime").symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    (kept / "etc/localtime").symlink_to("/usr/share/zoneinfo/Etc/UTC")
    (now / "etc/systemd/timesyncd.conf.d/60-gatewright.conf").write_text("[Time]\n")
    (kept / "etc/systemd/timesyncd.conf.d/old.conf").write_text("old")
    (kept / "etc/timezone").write_text("Etc/UTC")
    (now / "etc/fstab").write_text("overlay / overlay ro\nLABEL=GATEWRIGHT /mnt/sd ext4 x 0 2 # gatewright sd\n")
    (kept / "etc/fstab").write_text("LABEL=root / ext4 x 0 1\nLABEL=OLD /mnt/old ext4 x 0 2 # gatewright sd\n")

    def run(words: Sequence[str]) -> None:
        ran.append((words, (kept / "etc/localtime").readlink() == Path("/usr/share/zoneinfo/Europe/Berlin")))

    lower.copy(("etc/localtime", "etc/timezone", "etc/systemd/timesyncd.conf.d", "etc/fstab"), run, now, kept)
    assert ran == [(("mount", "-o", "remount,rw", str(kept)), False), (("mount", "-o", "remount,ro", str(kept)), True)]
    assert [path.name for path in (kept / "etc/systemd/timesyncd.conf.d").iterdir()] == ["60-gatewright.conf"]
    assert not (kept / "etc/timezone").exists()
    assert (kept / "etc/fstab").read_text() == "LABEL=root / ext4 x 0 1\nLABEL=GATEWRIGHT /mnt/sd ext4 x 0 2 # gatewright sd\n"


def test_whether_time_servers_are_followed_outlives_a_start_of_a_root_in_memory(tmp_path: Path) -> None:
    """timedated enables and disables the unit, which is links in /etc."""
    now, kept = tmp_path / "now", tmp_path / "kept"
    link = Path("etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service")
    unit = "/usr/lib/systemd/system/systemd-timesyncd.service"
    for root in (now, kept):
        (root / link).parent.mkdir(parents=True)
        (root / link).with_name("other.service").symlink_to("/dev/null")
    (kept / link).symlink_to(unit)
    for verb in ("servers", "time"):
        lower.copy(lower.VERBS[verb], lambda _: None, now, kept)
        assert not (kept / link).is_symlink() and (kept / link).with_name("other.service").is_symlink()
    (now / link).symlink_to(unit)
    lower.copy(lower.VERBS["servers"], lambda _: None, now, kept)
    assert (kept / link).readlink() == Path(unit)


def test_a_power_cut_leaves_each_file_of_a_folder_as_it_was_or_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, kept = tmp_path / "now", tmp_path / "kept"
    for root, text in ((now, "new"), (kept, "old")):
        for folder in lower.VERBS["network_keep"]:
            (root / folder).mkdir(parents=True, mode=0o700)
            for name in ("eth0", "wlan0"):
                (root / folder / name).write_text(text)
    seen: list[set[str]] = []
    replace = Path.replace

    def watched(self: Path, target: Path) -> Path:
        done = replace(self, target)
        seen.append({path.name for path in (kept / lower.VERBS["network_keep"][0]).iterdir()})
        return done

    rmtree = lower.shutil.rmtree
    monkeypatch.setattr(Path, "replace", watched)
    monkeypatch.setattr(
        lower.shutil,
        "rmtree",
        lambda path: (rmtree(path), seen.append({each.name for each in path.parent.glob("system-connections/*")})),
    )
    lower.copy(lower.VERBS["network_keep"], lambda _: None, now, kept)
    assert seen and all({"eth0", "wlan0"} <= names for names in seen)
    for folder in lower.VERBS["network_keep"]:
        assert {path.name: path.read_text() for path in (kept / folder).iterdir()} == {"eth0": "new", "wlan0": "new"}


def test_what_is_copied_down_is_on_the_disk_before_it_takes_the_place_of_the_file_before(
    tmp_path: Path, recorder: Recorder
) -> None:
    now, kept = tmp_path / "now", tmp_path / "kept"
    for root, zone in ((now, "Europe/Berlin"), (kept, "Etc/UTC")):
        (root / "etc").mkdir(parents=True)
        (root / "etc/timezone").write_text(zone)
        (root / "etc/fstab").write_text(f"{zone} # gatewright sd\n")
        (root / "etc/localtime").symlink_to(f"/usr/share/zoneinfo/{zone}")
    lower.copy(("etc/timezone", "etc/fstab", "etc/localtime"), lambda _: None, now, kept)
    timezone = [("sync", ".timezone.gatewright"), ("rename", "timezone")]
    fstab = [("sync", "fstab.gatewright"), ("rename", "fstab")]
    assert recorder.events == [*timezone, *fstab, ("rename", "localtime")]
    assert recorder.synced[".timezone.gatewright"] == b"Europe/Berlin"


def test_nothing_but_what_the_helper_changes_is_copied_down(tmp_path: Path) -> None:
    ran: list[Sequence[str]] = []
    with pytest.raises(ValueError, match="etc/shadow is not kept"):
        lower.copy(("etc/shadow",), ran.append, tmp_path, tmp_path)
    assert ran == []
