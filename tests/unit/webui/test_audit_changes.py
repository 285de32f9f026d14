"""Audit: who changed what, with before and after, and who searched."""

from __future__ import annotations

import csv
import io

from tests.samples import NOW, WHITE, passage
from tests.unit.webui.portal_caller import Caller

EVIL = "=1+<b>"


def table(caller: Caller, kind: str) -> list[list[str]]:
    reply = caller.get(f"audit/audit.csv?kind={kind}&from=2020-01-01T00:00")
    return list(csv.reader(io.StringIO(reply.body.decode("utf-8-sig"))))


def test_changes_of_plates_actions_and_settings_stand_with_who_before_and_after(caller: Caller) -> None:
    made = caller.send("POST", f"api/lists/{WHITE}/entries", {"plate": "AB 12", "owner": EVIL}).json
    caller.send("PUT", f"api/entries/{made['id']}", {"owner": "Anna"})
    caller.send("PUT", "api/settings/general", {"site": "Graz"})
    options = {"url": "http://10.0.0.1/", "password": "geheim", "authentication": "basic"}
    caller.send("POST", f"api/lists/{WHITE}/rules", {"kind": "http", "name": "Tell", "options": options})
    rows = table(caller, "changes")
    assert rows[0] == ["Date and time", "Who", "What", "Before", "After"]
    assert [row[1:3] for row in rows[1:5]] == [
        ["anna", "Action Tell · WHITELIST"],
        ["anna", "Settings"],
        ["anna", "Plate of a list AB 12 · WHITELIST"],
        ["anna", "Plate of a list AB 12 · WHITELIST"],
    ]
    assert rows[2][3:] == ["", "general.site: Graz"]
    assert rows[3][3:] == [f"owner: {EVIL}", "owner: Anna"]
    page = caller.get("audit?kind=changes&from=2020-01-01T00:00").text
    assert "geheim" not in page and "=1+&lt;b&gt;" in page and EVIL not in page
    assert "geheim" not in str(rows)


def test_searches_and_downloads_stand_with_who_and_what_was_asked_for(caller: Caller) -> None:
    caller.portal.store.add_passage(passage(at=NOW), [])
    caller.get("review")
    caller.get("review?from=2026-01-01T00:00&plate=HK55")
    caller.get("review?from=2026-01-01T00:00&plate=HK55&page=2")
    caller.get("review/passages.csv?from=2026-01-01T00:00")
    rows = table(caller, "searches")[1:]
    assert [row[1:3] + row[4:] for row in rows] == [
        ["anna", "Download", "from: 2026-01-01T00:00"],
        ["anna", "Search", "from: 2026-01-01T00:00; plate: HK55"],
    ]
    assert "plate: HK55" in caller.get("audit?kind=searches&from=2020-01-01T00:00").text


def test_who_may_not_see_audit_sees_no_changes(caller: Caller) -> None:
    assert caller.get("audit?kind=changes", "viewer").status == 403
