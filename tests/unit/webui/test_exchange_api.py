"""Exports and imports in the portal: jobs with their forms, downloads, and uploads that are looked at before they are taken in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from board.identity import confirmations
from board.kit.words import Text
from engine.exchange.kinds.sincro import SincroOptions
from engine.exchange.local_files import keep
from engine.store.jobs import JobState
from engine.store.transfers import TransferQuery
from tests.samples import ALL, UNLISTED, WHITE, entry
from tests.unit.webui.portal_caller import Caller
from tests.waiting import until
from webui.api import jobs

FTP = {"kind": "ftp_list", "interval": "minute", "options": {"host": "192.168.1.5", "user": "gate", "password": "s3cret"}}


def job(caller: Caller, **changes: Any) -> Any:
    reply = caller.send("POST", f"api/lists/{WHITE}/jobs", {**FTP, **changes})
    assert reply.status == 200, reply.text
    return reply.json


def test_a_job_is_added_changed_and_deleted_and_its_password_is_never_told(caller: Caller) -> None:
    made = job(caller)
    assert (made["kind"], made["direction"], made["interval"], made["if_changed"]) == ("ftp_list", "export", "minute", True)
    assert "s3cret" not in json.dumps(made)
    changed = caller.send("PUT", f"api/jobs/{made['id']}", {"enabled": False, "interval": "week"}).json
    assert (changed["enabled"], changed["interval"], changed["next_local"]) == (False, "week", "")
    assert '"password":"s3cret"' in caller.portal.store.jobs()[0].options
    assert [each["id"] for each in caller.get(f"api/lists/{WHITE}/jobs").json["jobs"]] == [made["id"]]
    assert "s3cret" not in str(caller.portal.store.changes("job"))
    assert caller.send("DELETE", f"api/jobs/{made['id']}", {}).status == 200
    assert caller.get(f"api/lists/{WHITE}/jobs").json == {"jobs": []}


def test_a_moved_server_does_not_get_the_password_of_the_former_one(caller: Caller) -> None:
    made = job(caller)
    reply = caller.send("PUT", f"api/jobs/{made['id']}", {"options": {"host": "192.168.1.6"}})
    assert (reply.status, [each["field"] for each in reply.json["problems"]]) == (422, ["options.password"])


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        pytest.param({"interval": "never"}, ["interval"], id="interval"),
        pytest.param({"options": {"host": "a b", "timeout_s": 1}}, ["options.host", "options.timeout_s"], id="options"),
        pytest.param({"options": {"name": "../{plate}"}}, ["options.name"], id="name"),
        pytest.param({"options": 5}, ["options"], id="no-object"),
    ],
)
def test_every_problem_of_a_form_is_told(caller: Caller, body: dict[str, Any], fields: list[str]) -> None:
    reply = caller.send("POST", f"api/lists/{WHITE}/jobs", {**FTP, **body})
    assert (reply.status, sorted(each["field"] for each in reply.json["problems"])) == (422, fields)


def test_what_there_is_not_is_said(caller: Caller) -> None:
    assert caller.send("POST", f"api/lists/{WHITE}/jobs", {"kind": "magic"}).status == 404
    assert caller.send("POST", "api/lists/99/jobs", FTP).status == 404
    assert caller.send("POST", f"api/lists/{UNLISTED}/jobs", FTP).status == 422
    assert caller.send("POST", f"api/lists/{UNLISTED}/jobs", {"kind": "local_matches"}).status == 200
    assert [caller.get(path).status for path in ("jobs/99", "jobs/99/files/x", "api/uploads/abc")] == [404, 404, 404]


def test_run_now_is_left_to_the_service_and_shown(caller: Caller) -> None:
    made = job(caller, enabled=False)
    assert caller.send("POST", f"api/jobs/{made['id']}/run", {}).json["running"] is True
    state: JobState = caller.portal.store.jobs.state(made["id"])
    assert (state.asked_by, state.asked_at is not None) == ("anna", True)
    assert "data-running" in caller.get(f"lists/{WHITE}?view=exports").text


def test_an_import_that_was_refused_is_accepted_by_hand(caller: Caller) -> None:
    made = job(caller, kind="sincro", options={"host": "192.168.1.5", "user": "ftp-a2b3", "password": "s3cret"})
    jobs, path = caller.portal.store.jobs, f"api/jobs/{made['id']}/accept"
    assert caller.send("POST", path, {}).status == 422
    assert "accept-job" not in caller.get(f"lists/{WHITE}?view=imports").text
    stored = jobs.get(made["id"])
    assert stored is not None
    jobs.done(stored, SincroOptions, jobs.begin(stored.id), Text("taken"), {"generation": "7", "pin": "ab"})
    jobs.failed(made["id"], Text("another camera"))
    assert "accept-job" in caller.get(f"lists/{WHITE}?view=imports").text
    assert caller.send("POST", path, {}).json["running"] is True
    state = jobs.state(made["id"])
    assert (list(state.memory), state.asked_by) == (["accepts"], "anna")
    exported = job(caller)
    jobs.failed(exported["id"], Text("no server"))
    assert caller.send("POST", f"api/jobs/{exported['id']}/accept", {}).status == 422


def test_how_a_job_fares_is_shown(caller: Caller) -> None:
    made = job(caller)
    caller.portal.store.jobs.failed(made["id"], Text("{server} answers 530", {"server": "<b>x"}))
    page = caller.get(f"lists/{WHITE}?view=exports").text
    assert "&lt;b&gt;x answers 530" in page
    assert "Next run" in page
    assert caller.get(f"api/lists/{WHITE}/jobs").json["jobs"][0]["failing"] is True
    assert "answers 530" in caller.get(f"jobs/{made['id']}").text
    assert "answers 530" not in caller.get(f"lists/{WHITE}?view=imports").text


def test_a_file_of_passages_is_given_to_who_may_search_them_alone(caller: Caller, tmp_path: Path) -> None:
    for kind, told in (("local_matches", 403), ("local_list", 200)):
        made = job(caller, kind=kind, options={})
        (tmp_path / "file").write_bytes(b"<x/>")
        keep(tmp_path / "file", caller.state.exchange / str(made["id"]), "file.xml", 5)
        path = f"jobs/{made['id']}/files/file.xml"
        answers = [caller.call("GET", path, "viewer", permissions=each).status for each in ("lists", "lists,review", "review")]
        assert answers == [told, 200, 403], kind
    kept = [(each.user, each.what, each.asked) for each in caller.portal.store.searches()]
    assert kept == [("anna", "download", {"list": str(WHITE), "file": "file.xml"})], "who took it, once however often"
    assert "List: WHITELIST; File: file.xml" in caller.get("audit?kind=searches").text


def test_the_files_of_a_local_export_can_be_fetched(caller: Caller, tmp_path: Path) -> None:
    made = job(caller, kind="local_list", options={})
    (tmp_path / "file").write_bytes(b"<x/>")
    keep(tmp_path / "file", caller.state.exchange / str(made["id"]), "WHITE <1>.xml", 5)
    assert caller.get(f"api/lists/{WHITE}/jobs").json["jobs"][0]["files"] == ["WHITE <1>.xml"]
    assert "WHITE &lt;1&gt;.xml" in caller.get(f"lists/{WHITE}?view=exports").text
    reply = caller.get(f"jobs/{made['id']}/files/WHITE%20%3C1%3E.xml")
    assert (reply.status, reply.body, reply.headers["Content-Disposition"]) == (
        200,
        b"<x/>",
        'attachment; filename="WHITE__1_.xml"',
    )
    (tmp_path / "file").write_bytes(b"<x/>")
    keep(tmp_path / "file", caller.state.exchange / str(made["id"]), "名单_Gäste.xml", 5)
    named = caller.get(f"jobs/{made['id']}/files/{quote('名单_Gäste.xml')}").headers["Content-Disposition"]
    assert named == "attachment; filename=\"___G_ste.xml\"; filename*=UTF-8''%E5%90%8D%E5%8D%95_G%C3%A4ste.xml"
    assert caller.get(f"jobs/{made['id']}/files/..%2F..%2Fanpr.db").status == 404


def test_files_of_an_export_go_with_it_whatever_deletes_it(caller: Caller, tmp_path: Path) -> None:
    """They hold plates: with its list, by a configuration file that knows nothing of it, with the whole database."""

    def exported(where: int) -> Path:
        made = caller.send("POST", f"api/lists/{where}/jobs", {**FTP, "kind": "local_list", "options": {}}).json
        (tmp_path / "file").write_bytes(b"plates")
        keep(tmp_path / "file", folder := caller.state.exchange / str(made["id"]), "list.xml", 5)
        return folder

    before = caller.send("POST", "api/configuration/export", {}).json
    stays, added = exported(WHITE), caller.send("POST", "api/lists", {"name": "Guests"}).json["id"]
    of_list = exported(added)
    assert caller.send("DELETE", f"api/lists/{added}", {}).status == 200
    assert (stays.exists(), of_list.exists()) == (True, False)
    assert caller.send("POST", "api/configuration/import", {"document": before, "apply": True}).status == 200
    assert not stays.exists()
    last = exported(WHITE)
    assert caller.send("POST", "api/database/reset", {"mac": confirmations(caller.state)[0]}).status == 200
    until(lambda: not last.exists())


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("list.xml", b'<?xml version="1.0"'),
        ("list.csv", b"nllist-id;description;color\n4;WHITELIST;#2e7d32\n"),
        ("list.xlsx", b"PK"),
    ],
)
def test_a_list_is_downloaded_and_audit_says_by_whom(caller: Caller, name: str, begins: bytes) -> None:
    caller.portal.store.entries.save(entry("AB 1"), "admin")
    reply = caller.get(f"lists/{WHITE}/{name}")
    assert (reply.status, reply.body.startswith(begins)) == (200, True)
    assert caller.get(f"lists/{ALL}/{name}").status == 200
    assert caller.get(f"lists/{UNLISTED}/{name}").status == 422
    told = caller.get("api/transfers?direction=export").json["transfers"]
    assert [(each["user"], each["list_name"], each["state"], each["note"]) for each in told[1:]] == [
        ("anna", "WHITELIST", "done", f"WHITELIST.{name[5:]}: 1 plate")
    ]
    page = caller.get("audit?kind=export&from=2020-01-01T00:00").text
    assert "by hand (anna)" in page and "2 rows" in page and "2 actions" not in page
    assert caller.get("audit/audit.xlsx?kind=export&from=2020-01-01T00:00").status == 200
    assert caller.portal.store.counters() == {}, "Info counts automatic exports"


def send_file(caller: Caller, content: bytes, list_id: int = WHITE) -> Any:
    reply = caller.call("POST", f"api/lists/{list_id}/uploads", "admin", content, "application/octet-stream")
    assert reply.status == 200, reply.text
    return looked_at(caller, reply.json["upload"])


def looked_at(caller: Caller, name: str) -> Any:
    until(lambda: caller.get(f"api/uploads/{name}").json["state"] != "reading", within_s=60)
    return caller.get(f"api/uploads/{name}").json


def test_a_file_is_looked_at_and_then_taken_in(caller: Caller) -> None:
    for plate in ("AB 1", "AB 2"):
        caller.portal.store.entries.save(entry(plate), "admin")
    seen = send_file(caller, b"plate;description\nAB 1;x\nAB 3;\n")
    (effect,) = seen["lists"]
    assert (seen["state"], effect["name"], effect["objection"]) == ("preview", "WHITELIST", "")
    assert (effect["before"], effect["added"], effect["changed"], effect["removed"], effect["after"]) == (2, 1, 1, 1, 2)
    assert effect["examples"][0] == {"kind": "changed", "line": 2, "plate": "AB 1", "fields": {"description": ["", "x"]}}
    assert caller.portal.store.entries.count(WHITE) == 2
    name = seen["upload"]
    assert caller.send("PUT", f"api/uploads/{name}", {"removes": False, "apply": True}).status == 200
    assert looked_at(caller, name)["state"] == "done"
    assert [each.plate for each in caller.portal.store.entries(WHITE)] == ["AB 1", "AB 2", "AB 3"]
    (told,) = caller.get("api/transfers?direction=import").json["transfers"]
    assert (told["user"], told["note"]) == ("anna", "WHITELIST: 1 added, 1 changed, 0 removed, now 3 plates")
    assert caller.portal.store.changes("import")[0].user == "anna"
    assert "by hand (anna)" in caller.get("audit?kind=import&from=2020-01-01T00:00").text
    assert caller.portal.store.counters() == {}, "Info counts automatic imports"
    assert caller.send("DELETE", f"api/uploads/{name}", {}).status == 200
    assert caller.get(f"api/uploads/{name}").status == 404


def test_a_file_with_wrong_rows_changes_nothing_and_names_them(caller: Caller) -> None:
    caller.portal.store.entries.save(entry("AB 1"), "admin")
    seen = send_file(caller, b"plate;valid until\nAB 1;2026-02-30\n-;\n")
    assert (seen["state"], seen["refused"], [each["line"] for each in seen["refusals"]]) == ("failed", 2, [2, 3])
    assert caller.portal.store.entries.count(WHITE) == 1


def test_uploads_are_for_those_who_may_change_lists(caller: Caller) -> None:
    reply = caller.call("POST", f"api/lists/{WHITE}/uploads", "viewer", b"plate\n", "application/octet-stream")
    assert reply.status == 403
    too_long = caller.call(
        "POST", f"api/lists/{WHITE}/uploads", "admin", b"", "application/octet-stream", CONTENT_LENGTH=str(65 << 20)
    )
    assert too_long.status == 413
    broken = caller.call("POST", f"api/lists/{WHITE}/uploads", "admin", b"abc", "application/octet-stream", CONTENT_LENGTH="500")
    assert (broken.status, list((caller.state.exchange / "uploads").iterdir())) == (400, [])


def test_the_pages_of_exports_and_imports_are_drawn(caller: Caller) -> None:
    for list_id, views in ((WHITE, ("exports", "imports")), (ALL, ("exports", "imports")), (UNLISTED, ("exports",))):
        for view in views:
            assert caller.get(f"lists/{list_id}?view={view}").status == 200
    for kind in caller.portal.jobs:
        page = caller.get(f"lists/{WHITE}/jobs/new?kind={kind}")
        assert (page.status, 'data-field="interval"' in page.text, 'data-field="format"' in page.text) == (200, True, True)


def test_who_sends_a_list_to_a_server_by_a_test_stands_in_audit(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """To any server that stands in the form: nothing told that plates or passages had left the camera."""
    answers = [(False, Text("no connection")), (True, Text("h.example stored WHITELIST.xml: 2 plates")), (True, Text("it would"))]
    monkeypatch.setattr(jobs, "outcome_of", lambda state, trial: answers.pop(0))
    for kind in ("ftp_list", "ftp_list", "import_ftp_list"):
        sent = {"kind": kind, "list_id": WHITE, "options": {"host": "h.example"}}
        assert caller.send("POST", "api/jobs/test", sent, "operator").status == 200
    (told,) = caller.portal.store.transfers(TransferQuery())
    assert (told.kind, told.user, told.list_name, str(told.note)) == (
        "ftp_list", "anna", "WHITELIST", "h.example stored WHITELIST.xml: 2 plates",
    )  # fmt: skip


def test_a_job_is_tried_as_it_stands_in_the_form_by_those_who_may_change_it(caller: Caller) -> None:
    sent = {"kind": "local_list", "list_id": WHITE, "options": {"format": "CSV"}}
    tried = caller.send("POST", "api/jobs/test", sent)
    assert (tried.json["ok"], tried.json["note"].endswith(".csv: 0 plates")) == (True, True)
    assert caller.portal.store.jobs() == []
    wrong = caller.send("POST", "api/jobs/test", {**sent, "options": {"format": "PDF"}})
    assert (wrong.status, [each["field"] for each in wrong.json["problems"]]) == (422, ["options.format"])
    assert caller.send("POST", "api/jobs/test", sent, "viewer").status == 403
    assert caller.send("POST", "api/jobs/test", {**sent, "kind": "magic"}).status == 404
    assert 'id="test"' in caller.get(f"lists/{WHITE}/jobs/new?kind=local_list").text
