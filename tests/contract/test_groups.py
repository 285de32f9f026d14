"""Groups against the kernel's control groups; skipped where there are none. `./scripts/hil --board virtual` has them in a guest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.processes import groups as groups_module
from firmware.processes.groups import LIMITS, Group, Groups
from tests.waiting import until

TREE = Path("/sys/fs/cgroup")


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> Iterator[Groups]:
    """Of a group that is left to us, in which a process runs."""
    base = TREE / f"gatewright-test-{os.getpid()}"
    try:
        offered = (TREE / "cgroup.controllers").read_text().split()
        assert {"memory", "pids", "cpu"} <= set(offered)
        (TREE / "cgroup.subtree_control").write_text("+memory +pids +cpu")
        base.mkdir()
    except (OSError, AssertionError):
        pytest.skip("no cgroup2 with memory, pids and cpu that this user may divide")
    monkeypatch.setattr(groups_module, "LIMITS", {**LIMITS, "memory": {"memory.max": str(48 << 20)}, "pids": {"pids.max": "5"}})
    host = begun("input()", Group(base))
    made = Groups(base)
    yield made
    assert host.poll() is None and (base / "host" / "cgroup.procs").read_text().split() == [str(host.pid)]
    host.kill()
    host.wait()
    for path in (base / "host", base):
        until(lambda path=path: path.rmdir() is None)


def begun(program: str, group: Group) -> subprocess.Popen[bytes]:
    """A process that runs `program` in the group."""
    command = [sys.executable, "-c", f"import sys; sys.stdin.buffer.read(1)\n{program}"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    group.join(process.pid)
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()
    return process


def package(groups: Groups) -> Group:
    found = groups.of("TINY")
    assert found is not None
    return found


def test_what_takes_more_memory_than_its_package_may_is_killed_and_that_is_known(groups: Groups) -> None:
    assert groups.kept == ("memory", "pids", "cpu")
    group = package(groups)
    with begun("found = [bytearray(b'x' * (1 << 20)) for _ in range(200)]", group) as process:
        assert process.wait() == -9
    assert [group.ran_out_of_memory() for _ in range(2)] == [True, False]
    groups.end("TINY")
    assert not group.path.exists()


def test_a_package_that_starts_processes_without_end_gets_no_more_at_its_limit(groups: Groups) -> None:
    forks = "import os\nfor started in range(20):\n try:\n  os.fork() or os.read(0, 1)\n except OSError: break\nprint(started)"
    with begun(forks, package(groups)) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) == 4
        groups.end("TINY")
    assert not package(groups).ran_out_of_memory()
    groups.end("TINY")


def test_a_process_that_has_got_away_from_its_parents_ends_with_the_package(groups: Groups) -> None:
    fork = "import os, time\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n"
    away = fork + "  print(os.getpid(), flush=True)\n  time.sleep(600)"
    group = package(groups)
    with begun(away, group) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
    assert str(pid) in (group.path / "cgroup.procs").read_text().split()
    groups.end("TINY")
    until(lambda: not Path(f"/proc/{pid}").exists())
    assert not group.path.exists()
