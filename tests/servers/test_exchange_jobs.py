"""Exports and imports that run by themselves: each kind in a process of its own, against pyftpdlib and vsftpd with its defaults."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from board.kit.clock import TestClock
from board.kit.state import State
from board.kit.words import Text
from engine.exchange import matches
from engine.exchange.kinds import find_jobs
from engine.exchange.local_files import local_files
from engine.exchange.trying import Trial, outcome_of
from engine.exchange.work import run_jobs
from engine.settings import GeneralSettings
from engine.store import Store
from engine.store.transfers import TransferQuery
from engine.types import WAITING, Decision, Job, PlateList
from tests.certificates import make_certificates
from tests.ftp_server import PASSWORD, USER, Ftp, ftp_server
from tests.samples import ALL, BLACK, NOW, WHITE, entry, passage
from tests.vsftpd import vsftpd

KINDS = find_jobs()


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state")


@pytest.fixture
def store(state: State) -> Iterator[Store]:
    made = Store(state.database, TestClock())
    made.settings.put(GeneralSettings(action_addresses="127.0.0.1", info_columns="Building No.=192"), "admin")
    yield made
    made.close()


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[Ftp]:
    with ftp_server(tmp_path / "ftp") as made:
        yield made


def job(store: Store, kind: str, list_id: int = WHITE, if_changed: bool = True, **options: Any) -> int:
    wanted = Job(0, list_id, kind, True, "minute", if_changed, json.dumps(options))
    return store.jobs.save(wanted, KINDS[kind].options, "admin").id


def at(server: Ftp, **options: Any) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": server.port, "tls": "none", "user": USER, "password": PASSWORD, "timeout_s": 20, **options}


def run(state: State, store: Store, job_id: int) -> tuple[str, str]:
    """(what it did, what went wrong) after a run."""
    run_jobs(state, store, TestClock(), [job_id])
    found = store.jobs.state(job_id)
    assert found.running_at is None
    return str(found.done_note), str(found.error)


def audit(store: Store) -> list[tuple[str, str, str, int]]:
    return [(each.direction, each.kind, each.state, each.times) for each in store.transfers(TransferQuery())]


def test_a_list_goes_to_a_server_and_comes_from_there_into_another_camera(
    state: State, store: Store, ftp: Ftp, tmp_path: Path
) -> None:
    for plate in ("AB 1", "AB 2"):
        store.entries.save(entry(plate, owner="Anna"), "admin")
    sent = job(store, "ftp_list", **at(ftp, name="lists/{list}"))
    note, error = run(state, store, sent)
    assert (note, error) == (f"127.0.0.1:{ftp.port} stored lists/WHITELIST.xml: 2 plates", "")
    root = ElementTree.parse(ftp.folder / "lists" / "WHITELIST.xml").getroot()
    assert [each.get("numberplate") for each in root.iter("nlelemlist")] == ["AB 1", "AB 2"]
    assert [counter.value for counter in store.counters().values() if counter.name == "Exports"] == [1]

    other_state = State(tmp_path / "other")
    other = Store(other_state.database, TestClock())
    other.settings.put(GeneralSettings(action_addresses="127.0.0.1"), "admin")
    other.entries.save(entry("OLD 1"), "admin")
    fetched = job(other, "import_ftp_list", **at(ftp, name="lists/{list}", format="XML_NOTDELETE"))
    note, error = run(other_state, other, fetched)
    assert (note, error) == ("WHITELIST: 2 added, 0 changed, 0 removed, now 3 plates", "")
    assert [(each.plate, each.owner) for each in other.entries(WHITE)] == [("AB 1", "Anna"), ("AB 2", "Anna"), ("OLD 1", "")]
    assert audit(other) == [("import", "import_ftp_list", "done", 1)]
    assert [counter.value for counter in other.counters().values() if counter.name == "Imports"] == [1]
    other.close()


def test_lists_whose_names_make_one_file_name_replace_nothing_of_each_other(state: State, store: Store, ftp: Ftp) -> None:
    """Nor with one of that very name; a file that was replaced so is stored again though nothing has changed."""
    names = ("A/B", "A_B", "A B", "A_B_2")
    lists = [store.lists.save(PlateList(0, name, "custom"), "admin").id for name in names]
    for number, list_id in enumerate(lists):
        store.entries.save(entry(f"ZZ{number}", list_id), "admin")
    jobs = [job(store, "ftp_list", lists[0], **at(ftp, format="CSV"))]
    run(state, store, jobs[0])
    (ftp.folder / "A_B.csv").write_text("another list's, of a release before")
    jobs += [job(store, "ftp_list", list_id, **at(ftp, format="CSV")) for list_id in lists[1:]]
    other = job(store, "ftp_list", lists[1], **at(ftp, format="CSV", name="more/{list}"))
    for each in (*jobs, other, *jobs):
        assert not run(state, store, each)[1]
    found = {path.name: re.findall(r"ZZ\d", path.read_text("utf-8-sig")) for path in ftp.folder.glob("*.csv")}
    assert found == {"A_B.csv": ["ZZ0"], "A_B_2.csv": ["ZZ1"], "A_B_3.csv": ["ZZ2"], "A_B_2_2.csv": ["ZZ3"]}
    assert (ftp.folder / "more" / "A_B.csv").exists()
    trial = Trial("ftp_list", lists[1], 0, json.dumps(at(ftp, format="CSV")))
    ok, note = outcome_of(state, trial)
    assert ok and "stored A_B_2.csv" in str(note)


def test_what_has_not_changed_is_not_sent_again_unless_somebody_wants_it(state: State, store: Store, ftp: Ftp) -> None:
    store.entries.save(entry("AB 1"), "admin")
    sent = job(store, "ftp_list", **at(ftp))
    run(state, store, sent)
    (ftp.folder / "WHITELIST.xml").unlink()
    assert run(state, store, sent)[0] == "nothing has changed"
    assert (audit(store), list(ftp.folder.iterdir())) == ([("export", "ftp_list", "done", 1)], [])
    store.jobs.ask(sent, "anna")
    run(state, store, sent)
    assert (ftp.folder / "WHITELIST.xml").exists()
    assert [each.user for each in store.transfers(TransferQuery())] == ["anna", ""]
    store.entries.save(entry("AB 2"), "admin")
    assert "2 plates" in run(state, store, sent)[0]


def test_a_failure_is_the_jobs_last_error_and_one_row_of_audit_however_often_it_comes(state: State, store: Store, ftp: Ftp) -> None:
    store.entries.save(entry("AB 1"), "admin")
    sent = job(store, "ftp_list", **at(ftp, password="wrong"))
    for _ in range(3):
        _, error = run(state, store, sent)
    assert error == f"127.0.0.1:{ftp.port} answers 530 Authentication failed."
    assert audit(store) == [("export", "ftp_list", "failed", 3)]
    assert store.jobs.state(sent).is_failing
    assert "wrong" not in str(store.transfers(TransferQuery()))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"<grouplist>", "line 1: not XML: no element found", id="cut-off"),
        pytest.param(b"<html/>", "line 1: it begins with html, not with grouplist: no list of plates", id="other"),
        pytest.param(b"plate\nAB1\n", "this is no XML file, it looks like CSV", id="csv"),
        pytest.param(
            b'<grouplist><nllists><nllist id="1" description="WHITELIST"/></nllists><nlelemlists/></grouplist>',
            "nothing was imported; it would empty the list WHITELIST, which has 1 plate",
            id="empty",
        ),
    ],
)
def test_a_broken_file_changes_nothing(state: State, store: Store, ftp: Ftp, content: bytes, says: str) -> None:
    store.entries.save(entry("OLD 1"), "admin")
    (ftp.folder / "WHITELIST.xml").write_bytes(content)
    fetched = job(store, "import_ftp_list", **at(ftp))
    assert run(state, store, fetched) == ("", says)
    assert [each.plate for each in store.entries(WHITE)] == ["OLD 1"]


def test_a_file_of_a_gigabyte_is_not_fetched(state: State, store: Store, ftp: Ftp) -> None:
    with (ftp.folder / "WHITELIST.xml").open("wb") as file:
        file.truncate(1 << 30)
    fetched = job(store, "import_ftp_list", **at(ftp))
    assert run(state, store, fetched) == ("", "WHITELIST.xml has 1024 MB; at most 64 are taken")
    assert not any(each.startswith("RETR") for each in ftp.commands)


def test_encrypted_data_come_whole_in_both_directions(state: State, store: Store, tmp_path: Path) -> None:
    for number in range(500):
        store.entries.save(entry(f"AB {number}"), "admin")
    certificates = make_certificates(tmp_path)
    with ftp_server(tmp_path / "ftps", certificates) as server:
        options = at(server, tls="explicit", ca=certificates.ca, host="localhost")
        sent = job(store, "ftp_list", if_changed=False, **options)
        assert run(state, store, sent)[1] == ""
        with closing(Store(State(tmp_path / "other").database, TestClock())) as other:
            other.settings.put(GeneralSettings(action_addresses="127.0.0.1"), "admin")
            fetched = job(other, "import_ftp_list", **options)
            assert run(State(tmp_path / "other"), other, fetched)[1] == ""
            assert other.entries.count(WHITE) == 500


@pytest.mark.parametrize("tls", ["none", "explicit"])
def test_vsftpd_with_its_defaults_passes_a_list_from_camera_to_camera(state: State, store: Store, tmp_path: Path, tls: str) -> None:
    for number in range(500):
        store.entries.save(entry(f"AB {number}"), "admin")
    certificates = make_certificates(tmp_path)
    with (
        vsftpd(tmp_path, certificates if tls == "explicit" else None) as (port, _),
        closing(Store(State(tmp_path / "other").database, TestClock())) as other,
    ):
        options = {"host": "127.0.0.1", "port": port, "tls": tls, "ca": certificates.ca, "name": "in/lists/{list}", "timeout_s": 20}
        sent = job(store, "ftp_list", if_changed=False, **options)
        for _ in range(2):
            assert run(state, store, sent)[1] == ""
        other.settings.put(GeneralSettings(action_addresses="127.0.0.1"), "admin")
        fetched = job(other, "import_ftp_list", **options)
        assert run(State(tmp_path / "other"), other, fetched)[1] == ""
        assert other.entries.count(WHITE) == 500


def test_a_local_list_is_kept_as_often_as_was_said(state: State, store: Store) -> None:
    store.entries.save(entry("AB 1"), "admin")
    made = job(store, "local_list", if_changed=False, name="{list}_{time}", keep=2, format="CSV")
    clock = TestClock()
    for _ in range(3):
        clock.advance(60)
        run_jobs(state, store, clock, [made])
    assert [each.name for each in local_files(state.exchange / str(made))] == ["WHITELIST_03-07-05.csv", "WHITELIST_03-06-05.csv"]


def add_passages(store: Store, *plates: str, first: int = 0) -> None:
    for number, plate in enumerate(plates, first):
        one = passage(plate, id=f"p{number}", at=NOW + timedelta(minutes=number))
        store.add_passage(one, [], store.lookup(plate, NOW, True))


@pytest.mark.parametrize("name", ["XML", "JSON", "CSV", "XLSX"])
def test_matches_are_exported_once_each_in_every_format(state: State, store: Store, name: str) -> None:
    store.entries.save(entry("AB1", description="=Anna"), "admin")
    add_passages(store, "AB1", "ZZ9", "AB1")
    made = job(store, "local_matches", format=name, name="m{time}")
    assert run(state, store, made)[0].endswith(": 2 passages")
    assert run(state, store, made)[0] == "nothing has changed"
    add_passages(store, "AB1", first=3)
    run_jobs(state, store, TestClock(), [made])
    files = local_files(state.exchange / str(made))
    assert str(store.jobs.state(made).done_note).endswith(": 1 passage")
    content = files[0].read_bytes()
    if name == "XML":
        root = ElementTree.fromstring(content)
        assert [each.findtext("plate") for each in root] == ["AB1"]
        assert root[0].find("infoplate")[0].text == "192"  # type: ignore[index]
    if name == "JSON":
        assert [(each["plate"], each["infoplate"]) for each in json.loads(content)] == [("AB1", {"Building No.": "192"})]
    if name == "CSV":
        head, row = content.decode("utf-8-sig").splitlines()
        assert (head.split(";")[-1], row.split(";")[1], row.split(";")[7], row.split(";")[-1]) == (
            "Building No.",
            "AB1",
            "'=Anna",
            "192",
        )


def test_matches_go_to_a_server_and_those_of_a_failed_run_with_the_next(state: State, store: Store, ftp: Ftp) -> None:
    add_passages(store, "ZZ1")
    made = job(store, "ftp_matches", ALL, **at(ftp, name="{date}/all", password="wrong"))
    assert "530" in run(state, store, made)[1]
    add_passages(store, "ZZ2", first=1)
    found = store.jobs.get(made)
    assert found is not None
    store.jobs.save(
        Job(made, ALL, "ftp_matches", True, "minute", True, json.dumps(at(ftp, name="{date}/all"))),
        KINDS["ftp_matches"].options,
        "admin",
    )
    assert run(state, store, made)[0] == f"127.0.0.1:{ftp.port} stored 2026-01-02/all.xml: 2 passages"


@pytest.mark.parametrize("kind", ["local_matches", "ftp_matches"])
def test_a_batch_of_matches_replaces_no_other_whatever_its_name(state: State, store: Store, ftp: Ftp, kind: str) -> None:
    options = at(ftp) if kind == "ftp_matches" else {}
    made, clock = job(store, kind, ALL, format="CSV", **{**options, "name": "{list}_{date}"}), TestClock()
    for number in range(3):
        add_passages(store, f"ZZ{number}", first=number)
        clock.advance(3600)
        run_jobs(state, store, clock, [made])
    folder = ftp.folder if kind == "ftp_matches" else state.exchange / str(made)
    found = {each.name: each.read_text("utf-8-sig").splitlines()[1].split(";")[1] for each in folder.iterdir()}
    assert found == {
        "ALL_PLATES_2026-01-02.csv": "ZZ0",
        "ALL_PLATES_2026-01-02_05-04-05.csv": "ZZ1",
        "ALL_PLATES_2026-01-02_06-04-05.csv": "ZZ2",
    }


@pytest.mark.parametrize("kind", ["local_matches", "ftp_matches"])
def test_a_month_with_more_passages_than_a_file_holds_becomes_as_many_files_as_it_takes(
    state: State, store: Store, ftp: Ftp, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest waited for the next month, which brought more: none was ever told what had been deleted meanwhile."""
    monkeypatch.setattr(matches, "MOST", 2)
    options = at(ftp) if kind == "ftp_matches" else {"keep": 1}
    made = job(store, kind, ALL, format="CSV", **{**options, "name": "{list}_{date}"})
    add_passages(store, *(f"ZZ{each}" for each in range(8)))
    run_jobs(state, store, TestClock(), [made])
    folder = ftp.folder if kind == "ftp_matches" else state.exchange / str(made)
    rows = [each.read_text("utf-8-sig").splitlines()[1:] for each in folder.iterdir()]
    assert sorted(row.split(";")[1] for each in rows for row in each) == [f"ZZ{each}" for each in range(8)]
    assert [each.state for each in store.transfers(TransferQuery())] == ["done"] * 4
    assert run(state, store, made) == ("nothing has changed", "")


@pytest.mark.parametrize("who", ["anna", ""])
def test_all_files_of_one_run_have_its_date_and_whoever_asked_for_it(
    state: State, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those behind the first were nobody's in Audit, and where a day had failed they were named after the day of the next try."""
    monkeypatch.setattr(matches, "MOST", 2)
    clock = TestClock()
    with closing(Store(state.database, clock)) as store:
        store.settings.put(GeneralSettings(time_zone="UTC"), "admin")
        wanted = Job(0, ALL, "local_matches", True, "day", True, json.dumps({"format": "CSV", "name": "{list}_{date}"}))
        made = store.jobs.save(wanted, KINDS["local_matches"].options, "admin").id
        run_jobs(state, store, clock, [made])  # the last success: nobody has come yet
        add_passages(store, "ZZ0", "ZZ1", "ZZ2")
        clock.advance(86_400)
        store.jobs.failed(made, Text("the storage is nearly full"))
        clock.advance(6 * 3600)
        if who:
            store.jobs.ask(made, who)
        run_jobs(state, store, clock, [made])
        days = {each.name.removeprefix("ALL_PLATES_")[:10] for each in local_files(state.exchange / str(made))}
        assert days == {"2026-01-03" if who else "2026-01-02"}
        assert [each.user for each in store.transfers(TransferQuery())] == [who, who]


def test_cameras_that_export_at_one_second_to_one_server_replace_nothing_of_each_other(tmp_path: Path, ftp: Ftp) -> None:
    """Each does once a day, at the same second, under the name of the list: the third one replaced the second one's passages."""
    for number in range(3):
        state = State(tmp_path / f"camera{number}")
        with closing(Store(state.database, TestClock())) as store:
            store.settings.put(GeneralSettings(action_addresses="127.0.0.1", camera_id=f"gw-{number}"), "admin")
            add_passages(store, *(f"ZZ{number}{each}" for each in range(number + 1)))
            made = job(store, "ftp_matches", ALL, **at(ftp, format="CSV"))
            assert not run(state, store, made)[1]
    found = [each.read_text("utf-8-sig").splitlines()[1].split(";")[1] for each in sorted(ftp.folder.iterdir())]
    assert sorted(found) == ["ZZ00", "ZZ10", "ZZ20"]


def test_a_passage_that_waits_for_its_decision_is_exported_once_it_has_one(state: State, store: Store) -> None:
    made, clock = job(store, "local_matches", ALL, format="CSV", name="m{time}"), TestClock()
    store.add_passage(passage("ZZ0", id="p0"), [], store.lookup("ZZ0", NOW, True), Decision("opened"))
    store.add_passage(passage("ZZ1", id="p1"), [], store.lookup("ZZ1", NOW, True), Decision(WAITING))
    store.add_passage(passage("ZZ2", id="p2"), [], store.lookup("ZZ2", NOW, True), Decision("refused"))
    for seconds, wanted in ((5, [["ZZ0", "opened"]]), (30, [["ZZ1", WAITING], ["ZZ2", "refused"]])):  # nobody ever decided
        clock.advance(seconds)
        run_jobs(state, store, clock, [made])
        rows = local_files(state.exchange / str(made))[0].read_text("utf-8-sig").splitlines()[1:]
        assert [[row.split(";")[1], row.split(";")[12]] for row in rows] == wanted


def test_a_test_of_an_export_of_matches_replaces_no_batch_either(state: State, store: Store, ftp: Ftp) -> None:
    options = at(ftp, format="CSV", name="{list}")
    made = job(store, "ftp_matches", ALL, **options)
    add_passages(store, "ZZ0")
    run(state, store, made)
    add_passages(store, "ZZ1", first=1)
    ok, note = outcome_of(state, Trial("ftp_matches", ALL, made, json.dumps(options)))
    assert ok, note
    assert "ZZ0" in (ftp.folder / "ALL_PLATES.csv").read_text("utf-8-sig")


def test_the_process_runs_a_job_by_its_number_and_ends_with_nothing_said(state: State, store: Store) -> None:
    store.entries.save(entry("AB 1", BLACK), "admin")
    made = job(store, "local_list", ALL)
    command = [sys.executable, "-m", "engine", "exchange", "--state", str(state.root), "jobs", str(made), "99"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).resolve().parents[2])
    assert (done.returncode, done.stderr) == (0, "")
    assert str(store.jobs.state(made).done_note).endswith(": 1 plate")


# --- tried before they are saved ----------------------------------------------------------------------------------------


def tried(state: State, kind: str, list_id: int = WHITE, **options: Any) -> tuple[bool, str]:
    ok, note = outcome_of(state, Trial(kind, list_id, 0, json.dumps(options)))
    return ok, str(note)


def test_an_export_that_was_never_saved_stores_its_file_and_leaves_no_trace_in_the_camera(
    state: State, store: Store, ftp: Ftp
) -> None:
    store.entries.save(entry("AB 12"), "admin")
    ok, note = tried(state, "ftp_list", **at(ftp))
    assert (ok, note) == (True, f"127.0.0.1:{ftp.port} stored WHITELIST.xml: 1 plate")
    assert "AB 12" in (ftp.folder / "WHITELIST.xml").read_text()
    assert tried(state, "local_list")[0] is True
    assert (store.jobs(), store.transfers(TransferQuery()), list(state.exchange.iterdir())) == ([], [], [])


def test_an_import_that_was_never_saved_says_what_it_would_change_and_changes_nothing(state: State, store: Store, ftp: Ftp) -> None:
    for plate in ("AB 12", "CD 34"):
        store.entries.save(entry(plate), "admin")
    assert tried(state, "ftp_list", **at(ftp, further=False))[0]
    for each in store.entries(WHITE):
        store.entries.delete(each.id, "admin")
    store.entries.save(entry("OLD 1"), "admin")
    options = at(ftp, most_removed_pct=100)
    assert tried(state, "import_ftp_list", **options) == (
        True,
        "it would be imported, nothing has changed yet: WHITELIST: 2 added, 0 changed, 1 removed, now 2 plates",
    )
    assert [each.plate for each in store.entries(WHITE)] == ["OLD 1"]
    assert tried(state, "import_ftp_list", **{**options, "password": "wrong"})[0] is False
    assert tried(state, "import_ftp_list", BLACK, **options)[0] is False, "it has no such file"


def test_an_import_that_would_empty_the_list_is_told_before_it_is_saved(state: State, store: Store, ftp: Ftp) -> None:
    assert tried(state, "ftp_list", **at(ftp, further=False))[0]
    store.entries.save(entry("OLD 1"), "admin")
    assert tried(state, "import_ftp_list", **at(ftp)) == (
        False,
        "nothing would be imported; it would empty the list WHITELIST, which has 1 plate",
    )
