"""Groups: what is written into a control group tree, here one of plain files; tests/contract/test_groups.py has the kernel's."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from firmware.processes import groups as groups_module
from firmware.processes.groups import LIMITS, MOST_MEMORY, Group, Groups


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a service to which systemd has left its part; the kernel has memory's controller off, as that of Raspberry Pi OS."""
    monkeypatch.setattr(groups_module, "GONE_WITHIN_S", 0.0)
    base = tmp_path / "system.slice" / "gatewright.service"
    (base / "host").mkdir(parents=True)
    (base / "cgroup.procs").write_text("12\n")
    (base / "cgroup.controllers").write_text("cpu io pids\n")
    (tmp_path / "own").write_text("4:memory:/old\n0::/system.slice/gatewright.service\n")
    monkeypatch.setattr(groups_module.os, "getxattr", lambda path, name: b"1" if path == base else b"")
    return tmp_path


def of(tree: Path) -> Groups:
    return Groups.of_this_process(tree, tree / "own")


@pytest.mark.parametrize("leaf", ["", "/host"])
def test_the_host_goes_into_a_leaf_and_packages_beside_it_with_what_the_kernel_can_limit(tree: Path, leaf: str) -> None:
    (tree / "own").write_text(f"0::/system.slice/gatewright.service{leaf}\n")
    base = tree / "system.slice" / "gatewright.service"
    groups = of(tree)
    assert (base / "host" / "cgroup.procs").read_text() == "12"
    assert groups.kept == ("pids", "cpu")
    group = groups.of("ANPR")
    assert group is not None and group.path == base / "package-ANPR"
    written = {path.name: path.read_text() for path in group.path.iterdir()}
    assert written == {**LIMITS["pids"], **LIMITS["cpu"]}
    group.join(77)
    assert (group.path / "cgroup.procs").read_text() == "77"
    said = str(groups.about)
    assert "the kernel keeps each package as a whole within 512 processes and threads, " in said
    assert said.endswith(f"not kept here: {MOST_MEMORY >> 20} MB of memory")


def test_a_group_that_nobody_has_left_to_the_host_is_left_alone(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, name: str) -> bytes:
        raise OSError(errno.ENODATA, "No data available")

    monkeypatch.setattr(groups_module.os, "getxattr", refuse)
    groups = of(tree)
    assert groups.of("ANPR") is None and groups.kept == ()
    groups.end("ANPR")
    assert (tree / "system.slice" / "gatewright.service" / "cgroup.procs").read_text() == "12\n"
    assert str(groups.about).endswith("is ended; here the kernel keeps no limits of a package as a whole")
    assert Groups.of_this_process(tree, tree / "no-such-file").kept == ()


def test_a_kernel_that_refuses_a_limit_keeps_no_package_from_running(tree: Path) -> None:
    groups = of(tree)
    (tree / "system.slice" / "gatewright.service" / "package-ANPR" / "pids.max").mkdir(parents=True)
    assert groups.of("ANPR") is None


def test_each_kill_for_memory_is_told_once(tmp_path: Path) -> None:
    group = Group(tmp_path)
    assert not group.ran_out_of_memory()
    (tmp_path / "memory.events").write_text("low 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 0\n")
    assert [group.ran_out_of_memory() for _ in range(2)] == [True, False]
