"""Supervisor: real small processes that die, hang, crash or will not stop; outputs are made safe each time pins dies."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from board.kit.state import State
from board.pins.watch import Starving
from firmware.packages.manifest import Health, ProcessSpec
from firmware.processes import excess, launch
from firmware.processes import supervisor as module
from firmware.processes.launch import _Said
from firmware.processes.leftovers import end_leftovers
from firmware.processes.supervisor import ProcessStatus, Supervisor
from tests.tiny_package import PROGRAM
from tests.waiting import until

PATIENT = Health(grace_s=60, silent_s=60)


class Camera:
    """A state folder, a slot with the tiny program, and what was made safe when."""

    def __init__(self, folder: Path) -> None:
        self.state = State(folder / "state")
        self.state.run.mkdir(parents=True)
        self.slot = folder / "slot"
        (self.slot / "lib" / "tiny").mkdir(parents=True)
        (self.slot / "lib" / "tiny" / "__main__.py").write_text(PROGRAM)
        self.safe: list[list[ProcessStatus]] = []
        self.running: list[Supervisor] = []

    def start(self, health: Health = PATIENT, restart: bool = True, silent_s: float | None = None, **modes: str) -> Supervisor:
        """`silent_s` is that of the first process."""
        specs = tuple(
            ProcessSpec(name, order, "tiny", (mode, name), silent_s if order == 1 else None)
            for order, (name, mode) in enumerate(modes.items(), 1)
        )
        environment = {
            "PYTHONPATH": str(self.slot / "lib"),
            "GATEWRIGHT_LICENSED": "1",
            "GATEWRIGHT_STATE": str(self.state.root),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        started = Supervisor(specs, self.slot, self.state, environment, health, self.make_safe, restart)
        self.running.append(started)
        started.start()
        return started

    def make_safe(self) -> None:
        self.safe.append(list(self.running[-1].status))

    def told(self) -> list[list[str]]:
        """[name, pid, mode, licensed] of every process that began, in order."""
        path = self.state.root / "told.txt"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Camera]:
    monkeypatch.setattr(module, "TICK_S", 0.1)
    made = Camera(tmp_path)
    yield made
    for each in made.running:
        if each.alive:
            each.stop()


def status(supervisor: Supervisor, name: str) -> ProcessStatus:
    return next(process for process in supervisor.status if process.name == name)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_processes_start_with_the_state_folder_and_stop_at_sigterm_with_safe_outputs(camera: Camera) -> None:
    supervisor = camera.start(pins="live", engine="live")
    until(lambda: len(camera.told()) == 2)
    pids = [process.pid for process in supervisor.status]
    assert [process.name for process in supervisor.status] == ["pins", "engine"]
    assert camera.safe == []
    supervisor.stop()
    assert all(map(gone, pids))
    assert [process.pid for process in supervisor.status] == [0, 0]
    assert len(camera.safe) >= 1
    assert supervisor.crashes == 0


def test_a_killed_process_is_started_again_and_counted(camera: Camera) -> None:
    supervisor = camera.start(pins="live", engine="live")
    until(lambda: len(camera.told()) == 2)
    first = status(supervisor, "engine").pid
    os.kill(first, signal.SIGKILL)
    until(lambda: status(supervisor, "engine").pid not in (0, first))
    assert status(supervisor, "engine").restarts == 1
    assert str(status(supervisor, "engine").error) == "killed by SIGKILL"
    assert supervisor.crashes == 1
    assert camera.safe == []
    assert status(supervisor, "pins").restarts == 0


def test_a_crash_begins_anew_the_time_for_which_all_have_beaten(camera: Camera) -> None:
    supervisor = camera.start(pins="live", engine="live")
    until(lambda: supervisor.beating_s > 1.5)
    first, killed_s = status(supervisor, "engine").pid, time.monotonic()
    os.kill(first, signal.SIGKILL)
    until(lambda: status(supervisor, "engine").pid not in (0, first) and supervisor.beating_s > 0)
    assert supervisor.beating_s <= time.monotonic() - killed_s


def test_outputs_are_made_safe_before_a_killed_pins_is_started_again(camera: Camera) -> None:
    supervisor = camera.start(pins="live", engine="live")
    until(lambda: len(camera.told()) == 2)
    first = status(supervisor, "pins").pid
    os.kill(first, signal.SIGKILL)
    until(lambda: status(supervisor, "pins").pid not in (0, first))
    assert len(camera.safe) == 1
    assert [process.pid for process in camera.safe[0] if process.name == "pins"] == [first]  # not yet the new one


def test_a_crash_loop_waits_longer_each_time_and_keeps_the_last_words(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACK_OFF_S", (0.0, 0.1, 3600.0))
    supervisor = camera.start(engine="crash")
    until(lambda: supervisor.crashes == 3)
    until(lambda: status(supervisor, "engine").waiting)
    assert str(status(supervisor, "engine").error) == "exit code 1 (the lens fell off)"
    assert (status(supervisor, "engine").restarts, len(camera.told())) == (2, 3)
    supervisor.stop()


def test_the_process_that_drives_the_outputs_never_waits_as_long_as_others(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACK_OFF_S", (3600.0,))
    assert module.SHORT_BACK_OFF_S[0] == 0 and max(module.SHORT_BACK_OFF_S) <= 2
    monkeypatch.setattr(module, "SHORT_BACK_OFF_S", (0.0, 0.05))
    supervisor = camera.start(pins="crash", engine="crash")
    until(lambda: status(supervisor, "pins").restarts >= 3)
    assert (status(supervisor, "engine").state, status(supervisor, "engine").restarts) == ("waiting", 0)


def test_a_gates_process_that_had_beaten_before_it_died_never_waits_long(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACK_OFF_S", (3600.0,))
    monkeypatch.setattr(module, "SHORT_BACK_OFF_S", (0.0, 0.05))
    supervisor = camera.start(PATIENT, silent_s=60, service="live", manager="live")
    for deaths in (1, 2, 3):
        until(lambda: status(supervisor, "service").state == "up")
        os.kill(status(supervisor, "service").pid, signal.SIGKILL)
        until(lambda deaths=deaths: status(supervisor, "service").restarts == deaths)
    until(lambda: status(supervisor, "manager").state == "up")
    os.kill(status(supervisor, "manager").pid, signal.SIGKILL)
    until(lambda: status(supervisor, "manager").waiting)


def test_a_gates_process_that_once_lived_never_waits_long_though_it_now_dies_before_it_beats(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACK_OFF_S", (3600.0,))
    monkeypatch.setattr(module, "SHORT_BACK_OFF_S", (0.0, 0.05))
    supervisor = camera.start(PATIENT, silent_s=60, service="live", manager="live")
    until(lambda: status(supervisor, "service").state == "up")
    program = camera.slot / "lib" / "tiny" / "__main__.py"
    program.write_text("raise SystemExit(3)")
    os.kill(status(supervisor, "service").pid, signal.SIGKILL)
    until(lambda: status(supervisor, "service").restarts >= 4)
    program.write_text(PROGRAM)  # what hindered it has passed
    until(lambda: status(supervisor, "service").state == "up")


def test_a_process_that_is_silent_because_it_gets_no_processor_is_given_more_time(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[bool] = []

    def is_so(starving: Starving) -> bool:
        answers.append(True)
        return True

    monkeypatch.setattr(Starving, "is_so", is_so)
    supervisor = camera.start(Health(grace_s=0.5, silent_s=0.5), engine="hang", manager="live")
    until(lambda: status(supervisor, "engine").restarts >= 1)
    assert len(answers) >= 3, "it was looked at again and again before"


def test_a_process_without_a_heartbeat_is_killed_and_started_again(camera: Camera) -> None:
    supervisor = camera.start(Health(grace_s=0.5, silent_s=0.5), engine="hang", manager="live")
    until(lambda: status(supervisor, "engine").restarts >= 1)
    assert str(status(supervisor, "engine").error) == "hung: no heartbeat; killed"
    assert status(supervisor, "manager").restarts == 0


def test_a_process_may_be_hung_sooner_than_the_others(camera: Camera) -> None:
    supervisor = camera.start(PATIENT, silent_s=0.5, pins="hang", engine="live")
    until(lambda: len(camera.told()) == 2)
    first = status(supervisor, "pins").pid
    camera.state.beat("pins").touch()  # its first heartbeat: from now on the short patience counts
    until(lambda: status(supervisor, "pins").pid not in (0, first))
    assert str(status(supervisor, "pins").error) == "hung: no heartbeat; killed"
    assert status(supervisor, "engine").restarts == 0
    assert len(camera.safe) == 1


@pytest.mark.parametrize(
    ("most", "said"),
    [("MOST_BYTES", "took more than 0 MB of memory; killed"), ("MOST_PROCESSES", "started more than 1 processes; killed")],
)
def test_a_process_that_takes_too_much_is_ended_with_all_that_it_started_and_its_neighbour_runs_on(
    camera: Camera, monkeypatch: pytest.MonkeyPatch, most: str, said: str
) -> None:
    monkeypatch.setattr(excess, "LOOK_EVERY_S", 0.0)
    real, judged = excess.sessions, set[int]()
    # from the start, so that no look that has begun judges the neighbour by the new limit
    monkeypatch.setattr(excess, "sessions", lambda wanted: real(judged.intersection(wanted)))
    supervisor = camera.start(pins="live", manager="forks")
    child = until(lambda: int(camera.state.root.joinpath("child.pid").read_text()))
    neighbour = status(supervisor, "pins").pid
    monkeypatch.setattr(excess, most, 1)
    judged.add(status(supervisor, "manager").pid)
    until(lambda: str(status(supervisor, "manager").error) == said)
    monkeypatch.setattr(excess, most, 1 << 40)
    until(lambda: gone(child) or ") Z " in Path(f"/proc/{child}/stat").read_text())  # who inherits it may reap it late
    assert status(supervisor, "pins").pid == neighbour


def test_what_is_on_the_way_to_too_much_is_looked_at_again_at_once(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excess, "LOOK_EVERY_S", 3600.0)
    monkeypatch.setattr(excess, "LOOK_SOON_S", 0.0)
    real, looks = excess.sessions, iter(range(1_000_000))
    monkeypatch.setattr(excess.Taken, "much", property(lambda taken: True))

    def growing(wanted: Collection[int]) -> dict[int, excess.Taken]:
        return {each: replace(taken, resident=(excess.MOST_BYTES + 1) * (next(looks) > 20)) for each, taken in real(wanted).items()}

    monkeypatch.setattr(excess, "sessions", growing)
    supervisor = camera.start(pins="live")
    until(lambda: "took more than" in str(status(supervisor, "pins").error))


def test_a_process_opens_a_bounded_number_of_files_and_leaves_no_core_among_the_signed_files(camera: Camera) -> None:
    camera.start(pins="live")
    pid = until(lambda: next((each.pid for each in camera.running[0].status if each.pid), 0))
    until(lambda: camera.state.beat("pins").exists())
    limits = {line[:26].strip(): line[26:47].split()[0] for line in Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]}
    assert (int(limits["Max open files"]) <= 4096, limits["Max core file size"]) == (True, "0")


def test_exit_code_0_means_start_me_again_and_is_no_crash(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUICK_EXIT_S", 0.0)
    supervisor = camera.start(service="live")
    until(lambda: len(camera.told()) == 1)
    os.kill(status(supervisor, "service").pid, signal.SIGTERM)
    until(lambda: len(camera.told()) == 2)
    assert (supervisor.crashes, str(status(supervisor, "service").error)) == (0, "")


def test_leaving_at_once_with_exit_code_0_counts_as_a_crash(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACK_OFF_S", (3600.0,))
    supervisor = camera.start(engine="leave")
    until(lambda: str(status(supervisor, "engine").error) == "exit code 0")
    assert supervisor.crashes == 1


def test_a_process_without_a_licence_is_left_alone(camera: Camera) -> None:
    supervisor = camera.start(engine="no_licence", manager="live")
    until(lambda: str(status(supervisor, "engine").error) == "no licence")
    assert (status(supervisor, "engine").waiting, supervisor.crashes) == (False, 0)


def test_runmode_once_leaves_a_dead_process_dead(camera: Camera) -> None:
    supervisor = camera.start(restart=False, engine="crash", manager="live")
    until(lambda: supervisor.crashes == 1 and len(camera.told()) == 2)
    assert (status(supervisor, "engine").waiting, status(supervisor, "engine").restarts) == (False, 0)


def test_a_process_that_ignores_sigterm_is_killed(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_WITHIN_S", 0.3)
    supervisor = camera.start(engine="stubborn")
    until(lambda: len(camera.told()) == 1)
    pid = status(supervisor, "engine").pid
    supervisor.stop()
    assert gone(pid)


def test_what_hangs_in_the_kernel_and_cannot_be_killed_keeps_nobody_from_stopping_the_rest(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera's driver, say: whoever pressed Stop or Restart waited for ever, and so did everybody after him."""
    monkeypatch.setattr(module, "STOP_WITHIN_S", 0.1)
    monkeypatch.setattr(module, "KILLED_WITHIN_S", 0.1)
    supervisor = camera.start(pins="live", engine="live")
    pins, engine = (next(each for each in supervisor._processes if each.spec.name == name) for name in ("pins", "engine"))
    until(lambda: len(camera.told()) == 2)
    assert engine.child is not None and pins.child is not None
    real, number, pid = engine.child, os.eventfd(0), pins.child.pid
    waited: list[str] = []
    engine.child = SimpleNamespace(
        pid=real.pid, said=-1, fileno=lambda: number, died=lambda: False, hear=bytes, terminate=real.terminate, kill=real.kill,
        reap=lambda: waited.append("for it"),
    )  # fmt: skip
    supervisor.stop()
    assert waited == [] and gone(pid)
    real.reap()
    os.close(number)


def test_nor_does_a_check_that_hangs_there_keep_a_package_from_being_uploaded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "KILLED_WITHIN_S", 0.0)
    number, did = os.eventfd(0), []
    child: Any = SimpleNamespace(
        fileno=lambda: number, died=lambda: False, hear=bytes, kill=lambda: did.append("kill"), reap=lambda: did.append("wait")
    )
    with pytest.raises(TimeoutError):
        launch.run_to_end(lambda order: child, launch.Order("check", (), Path("/"), {}), 0.0)
    assert did == ["kill"]
    os.close(number)


def test_a_failing_safe_routine_does_not_stop_the_restart(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("no chip")

    monkeypatch.setattr(camera, "make_safe", broken)
    supervisor = camera.start(pins="live")
    until(lambda: len(camera.told()) == 1)
    first = status(supervisor, "pins").pid
    os.kill(first, signal.SIGKILL)
    until(lambda: status(supervisor, "pins").pid not in (0, first))


def test_children_die_when_their_host_is_killed(camera: Camera) -> None:
    script = f"""
import sys, time
from pathlib import Path
from board.kit.state import State
from firmware.packages.manifest import Health, ProcessSpec
from firmware.processes.supervisor import Supervisor
env = {{"PYTHONPATH": {str(camera.slot / "lib")!r}, "GATEWRIGHT_LICENSED": "1"}}
spec = ProcessSpec("engine", 1, "tiny", ("live", "engine"))
Supervisor((spec,), Path({str(camera.slot)!r}), State(Path({str(camera.state.root)!r})), env, Health(), lambda: None).start()
time.sleep(600)
"""
    host = subprocess.Popen([sys.executable, "-c", script], cwd=Path(module.__file__).parents[2])
    until(lambda: len(camera.told()) == 1)
    child = int(camera.told()[0][1])
    host.kill()
    host.wait()
    until(lambda: gone(child))


def test_leftovers_of_an_earlier_host_are_found_by_their_state_and_ended(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    ours, other = (
        subprocess.Popen([sys.executable, "-c", code], env={"GATEWRIGHT_STATE": str(root)}, stdout=subprocess.PIPE)
        for root in (state.root, tmp_path / "another")
    )
    for process in (ours, other):
        assert process.stdout is not None and process.stdout.readline() == b"up\n"
    begun = time.monotonic()
    assert end_leftovers(state, stop_within_s=0.2) == 1
    assert ours.wait(20) == -signal.SIGKILL
    assert other.poll() is None
    assert time.monotonic() > begun
    other.kill()
    for process in (ours, other):
        process.communicate()


def test_a_process_that_never_stops_writing_does_not_keep_the_supervisor_from_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = itertools.count()

    def endless(file: int, size: int) -> bytes:
        assert next(reads) < 1000
        return b"x" * size

    monkeypatch.setattr(os, "read", endless)
    process = SimpleNamespace(child=_Said(os.open("/dev/null", os.O_RDONLY)), tail=bytearray())
    module._listen(process)  # type: ignore[arg-type]
    process.child.close()
    assert process.tail == b"x" * module.TAIL_BYTES


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),  # off, and meant to be
        ({"due": 5.0, "error": "exit code 1"}, "is not running: exit code 1"),
        ({"child": True}, "does not beat yet"),
        ({"child": True, "beat_at": 3.0}, ""),
        ({"child": True, "beat_at": 3.0, "hung": True}, "hangs"),
    ],
)
def test_a_process_is_ill_while_it_ought_to_beat_and_does_not(changes: dict[str, object], words: str) -> None:
    process = module._Process(ProcessSpec("engine", 1, "tiny", ()))
    for name, value in changes.items():
        setattr(process, name, value)
    assert str(module._ill(process)) == words
