"""Log limit: what a flood leaves in the log, and what it does not take away."""

from __future__ import annotations

import logging

from board.kit import log_limit
from board.kit.log_limit import LimitedHandler


class Book(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")


class Bench:
    def __init__(self) -> None:
        self.now_s = 100.0
        self.book = Book()
        self.log = logging.Logger("gate")
        self.log.addHandler(LimitedHandler([self.book], lambda: self.now_s))


def test_a_flood_of_one_kind_leaves_its_first_lines_and_a_count() -> None:
    bench = Bench()
    for number in range(20_004):
        bench.log.warning("message %d from %s discarded", number, f"10.0.0.{number % 250}")
        bench.now_s += 0.0001
    assert len(bench.book.lines) == 20
    bench.now_s += 10
    bench.log.warning("message %d from %s discarded", 1, "10.0.0.1")
    assert bench.book.lines[20:] == [
        "WARNING gate: 19984 lines of this kind were left out",
        "WARNING gate: message 1 from 10.0.0.1 discarded",
    ]


def test_other_kinds_are_written_meanwhile_and_tell_of_a_flood_that_is_over() -> None:
    bench = Bench()
    for _ in range(50):
        bench.log.warning("flood")
    bench.log.info("flood")
    bench.log.error("something else")
    assert bench.book.lines[20:] == ["INFO gate: flood", "ERROR gate: something else"]
    bench.now_s += 31
    bench.log.info("a car")
    assert bench.book.lines[22:] == ["WARNING gate: 30 lines of this kind were left out", "INFO gate: a car"]


def test_a_slow_pace_is_kept_for_ever() -> None:
    bench = Bench()
    for _ in range(500):
        bench.log.error("fault")
        bench.now_s += 11
    assert bench.book.lines == ["ERROR gate: fault"] * 500


def test_templates_that_a_stranger_makes_do_not_grow_without_bound() -> None:
    bench = Bench()
    handler = bench.log.handlers[0]
    assert isinstance(handler, LimitedHandler)
    for number in range(2 * log_limit.MOST_KINDS):
        bench.log.warning(f"template {number}")
    assert len(handler._kinds) == log_limit.MOST_KINDS


def test_a_handler_keeps_its_own_level() -> None:
    bench = Bench()
    bench.book.setLevel(logging.ERROR)
    bench.log.warning("no")
    bench.log.error("yes")
    assert bench.book.lines == ["ERROR gate: yes"]
