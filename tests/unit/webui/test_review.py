"""Review: a passage with all that belongs to it, days one click away, safe names of downloads, and the data of one plate."""

from __future__ import annotations

import html
import io
import json
import re
import shutil
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from board.kit.clock import TestClock
from board.kit.words import Text
from engine.formats.jpeg_size import jpeg_size
from engine.formats.workbook import workbook
from engine.service.retention import Retention
from engine.settings import GeneralSettings
from engine.store import DeliveryQuery, backup, rescue
from engine.store.transfers import TransferQuery
from engine.types import Decision, Delivery, Match, PassageImages, PlateList, SeenRead
from tests.samples import BLACK, NOW, WHITE, entry, passage, rule
from tests.unit.webui.portal_caller import Caller
from webui.spreadsheet import attachment


def store(caller: Caller, plate: str, id: str, minutes: int = 0, state: str = "done") -> None:
    images = PassageImages(f"2026/01/02/{id}-full.jpg", f"2026/01/02/{id}-plate.jpg")
    for name in (images.full, images.plate):
        path = caller.state.images / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"jpeg of " + id.encode())
    finished = NOW if state == "done" else None
    sent = Delivery(f"d-{id}", id, 9, "http", state, NOW, NOW, 1, NOW, finished, Text("server answers 200"))
    caller.portal.store.add_passage(
        passage(plate, id, NOW + timedelta(minutes=minutes), images=images), [sent], (), Decision("refused", Text("is in no list"))
    )


def test_a_passage_has_a_page_with_pictures_decision_answers_and_the_cars_beside_it(caller: Caller) -> None:
    for number, plate in enumerate(("AA1", "BB2", "CC3")):
        store(caller, plate, f"p{number}", number)
    assert 'href="/anpr/review/passages/p1"' in caller.get("review?from=2026-01-01T00:00").text
    page = caller.get("review/passages/p1").text
    for said in ("BB2", "p1-full.jpg", "p1-plate.jpg", "Is in no list.", "server answers 200", "Reads that agreed"):
        assert said in page, said
    assert 'rel="prev" href="/anpr/review/passages/p0"' in page and 'rel="next" href="/anpr/review/passages/p2"' in page
    assert caller.get("review/passages/p9").status == 404


def test_who_may_not_see_audit_or_lists_sees_neither_answers_nor_buttons(caller: Caller) -> None:
    store(caller, "AA1", "p0")
    page = caller.get("review/passages/p0", "viewer").text
    assert "server answers 200" not in page and "to-list" not in page and "forget" not in page


def test_days_are_one_click_away_and_keep_what_else_is_searched_for(caller: Caller) -> None:
    page = caller.get("review?plate=AB&size=50").text
    assert "plate=AB&amp;size=50&amp;from=" in page
    assert page.count('aria-current="true">Today') == 1


def test_pages_have_a_next_and_a_previous_one(caller: Caller) -> None:
    for number in range(60):
        caller.portal.store.add_passage(passage("AB1", f"p{number}", NOW + timedelta(minutes=number)), [])
    first, second, last = (caller.get(f"review?from=2026-01-01T00:00&page={number}").text for number in (1, 2, 3))
    assert 'rel="next"' in first and 'rel="prev"' not in first
    assert 'page=1" rel="prev"' in second and 'page=3" rel="next"' in second
    assert 'rel="next"' not in last and 'page=2" rel="prev"' in last


def test_pictures_stand_side_by_side_where_the_settings_or_the_visitor_say_so(caller: Caller) -> None:
    store(caller, "AA1", "p0")
    assert 'class="squares' not in caller.get("review?from=2026-01-01T00:00").text
    assert 'class="squares' in caller.get("review?from=2026-01-01T00:00&view=SQUARE").text
    caller.portal.store.settings.put(GeneralSettings(view_type="SQUARE"), "admin")
    assert 'class="squares' in caller.get("review?from=2026-01-01T00:00").text
    assert 'class="squares' not in caller.get("review?from=2026-01-01T00:00&view=LIST").text


def test_a_download_is_named_by_plate_and_local_time(caller: Caller) -> None:
    caller.portal.store.settings.put(GeneralSettings(time_zone="Europe/Vienna"), "admin")
    store(caller, "HK55EVB", "p0")
    reply = caller.get("images/2026/01/02/p0-full.jpg?download=1")
    assert reply.headers["Content-Disposition"] == 'attachment; filename="HK55EVB_2026-01-02_04-04-05_full.jpg"'


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ('../../"x\r\nSet-Cookie: a', 'attachment; filename="-..--x--Set-Cookie--a"'),
        ("京A123.jpg", "attachment; filename=\"-A123.jpg\"; filename*=UTF-8''%E4%BA%ACA123.jpg"),
        ("...", 'attachment; filename="file"'),
    ],
)
def test_a_hostile_name_of_a_file_leads_nowhere(name: str, header: str) -> None:
    assert attachment(name) == header


def test_all_data_of_one_plate_is_exported_and_of_no_other(caller: Caller) -> None:
    store(caller, "AB12", "p0")
    store(caller, "AB-12", "p1", 1)
    store(caller, "AB123", "p2", 2)
    caller.portal.store.save_entry(entry("AB12", WHITE, owner="Anna"))
    reply = caller.get("plates/ab%2012/data.zip")
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        told = json.loads(archive.read("data.json"))
        assert sorted(archive.namelist()) == [
            "data.json", "pictures/p0-full.jpg", "pictures/p0-plate.jpg", "pictures/p1-full.jpg", "pictures/p1-plate.jpg",
        ]  # fmt: skip
    assert [each["id"] for each in told["passages"]] == ["p1", "p0"]
    assert told["passages"][0]["deliveries"][0]["state"] == "done"
    assert [each["owner"] for each in told["entries"]] == ["Anna"]


def test_all_data_of_one_plate_is_deleted_but_for_what_is_still_to_be_delivered(caller: Caller) -> None:
    store(caller, "AB12", "p0")
    store(caller, "AB12", "p1", 1, state="pending")
    store(caller, "AB123", "p2", 2)
    caller.portal.store.save_entry(entry("AB12", WHITE))
    reply = caller.send("DELETE", "api/plates/AB12/data", {})
    assert reply.json == {"passages": 1, "waiting": 1, "entries": 1, "files": 0}
    assert [caller.portal.store.passages.has(each) for each in ("p0", "p1", "p2")] == [False, True, True]
    left = {each.name for each in Path(caller.state.images).rglob("*.jpg")}
    assert left == {"p1-full.jpg", "p1-plate.jpg", "p2-full.jpg", "p2-plate.jpg"}
    assert caller.portal.store.entries.count(WHITE) == 0
    told = caller.portal.store.changes("plate")[0]
    assert (told.user, dict(told.after or {})) == ("anna", {"deleted": "AB***", "passages": 1, "entries": 1})


def test_what_waits_for_a_message_as_its_plate_is_deleted_goes_by_itself_once_that_has_ended(caller: Caller) -> None:
    """Nobody came back to delete it: it stayed for as long as passages are kept."""
    kept, images = caller.portal.store, caller.state.images
    store(caller, "AB12", "p0", state="pending")
    assert caller.send("DELETE", "api/plates/AB12/data", {}).json["waiting"] == 1
    store(caller, "AB12", "p1", 1)  # came after the deletion
    Retention(kept, images, caller.portal.clock).finish_deletions()
    assert kept.passages.has("p0")
    kept.deliveries.finish("d-p0", "done", NOW, Text("server answers 200"))
    made = kept.save_rule(rule()).id
    kept.rules.succeeded(made, NOW, Text("{target} took {plate}", {"target": "gate.example", "plate": "AB12"}))
    Retention(kept, images, caller.portal.clock).finish_deletions()  # that of a service that has started since
    assert [kept.passages.has(each) for each in ("p0", "p1")] == [False, True]
    assert {each.name for each in images.rglob("*.jpg")} == {"p1-full.jpg", "p1-plate.jpg"}
    assert str(kept.rules.results()[made].done_note) == "gate.example took AB***"
    assert not [name for name in kept.counters() if "p0" in name]
    assert not caller.state.database.with_name(f"{caller.state.database.name}-wal").read_bytes()


def test_what_else_tells_of_a_plate_is_given_out_and_then_says_it_no_more_while_audit_and_counts_stay(caller: Caller) -> None:
    kept = caller.portal.store
    for plate in ("AB12", "AB123", "AB-I2"):  # the last counts as inside for the first one's key
        kept.searches.add("anna", "search", {"plate": plate.lower(), "from": "2026-01-01T00:00"})
    for plate in ("AB12", "AB123"):
        made = kept.entries.save(entry(plate, WHITE, owner="Anna"), "anna")
        kept.entries.save(replace(made, description="blue"), "ben")
        kept.occupancy.enter(plate, WHITE, NOW)
    with zipfile.ZipFile(io.BytesIO(caller.get("plates/AB12/data.zip").body)) as archive:
        told = json.loads(archive.read("data.json"))
    assert [each["after"]["description"] for each in told["changes"]] == ["blue", ""]
    assert ([each["what"] for each in told["searches"]], told["inside_since"]) == (["search"], str(NOW))
    assert caller.send("DELETE", "api/plates/AB12/data", {}).status == 200
    assert [each.asked["plate"] for each in kept.searches()] == ["ab-i2", "ab123", "AB***"]
    entries = [each for each in kept.changes("entry") if each.user == "anna"]
    assert [(each.before or {}).get("plate") or (each.after or {}).get("plate") for each in entries] == ["AB***", "AB123", "AB***"]
    assert "Anna" not in str([each for each in entries if "AB***" in str(each)])
    assert (kept.occupancy.of(WHITE).count, kept.occupancy.since("AB12", True)) == (2, None)
    assert kept.occupancy.since("AB123", True) == NOW
    audit = caller.get("audit?kind=changes&from=").text + caller.get("audit?kind=searches&from=").text
    assert "AB***" in audit and "AB123" in audit and not re.search(r"\bAB-?12\b", audit, re.IGNORECASE)
    assert kept.occupancy.leave("AB12", WHITE, NOW) is False and kept.occupancy.of(WHITE).count == 1


def test_what_actions_and_imports_said_last_names_a_plate_no_more_once_it_is_forgotten(caller: Caller) -> None:
    """It stays on their pages until another car comes, and in the copies of the database."""
    kept = caller.portal.store
    first, second = (kept.save_rule(replace(rule(), name=name)).id for name in ("One", "Two"))
    kept.rules.succeeded(first, NOW, Text("{target} took {plate}", {"target": "gate.example", "plate": "ab-12"}))
    kept.rules.failed(first, NOW, Text("{path} is not stored", {"path": "2026-01-02/AB12_full.jpg"}))
    kept.rules.succeeded(second, NOW, Text("{target} took {plate}", {"target": "gate.example", "plate": "AB123"}))
    twice = Text("{plate} stands in line {line} already", {"plate": "AB 12", "line": 3})
    kept.transfers.add("import", "ftp", 1, WHITE, "WHITELIST", "anna", NOW, "failed", twice)
    assert caller.send("DELETE", "api/plates/AB12/data", {}).status == 200
    done = kept.rules.results()
    assert (str(done[first].done_note), str(done[first].error), str(done[second].done_note)) == (
        "gate.example took AB***", "2026-01-02/AB***_full.jpg is not stored", "gate.example took AB123",
    )  # fmt: skip
    assert [str(each.note) for each in kept.transfers(TransferQuery())] == ["AB*** stands in line 3 already"]


def test_a_note_that_counts_as_many_as_a_plate_is_called_goes_on_counting_them(caller: Caller) -> None:
    """Its number was replaced as well, and its row of Audit showed braces and quotes; so did the word that a plate may be."""
    kept = caller.portal.store
    stored = Text("{server} stored {name}: {count} plates", {"server": "10.0.0.2:120", "name": "120.csv", "count": 120})
    kept.transfers.add("export", "ftp", 1, WHITE, "WHITELIST", "anna", NOW, "done", stored)
    for plate in ("120", "STORED", "KEY"):
        assert caller.send("DELETE", f"api/plates/{plate}/data", {}).status == 200
        (told,) = kept.transfers(TransferQuery())
        assert str(told.note) == "10.0.0.2:1*** stored 1***.csv: 120 plates", plate


def test_an_email_action_names_its_owners_address_no_more_once_a_plate_is_forgotten(caller: Caller) -> None:
    kept = caller.portal.store
    kept.entries.save(entry("AB12", email="Anna@example.org"), "admin")
    kept.entries.save(entry("AB12", BLACK, email="anna@tür.example"), "admin")
    made = kept.save_rule(replace(rule(), name="Mail")).id
    receivers = ["gate@example.org", "anna@example.org", "joanna@example.org", "anna@xn--tr-xka.example"]
    took = Text("{server} took the mail for {receivers}", {"server": "mail.example", "receivers": receivers})
    kept.rules.succeeded(made, NOW, took)
    assert caller.send("DELETE", "api/plates/AB12/data", {}).status == 200
    said = str(kept.rules.results()[made].done_note)
    assert said == "mail.example took the mail for gate@example.org, AB***, joanna@example.org, AB***"


def test_a_test_of_an_action_names_a_plate_no_more_once_it_is_forgotten(caller: Caller) -> None:
    kept = caller.portal.store
    took = Text("{target} took {plate}", {"target": "gate.example", "plate": "AB12"})
    sent = Delivery("d1", "p0", 0, "two_n", "done", NOW, NOW, 1, NOW, NOW, took)
    by = Text("{what}, by {who}", {"what": took, "who": "anna"})
    kept.add_passage(replace(passage("", "p0"), event="by_hand"), [sent], (), decision=Decision("reported", by))
    assert caller.send("DELETE", "api/plates/AB12/data", {}).status == 200
    (told,) = kept.deliveries(DeliveryQuery())
    assert (str(told.delivery.note), str(told.decision.reason)) == ("gate.example took AB***", "gate.example took AB***, by anna")


def test_passages_of_other_plates_do_not_say_to_which_they_were_similar_once_that_is_forgotten(caller: Caller) -> None:
    """They are misreads of it, most of them."""
    kept = caller.portal.store
    kept.save_entry(entry("MÜ–X・12"), "anna")
    umlaut = Text("one character off {plates}: it is not clear which one is meant", {"plates": ["MÜ–X・12", "MUX123"]})
    kept.add_passage(passage("MUX72", "p2"), (), decision=Decision("refused", umlaut))
    for id, near in (("p0", "ab-12"), ("p1", "AB123")):
        off = Text("one character off {plate} on {list}", {"plate": near, "list": "WHITELIST"})
        kept.add_passage(passage("A812", id), (), decision=Decision("refused", off))
    for plate in ("AB12", "MUX12"):
        assert caller.send("DELETE", f"api/plates/{plate}/data", {}).status == 200
    told = {each["id"]: each["decision"] for each in caller.get("api/passages").json["passages"]}
    assert told == {
        "p0": "one character off AB*** on WHITELIST", "p1": "one character off AB123 on WHITELIST",
        "p2": "one character off MU***, MUX123: it is not clear which one is meant",
    }  # fmt: skip


def test_files_of_this_camera_that_hold_a_plate_go_with_it_and_copies_of_the_lists_lose_it(caller: Caller) -> None:
    """A copy would have let it in again, and its owner was told that all of it is gone."""
    kept, state = caller.portal.store, caller.state
    for plate in ("MÜ-X 12", "MUX123"):
        kept.save_entry(entry(plate), "anna")
    kept.occupancy.enter("MUX12", WHITE, NOW)
    for name in backup.ALL:
        backup.make(state.database, name, NOW)
    with closing(sqlite3.connect(backup.file_of(state.database, backup.BEFORE), isolation_level=None)) as copy:
        copy.execute("UPDATE entries SET key = 'MÜX12' WHERE key = 'MUX12'")  # as a release before made it
    for name, text in {
        "1/old.csv": "Plate;Name\nMÜ–X 12;Anna\n", "1/new.csv": "Plate;Name\nMUX123;Bert\n", "2/matches.xml": "<p>MUX12</p>",
        "published.json": "{}", "uploads/0/file": "MÜ-X 12",
    }.items():  # fmt: skip
        (state.exchange / name).parent.mkdir(parents=True, exist_ok=True)
        (state.exchange / name).write_text(text)
    for name, plate in (("2/one.xlsx", "MUX 12"), ("2/two.xlsx", "MUX 123")):
        with (state.exchange / name).open("wb") as file:
            file.writelines(workbook(("Plate",), [(plate,)]))
    aside = rescue.aside_of(state.database)
    aside.write_bytes(b"SQLite\0MUX12MUX12\0")
    answer = caller.send("DELETE", "api/plates/MUX12/data", {}).json
    assert answer == {"passages": 0, "waiting": 0, "entries": 1, "files": 3}
    left = {each.relative_to(state.exchange).as_posix() for each in state.exchange.rglob("*") if each.is_file()}
    assert left == {"1/new.csv", "2/two.xlsx", "published.json"} and not aside.exists()
    assert [about.entries for about in backup.abouts(state.database)] == [1, 1, 1]
    for name in backup.ALL:
        assert backup.is_whole(state.database, name)
        assert "MÜ-X 12".encode() not in backup.file_of(state.database, name).read_bytes()


def test_a_damaged_copy_or_workbook_keeps_no_plate_from_being_forgotten(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each such deletion ended with an error, and all that came behind stayed. A file that went meanwhile did the same."""
    kept, state = caller.portal.store, caller.state
    kept.save_entry(entry("MUX12"), "anna")
    for name in backup.ALL:
        backup.make(state.database, name, NOW)
    damaged = backup.file_of(state.database, backup.DAILY)
    damaged.write_bytes(b"no database" * 1000)
    files = [state.exchange / name for name in ("1/a.xlsx", "1/b.xlsx", "1/c.xlsx", "2/gone.csv", "2/list.csv")]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("MUX12")
    for path in files[:2]:
        with path.open("wb") as file:
            file.writelines(workbook(("Plate",), [("AB 12",)]))
    whole = files[1].read_bytes()
    at = whole.index(b"sheet1.xml") + 30
    files[1].write_bytes(whole[:at] + bytes(20) + whole[at + 20 :])
    is_file = Path.is_file
    monkeypatch.setattr(Path, "is_file", lambda path: is_file(path) and (path.name != "gone.csv" or path.unlink() is None))
    modes = []
    copyfile = shutil.copyfile

    def copied(source: Path, into: Path) -> None:
        copyfile(source, into)
        modes.append(into.stat().st_mode & 0o777)

    monkeypatch.setattr(shutil, "copyfile", copied)
    answer = caller.send("DELETE", "api/plates/MUX12/data", {})
    assert (answer.status, answer.json["files"], modes) == (200, 3, [0o600] * 3)  # passwords of actions are in a copy
    assert [path.name for path in files if path.exists()] == ["a.xlsx"]
    assert [about.entries for about in backup.abouts(state.database)] == [0, 0] and not damaged.exists()


def test_lane_direction_and_decision_narrow_review_and_what_is_downloaded_and_are_taken_away_one_by_one(caller: Caller) -> None:
    for number, (plate, lane, direction, outcome) in enumerate(
        (("AA1", 1, "approach", "opened"), ("BB2", 2, "away", "refused"), ("CC3", 2, "approach", "refused"))
    ):
        made = passage(plate, f"p{number}", NOW + timedelta(minutes=number), lane=lane, direction=direction)
        caller.portal.store.add_passage(made, [], (), Decision(outcome, Text("is in no list")))
    for asked, expected in (
        ("lane=1", ["AA1"]),
        ("direction=away", ["BB2"]),
        ("outcome=refused", ["BB2", "CC3"]),
        ("lane=2&direction=approach&outcome=refused", ["CC3"]),
        ("outcome=nonsense", ["AA1", "BB2", "CC3"]),
        ("lane=7", []),
    ):
        page = caller.get(f"review?from=2026-01-01T00:00&{asked}").text
        assert [plate for plate in ("AA1", "BB2", "CC3") if f">{plate}</span>" in page] == expected, asked
        lines = caller.get(f"review/passages.csv?from=2026-01-01T00:00&{asked}").text.splitlines()[1:]
        assert sorted(line.split(",")[1] for line in lines) == expected, asked
    page = caller.get("review?from=2026-01-01T00:00&lane=2&outcome=refused&view=SQUARE&page=1").text
    assert 'href="/anpr/review?from=2026-01-01T00%3A00&amp;outcome=refused&amp;view=SQUARE"' in page
    assert ">Lane: 2 ×</a>" in page and ">Decision: Not let in ×</a>" in page
    assert '<option value="refused" selected>Not let in</option>' in page and "<option selected>2</option>" in page
    assert '<input type="hidden" name="view" value="SQUARE">' in page
    audit = [each.asked for each in caller.portal.store.searches(limit=1)]
    assert audit[0] == {"from": "2026-01-01T00:00", "lane": "2", "outcome": "refused"}


def test_what_narrows_a_search_stays_chosen_when_its_dates_are_wrong(caller: Caller) -> None:
    page = caller.get("review?from=nonsense&outcome=refused").text
    assert '<option value="refused" selected>' in page and "must be a date and time" in page


def test_a_search_in_a_list_that_was_deleted_since_says_so_instead_of_any_list(caller: Caller) -> None:
    """A link of a colleague's: the few passages of that list looked like all that there were."""
    kept = caller.portal.store
    guests = kept.lists.save(PlateList(0, "Guests", "custom"), "anna")
    kept.add_passage(passage("AA1", "p1", NOW), [], (Match(guests, None),))
    kept.add_passage(passage("BB2", "p2", NOW), [])
    kept.lists.delete(guests.id, "anna")
    page = caller.get(f"review?from=2026-01-01T00:00&list={guests.id}").text
    assert ">AA1</span>" in page and ">BB2</span>" not in page
    assert f'<option value="{guests.id}" selected>{guests.id} (deleted)</option>' in page
    assert f">List: {guests.id} ×</a>" in page


def test_only_what_narrows_a_search_is_said_to_narrow_it(caller: Caller) -> None:
    """Dashes and spaces do not count in plates: all are found."""
    store(caller, "AA1", "p1")
    for asked, narrowed in (("-%20.", False), ("a-a", True)):
        page = caller.get(f"review?from=2026-01-01T00:00&plate={asked}").text
        assert (">AA1</span>" in page, ">Plate: " in page) == (True, narrowed)


def test_what_is_gone_on_to_after_midnight_is_what_was_searched(caller: Caller) -> None:
    clock = TestClock(NOW.replace(hour=23, minute=59))
    caller = caller.with_portal(replace(caller.portal, clock=clock))
    caller.portal.store.settings.put(GeneralSettings(time_zone="UTC"), "anna")
    for number in range(30):
        store(caller, f"AA{number}", f"p{number}")
    (download,) = re.findall(r'href="/anpr/(review/passages\.csv\?[^"]*)"', caller.get("review?plate=AA").text)
    (following,) = re.findall(r'<a href="(\?[^"]*)" rel="next"', caller.get("review?plate=AA").text)
    caller.get(f"review{html.unescape(following)}")
    assert [each.asked for each in caller.portal.store.searches()] == [{"plate": "AA"}]  # its next page is the same search
    (audit,) = re.findall(r'href="/anpr/(audit/audit\.csv\?[^"]*)"', caller.get("audit").text)
    clock.advance(120)
    assert len(caller.get(html.unescape(download)).text.splitlines()) == 1 + 30
    assert caller.get(f"review{html.unescape(following)}").text.count("<tr class=") == 5
    assert len(caller.get(html.unescape(audit)).text.splitlines()) == 1 + 30


SEEN = (
    SeenRead(-1250, "HK55EVB", 61.2, 9, "small"),
    SeenRead(-400, "HK55E<B", 88.0, 21, ""),
    SeenRead(0, "HK55EVB", 97.4, 31, ""),
    SeenRead(150, "HK55EVB", 92.0, 32, ""),
)


def test_the_page_of_a_passage_shows_each_read_with_its_time_and_why_it_did_not_count(caller: Caller) -> None:
    caller.portal.store.add_passage(passage(id="p1", reads=SEEN), [])
    caller.portal.store.add_passage(passage(id="p2"), [])
    page = caller.get("review/passages/p1").text
    rows = [row.split("</tr>")[0] for row in page.split('id="reads"')[1].split("</table>")[0].split("<tr>")[2:]]
    assert [row.split('Z">')[1].split("<")[0] for row in rows] == [
        "03:04:03.750",
        "03:04:04.600",
        "03:04:05.000",
        "03:04:05.150",
    ]
    assert (
        'value="61.2">61.2</data> %' in rows[0]
        and 'value="9">9</data> px' in rows[0]
        and "Refused: its characters are smaller than the minimum." in rows[0]
    )
    assert "HK55E&lt;B" in rows[1] and "outvoted" in rows[1]
    assert all(">agreed</span>" in row for row in rows[2:])
    assert 'id="reads"' not in caller.get("review/passages/p2").text
    told = caller.get("api/passages/p1").json["reads"]
    assert [(each["plate"], each["agreed"], each["refused"]) for each in told] == [
        ("HK55EVB", True, "small"),
        ("HK55E<B", False, ""),
        ("HK55EVB", True, ""),
        ("HK55EVB", True, ""),
    ]
    assert told[0]["at_local"] == "2026-01-02 03:04:03.750"


def test_the_reads_of_a_plate_are_given_out_and_deleted_with_it(caller: Caller) -> None:
    caller.portal.store.add_passage(passage(id="p1", reads=SEEN), [])
    with zipfile.ZipFile(io.BytesIO(caller.get("plates/HK55EVB/data.zip").body)) as archive:
        assert len(json.loads(archive.read("data.json"))["passages"][0]["reads"]) == 4
    assert caller.send("DELETE", "api/plates/HK55EVB/data", {}).status == 200
    assert caller.portal.store.db.rows("SELECT count(*) FROM passage_reads")[0][0] == 0


def test_the_pictures_of_plates_are_in_the_workbook_when_they_are_asked_for(caller: Caller) -> None:
    images = PassageImages("a-full.jpg", "a-plate.jpg")
    caller.state.images.mkdir(parents=True, exist_ok=True)
    made = io.BytesIO()
    Image.effect_noise((1280, 960), 90).convert("RGB").save(made, "JPEG")
    for number, (name, content) in enumerate((("a", b""), ("b", made.getvalue()), ("c", b"\xff\xd8 damaged" * 2000))):
        own = replace(images, full=f"{name}-full.jpg", plate="")
        caller.portal.store.add_passage(passage(f"AB{number}", name, NOW + timedelta(minutes=number), images=own), [])
        if content:
            (caller.state.images / own.full).write_bytes(content)
    with zipfile.ZipFile(io.BytesIO(caller.get("review/passages.xlsx?from=&pictures=1").body)) as book:
        media = [name for name in book.namelist() if name.startswith("xl/media/")]
        shrunk = jpeg_size(book.read(media[0]))
        assert (len(media), shrunk, "Picture" in book.read("xl/worksheets/sheet1.xml").decode()) == (1, (240, 180), True)
    with zipfile.ZipFile(io.BytesIO(caller.get("review/passages.xlsx?from=").body)) as book:
        assert not [name for name in book.namelist() if "media" in name or "drawing" in name]


def test_the_entry_of_a_short_plate_is_deleted_however_many_plates_hold_its_text(caller: Caller) -> None:
    """They were looked for by a search, which ends after a thousand."""
    store = caller.portal.store
    with store.transaction():
        for number in range(1001):
            store.entries.save(entry(f"A{number:04}X1"), "admin")
        store.entries.save(entry("X1"), "admin")
    reply = caller.send("DELETE", "api/plates/x-1/data", {})
    assert (reply.status, reply.json["entries"]) == (200, 1)
    assert store.entries.at(WHITE, "X1") is None and store.count_entries(WHITE) == 1001


def test_all_passages_of_a_short_plate_are_given_out_and_deleted_however_old(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search looks for one or two characters in the newest passages alone."""
    monkeypatch.setattr("engine.store.search.MOST_SCANNED", 3)
    for number, plate in enumerate(("X1", "X-1", "AB1", "AB2", "AB3", "AB4", "X12")):
        store(caller, plate, f"p{number}", number)
    with zipfile.ZipFile(io.BytesIO(caller.get("plates/x1/data.zip").body)) as archive:
        assert [each["id"] for each in json.loads(archive.read("data.json"))["passages"]] == ["p1", "p0"]
    assert caller.send("DELETE", "api/plates/X1/data", {}).json["passages"] == 2
    assert not any(caller.portal.store.passages.has(each) for each in ("p0", "p1"))
    assert not [each for each in caller.portal.store.changes() if "X1" in str((each.before, each.after))]
