"""Review and Audit: dates are the camera's, pages add up, and a CSV holds no formulas."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from board.kit.words import Text
from engine.settings import GeneralSettings
from engine.types import Delivery
from tests.samples import NOW, passage
from tests.unit.webui.portal_caller import Caller
from webui.spreadsheet import cell
from webui.view.search import moment

VIENNA = ZoneInfo("Europe/Vienna")


def test_moments_are_of_the_cameras_zone_and_nonsense_is_no_limit() -> None:
    assert moment("2026-07-01T08:00", VIENNA) == datetime(2026, 7, 1, 6, 0, tzinfo=UTC)
    assert moment("2026-07-01T08:00+00:00", VIENNA) == datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
    assert moment("", VIENNA) is None
    assert moment("<b>", VIENNA) is None


def test_a_date_past_the_ends_of_the_calendar_is_no_limit_and_a_page_that_is_no_number_is_the_first(caller: Caller) -> None:
    caller.portal.store.settings.put(GeneralSettings(time_zone="America/New_York"), "admin")
    caller.portal.store.add_passage(passage(), [])
    assert "1 passage" in caller.get("review?from=2026-01-01T00:00&to=9999-12-31T23:59&page=--5").text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_looks_like_a_formula_becomes_text(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_other_cells_stay_as_they_are() -> None:
    assert [cell(value) for value in ("AB-123", 5, 91.5, "")] == ["AB-123", "5", "91.5", ""]


def test_a_search_finds_by_date_in_the_cameras_zone_and_by_part_of_the_plate(caller: Caller) -> None:
    caller.portal.store.settings.put(GeneralSettings(time_zone="Europe/Vienna"), "admin")
    for number in range(30):
        caller.portal.store.add_passage(passage(f"AB{number:02}", f"p{number}", NOW + timedelta(hours=number)), [])
    assert "30 passages" in caller.get("review?from=2026-01-01T00:00").text
    assert "2 passages" in caller.get("review?from=2026-01-02T04:04&to=2026-01-02T06:04").text
    assert "10 passages" in caller.get("review?from=2026-01-01T00:00&plate=b-1").text
    page = caller.get("review?from=2026-01-01T00:00&page=2").text
    assert page.count("<tr>") == 1 + 5
    assert "from=2026-01-01T00%3A00&amp;page=1" in page


def test_passages_are_downloaded_as_csv_without_formulas(caller: Caller) -> None:
    caller.portal.store.add_passage(
        passage(trigger_cause="=cmd|x", plate_colour="yellow", plate_kind="taxi"),
        [],
        caller.portal.store.lookup("HK55EVB", NOW, True),
    )
    reply = caller.get("review/passages.csv?from=2026-01-01T00:00", "viewer")
    rows = list(csv.reader(io.StringIO(reply.body.decode("utf-8-sig"))))
    assert rows[0][:2] == ["Date and time", "Plate"]
    assert rows[1][:2] == ["2026-01-02 03:04:05", "HK55EVB"]
    assert rows[1][8:] == ["yellow", "taxi", "'=cmd|x", "ALL PLATES, NOT IN LIST"]
    assert reply.headers["Content-Disposition"] == 'attachment; filename="passages.csv"'


def test_the_audit_shows_errors_in_red_and_names_what_was_done(caller: Caller) -> None:
    def delivery(number: int, state: str, note: str) -> Delivery:
        return Delivery(f"d{number}", "p1", 9, "io", state, NOW, NOW, 1, NOW, NOW, Text(note))

    notes = [(1, "done", "DO1 pulsed 500 ms"), (2, "failed", "<b>pin busy</b>"), (3, "withheld", "on a blacklist")]
    caller.portal.store.add_passage(passage(), [delivery(*each) for each in notes])
    page = caller.get("audit?from=2026-01-01T00:00").text
    assert page.count('<tr class="error">') == 1
    assert "&lt;b&gt;pin busy&lt;/b&gt;" in page
    assert "3 actions" in page
    assert "1 action " in caller.get("audit?from=2026-01-01T00:00&state=done&kind=io").text
    rows = caller.get("api/deliveries?state=failed").json["deliveries"]
    assert [(row["id"], row["plate"], row["is_error"]) for row in rows] == [("d2", "HK55EVB", True)]
    assert caller.get("audit/audit.csv?from=2026-01-01T00:00").body.decode("utf-8-sig").count("\r\n") == 4
