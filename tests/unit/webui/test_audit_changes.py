"""Audit: who changed what, with before and after, and who searched."""

from __future__ import annotations

import csv
import io
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.lists import LATEST
from engine.store.rows import stamp
from tests.samples import NOW, WHITE, passage
from tests.unit.webui.portal_caller import Caller
from webui.view.told import Teller

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
    assert "Owner: =1+&lt;b&gt;" in page and "Site: Graz" in page and "general.site" not in page
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
    assert "Plate: HK55" in caller.get("audit?kind=searches&from=2020-01-01T00:00").text


SHOWN = (
    ("settings", {"general.purge": "freespace"}, {"general.purge": "days"},
     "Type of purge: By free space", "Type of purge: By days"),
    ("settings", {"general.image_quality_pct": 70}, {"general.image_quality_pct": 60},
     "Image quality: 70 %", "Image quality: 60 %"),
    ("settings", {"lpr.countries": ["DE"]}, {"lpr.countries": ["DE", "AT"]}, "Countries: Germany", "Countries: Germany, Austria"),
    ("settings", {"lpr.roi": None}, {"lpr.roi": [0.1, 0.1, 0.9, 0.9]}, "Region of interest: –", "Region of interest: drawn"),
    ("settings", {"gone.release": 3}, {"gone.release": 4}, "gone.release: 3", "gone.release: 4"),
    ("list", None, {"name": "VIP", "role": "white", "policy": "refuse", "fuzzy": False, "keep_days": 5}, "",
     "List name: VIP; List role: Whitelist; Barrier: Refuse: nothing opens the barrier for its plates; Keep passages: 5 days"),
    ("entry", {"valid_until": stamp(LATEST)}, {"valid_until": "2027-01-02T00:00:00.000000+00:00"},
     "Valid until: –", "Valid until: 2027-01-02 00:00:00"),
    ("entry", {"week": []}, {"week": [[[480, 1050]]] * 5 + [[[540, 720]], []]},
     "Weekly hours: always", "Weekly hours: Mon–Fri 08:00-17:30, Sat 09:00-12:00"),
    ("rule", {"kind": "io", "enabled": True, "options": {"do": "pulse"}},
     {"kind": "io", "enabled": False, "options": {"do": "off"}},
     "Enabled: on; Do: Pulse", "Enabled: off; Do: Off"),
    ("rule", {"kind": "wiegand", "options": {"layout": "w26", "number": "sha1"}},
     {"kind": "wiegand", "options": {"layout": "w34_32", "number": "list"}},
     "Format: Wiegand 26 (H10301): 8 facility, 16 card; Number: computed from the plate (SHA-1)",
     "Format: Wiegand 34: one 32-bit number (ZKTeco W34, Civintec); Number: that of the plate in its list"),
    ("rule", {"kind": "io", "conditions": {"lane": 0, "direction": ""}},
     {"kind": "io", "conditions": {"lane": 2, "direction": "away"}}, "Lane: any lane; Direction: any direction",
     "Lane: 2; Direction: away"),
    ("job", {"kind": "local_list", "interval": "day"}, {"kind": "local_list", "interval": "month"},
     "Interval: every day", "Interval: every month"),
    ("import", {"entries": 3}, {"entries": 5, "added": 2, "changed": 0, "removed": 0, "generation": 4}, "Plates: 3",
     "Plates: 5; Added: 2; Changed: 0; Removed: 0"),
    ("configuration", None, {"exported": "with passwords"}, "", "Exported: with passwords"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "before", "after", "was", "now"), SHOWN, ids=[f"{each[0]}-{n}" for n, each in enumerate(SHOWN)]
)
def test_audit_tells_changes_by_the_titles_and_choices_of_the_forms(
    caller: Caller, subject: str, before: Any, after: Any, was: str, now: str
) -> None:
    told = Teller(caller.portal, ZoneInfo("UTC")).differences(subject, before, after)
    assert tuple(str(each) for each in told) == (was, now)


def test_audit_is_told_in_the_language_of_its_reader_and_by_its_keys_for_programs(caller: Caller) -> None:
    caller.send("PUT", "api/settings/general", {"purge": "days"})
    address = "audit?kind=changes&from=2020-01-01T00:00"
    page = caller.call("GET", address, "admin", HTTP_ACCEPT_LANGUAGE="de").text
    assert "Nach Tagen" in page and "freespace" not in page
    assert table(caller, "changes")[1][3:] == ["general.purge: freespace", "general.purge: days"]


def test_a_search_is_told_by_the_titles_of_its_form(caller: Caller) -> None:
    caller.get(f"review?from=2026-01-01T00:00&plate=HK55&list={WHITE}&outcome=opened&direction=away")
    page = caller.get("audit?kind=searches&from=2020-01-01T00:00").text
    assert "From date: 2026-01-01 00:00; Plate: HK55; List: WHITELIST; Direction: away; Decision: Gate opened" in page


def test_who_may_not_see_audit_sees_no_changes(caller: Caller) -> None:
    assert caller.get("audit?kind=changes", "viewer").status == 403
