"""Review and Audit: dates are the camera's, pages add up, and a CSV holds no formulas."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from board.kit.cells import safe_cell
from board.kit.words import Text
from engine.formats.workbook import workbook
from engine.settings import GeneralSettings, LprSettings
from engine.store import MAX_COUNTED
from engine.types import Decision, Delivery
from tests.samples import NOW, WHITE, entry, passage
from tests.unit.webui.portal_caller import Caller
from webui.spreadsheet import sheet
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
    for last in ("9999-12-31T23:59", "9999-12-31T23:59:59", "9999-12-31T23:59:59Z"):
        assert "1 passage" in caller.get(f"review?from=2026-01-01T00:00&to={last}&page=--5").text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_looks_like_a_formula_becomes_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_other_cells_stay_as_they_are() -> None:
    assert [safe_cell(value) for value in ("AB-123", 5, 91.5, "")] == ["AB-123", "5", "91.5", ""]


def test_a_search_finds_by_date_in_the_cameras_zone_and_by_part_of_the_plate(caller: Caller) -> None:
    caller.portal.store.settings.put(GeneralSettings(time_zone="Europe/Vienna"), "admin")
    for number in range(30):
        caller.portal.store.add_passage(passage(f"AB{number:02}", f"p{number}", NOW + timedelta(hours=number)), [])
    assert "30 passages" in caller.get("review?from=2026-01-01T00:00").text
    assert "2 passages" in caller.get("review?from=2026-01-02T04:04&to=2026-01-02T06:04").text
    assert "10 passages" in caller.get("review?from=2026-01-01T00:00&plate=b-1").text
    page = caller.get("review?from=2026-01-01T00:00&page=2").text
    assert page.count(" data-row>") == 5
    assert "from=2026-01-01T00%3A00&amp;page=1" in page


def test_passages_are_downloaded_as_csv_without_formulas(caller: Caller) -> None:
    caller.portal.store.add_passage(
        passage(trigger_cause="=cmd|x", plate_colour="yellow", plate_kind="taxi"),
        [],
        caller.portal.store.lookup("HK55EVB", NOW, True),
        Decision("refused", Text("no plate was read")),
    )
    page = caller.get("review?from=2026-01-01T00:00").text
    assert ">Not let in</span>" in page and "no plate was read" in page
    reply = caller.get("review/passages.csv?from=2026-01-01T00:00", "viewer")
    rows = list(csv.reader(io.StringIO(reply.body.decode("utf-8-sig"))))
    assert rows[0][:2] == ["Date and time", "Plate"]
    assert rows[1][:2] == ["2026-01-02 03:04:05", "HK55EVB"]
    assert rows[1][8:] == ["yellow", "taxi", "'=cmd|x", "ALL PLATES, NOT IN LIST", "refused", "no plate was read"]
    assert reply.headers["Content-Disposition"] == 'attachment; filename="passages.csv"'


def test_the_audit_shows_errors_in_red_and_names_what_was_done(caller: Caller) -> None:
    def delivery(number: int, state: str, note: str) -> Delivery:
        return Delivery(f"d{number}", "p1", 9, "io", state, NOW, NOW, 1, NOW, NOW, Text(note))

    notes = [(1, "done", "DO1 pulsed 500 ms"), (2, "failed", "<b>pin busy</b>"), (3, "withheld", "on a blacklist")]
    refused = Decision("refused", Text("the plate was read too long ago"))
    caller.portal.store.add_passage(passage(), [delivery(*each) for each in notes], (), refused)
    page = caller.get("audit?from=2026-01-01T00:00").text
    assert "Not let in</span> the plate was read too long ago" in page
    assert page.count('<tr class="error">') == 1
    assert "&lt;b&gt;pin busy&lt;/b&gt;" in page
    assert "3 actions" in page
    assert "<h2>1 action</h2>" in caller.get("audit?from=2026-01-01T00:00&state=done&kind=io").text
    rows = caller.get("api/deliveries?state=failed").json["deliveries"]
    assert [(row["id"], row["plate"], row["is_error"]) for row in rows] == [("d2", "HK55EVB", True)]
    assert caller.get("audit/audit.csv?from=2026-01-01T00:00").body.decode("utf-8-sig").count("\r\n") == 4


def cells_of(body: bytes) -> list[list[tuple[str, str]]]:
    """(type, content) of every cell of a workbook's only sheet; every part is XML."""
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        parts = {name: ElementTree.fromstring(book.read(name)) for name in book.namelist()}
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    rows = parts["xl/worksheets/sheet1.xml"].iter(f"{main}row")
    return [[(cell.get("t", "n"), "".join(cell.itertext())) for cell in row.iter(f"{main}c")] for row in rows]


@pytest.mark.parametrize("plate", ["12E4", "0012345", "1E10", "MAR12", "1-2", "TRUE", "=1+1", "+49", "ÄÖ 1", "京A12345", "a<b&c"])
def test_in_a_workbook_every_plate_stays_the_text_that_it_is(plate: str) -> None:
    body = sheet("passages.xlsx", ["Plate", "Confidence"], [(plate, 97.25), ("", 3)]).body
    assert cells_of(b"".join(body)) == [
        [("inlineStr", "Plate"), ("inlineStr", "Confidence")],
        [("inlineStr", plate), ("n", "97.25")],
        [("inlineStr", ""), ("n", "3")],
    ]


def test_what_no_workbook_can_hold_is_marked_or_cut() -> None:
    body = sheet("a.xlsx", ["A"], [("\x00\x0b\ud800",), ("x" * 40_000,)]).body
    assert cells_of(b"".join(body))[1:] == [[("inlineStr", "\ufffd\ufffd\ufffd")], [("inlineStr", "x" * 32_767)]]


def test_a_large_workbook_is_sent_in_pieces_and_not_from_memory() -> None:
    body = sheet("a.xlsx", ["A"], ((f"{number:x}" * 7 + str(hash(str(number))),) for number in range(120_000))).body
    assert not isinstance(body, bytes)
    assert len(cells_of(b"".join(body))) == 120_001


def test_a_workbook_has_dates_and_goes_on_in_a_second_sheet_when_the_first_is_full() -> None:
    rows = ((datetime(2026, 1, 2, 12, 0), number) for number in range(5))
    with zipfile.ZipFile(io.BytesIO(b"".join(workbook(["At", "Number"], rows, most_rows=3)))) as book:
        assert book.testzip() is None
        sheets = [book.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (1, 2)]
        assert "sheet2.xml" in book.read("xl/_rels/workbook.xml.rels").decode()
    assert [each.count("<row>") for each in sheets] == [4, 3]
    assert '<c s="3"><v>46024.50000000</v></c><c><v>4</v></c>' in sheets[1]


def test_people_get_words_and_empty_cells_where_programs_get_codes_and_zeros(caller: Caller) -> None:
    caller.portal.store.add_passage(passage("", "p1", confidence=0.0, country="", char_height_px=0.0), [])
    caller.portal.store.add_passage(passage("BGW2847", "p2", NOW + timedelta(minutes=1), lane=2), [])
    search = "from=2026-01-01T00:00"
    listed, unread = cells_of(caller.get(f"review/passages.xlsx?{search}").body)[1:]
    assert [text for _, text in listed[2:7]] == ["93.4", "Germany", "", "31.5", "2"]
    assert [text for _, text in unread[2:7]] == ["", "", "", "", ""]
    rows = list(csv.reader(io.StringIO(caller.get(f"review/passages.csv?{search}").body.decode("utf-8-sig"))))
    assert [row[2:7] for row in rows[1:]] == [["93.4", "DE", "", "31.5", "2"], ["0.0", "", "", "0.0", "0"]]


def test_review_and_audit_are_downloaded_as_workbooks(caller: Caller) -> None:
    caller.portal.store.add_passage(passage("12E4"), [])
    for path, name, heading in (("review", "passages", "Plate"), ("audit", "audit", "Action")):
        reply = caller.get(f"{path}/{name}.xlsx?from=2026-01-01T00:00")
        assert reply.headers["Content-Disposition"] == f'attachment; filename="{name}.xlsx"'
        assert cells_of(reply.body)[0][1] == ("inlineStr", heading)
    assert ("inlineStr", "12E4") in cells_of(caller.get("review/passages.xlsx?from=2026-01-01T00:00").body)[1]
    assert "passages.xlsx" in caller.get("review").text and "audit.xlsx" in caller.get("audit").text


def test_a_page_has_as_many_rows_as_were_chosen_and_the_others_are_numbered(caller: Caller) -> None:
    for number in range(51):
        caller.portal.store.add_passage(passage(f"AB{number}", f"p{number}"), [])
    for size, pages in ((25, (25, 25, 1)), (50, (50, 1))):
        shown = [caller.get(f"review?from=2026-01-01T00:00&size={size}&page={number}").text for number in range(1, len(pages) + 1)]
        assert [page.count('class="plate-cell"') for page in shown] == list(pages)
        assert f"page={len(pages)}" in shown[0] and f"page={len(pages) + 1}" not in shown[0]


def test_more_than_ten_thousand_are_said_so_and_the_oldest_are_one_step_away(caller: Caller) -> None:
    store = caller.portal.store
    with store.transaction():
        for number in range(MAX_COUNTED + 1):
            store.passages.add(passage("AB12", f"p{number}", NOW + timedelta(seconds=number)), [])
    page = caller.get("review?from=2026-01-01T00:00&page=9999").text
    assert 'more than <data class="number" value="10000">' in page
    assert 'aria-current="page">400</a>' in page
    assert page.count(" data-row>") == 25
    oldest = caller.get("review?from=2026-01-01T00:00&oldest=1").text
    assert "2026-01-02 03:04:05" in oldest
    assert "2026-01-02 03:04:05" not in page


def test_searches_take_look_alikes_for_the_same_only_while_the_setting_says_so(caller: Caller) -> None:
    store = caller.portal.store
    store.add_passage(passage("B0B1I7"), [])
    store.entries.save(entry("BOB117"), "admin")
    for alike, found in ((True, 1), (False, 0)):
        store.settings.put(LprSettings(region="Europe", countries=("DE",), fold_lookalikes=alike), "admin")
        assert f"{found} passage" in caller.get("review?from=2026-01-01T00:00&plate=BOB117").text
        assert caller.get(f"api/lists/{WHITE}/entries?search=B0B1").json["count"] == found


def test_a_day_without_a_time_ends_a_search_with_its_end(caller: Caller) -> None:
    caller.portal.store.add_passage(passage(), [])
    assert "1 passage" in caller.get("review?from=2026-01-02&to=2026-01-02").text
    assert "0 passages" in caller.get("review?from=2026-01-01&to=2026-01-01").text


def test_an_end_belongs_to_the_search_to_its_last_second(caller: Caller) -> None:
    for number, second in enumerate((58, 59, 60)):
        at = datetime(2026, 5, 31, 23, 59, tzinfo=UTC) + timedelta(seconds=second, milliseconds=700)
        caller.portal.store.add_passage(passage(f"AB{number}", f"p{number}", at), [])
    assert "2 passages" in caller.get("review?from=2026-05-31T23:59:58&to=2026-05-31T23:59:59").text
    assert "<h2>1 passage</h2>" in caller.get("review?from=2026-05-31T23:59:58&to=2026-05-31T23:59:58").text
    assert "2 passages" in caller.get("review?from=2026-05-31&to=2026-05-31").text
    assert 'step="1"' in caller.get("review").text and 'step="1"' in caller.get("audit").text


@pytest.mark.parametrize(
    ("query", "fields", "said"),
    [
        ("from=garbage", ["from"], "From date: must be a date and time such as 2026-05-31T18:00:00."),
        ("from=2026-02-30T00:00&to=x", ["from", "to"], "To date: must be a date and time"),
        ("from=2026-05-31T10:00&to=2026-05-31T09:59", ["to"], "To date: must not be before From date."),
    ],
)
def test_dates_that_are_none_are_said_and_find_nothing(caller: Caller, query: str, fields: list[str], said: str) -> None:
    caller.portal.store.add_passage(passage(), [])
    for page in ("review", "audit"):
        reply = caller.get(f"{page}?{query}")
        assert reply.status == 200 and said in reply.text and "HK55EVB" not in reply.text
    for path in ("review/passages.xlsx", "review/passages.csv", "audit/audit.xlsx"):
        reply = caller.get(f"{path}?{query}")
        assert (reply.status, [problem["field"] for problem in reply.json["problems"]]) == (422, fields)


def test_more_rows_than_one_reading_gives_are_all_downloaded(caller: Caller) -> None:
    for number in range(1005):
        caller.portal.store.add_passage(passage(f"AB{number}", f"p{number}", NOW + timedelta(seconds=number)), [])
    rows = cells_of(caller.get("review/passages.xlsx?from=2026-01-01T00:00").body)
    assert [row[1][1] for row in rows[1:]] == [f"AB{number}" for number in reversed(range(1005))]
    assert caller.get("review/passages.csv?from=2026-01-01T00:00").body.count(b"\r\n") == 1006


def test_hours_that_summer_time_repeats_or_skips_are_searched_as_a_whole() -> None:
    zone = ZoneInfo("Europe/Berlin")
    assert moment("2026-10-25T02:00", zone) == datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    assert moment("2026-10-25T02:59:59", zone, end=True) == datetime(2026, 10, 25, 1, 59, 59, tzinfo=UTC)
    assert moment("2026-03-29T02:30", zone) == datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert moment("2026-03-29T02:30", zone, end=True) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    havana, cairo = ZoneInfo("America/Havana"), ZoneInfo("Africa/Cairo")  # they change at midnight
    assert moment("2026-11-01T00:00", havana) == datetime(2026, 11, 1, 4, 0, tzinfo=UTC) == moment("2026-10-31", havana, end=True)
    assert moment("2026-04-24T00:00", cairo) == datetime(2026, 4, 23, 22, 0, tzinfo=UTC) == moment("2026-04-23", cairo, end=True)
    assert moment("2026-10-25T02:30+02:00", zone, end=True) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
