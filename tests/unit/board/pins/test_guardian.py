"""Guardian: what its child is told, where it lives, and that neither a signal nor a full pipe gets between it and pins."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from board.gpio import open_gpio
from board.kit.child import ROOT, environment
from board.kit.plain import from_plain, to_plain
from board.kit.state import State
from board.pins import guardian as module
from board.pins import watch
from board.pins.guardian import Guardian
from board.profiles import load
from board.types import BoardProfile
from tests.waiting import until

PATIENCE_S = 20

RECORDER = """
import os, sys
name = os.path.join(sys.argv[2], f"heard-{os.getpid()}")
with open(name, "ab", buffering=0) as file:
    file.write(b"session %d\\n" % os.getsid(0))
    while data := os.read(0, 4096):
        file.write(data)
"""

DEAF = "import time; time.sleep(1000)"


def guardians() -> list[int]:
    """The children of this thread that run a guardian's program; other tests of this process may have left other children."""
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    return [int(number) for number in children if b"watch.py" in Path(f"/proc/{number}/cmdline").read_bytes()]


def child() -> int:
    """The process number of the only guardian."""
    (found,) = until(guardians, "a guardian")
    return int(found)


@pytest.fixture
def state(tmp_path):
    made = State(tmp_path)
    made.logs.mkdir()
    return made


@pytest.fixture
def start(state, tmp_path, monkeypatch):
    made = []

    def begin(program=None):
        if program is not None:
            script = tmp_path / "watch.py"
            script.write_text(program)
            monkeypatch.setattr(module, "WATCH", script)
        made.append(Guardian(state))
        return made[-1]

    yield begin
    for number in {child() for _ in made}:
        os.kill(number, signal.SIGKILL)
    for each in made:
        each.dismiss()


def heard(state, number):
    """Line by line; none before its child has begun."""
    file = state.root / f"heard-{number}"
    return file.read_text().split("\n") if file.exists() else []


def test_a_guardian_that_replaces_a_killed_one_is_told_by_when_pins_speaks_again(state, start):
    guardian = start(RECORDER)
    first = child()
    guardian.expect(123_456)
    until(lambda: heard(state, first)[1:2] == ["123456"], "the first guardian")
    os.kill(first, signal.SIGKILL)
    until(lambda: Path(f"/proc/{first}/stat").read_text().split(") ")[1].startswith("Z"), "its end")
    guardian.check()
    second = child()
    assert second != first
    until(lambda: heard(state, second)[1:2] == ["123456"], "the second guardian")


def test_a_guardian_and_the_one_that_replaces_it_know_the_lines_that_they_guard(state, start):
    guardian = start(RECORDER)
    first = child()
    profile = load(state)
    guardian.guard(profile)
    told = until(lambda: heard(state, first)[1:-1], "the lines")
    assert from_plain(BoardProfile, json.loads(told[0].removeprefix("board "))) == profile
    os.kill(first, signal.SIGKILL)
    until(lambda: Path(f"/proc/{first}/stat").read_text().split(") ")[1].startswith("Z"), "its end")
    guardian.check()
    until(lambda: heard(state, child())[1:-1] == told, "the same lines")


def test_a_guardian_that_begins_when_pins_is_dead_already_knows_the_lines_too(state):
    profile = load(state)
    (output, *_) = profile.outputs
    chip = open_gpio(profile, state)
    chip.claim_output(output.pin, True, "pins")
    chip.close()
    state.lines_file.write_text('{"outputs": [{"name": "DO1", "pi')
    dead = subprocess.Popen(["true"])
    dead.wait()
    said = b"board %s\n" % json.dumps(to_plain(profile)).encode()
    command = [sys.executable, "-P", module.WATCH, str(dead.pid), state.root, state.logs / "pins.log"]
    assert subprocess.run(command, env=environment(), cwd=ROOT, input=said, check=False).returncode == 0
    chip = open_gpio(profile, state)
    assert chip.level(output.pin) == 0
    chip.close()


def test_the_same_time_is_told_once_and_a_new_one_again(state, start):
    guardian = start(RECORDER)
    for due_ns in (5, 5, 7, 0):
        guardian.expect(due_ns)
    until(lambda: heard(state, child())[1:] == ["5", "7", "0", ""], "three times")


def test_the_guardian_has_a_session_of_its_own(state, start):
    start(RECORDER)
    number = child()
    until(lambda: heard(state, number)[:1] == [f"session {number}"], "its session")
    assert os.getsid(0) != number


def test_a_guardian_that_does_not_read_holds_pins_up_for_nothing(start):
    guardian = start(DEAF)

    def tell():
        for due_ns in range(1, 20_000):
            guardian.expect(due_ns * 1_000_000_000)

    telling = threading.Thread(target=tell, daemon=True)
    telling.start()
    telling.join(PATIENCE_S)
    assert not telling.is_alive()


ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


@pytest.fixture
def ending():
    """None of these is ignored by who starts the guardian, as each would be below nohup: it would be so by inheritance."""
    before = {each: signal.signal(each, lambda *_: None) for each in ENDING}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def test_the_guardian_ignores_what_ends_a_group_of_processes(start, ending):
    start()
    number = child()

    def ignored():
        status = Path(f"/proc/{number}/status").read_text()
        mask = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigIgn:")), 16)
        return all(mask >> (each - 1) & 1 for each in ENDING)

    until(ignored, "the signals are ignored")
    for each in ENDING:
        os.kill(number, each)
    time.sleep(0.2)
    assert child() == number


# --- hanging or starving ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "ran_ms", "starves"),
    [("R", 0, True), ("R", 3, True), ("R", 18, False), ("T", 0, False), ("S", 0, False), ("D", 0, False)],
    ids=["waits for a processor", "gets little of one", "spins", "stopped", "sleeps", "waits for a disk"],
)
def test_a_process_that_wants_a_processor_and_gets_none_is_told_from_one_that_hangs(tmp_path, monkeypatch, state, ran_ms, starves):
    task = tmp_path / "7" / "task" / "7"
    task.mkdir(parents=True)
    now_ns = 0
    monkeypatch.setattr(watch.time, "monotonic_ns", lambda: now_ns)

    def looks(ran_ns):
        (task / "stat").write_text(f"7 (py (x) {state}) {state} 1 7")
        (task / "schedstat").write_text(f"{ran_ns} 5 9\n")

    starving = watch.Starving(7, tmp_path)
    looks(1_000_000_000)
    starving.begin()
    now_ns = 20_000_000
    looks(1_000_000_000 + ran_ms * 1_000_000)
    assert starving.is_so() is starves


def test_a_process_that_is_gone_does_not_starve(tmp_path):
    starving = watch.Starving(7, tmp_path)
    starving.begin()
    assert starving.is_so() is False
