"""Conformance: docs/conformance.md is current, and whatever it says that works is proved by a test that exists and runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scripts.conformance import PAGE, ROWS, Row, page, problems, rows

WORKS = Row(1, "4.2", "It works.", "Live", "works", tests=("tests/test_a.py::test_it",))
BENCH = ("hil_tests/test_b.py::test_it",)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one test in each of two folders."""
    for folder, name in (("tests", "test_a.py"), ("hil_tests", "test_b.py")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text("def test_it(): pass\n")
    return tmp_path


def test_every_promise_is_proved_by_tests_that_exist_and_run() -> None:
    assert list(problems(rows(ROWS.read_text("utf-8")))) == []


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(rows(ROWS.read_text("utf-8"))), "run: python scripts/conformance.py"


def test_all_promises_are_there_in_their_order() -> None:
    assert [row.number for row in rows(ROWS.read_text("utf-8"))] == list(range(1, 202))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (WORKS, []),
        (replace(WORKS, tests=(), hardware=BENCH), []),
        (replace(WORKS, tests=()), ["1: works, but no test proves it"]),
        (replace(WORKS, tests=("tests/test_a.py::test_that",)), ["1: there is no test tests/test_a.py::test_that"]),
        (replace(WORKS, tests=("tests/test_c.py::test_it",)), ["1: there is no test tests/test_c.py::test_it"]),
        (replace(WORKS, hardware=WORKS.tests), ["1: tests/test_a.py::test_it is no test of the bench"]),
        (replace(WORKS, verdict="fine"), ["1: no verdict is called fine"]),
        (replace(WORKS, verdict="partly"), ["1: what lacks is said of what works partly, and of nothing else"]),
        (replace(WORKS, lacks="much"), ["1: what lacks is said of what works partly, and of nothing else"]),
        (replace(WORKS, verdict="partly", lacks="much", tests=()), []),
    ],
    ids=["proved", "bench", "unproved", "name", "file", "no-bench", "verdict", "silent", "talkative", "partly"],
)
def test_a_row_that_says_too_much_is_found(root: Path, row: Row, said: list[str]) -> None:
    assert list(problems([row], root)) == said


def test_a_number_stands_once(root: Path) -> None:
    assert list(problems([WORKS, WORKS], root)) == ["1: the number stands twice"]


@pytest.mark.parametrize(
    ("source", "skipped"),
    [
        ("@pytest.mark.skip\ndef test_it(): pass", True),
        ("@pytest.mark.skip(reason='later')\ndef test_it(): pass", True),
        ("@pytest.mark.xfail\ndef test_it(): pass", True),
        ("pytestmark = pytest.mark.skip\ndef test_it(): pass", True),
        ("pytestmark = [pytest.mark.slow, pytest.mark.skip(reason='x')]\ndef test_it(): pass", True),
        ("pytest.skip('x', allow_module_level=True)\ndef test_it(): pass", True),
        ("def test_it():\n    pytest.skip('x')", True),
        ("@pytest.mark.skipif(OLD, reason='x')\ndef test_it(): pass", False),
        ("def test_it():\n    if OLD:\n        pytest.skip('x')", False),
    ],
    ids=["mark", "reason", "xfail", "module", "modules", "call", "body", "condition", "if"],
)
def test_a_test_that_is_always_skipped_proves_nothing(tmp_path: Path, source: str, skipped: bool) -> None:
    (tmp_path / "test_s.py").write_text(source)
    row = replace(WORKS, tests=("test_s.py::test_it",))
    assert list(problems([row], tmp_path)) == (["1: test_s.py::test_it is always skipped"] if skipped else [])


def test_a_cell_with_a_bar_stays_one_cell() -> None:
    assert "| 1 | 4.2 | a \\| b | Live |" in page([replace(WORKS, promise="a | b")])
