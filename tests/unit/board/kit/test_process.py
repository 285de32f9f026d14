"""Process: a log that cannot be kept is no reason not to start; a flood is bounded; the level follows the settings."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from board.kit import log_limit, process
from board.kit.process import TRACE, Life, open_log, set_log_levels
from board.kit.state import State

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    on_signal = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    yield root
    for number, handler in on_signal.items():
        signal.signal(number, handler)
    for added in [one for one in root.handlers if one not in handlers]:
        root.removeHandler(added)
        added.close()
    root.setLevel(level)


def test_a_disk_that_takes_no_log_sends_it_to_stderr_alone(
    tmp_path: Path, root_logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("not a folder")
    open_log(State(tmp_path), "pins")
    logging.getLogger("pins").info("all outputs at rest")
    said = capsys.readouterr().err
    assert f"ERROR root: the log is not kept in {tmp_path}/logs" in said
    assert "INFO pins: all outputs at rest" in said


def test_half_a_character_costs_no_line_of_the_log(tmp_path: Path, root_logger: logging.Logger) -> None:
    beside = open_log(State(tmp_path), "pins")
    # Past the loggers: what pytest's workers send each other takes none either.
    beside.handle(logging.makeLogRecord({"msg": "the server answers \ud800", "levelname": "WARNING", "levelno": 30}))
    assert (tmp_path / "logs" / "pins.log").read_text().endswith("the server answers \\ud800\n")


def test_a_disk_that_takes_neither_the_log_nor_stderr_stops_nobody(
    tmp_path: Path, root_logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").write_text("not a folder")
    full = Path("/dev/full").open("w", buffering=1)  # noqa: SIM115
    monkeypatch.setattr(sys, "stderr", full)
    open_log(State(tmp_path), "pins")
    for _ in range(3):
        logging.getLogger("pins").info("the gate opens")
    with suppress(OSError):
        full.close()


def test_a_disk_that_is_full_for_a_while_costs_one_line_and_the_lines_of_that_time(
    tmp_path: Path, root_logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    beside = open_log(State(tmp_path), "pins")
    file = tmp_path / "logs" / "pins.log"
    logging.getLogger("pins").info("before")
    kept = file.rename(tmp_path / "kept.log")
    in_file = beside._handlers[1]
    in_file.stream.close()  # type: ignore[attr-defined]
    in_file.stream = Path("/dev/full").open("w")  # type: ignore[attr-defined]  # noqa: SIM115
    file.symlink_to("/dev/full")
    for _ in range(3):
        logging.getLogger("pins").info("meanwhile")
    said = capsys.readouterr().err
    assert (said.count("the log is not kept in"), said.count("meanwhile"), said.count("Traceback")) == (1, 3, 0)
    file.unlink()
    kept.rename(file)
    logging.getLogger("pins").info("after")
    assert [line.rpartition(" ")[2] for line in file.read_text().splitlines()] == ["before", "after"]


def test_the_log_lies_in_its_file_and_on_stderr(
    tmp_path: Path, root_logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    open_log(State(tmp_path), "pins")
    logging.getLogger("pins").info("all outputs at rest")
    assert (tmp_path / "logs" / "pins.log").read_text() == capsys.readouterr().err


def test_the_heartbeat_goes_on_beside_long_work_for_as_long_as_was_granted(
    tmp_path: Path, root_logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "PATIENT_EVERY_S", 0.01)
    state = State(tmp_path)
    life = Life(state, "service")
    beat = state.beat("service")

    def beats_within(seconds: float) -> bool:
        os.utime(beat, ns=(0, 0))
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if beat.stat().st_mtime_ns:
                return True
            time.sleep(0.005)
        return False

    with life.patience(3600):
        assert beats_within(10)
    assert not beats_within(0.2)
    with life.patience(0):
        time.sleep(0.05)
        assert not beats_within(0.2)
    assert beat.stat().st_mtime_ns  # the work is over: the thread beats by itself


def test_a_flood_of_warnings_leaves_room_in_the_file(
    tmp_path: Path, root_logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        log_limit, "WARNINGS", log_limit.Pace(20, 3600.0)
    )  # a slow machine takes longer than the pace for all of them
    open_log(State(tmp_path), "service")
    for number in range(20_004):
        logging.getLogger("triggers").warning("message %d from %s discarded", number, "10.0.0.9")
    assert len((tmp_path / "logs" / "service.log").read_text().splitlines()) == 20


def test_a_log_level_is_in_force_in_every_process_from_its_next_beat(tmp_path: Path, root_logger: logging.Logger) -> None:
    state = State(tmp_path)
    open_log(state, "pins")
    life = Life(state, "pins")
    assert root_logger.level == logging.INFO
    set_log_levels(state, 4, {})
    life.beat()
    assert root_logger.level == logging.DEBUG
    set_log_levels(state, 1, {"engine": 5})
    life.beat()
    logging.getLogger("pins").warning("not written")
    assert (tmp_path / "logs" / "pins.log").read_text() == ""
    open_log(state, "service")  # one that starts later
    assert root_logger.level == logging.ERROR


def test_a_damaged_log_level_is_the_usual_one(tmp_path: Path, root_logger: logging.Logger) -> None:
    state = State(tmp_path)
    state.run.mkdir()
    for damage in ("", "9", "loud"):
        state.log_level_file.write_text(damage)
        Life(state, "pins").beat()
        open_log(state, "pins")
        assert root_logger.level == logging.INFO


def test_a_process_may_have_a_log_level_of_its_own(tmp_path: Path, root_logger: logging.Logger) -> None:
    state = State(tmp_path)
    open_log(state, "engine")
    life = Life(state, "engine")
    set_log_levels(state, 2, {"engine": 5, "manager": 4})
    life.beat()
    logging.getLogger("motion").log(TRACE, "motion 3.0, threshold 3")
    assert (tmp_path / "logs" / "engine.log").read_text().endswith(" TRACE motion: motion 3.0, threshold 3\n")
    Life(state, "manager").beat()
    open_log(state, "manager")
    assert root_logger.level == logging.DEBUG
    open_log(state, "service")
    assert root_logger.level == logging.WARNING
    set_log_levels(state, 2, {"manager": 4})  # the engine's is switched off again
    life.beat()
    assert root_logger.level == logging.WARNING


STORMED = """
import os, signal, sys, threading, time
from pathlib import Path
from board.kit.process import Life
from board.kit.state import State

life = Life(State(Path(sys.argv[1])), "vms")

def storm():
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=storm, daemon=True).start()
until = time.monotonic() + 1.2
while time.monotonic() < until:
    life.stop.wait(0.0001)
assert life.stop.is_set()
"""


def test_a_process_that_is_told_to_end_again_and_again_ends(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", STORMED, str(tmp_path)], cwd=ROOT, timeout=60).returncode == 0


HUNG_UP = """
import os, signal, sys
from pathlib import Path
from board.kit.process import Life
from board.kit.state import State

if "nohup" in sys.argv:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
life = Life(State(Path(sys.argv[1])), "host")
os.kill(os.getpid(), signal.SIGHUP)
print(life.stop.is_set())
"""


@pytest.mark.parametrize(("how", "ends"), [("a terminal that closes", True), ("nohup", False)])
def test_a_terminal_that_closes_ends_a_process_in_order(tmp_path: Path, how: str, ends: bool) -> None:
    done = subprocess.run([sys.executable, "-c", HUNG_UP, str(tmp_path), how], cwd=ROOT, timeout=60, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == (f"{ends}\n", 0), done.stderr


def test_who_waits_is_woken_by_a_signal(tmp_path: Path) -> None:
    told, woken = process.Told(), threading.Event()
    waiting = threading.Thread(target=lambda: told.wait(60) and woken.set())
    waiting.start()
    told.set_by_signal()
    assert told.is_set() and woken.wait(20)
    waiting.join(20)
