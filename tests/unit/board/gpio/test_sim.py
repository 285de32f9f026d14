"""Simulated chip: what it keeps between processes, its edge log, its wires, and inputs moved from outside."""

import json
import os
import queue
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from board.gpio.sim import MAX_LOG_BYTES, SimChip, plug_wire, set_input, show
from board.kit.errors import BoardError, ConfigError, PinBusy
from board.kit.sockets import short_address
from board.kit.state import State
from board.profiles import all_profiles, load

SIM = all_profiles()["sim"]
DO1, DI1, D0 = SIM.outputs[0].pin, SIM.inputs[0].pin, SIM.wiegand[0].d0


@pytest.fixture
def state(tmp_path):
    return State(tmp_path)


def log(state):
    return [json.loads(line) for line in (state.sim / "edges.jsonl").read_text().splitlines()]


def test_a_change_is_logged_with_its_line_level_and_time_and_no_change_is_not(state):
    chip = SimChip(SIM, state)
    chip.claim_output(DO1, False, "test")
    chip.write(DO1, True)
    chip.write(DO1, True)
    chip.write(DO1, False)
    edges = log(state)
    assert [(edge["line"], edge["level"]) for edge in edges] == [("DO1", 1), ("DO1", 0)]
    assert edges[0]["t_ns"] < edges[1]["t_ns"]
    assert set(edges[0]) == {"t_ns", "line", "level"}


def test_a_hurried_change_is_logged_with_the_next_one(state):
    chip = SimChip(SIM, state)
    chip.claim_output(D0, True, "test")
    chip.write(D0, False, hurry=True)
    assert chip.read(D0) is False and log(state) == []
    chip.write(D0, True)
    assert [edge["level"] for edge in log(state)] == [0, 1]


def test_lines_have_their_rest_level_before_anybody_claims_them(state):
    assert show(state) == [(line, level, "") for line, level in
                           [("DO1", 0), ("DO2", 0), ("DI1", 0), ("DI2", 0), ("W1.D0", 1), ("W1.D1", 1)]]  # fmt: skip


def test_a_level_outlives_its_process_and_the_claim_does_not(state):
    script = (
        "import sys, os; from pathlib import Path; from board.kit.state import State; from board.gpio.sim import SimChip\n"
        "from board.profiles import load; state = State(Path(sys.argv[1]))\n"
        "chip = SimChip(load(state), state); chip.claim_output(1, True, 'doomed'); os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}
    done = subprocess.run([sys.executable, "-c", script, str(state.root)], env=environment, check=False)
    assert done.returncode == -9
    assert show(state)[0] == ("DO1", 1, "")
    SimChip(SIM, state).claim_output(DO1, False, "next")
    assert [edge["level"] for edge in log(state)] == [1, 0]


def test_a_taken_line_names_the_process(state):
    chip = SimChip(SIM, state)
    chip.claim_output(DO1, False, "pins")
    with pytest.raises(PinBusy, match=rf"DO1 \(pin 1\) is taken by pins \(pid {os.getpid()}\)"):
        SimChip(SIM, state).claim_output(DO1, True, "other")
    assert show(state)[0] == ("DO1", 0, f"pins (pid {os.getpid()})")


def test_a_line_is_claimed_only_in_its_direction(state):
    chip = SimChip(SIM, state)
    with pytest.raises(BoardError, match=r"DI1 .* is an input: it cannot be an output"):
        chip.claim_output(DI1, True, "test")
    with pytest.raises(BoardError, match=r"DO1 .* is an output: it cannot be an input"):
        chip.claim_input(DO1, "up", "test")


def test_an_input_moved_from_outside_reaches_every_watcher(state):
    chip = SimChip(SIM, state)
    chip.claim_input(DI1, "down", "test")
    edges = queue.Queue()
    chip.watch([DI1], lambda pin, level, t_ns: edges.put((pin, level, t_ns)))
    set_input(state, "DI1", 1)
    assert edges.get(timeout=20) == (DI1, True, log(state)[0]["t_ns"])
    assert chip.read(DI1) is True
    set_input(state, "DI1", 1)
    set_input(state, "DI2", 1)
    set_input(state, "DI1", 0)
    assert edges.get(timeout=20)[:2] == (DI1, False)
    chip.close()


def test_a_watcher_that_died_does_not_hold_anybody_up(state):
    SimChip(SIM, state).close()
    dead = state.sim / "watch" / "1-1.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as watcher, short_address(dead) as address:
        watcher.bind(address)
    set_input(state, "DI1", 1)
    assert show(state)[2] == ("DI1", 1, "")
    assert not dead.exists()


@pytest.mark.parametrize(("name", "level", "why"), [("DO1", 1, "input 'DO1'"), ("DI3", 1, "input 'DI3'"), ("DI1", 2, "0 or 1")])
def test_what_is_no_input_or_no_level_is_refused(state, name, level, why):
    with pytest.raises(BoardError, match=why):
        set_input(state, name, level)


def test_inputs_of_a_real_board_are_not_moved(state):
    state.board_file.write_text('{"profile": "pi4"}')
    with pytest.raises(BoardError, match="Raspberry Pi 4 is not simulated"):
        set_input(state, "DI1", 1)
    with pytest.raises(BoardError, match="Raspberry Pi 4 is not simulated"):
        plug_wire(state, "DO1", "DI1")


def test_a_wire_carries_the_output_to_the_input_in_the_log_too(state):
    plug_wire(state, "DO1", "DI1")
    chip = SimChip(load(state), state)
    chip.claim_output(DO1, False, "test")
    chip.claim_input(DI1, "down", "test")
    chip.write(DO1, True)
    assert chip.read(DI1) is True
    edges = log(state)
    assert [(edge["line"], edge["level"]) for edge in edges] == [("DO1", 1), ("DI1", 1)]
    with pytest.raises(BoardError, match="DI1 is wired to DO1, which drives it"):
        set_input(state, "DI1", 0)


def test_a_wire_can_be_moved_and_pulled_out(state):
    plug_wire(state, "W1.D0", "DI1")
    assert show(state)[2] == ("DI1", 1, "")  # the wire idles high
    plug_wire(state, "W1.D0", "DI2")
    assert load(state).wires == (("W1.D0", "DI2"),)
    plug_wire(state, "W1.D0", "")
    assert load(state).wires == ()
    with pytest.raises(ConfigError, match="the wire from DO9 to DI1"):
        plug_wire(state, "DO9", "DI1")


def test_a_full_disk_does_not_keep_an_output_from_moving(state, monkeypatch, caplog):
    chip = SimChip(SIM, state)
    chip.claim_output(DO1, False, "test")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    chip.write(DO1, True)
    chip.write(DO1, False)
    assert chip.read(DO1) is False
    assert [record.getMessage() for record in caplog.records] == [
        "edges.jsonl is not written any more: [Errno 28] No space left on device"
    ]


def test_a_log_that_grew_too_long_is_put_aside_when_the_chip_is_opened(state):
    SimChip(SIM, state).close()
    edges = state.sim / "edges.jsonl"
    with edges.open("wb") as file:
        file.truncate(MAX_LOG_BYTES + 1)
    SimChip(SIM, state).close()
    assert edges.stat().st_size == 0
    assert (state.sim / "edges.1.jsonl").stat().st_size == MAX_LOG_BYTES + 1
