"""Starter: what the host has it start is another user, only that, and ends with the host; nobody else's orders reach further."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import apart

ROOT = Path(__file__).parents[4]
STARTER = ROOT / "firmware" / "processes" / "starter.py"

BEGIN = """
import json, os, select, sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from firmware.processes.launch import Order, Starter
from firmware.processes.launch import run_to_end as run
from board.kit import children
starter = Starter.of_environment()
found = {{}}
def order(name, program, **more):
    return Order(name, (sys.executable, "-c", program), Path("/"), {{"PYTHONPATH": {root!r}, **os.environ}}, **more)
def status(name):
    return dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())[name].split()
"""
WHO = (
    "import os, json; print(json.dumps([os.getresuid(), os.getresgid(), sorted(os.getgroups()), os.getsid(0) == os.getpid(),"
    " [line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapPrm', 'CapEff', 'CapAmb'))],"
    " sorted(int(each) for each in os.listdir('/proc/self/fd'))[:-1]]))"
)


@pytest.fixture
def folder() -> Iterator[Path]:
    if not apart.permitted():
        pytest.skip("this user may not change users in a mount namespace")
    made = Path(tempfile.mkdtemp(prefix="starter-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def as_host(folder: Path, program: str) -> Any:
    """What `program` left in `found`, run as the host's user beside a starter."""
    script = folder / "host.py"
    script.write_text(BEGIN.format(root=str(ROOT)) + program + "\nprint(json.dumps(found))\n")
    command = [sys.executable, "-I", "-S", str(STARTER), "gatewright", sys.executable, str(script)]
    done = subprocess.run(apart.inside(folder, *command), cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_process_is_its_own_user_with_its_groups_and_no_privilege(folder: Path) -> None:
    found = as_host(folder, f"found = run(starter.launch, order('manager', {WHO!r}, tells=True), 20)")
    user = apart.number("gatewright-manager")
    groups = sorted([user, *(apart.number(group) for group in apart.users()["gatewright-manager"])])
    assert found[0] == 0
    assert json.loads(found[1]) == [[user] * 3, [user] * 3, groups, True, ["0000000000000000"] * 3, [0, 1, 2]]


def test_a_process_that_serves_may_open_low_ports_and_nothing_else(folder: Path) -> None:
    found = as_host(folder, f"found = run(starter.launch, order('vms', {WHO!r}, tells=True), 20)")
    assert json.loads(found[1])[4] == ["0000000000000400"] * 3


def test_the_ftp_server_may_shut_itself_into_its_folder_besides_and_has_no_right_afterwards(folder: Path) -> None:
    confined = (
        f"import json, sys; sys.path.insert(0, {str(ROOT)!r}); from firmware.ftp.confine import confine; from pathlib import Path\n"
        "def caps(file): return [line.split()[1] for line in file if line.startswith(('CapPrm', 'CapEff', 'CapAmb'))]\n"
        "before, after = (open('/proc/self/status') for _ in range(2)); had = caps(before)\n"
        "how = confine(Path('/proc'), 1 << 20, 64).how; print(json.dumps([had, how, caps(after)]))"
    )
    found = as_host(folder, f"found = run(starter.launch, order('ftp', {confined!r}, tells=True), 20)")
    assert json.loads(found[1]) == [["0000000000040400"] * 3, "sees nothing but its folder", ["0000000000000000"] * 3]


def test_it_starts_nothing_as_root_as_the_host_or_as_somebody_unknown(folder: Path) -> None:
    program = """
found["refused"] = []
for name in ("root", "../root", "nobody", "", "unknown", "pins\\n", "x" * 22):
    try:
        starter.launch(order(name, ""))
    except OSError as why:
        found["refused"].append(why.strerror)
"""
    assert as_host(folder, program)["refused"] == [
        "there is no user gatewright-root",
        "it has no name of a process",
        "there is no user gatewright-nobody",
        "it has no name of a process",
        "there is no user gatewright-unknown",
        "it has no name of a process",
        "it has no name of a process",
    ]


def test_what_cannot_be_run_says_why(folder: Path) -> None:
    program = """
try:
    starter.launch(Order("pins", ("/no/such/program",), Path("/"), {}))
except OSError as why:
    found["said"] = why.strerror
"""
    assert as_host(folder, program) == {"said": "No such file or directory"}


def test_it_ends_a_process_with_its_group_and_tells_its_end(folder: Path) -> None:
    program = """
forks = "import os, time, sys; os.fork(); print('here', file=sys.stderr, flush=True); time.sleep(60)"
child = starter.launch(order("engine", forks))
said = b""
while said.count(b"here") < 2:
    said += child.hear()
    time.sleep(0.01)
found["runs"] = not child.died()
child.kill()
select.select([child], [], [])
found["died"] = child.died()
while child.said >= 0:  # once nobody of its group holds it any more
    child.hear()
    time.sleep(0.01)
found["code"] = child.reap()
child = starter.launch(order("engine", "import time; time.sleep(60)"))
child.terminate()
found["asked"] = child.reap()
found["itself"] = starter.launch(order("engine", "raise SystemExit(7)")).reap()
"""
    assert as_host(folder, program) == {"runs": True, "died": True, "code": -9, "asked": -15, "itself": 7}


def test_a_process_has_started_what_it_may_and_nothing_else(folder: Path) -> None:
    program = """
asks = '''
import os, sys
from board.kit import children
child = children.start("video", [sys.executable, "-c", "import os; os.write(2, b'%d' % os.getuid())"], ())
print(" code", child.wait(20), child.poll())
try:
    children.start("pins", [sys.executable, "-c", ""], ())
except OSError as why:
    print(why.strerror)
'''
found["said"] = run(starter.launch, order("vms", asks, starts=("video",), tells=True), 30)
"""
    video = apart.number("gatewright-video")
    assert as_host(folder, program)["said"] == [0, f"{video} code 0 0\npins is not its to start\n"]


def test_with_its_host_or_its_starter_every_process_ends(folder: Path) -> None:
    program = """
child = starter.launch(order("pins", "import time; time.sleep(60)"))
mother = int(Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[1])
found["pid"], found["alive"] = child.pid, starter.alive()
"""
    found = as_host(folder, program)
    assert found["alive"]
    from tests.waiting import until

    until(lambda: not Path(f"/proc/{found['pid']}").exists(), "the end of the process")


def test_a_process_and_what_it_has_started_join_the_group_that_the_host_names_and_others_none(folder: Path) -> None:
    program = """
from firmware.processes.groups import Group
group = Path(__file__).parent / "limits"
group.mkdir()
os.mkfifo(group / "cgroup.procs")
joined = os.open(group / "cgroup.procs", os.O_RDWR | os.O_NONBLOCK)
asks = '''
import sys
from board.kit import children
children.start("video", [sys.executable, "-c", "pass"], ()).wait(20)
'''
found["code"] = run(starter.launch, order("vms", asks, starts=("video",), group=Group(group)), 30)[0]
run(starter.launch, order("engine", "pass"), 30)
found["joined"] = os.read(joined, 10).decode()
"""
    folder.chmod(0o777)
    assert as_host(folder, program) == {"code": 0, "joined": "00"}
