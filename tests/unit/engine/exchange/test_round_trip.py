"""Round trip: whatever entries a list has, its export is imported as the same list, in every format and any time zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from board.kit.cells import read_cell, safe_cell
from board.kit.clock import TestClock
from engine.exchange.exporting import write_lists
from engine.exchange.importing import Order, import_lists
from engine.lists import EARLIEST, LATEST, normalise
from engine.store import Store
from engine.types import ALWAYS, ListEntry
from engine.week import DAY_MINUTES, schedule
from tests.samples import DEVICE, WHITE, new_store

PRINTABLE = st.characters(exclude_categories=("Cc", "Cs", "Cf", "Cn", "Co", "Zl", "Zp"), exclude_characters="\xa0")
TEXTS = st.text(PRINTABLE, max_size=20).map(str.strip).filter(str.isprintable) | st.sampled_from(
    ["=1+1", "+49", "-", "@x", "'=a", "''", 'a"b;c,d\te'.replace("\t", " "), "<&>\"'", "]]>", "a\nb", "_x000D_", "12E4", "0012"]
)
PLATES = (
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -ÄÖÜ", min_size=1, max_size=10)
    .map(str.strip)
    .filter(lambda text: normalise(text).isalnum())
)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2999, 12, 31, 23, 59, 59)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
)
SPANS = st.tuples(st.integers(0, DAY_MINUTES - 1), st.integers(0, DAY_MINUTES)).filter(lambda span: span[0] != span[1])
WEEKS = st.just(ALWAYS) | st.lists(st.lists(SPANS, max_size=2), min_size=7, max_size=7).map(schedule)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu"]).map(ZoneInfo)


@st.composite
def entries(draw: st.DrawFn) -> ListEntry:
    limits = sorted({draw(st.just(EARLIEST) | MOMENTS), draw(st.just(LATEST) | MOMENTS)})
    begins, ends = (limits[0], limits[-1]) if len(limits) == 2 else (EARLIEST, LATEST)
    card = draw(st.none() | st.integers(0, 2**32 - 1))
    return ListEntry(
        id=0,
        list_id=WHITE,
        plate=draw(PLATES),
        description=draw(TEXTS),
        valid_from=begins,
        valid_until=ends,
        wiegand_facility=None if card is None else draw(st.none() | st.integers(0, 65_535)),
        wiegand_card=card,
        owner=draw(TEXTS),
        email=draw(st.just("") | st.just("anna@example.org")),
        group=draw(TEXTS),
        week=draw(WEEKS),
        entries_left=draw(st.none() | st.integers(0, 9999)),
    )


def unlike(found: list[ListEntry]) -> list[ListEntry]:
    return list({normalise(each.plate): each for each in found}.values())


def plain(store: Store) -> list[Any]:
    return [replace(each, id=0) for each in store.entries(WHITE, limit=1000)]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(entries(), max_size=4).map(unlike), ZONES, st.sampled_from(["XML", "CSV", "XLSX"]))
def test_an_export_is_imported_as_the_same_list(found: list[ListEntry], zone: ZoneInfo, name: str) -> None:
    with TemporaryDirectory() as folder:
        path, device = Path(folder) / "file", replace(DEVICE, zone=zone)
        one, other = new_store(Path(folder) / "one", TestClock()), new_store(Path(folder) / "other", TestClock())
        for each in found:
            one.entries.save(each, "admin")
        write_lists(path, one, one.lists.get(WHITE), name, device)
        if found or name != "XLSX":
            import_lists(other, other.lists.get(WHITE), Order(path, name), zone, "anna").settle(other)
        assert plain(other) == plain(one)
        for store in (one, other):
            store.close()


@given(st.text(PRINTABLE, max_size=10) | st.text("'=+-@\t", max_size=5))
def test_a_cell_is_read_as_it_was_and_no_spreadsheet_takes_it_for_a_formula(text: str) -> None:
    assert read_cell(safe_cell(text)) == text
    assert not safe_cell(text).startswith(("=", "+", "-", "@", "\t"))
