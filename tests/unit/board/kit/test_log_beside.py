"""Log beside: a file that takes no line for a long time holds up nobody, and costs no line but those that would fill the memory."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator

import pytest

from board.kit import log_beside
from board.kit.log_beside import BesideHandler
from tests.waiting import until

LONG_S = 20.0


class Card(logging.Handler):
    """Takes a line while `answers` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = threading.Event()
        self.answers.set()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        assert self.answers.wait(LONG_S)
        self.lines.append(self.format(record))


class Bench:
    def __init__(self, patience_s: float = 0.01) -> None:
        self.card = Card()
        self.beside = BesideHandler([self.card], patience_s)
        self.log = logging.Logger("gate")
        self.log.addHandler(self.beside)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.card.answers.set()
    made.beside.close()


def test_a_line_is_written_when_whoever_said_it_goes_on() -> None:
    bench = Bench(patience_s=LONG_S)
    for number in range(20):
        bench.log.info("car %d", number)
        assert bench.card.lines[-1] == f"car {number}"


def test_a_card_that_stalls_holds_up_nobody_and_loses_no_line(bench: Bench) -> None:
    bench.card.answers.clear()
    for number in range(100):
        bench.log.info("car %d", number)
    assert bench.card.lines == []
    bench.card.answers.set()
    bench.beside.flush(LONG_S)
    assert bench.card.lines == [f"car {number}" for number in range(100)]


def test_what_waits_is_bounded_and_what_was_left_out_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_beside, "MOST_WAITING", 3)
    bench.card.answers.clear()
    bench.log.info("first")
    until(lambda: not bench.beside._lines, "the thread, which has taken the first")
    for number in range(10):
        bench.log.info("car %d", number)
    bench.card.answers.set()
    bench.beside.flush(LONG_S)
    bench.log.info("last")
    bench.beside.flush(LONG_S)
    left_out = "7 lines were left out: they could not be written in time"
    assert bench.card.lines == ["first", "car 0", "car 1", "car 2", left_out, "last"]


def test_a_line_says_what_was_true_when_it_was_said_and_where_it_was_raised(bench: Bench) -> None:
    bench.card.answers.clear()
    plates = ["AB12"]
    try:
        raise ValueError("no such list")
    except ValueError:
        bench.log.exception("%s", plates)
    plates.clear()
    bench.card.answers.set()
    bench.beside.flush(LONG_S)
    assert bench.card.lines[0].startswith("['AB12']\nTraceback")
    assert bench.card.lines[0].endswith("ValueError: no such list")


def test_a_line_that_cannot_be_said_or_written_stops_nobody_and_costs_no_other(bench: Bench, capsys: pytest.CaptureFixture) -> None:
    bench.log.info("car %d", "AB12")
    assert "AB12" in capsys.readouterr().err
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(bench.card, "emit", lambda record: 1 / 0)
        bench.log.info("lost")
        bench.beside.flush(LONG_S)
    bench.log.info("the next car")
    bench.beside.flush(LONG_S)
    assert bench.card.lines == ["the next car"]


def test_where_no_thread_is_to_be_had_a_line_is_written_all_the_same(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    bench.log.info("a car")
    assert bench.card.lines == ["a car"]


def test_a_process_that_was_forked_while_the_card_stalled_writes_its_own_lines(bench: Bench) -> None:
    bench.card.answers.clear()
    bench.log.info("of the parent")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        bench.card.answers.set()
        bench.log.info("of the child")
        bench.beside.flush(LONG_S)
        os.write(write, "\n".join(bench.card.lines).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 1000) == b"of the child"
    os.close(read)
    os.close(write)
