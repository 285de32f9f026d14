"""Serial trigger: the pattern however it arrives, noise around it, refusals."""

from __future__ import annotations

import queue
from pathlib import Path

import pytest

from board.kit.errors import ConfigError, TriggerRefused
from board.kit.state import State
from board.serial._twin import plug, say
from engine.service.servers.serial_trigger import SerialTrigger
from tests.samples import serial_lines


@pytest.mark.parametrize(
    ("pieces", "fired"),
    [
        ([b"TRIGGER\r\n"], 1),
        ([b"TRI", b"GGER\r", b"\n"], 1),
        ([b"xxTRIGGER\r\nyTRIGGER\r\nz"], 2),
        ([b"TRIGGER\n", b"trigger\r\n"], 0),
        ([b"TRIGGER\r", b"TRIGGER\r\n"], 1),
    ],
)
def test_it_fires_once_for_each_pattern(tmp_path: Path, pieces: list[bytes], fired: int) -> None:
    causes: list[str] = []
    lines = serial_lines(tmp_path)
    trigger = SerialTrigger(lines, "sim://loop1", r"TRIGGER\r\n", causes.append)
    for piece in pieces:
        trigger.hear(piece)
    assert causes == ["serial line loop1"] * fired
    lines.close()


def test_a_device_starts_a_trigger_through_its_line(tmp_path: Path) -> None:
    plug(State(tmp_path), "loop1")
    causes: queue.Queue[str] = queue.Queue()
    lines = serial_lines(tmp_path)
    SerialTrigger(lines, "sim://loop1", r"\x02CAR", causes.put)
    lines.send("sim://loop1", b"")  # the line is open now
    say(State(tmp_path), "loop1", b"\x00\x02CAR")
    assert causes.get(timeout=30) == "serial line loop1"
    lines.close()


def test_a_refused_trigger_leaves_the_line_working(tmp_path: Path) -> None:
    def refuse(cause: str) -> None:
        raise TriggerRefused("too early")

    lines = serial_lines(tmp_path)
    trigger = SerialTrigger(lines, "sim://loop1", "T", refuse)
    trigger.hear(b"TT")
    lines.close()


def test_a_wrong_line_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a serial line address"):
        SerialTrigger(serial_lines(tmp_path), "COM3", "T", print)
