"""Publishing: it runs when the FTP server is on and a list has changed, rests in proportion to its length, and is tried again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from board.kit.clock import TestClock
from board.kit.state import State
from engine.service.publishing import Publishing


class Bench:
    def __init__(self, folder: Path) -> None:
        self.state = State(folder)
        self.state.run.mkdir(parents=True)
        self.clock = TestClock()
        self.mark = "1"
        self.runs: list[subprocess.Popen[bytes]] = []
        self.code = 0
        self.publishing = Publishing(self.state, lambda: self.mark, self.clock, self._start)

    def _start(self) -> subprocess.Popen[bytes]:
        self.runs.append(subprocess.Popen([sys.executable, "-S", "-c", f"raise SystemExit({self.code})"]))
        return self.runs[-1]

    def switch(self, on: bool) -> None:
        self.state.servers_file.write_text(json.dumps({"ftp": "ftp://127.0.0.1:21"} if on else {"trigger": "tcp://127.0.0.1:1"}))

    def turn(self, seconds: float = 0.0) -> int:
        """How many runs there were so far; each has ended."""
        self.clock.advance(seconds)
        self.publishing.turn()
        if self.runs:
            self.runs[-1].wait()
        return len(self.runs)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_nothing_runs_while_the_ftp_server_is_off(bench: Bench) -> None:
    assert [bench.turn(), bench.turn(60)] == [0, 0]
    bench.switch(False)
    assert bench.turn(60) == 0


def test_a_change_is_published_once_and_a_run_is_followed_by_a_rest(bench: Bench) -> None:
    bench.switch(True)
    assert bench.turn() == 1
    bench.mark = "2"
    assert bench.turn(10) == 1  # it has ended after 10 s: 40 s of rest
    assert bench.turn(39) == 1
    assert bench.turn(2) == 2
    assert [bench.turn(1), bench.turn(60), bench.turn(60)] == [2, 2, 2]


@pytest.mark.parametrize("code", [0, 1])
def test_a_run_that_waited_long_for_its_turn_is_followed_by_no_long_rest(bench: Bench, code: int) -> None:
    bench.switch(True)
    bench.code = code
    assert bench.turn() == 1
    bench.mark = "2"
    assert [bench.turn(600), bench.turn(59), bench.turn(2)] == [1, 1, 2]


def test_a_run_that_failed_is_tried_again(bench: Bench) -> None:
    bench.switch(True)
    bench.code = 1
    assert bench.turn() == 1
    bench.code = 0
    assert [bench.turn(1), bench.turn(11), bench.turn(1), bench.turn(60)] == [1, 2, 2, 2]


def test_a_server_that_was_off_gets_all_lists_again(bench: Bench) -> None:
    bench.switch(True)
    assert [bench.turn(), bench.turn(1), bench.turn(60)] == [1, 1, 1]
    bench.switch(False)
    assert bench.turn(1) == 1
    bench.switch(True)
    assert bench.turn(1) == 2
    bench.turn(1)
