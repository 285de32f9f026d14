"""Downloads: what a page is told of a table that is being sent, and how it is broken off."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta

import pytest

from board.kit.web.exchange import BrokenOff
from board.kit.web.routes import Refused
from engine.store import PassageQuery
from engine.store.queries import MAX_COUNTED
from tests.samples import NOW, passage
from tests.unit.webui.portal_caller import Caller
from webui.downloads import MOST_KNOWN, Download, Downloads

NAME = "0123456789abcdef"
SEARCH = "from=2026-01-01T00:00"


def test_rows_are_counted_as_they_are_taken_and_the_end_is_told() -> None:
    downloads = Downloads()
    rows = downloads.follow(NAME, Download("anna", 3, False), iter("abc"))
    assert (next(rows), downloads.get(NAME, "anna").rows, downloads.get(NAME, "anna").state) == ("a", 0, "running")
    assert (next(rows), downloads.get(NAME, "anna").rows) == ("b", 1)
    assert list(rows) == ["c"]
    assert downloads.get(NAME, "anna") == Download("anna", 3, False, 3, "done")


def test_who_asked_breaks_it_off_before_the_next_row_and_nobody_else_does() -> None:
    downloads = Downloads()
    rows = downloads.follow(NAME, Download("anna", 3, False), iter("abc"))
    next(rows)
    with pytest.raises(Refused):
        downloads.cancel(NAME, "ben")
    downloads.cancel(NAME, "anna")
    with pytest.raises(BrokenOff, match="cancelled by anna"):
        next(rows)
    assert (downloads.get(NAME, "anna").rows, downloads.get(NAME, "anna").state) == (1, "cancelled")


def test_a_browser_that_goes_away_is_a_cancellation() -> None:
    downloads = Downloads()
    rows = downloads.follow(NAME, Download("anna", 3, False), iter("abc"))
    next(rows)
    rows.close()  # type: ignore[attr-defined]  # as the server does with the parts of an answer
    assert downloads.get(NAME, "anna").state == "cancelled"


def test_a_failure_is_told_with_its_reason_and_goes_on_to_the_server() -> None:
    def failing() -> Iterator[str]:
        yield "a"
        raise sqlite3.OperationalError("database disk image is malformed")

    downloads = Downloads()
    with pytest.raises(sqlite3.OperationalError):
        list(downloads.follow(NAME, Download("anna", 3, False), failing()))
    found = downloads.get(NAME, "anna")
    assert (found.state, found.rows, str(found.why)) == ("failed", 1, "database disk image is malformed")


def test_only_so_many_are_remembered_and_names_that_are_none_are_not() -> None:
    downloads = Downloads()
    for number in range(MOST_KNOWN + 1):
        downloads.follow(f"{number:016x}", Download("anna", 0, False), ())
    with pytest.raises(Refused):
        downloads.get(f"{0:016x}", "anna")
    assert downloads.get(f"{MOST_KNOWN:016x}", "anna").state == "running"
    assert list(downloads.follow("../../x", Download("anna", 0, False), "ab")) == ["a", "b"]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_table_of_passages_is_told_by_the_api_to_who_asked_for_it(caller: Caller, kind: str) -> None:
    for number in range(3):
        caller.portal.store.add_passage(passage(id=f"p{number}", at=NOW + timedelta(seconds=number)), [])
    assert caller.get(f"api/downloads/{NAME}").status == 404
    assert caller.get(f"review/passages.{kind}?{SEARCH}&progress={NAME}").status == 200
    expected = {"state": "done", "rows": 3, "total": 3, "more": False, "why": ""}
    assert caller.get(f"api/downloads/{NAME}").json == expected
    assert caller.send("DELETE", f"api/downloads/{NAME}", {}).json == expected  # it has ended: nothing is broken off
    assert caller.call("GET", f"api/downloads/{NAME}", "", permissions="view").status == 403
    assert "progress" not in str(caller.portal.store.searches())


def test_all_of_a_span_are_counted_and_what_must_be_looked_through_only_so_far(caller: Caller) -> None:
    store = caller.portal.store
    with store.db.transaction():
        for number in range(MAX_COUNTED + 5):
            store.add_passage(passage(id=f"p{number}", at=NOW + timedelta(seconds=number)), [])
    assert store.passages.count(PassageQuery()) == (MAX_COUNTED + 5, False)
    assert store.passages.count(PassageQuery(since=NOW + timedelta(seconds=2))) == (MAX_COUNTED + 3, False)
    assert store.passages.count(PassageQuery(plate="HK5")) == (MAX_COUNTED, True)
