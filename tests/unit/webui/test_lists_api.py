"""Lists, plates and actions through the API that the pages use."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import certifi
import pytest

from engine.lists import EARLIEST, LATEST
from engine.risk import risk
from engine.settings import GeneralSettings
from engine.types import PlateList, Start
from tests.samples import entry
from tests.unit.webui.portal_caller import Caller
from webui.api.rules import ConditionsForm, StartForm

BLACK, WHITE = 3, 4
CERTIFICATE = re.findall(r"-----BEGIN.*?-----END CERTIFICATE-----", certifi.contents(), re.DOTALL)[0]
BUSINESS = [[[480, 720], [780, 1020]], *([[[480, 1020]]] * 4), [], []]


def problems(reply: object) -> dict[str, str]:
    return {each["field"]: each["text"] for each in reply.json["problems"]}  # type: ignore[attr-defined]


def test_a_list_is_added_renamed_and_deleted(caller: Caller) -> None:
    made = caller.send("POST", "api/lists", {"name": "VIVOTEK VIP"}, "operator").json
    assert made == {
        "id": 6, "name": "VIVOTEK VIP", "role": "custom", "colour": "#607d8b", "policy": "", "barrier": "open", "fuzzy": False,
        "keep_days": 0, "entries": 0,
    }  # fmt: skip
    assert caller.send("PUT", "api/lists/6", {"name": "Employees"}).json["name"] == "Employees"
    assert caller.send("DELETE", "api/lists/6", {}).status == 200
    assert len(caller.get("api/lists").json["lists"]) == 5


def test_a_list_may_keep_its_passages_for_its_own_days(caller: Caller) -> None:
    assert caller.send("PUT", "api/lists/1", {"keep_days": 7}).json["keep_days"] == 7
    assert problems(caller.send("PUT", "api/lists/1", {"keep_days": 4_000})) == {"keep_days": "must be 3650 or less"}
    assert [each.keep_days for each in caller.portal.store.lists()][:2] == [7, 0]


def test_a_lists_problems_are_listed_and_nothing_is_stored(caller: Caller) -> None:
    reply = caller.send("POST", "api/lists", {"name": "", "role": "king", "colour": "red"})
    assert reply.status == 422
    assert set(problems(reply)) == {"name", "role", "colour"}
    assert problems(caller.send("POST", "api/lists", {"name": "whitelist"})) == {"name": "there is a list whitelist already"}
    assert caller.send("DELETE", "api/lists/1", {}).status == 422
    assert caller.send("PUT", "api/lists/1", {"role": "white"}).status == 422
    assert caller.send("PUT", "api/lists/99", {"name": "x"}).status == 404


def test_a_plate_is_added_with_validity_in_the_cameras_time_zone(caller: Caller) -> None:
    caller.portal.store.settings.put(GeneralSettings(time_zone="Europe/Vienna"), "admin")
    body = {
        "plate": "ab-123 c",
        "description": "Visitor",
        "valid_from": "2026-07-01T08:00",
        "valid_until": "2026-07-01T18:00:00+00:00",
        "wiegand_facility": 11,
        "wiegand_card": 12345,
    }
    made = caller.send("POST", f"api/lists/{WHITE}/entries", body, "operator").json
    entry = caller.portal.store.entries.get(made["id"])
    assert entry is not None
    assert (entry.plate, entry.wiegand_facility, entry.wiegand_card) == ("AB-123 C", 11, 12345)
    assert entry.valid_from == datetime(2026, 7, 1, 6, 0, tzinfo=UTC)
    assert entry.valid_until == datetime(2026, 7, 1, 18, 0, tzinfo=UTC)
    assert (made["valid_from"], made["valid_until"], made["number"]) == ("2026-07-01T08:00", "2026-07-01T20:00", "11-12345")


def test_the_year_9999_means_for_ever_in_every_time_zone(caller: Caller) -> None:
    caller.portal.store.settings.put(GeneralSettings(time_zone="America/New_York"), "admin")
    body = {"plate": "HK55EVB", "valid_from": "0001-01-01T00:00", "valid_until": "9999-12-31T23:59"}
    made = caller.send("POST", f"api/lists/{WHITE}/entries", body, "operator").json
    entry = caller.portal.store.entries.get(made["id"])
    assert entry is not None
    assert (entry.valid_from, entry.valid_until) == (EARLIEST, LATEST)
    assert (made["valid_from"], made["valid_until"]) == ("", "")


def test_a_plate_without_validity_and_number_is_valid_always_and_sends_its_hash(caller: Caller) -> None:
    made = caller.send("POST", f"api/lists/{WHITE}/entries", {"plate": "HK55EVB", "valid_until": "", "wiegand_card": None}).json
    entry = caller.portal.store.entries.get(made["id"])
    assert entry is not None
    assert (entry.valid_from, entry.valid_until) == (EARLIEST, LATEST)
    assert (made["number"], made["validity"]) == ("SHA-1 80CF15", "valid")


def test_a_change_of_one_field_keeps_the_others_and_an_error_keeps_all(caller: Caller) -> None:
    made = caller.send("POST", f"api/lists/{WHITE}/entries", {"plate": "AB1", "description": "old", "wiegand_card": 7}).json
    changed = caller.send("PUT", f"api/entries/{made['id']}", {"description": "new"}).json
    assert (changed["plate"], changed["description"], changed["wiegand_card"]) == ("AB1", "new", 7)
    reply = caller.send("PUT", f"api/entries/{made['id']}", {"plate": "**", "wiegand_card": 2**32, "valid_from": "tomorrow"})
    assert set(problems(reply)) == {"plate", "wiegand_card", "valid_from"}
    reply = caller.send("PUT", f"api/entries/{made['id']}", {"valid_from": "2026-02-02T00:00", "valid_until": "2026-01-01T00:00"})
    assert problems(reply) == {"valid_until": "must be later than Valid from"}
    assert caller.get(f"api/lists/{WHITE}/entries").json["entries"][0]["description"] == "new"


def test_what_was_not_sent_keeps_its_limits_to_the_last_digit_also_in_an_hour_that_comes_twice(caller: Caller) -> None:
    """2026-10-25 02:30 is 00:30 UTC and 01:30 UTC in Berlin."""
    caller.portal.store.settings.put(GeneralSettings(time_zone="Europe/Berlin"), "anna")
    for number, until in enumerate(
        ("2026-05-31T21:59:59", "2026-10-25T00:30:00.5", "2026-10-25T01:30:00", "2026-10-25T01:30:07.000001")
    ):
        ends = datetime.fromisoformat(f"{until}+00:00")
        made = caller.portal.store.entries.save(entry(f"AB{number}", valid_until=ends), "anna")
        assert caller.send("PUT", f"api/entries/{made.id}", {"description": "new"}).status == 200
        assert caller.portal.store.entries.get(made.id) == replace(made, description="new")


def test_the_same_plate_twice_and_plates_in_all_plates_are_refused(caller: Caller) -> None:
    caller.send("POST", f"api/lists/{WHITE}/entries", {"plate": "AB1"})
    assert problems(caller.send("POST", f"api/lists/{WHITE}/entries", {"plate": "A B 1"})) == {
        "plate": "A B 1 is in WHITELIST already"
    }
    assert caller.send("POST", "api/lists/1/entries", {"plate": "AB1"}).status == 422


def test_plates_are_searched_counted_and_paged(caller: Caller) -> None:
    for number in range(60):
        caller.send("POST", f"api/lists/{WHITE}/entries", {"plate": f"AB{number:03}"})
    assert caller.get(f"api/lists/{WHITE}/entries?search=ab-01").json["count"] == 10
    assert len(caller.get(f"api/lists/{WHITE}/entries?limit=25&offset=50").json["entries"]) == 10
    assert caller.get(f"lists/{WHITE}").text.count('data-do="edit"') == 50
    assert caller.get(f"lists/{WHITE}?page=2").text.count('data-do="edit"') == 10
    assert re.search(r'href="\?search=AB0&amp;page=2" rel="next"', caller.get(f"lists/{WHITE}?search=AB0").text)
    assert re.search(r'href="\?search=AB0&amp;page=1" rel="prev"', caller.get(f"lists/{WHITE}?search=AB0&page=2").text)


ALL_FIELDS = {
    "plate": "AB 12", "description": "second car", "owner": "Anna", "email": "anna@example.org", "group": "Flat 4",
    "valid_from": "2026-01-02T08:00", "valid_until": "2026-07-01T18:00:30", "entries_left": 3, "wiegand_facility": 1,
    "wiegand_card": 2, "week": [[[480, 1080]]] + [[]] * 6,
}  # fmt: skip


def test_one_plate_is_set_by_its_name_as_often_as_one_likes(caller: Caller) -> None:
    made = caller.send("PUT", "api/lists/whitelist/plates/AB%2012", ALL_FIELDS, "operator").json
    assert made["done"] == "added"
    assert {name: made["entry"][name] for name in ALL_FIELDS} == ALL_FIELDS
    again = caller.send("PUT", f"api/lists/{WHITE}/plates/ab-12", ALL_FIELDS).json
    assert again == {"done": "unchanged", "entry": made["entry"]}
    changed = caller.send("PUT", f"api/lists/{WHITE}/plates/AB12", {"entries_left": None, "owner": "Ben"}).json
    assert (changed["done"], changed["entry"]["id"]) == ("changed", made["entry"]["id"])
    kept = {**ALL_FIELDS, "entries_left": None, "owner": "Ben"}
    assert {name: changed["entry"][name] for name in ALL_FIELDS} == kept
    assert caller.get(f"api/lists/{WHITE}/entries?search=flat 4").json["count"] == 1
    found = [(change.user, change.subject) for change in caller.portal.store.changes("entry")]
    assert found == [("anna", "entry"), ("anna", "entry")]


@pytest.mark.parametrize("plate", ["부산02가1234", "А123ВС77", "AB?1*"])
def test_a_plate_in_an_address_is_percent_encoded(caller: Caller, plate: str) -> None:
    address = f"api/lists/{WHITE}/plates/{quote(plate, safe='')}"
    assert caller.send("PUT", address, {}).json["entry"]["plate"] == plate
    assert caller.send("DELETE", address, {}).status == 200
    assert caller.get(f"api/lists/{WHITE}/entries").json["count"] == 0


@pytest.mark.parametrize(
    ("method", "address", "body", "status", "key"),
    [
        ("PUT", "NOLIST/plates/AB1", {}, 404, "there is no list {name}"),
        ("DELETE", "NOLIST/plates/AB1", {}, 404, "there is no list {name}"),
        ("DELETE", "4/plates/AB1", {}, 404, "{plate} is not in {list_name}"),
        ("PUT", "1/plates/AB1", {}, 409, "{list_name} holds no plates: it stands for plates of every list or of none"),
        ("PUT", "4/plates/AB1", {"plate": "AB2"}, 409, "{plate} and {other} are two plates"),
    ],
)
def test_a_plate_that_cannot_be_set_says_why(
    caller: Caller, method: str, address: str, body: dict[str, object], status: int, key: str
) -> None:
    reply = caller.send(method, f"api/lists/{address}", body)
    assert (reply.status, reply.json["key"]) == (status, key)
    assert caller.portal.store.changes("entry") == []


def test_a_plate_s_problems_are_listed_and_only_who_may_change_lists_may_set_it(caller: Caller) -> None:
    wrong = {"email": "a, b", "entries_left": -1, "week": [[[0, 1441]]] + [[]] * 6, "colour": "red"}
    assert set(problems(caller.send("PUT", f"api/lists/{WHITE}/plates/AB1", wrong))) == {"entries_left", "week", "colour"}
    assert set(problems(caller.send("PUT", f"api/lists/{WHITE}/plates/AB1", {"email": "a, b"}))) == {"email"}
    assert set(problems(caller.send("PUT", f"api/lists/{WHITE}/plates/%3Cb%3E", {}))) == {"plate"}
    assert set(problems(caller.send("PUT", f"api/lists/{WHITE}/plates/{'A' * 21}", {}))) == {"plate"}
    assert caller.send("PUT", f"api/lists/{WHITE}/plates/AB1", {}, "viewer").status == 403
    assert caller.send("DELETE", f"api/lists/{WHITE}/plates/AB1", {}, "viewer").status == 403
    assert caller.portal.store.entries.count(WHITE) == 0


def test_a_list_says_what_it_means_for_the_barrier(caller: Caller) -> None:
    made = caller.send("POST", "api/lists", {"name": "Banned", "role": "black"}).json
    assert (made["policy"], made["barrier"], made["fuzzy"]) == ("", "refuse", False)
    changed = caller.send("PUT", f"api/lists/{made['id']}", {"policy": "report", "fuzzy": True}).json
    assert (changed["policy"], changed["barrier"], changed["fuzzy"]) == ("report", "report", True)
    assert problems(caller.send("PUT", f"api/lists/{made['id']}", {"policy": "maybe"})).keys() == {"policy"}
    locked = caller.send("PUT", "api/lists/1", {"policy": "refuse"}).json
    assert (locked["name"], locked["barrier"]) == ("ALL PLATES", "refuse")


def test_the_page_of_a_list_shows_whose_the_plates_are_and_when_they_hold(caller: Caller) -> None:
    caller.send("PUT", f"api/lists/{WHITE}/plates/AB12", {**ALL_FIELDS, "owner": "<b>Anna"})
    page = caller.get(f"lists/{WHITE}").text
    for shown in ("&lt;b&gt;Anna", "Flat 4", "3 entries left", "weekly hours", "2026-07-01 18:00:30", 'data-entries_left="3"'):
        assert shown in page, shown
    assert "<b>Anna" not in page


def test_plates_with_one_wiegand_number_are_named(caller: Caller) -> None:
    for plate in ("AB1", "CD2"):
        caller.send("POST", f"api/lists/{WHITE}/entries", {"plate": plate, "wiegand_facility": 1, "wiegand_card": 2})
    assert caller.get(f"api/lists/{WHITE}/collisions").json == {"collisions": [{"number": "1-2", "plates": ["AB1", "CD2"]}]}


def test_an_action_is_added_with_schedule_and_options_although_the_service_is_down(caller: Caller) -> None:
    body = {"kind": "io", "name": "Open", "week": BUSINESS, "options": {"duration_ms": 800}}
    made = caller.send("POST", f"api/lists/{WHITE}/rules", body, "operator").json
    assert made["in_force"] is False
    assert "service" in made["note"]
    rule = caller.portal.store.rules.get(made["id"])
    assert rule is not None
    assert rule.week.days[0] == ((480, 720), (780, 1020))
    assert rule.week.days[6] == ()
    assert made["options"]["duration_ms"] == 800
    assert made["options"]["output"] == "DO1"


def test_an_actions_problems_are_listed_all_at_once(caller: Caller) -> None:
    body = {
        "kind": "io",
        "name": " ",
        "enabled": "yes",
        "week": [[[500, 500]]] * 7,
        "options": {"output": "DO7", "duration_ms": 1, "do": "explode"},
    }
    reply = caller.send("POST", f"api/lists/{WHITE}/rules", body)
    assert problems(reply) == {
        "name": "must be 1 to 60 printable characters",
        "enabled": "must be true or false",
        "week": "Mon: a span runs from 00:00 to 24:00 at most; one that ends before it starts goes on into the next day",
        "options.output": "this camera has no DO7; it has DO1, DO2",
        "options.duration_ms": "must be 10 or more",
        "options.do": "must be one of pulse, pattern, on, off",
    }
    assert caller.portal.store.rules() == []


@pytest.mark.parametrize(
    "week", [[], "always", [[]] * 6, [["08:00-17:00"]] * 7, [[[0, True]]] * 7, [[[0.5, 2]]] * 7, [[[0, 1441]]] * 7]
)
def test_a_schedule_that_is_none_is_refused(caller: Caller, week: object) -> None:
    assert set(problems(caller.send("POST", f"api/lists/{WHITE}/rules", {"kind": "io", "week": week}))) == {"week"}


def test_spans_that_touch_become_one(caller: Caller) -> None:
    week = [[[600, 700], [0, 60], [60, 120], [650, 800]], *([[]] * 6)]
    made = caller.send("POST", f"api/lists/{WHITE}/rules", {"kind": "io", "week": week}).json
    assert made["week"][0] == [[0, 120], [600, 800]]


def test_two_actions_that_want_one_output_wired_differently_are_refused(caller: Caller) -> None:
    caller.send("POST", f"api/lists/{WHITE}/rules", {"kind": "io"})
    reply = caller.send("POST", "api/lists/1/rules", {"kind": "io", "options": {"polarity": "active low"}})
    assert reply.status == 422
    assert "DO1" in reply.json["error"]


@pytest.mark.parametrize("url", ["http://10.0.0.66/", "https://10.0.0.9/", "http://10.0.0.9:81/", "http://10.0.0.9@evil.example/"])
def test_an_actions_password_goes_to_no_other_server_than_it_was_entered_for(caller: Caller, url: str) -> None:
    options = {"url": "http://10.0.0.9/", "user": "u", "password": "secret", "authentication": "basic"}
    made = caller.send("POST", f"api/lists/{WHITE}/rules", {"kind": "http", "name": "Tell", "options": options}).json
    moved = {"url": url, "password": ""}
    reply = caller.send("PUT", f"api/rules/{made['id']}", {"options": moved}, "operator")
    assert (reply.status, problems(reply)["options.password"]) == (422, "enter it again: it was given for another address")
    body = {"kind": "http", "options": moved, "list_id": WHITE, "plate": "AB12", "rule_id": made["id"]}
    assert caller.send("POST", "api/rules/test", body, "operator").status == 422
    assert caller.send("PUT", f"api/rules/{made['id']}", {"options": {"url": "http://10.0.0.9/lpr?key=1"}}).status == 200
    assert (
        caller.send("PUT", f"api/rules/{made['id']}", {"options": {"url": "https://10.0.0.9/", "password": "secret"}}).status == 200
    )


def test_an_actions_password_stays_in_the_camera_and_through_an_edit(caller: Caller) -> None:
    options = {"url": "http://10.0.0.9/", "user": "u", "password": "s3cr3t", "authentication": "basic"}
    made = caller.send("POST", f"api/lists/{WHITE}/rules", {"kind": "http", "options": options}).json
    assert made["options"]["password"] == ""
    assert "s3cr3t" not in caller.get(f"actions/{made['id']}").text
    caller.send("PUT", f"api/rules/{made['id']}", {"options": {"password": "", "hmac_header": "X-Mine"}})
    rule = caller.portal.store.rules.get(made["id"])
    assert rule is not None
    assert '"password":"s3cr3t"' in rule.options
    assert '"hmac_header":"X-Mine"' in rule.options


def test_an_action_of_every_kind_has_a_page_and_can_be_saved_as_it_stands(caller: Caller) -> None:
    for kind in caller.portal.kinds:
        assert caller.get(f"lists/{WHITE}/actions/new?kind={kind}", "operator").status == 200
        made = caller.send("POST", f"api/lists/{WHITE}/rules", {"kind": kind})
        assert made.status == 200, made.text
        assert caller.get(f"actions/{made.json['id']}").status == 200
    assert caller.get(f"lists/{WHITE}/actions/new?kind=bomb").status == 404
    assert caller.get("lists/99/actions/new?kind=io").status == 404


def test_a_test_is_checked_first_and_says_when_the_service_is_down(caller: Caller) -> None:
    assert caller.send("POST", "api/rules/test", {"kind": "io", "list_id": WHITE, "plate": ""}).status == 422
    reply = caller.send("POST", "api/rules/test", {"kind": "io", "list_id": WHITE, "plate": "A1", "options": {"duration_ms": 0}})
    assert problems(reply) == {"options.duration_ms": "must be 10 or more"}
    outcome = caller.send("POST", "api/rules/test", {"kind": "io", "list_id": WHITE, "plate": "A1"}).json
    assert outcome["ok"] is False
    assert "service.sock does not answer" in outcome["note"]


def test_the_conditions_of_an_action_are_saved_kept_and_shown(caller: Caller) -> None:
    sent = {"kind": "io", "lane": 2, "direction": "approach", "min_confidence": 90, "countries": "pl, DE PL"}
    made = caller.send("POST", f"api/lists/{WHITE}/rules", sent)
    assert made.status == 200
    saved = {"lane": 2, "direction": "approach", "min_confidence": 90, "countries": "PL DE"}
    assert {name: made.json[name] for name in saved} == saved
    changed = caller.send("PUT", f"api/rules/{made.json['id']}", {"name": "Gate", "lane": 0}).json
    assert {name: changed[name] for name in saved} == {**saved, "lane": 0}
    page = caller.get(f"actions/{made.json['id']}")
    assert '<option value="approach" selected>' in page.text
    assert 'value="PL DE"' in page.text


def test_wrong_conditions_are_explained_each_at_its_field(caller: Caller) -> None:
    sent = {"kind": "io", "lane": 3, "direction": "up", "min_confidence": 101, "countries": "Germany"}
    assert problems(caller.send("POST", f"api/lists/{WHITE}/rules", sent)) == {
        "lane": "must be 2 or less",
        "direction": "must be one of any, approach, away",
        "min_confidence": "must be 100 or less",
        "countries": "'GERMANY' is no country code of two letters",
    }


def test_what_is_wrong_with_an_option_stands_at_it_and_not_at_the_actions_field_of_that_name(caller: Caller) -> None:
    sent = {"kind": "ftp", "name": "x" * 61, "options": {"name": "{nothing}", "keep": "x" * 999}}
    assert set(problems(caller.send("POST", f"api/lists/{WHITE}/rules", sent))) == {"name", "options.name", "options.keep"}
    assert set(problems(caller.send("POST", f"api/lists/{WHITE}/rules", {**sent, "options": 7}))) == {"name", "options"}
    caller.send("POST", f"api/lists/{WHITE}/rules", {"kind": "io"})
    reply = caller.send("POST", "api/lists/1/rules", {"kind": "io", "options": {"polarity": "active low"}})
    assert set(problems(reply)) == {"options.polarity"}


def test_no_option_of_a_kind_is_called_as_a_field_beside_it_that_others_depend_on(caller: Caller) -> None:
    beside = {name for form in (StartForm, ConditionsForm) for name in form.model_fields}
    assert [kind.name for kind in caller.portal.kinds.values() if beside & set(kind.options.model_fields)] == []


@pytest.mark.parametrize(
    ("kind", "options", "wrong"),
    [
        ("mqtt", {"tls": False, "ca": CERTIFICATE}, {"options.ca": "makes sense only with TLS: on"}),
        ("syslog", {"protocol": "tcp", "verify_tls": False}, {"options.verify_tls": "makes sense only with Protocol: tls"}),
        ("http", {"verify_tls": False}, {"options.verify_tls": "makes sense only with URL: https://"}),
        ("http", {"authentication": "bearer"}, {"options.password": "is needed with Authentication: bearer"}),
        ("http", {"password": "geheim"}, {"options.password": "makes sense only with Authentication: basic, digest, bearer"}),
        ("http", {"method": "GET", "full_image": True}, {"options.full_image": "makes sense only with Method: POST"}),
        ("io", {"do": "on", "duration_ms": 70}, {"options.duration_ms": "makes sense only with Do: pulse"}),
        ("email", {"tls": "none", "verify_tls": False}, {"options.verify_tls": "makes sense only with Encryption: starttls, tls"}),
        ("ask", {"over": "mqtt", "path": "/x"}, {"options.path": "makes sense only with Over: http"}),
        (
            "ask",
            {"host": "8.8.8.8", "tls": False},
            {"options.tls": "outside the local network an answer must be safe from forgery: switch TLS on, or agree on a secret"},
        ),
        ("mqtt", {"password": "geheim"}, {"options.password": "makes sense only with User: not empty"}),
    ],
)
def test_an_option_that_makes_sense_only_with_another_is_told_at_its_field(
    caller: Caller, kind: str, options: dict[str, Any], wrong: dict[str, str]
) -> None:
    assert problems(caller.send("POST", f"api/lists/{WHITE}/rules", {"kind": kind, "options": options})) == wrong
    reply = caller.send("POST", "api/rules/test", {"kind": kind, "list_id": WHITE, "plate": "A1", "options": options})
    assert problems(reply) == wrong


def test_what_was_stored_for_another_choice_stays_and_hinders_nothing(caller: Caller) -> None:
    path = f"api/lists/{WHITE}/rules"
    made = caller.send("POST", path, {"kind": "io", "options": {"do": "pulse", "duration_ms": 70}}).json
    assert caller.send("PUT", f"api/rules/{made['id']}", {"options": {"do": "on"}}).status == 200
    saved = caller.send("PUT", f"api/rules/{made['id']}", {"options": {"do": "pulse"}}).json
    assert saved["options"]["duration_ms"] == 70


def test_what_an_action_starts_on_is_saved_kept_and_changed(caller: Caller) -> None:
    path = f"api/lists/{WHITE}/rules"
    made = caller.send("POST", path, {"kind": "syslog", "start": "timer", "start_times": "18:00, 7:30"}).json
    assert (made["start"], made["start_times"], made["start_every_min"]) == ("timer", "07:30 18:00", 0)
    one = f"api/rules/{made['id']}"
    assert caller.send("PUT", one, {"name": "Twice a day"}).json["start_times"] == "07:30 18:00"
    changed = caller.send("PUT", one, {"start": "input", "start_input": "DI1", "start_edge": "inactive"}).json
    assert (changed["start"], changed["start_input"], changed["start_edge"], changed["start_times"]) == (
        "input", "DI1", "inactive", ""
    )  # fmt: skip
    rule = caller.portal.store.rules.get(made["id"])
    assert rule is not None
    assert rule.start == Start("input", "DI1", active=False)
    (change,) = [each.after for each in caller.portal.store.changes("rule", limit=1)]
    assert change is not None
    assert change["start"]["on"] == "input"


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"start": "later"}, {"start"}),
        ({"start": "input"}, {"start_input", "start_opens"}),
        ({"start": "input", "start_input": "DI9"}, {"start_input"}),
        ({"start": "timer", "start_opens": True}, {"start_times"}),
        ({"start": "timer", "start_times": "25:00"}, {"start_times"}),
        ({"start": "timer", "start_times": "²:00"}, {"start_times"}),
        ({"start": "timer", "start_every_min": 1441}, {"start_every_min"}),
        ({"start": "no_plate"}, {"start_opens"}),
        ({"start": "direction", "start_opens": True}, {"direction"}),
        ({"start": "tail_gate", "start_opens": True, "direction": "away"}, {"direction"}),
        ({"start": "match", "start_input": "DI1"}, {"start_input"}),
    ],
)
def test_a_start_that_does_not_fit_is_told_at_its_field(caller: Caller, sent: dict[str, Any], wrong: set[str]) -> None:
    reply = caller.send("POST", f"api/lists/{WHITE}/rules", {"kind": "io", **sent})
    assert reply.status == 422
    assert set(problems(reply)) == wrong
    assert caller.portal.store.rules(WHITE) == []


def test_the_form_of_an_action_offers_only_the_starts_that_fit_its_kind(caller: Caller) -> None:
    page = caller.get(f"lists/{WHITE}/actions/new?kind=wiegand").text
    assert "Plate not on this list" in page
    assert "Tail-gate" not in page
    page = caller.get(f"lists/{WHITE}/actions/new?kind=syslog").text
    assert "Tail-gate" in page
    assert "start_opens" not in page
    assert "start_opens" in caller.get(f"lists/{WHITE}/actions/new?kind=io").text


def test_the_risk_of_a_list_is_told_and_kept_until_something_changes(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("webui.risks.risk", lambda *what: (asked.append(what[2]), risk(*what, 200))[1])
    caller.send("PUT", f"api/lists/{WHITE}/plates/*A*", {})
    found = caller.get(f"api/lists/{WHITE}/risk").json
    assert (found["strangers"], found["countries"], found["exact"], found["fuzzy"]) == (200, ["DE"], 0, 0)
    assert found["wildcards"] == found["admitted"] == found["patterns"][0]["strangers"] > 0
    assert caller.get(f"api/lists/{WHITE}/risk").json == found
    assert caller.get(f"api/lists/{WHITE}/risk?countries=pl,de").json["countries"] == ["PL", "DE"]
    caller.send("DELETE", f"api/lists/{WHITE}/plates/*A*", {})
    assert caller.get(f"api/lists/{WHITE}/risk").json["admitted"] == 0
    assert asked == [["DE"], ["PL", "DE"], ["DE"]]
    assert caller.get(f"api/lists/{WHITE}/risk?countries=XX").status == 422
    assert caller.get("api/lists/1/risk").status == 409
    assert caller.get(f"api/lists/{WHITE}/risk", "viewer").status == 403


def test_only_an_action_of_a_list_that_refuses_says_that_it_may_open_where_it_starts_on_a_plate_of_it(caller: Caller) -> None:
    opens = re.compile(r'data-field="start_opens"(?: data-when="[^"]*")?')
    found = [opens.search(caller.get(f"lists/{number}/actions/new?kind=io").text) for number in (WHITE, BLACK)]
    assert ["data-when" in each[0] for each in found if each] == [True, False]
    made = caller.send("POST", f"api/lists/{BLACK}/rules", {"kind": "io", "start_opens": True}).json
    assert caller.send("PUT", f"api/rules/{made['id']}", {"name": "Out"}).json["start_opens"] is True
    other = caller.send("POST", f"api/lists/{BLACK}/rules", {"kind": "io", "start": "no_plate", "start_opens": True}).json
    assert caller.send("PUT", f"api/rules/{other['id']}", {"start": "match"}).json["start_opens"] is False


def test_how_long_a_message_is_tried_is_saved_kept_and_refused_for_what_opens(caller: Caller) -> None:
    made = caller.send("POST", f"api/lists/{WHITE}/rules", {"kind": "http", "max_age_s": 90}).json
    assert caller.send("PUT", f"api/rules/{made['id']}", {"name": "Tell"}).json["max_age_s"] == 90
    assert 'data-field="max_age_s"' in caller.get(f"actions/{made['id']}").text
    assert 'data-field="max_age_s"' not in caller.get(f"lists/{WHITE}/actions/new?kind=io").text
    assert set(problems(caller.send("POST", f"api/lists/{WHITE}/rules", {"kind": "io", "max_age_s": 90}))) == {"max_age_s"}


def test_a_list_that_came_without_a_colour_can_be_changed_and_taken_to_another_camera(caller: Caller) -> None:
    """An import makes such lists: each change of them was refused for their colour, and so was a configuration file with one."""
    made = caller.portal.store.lists.save(PlateList(0, "Gäste", "custom"), "import")
    reply = caller.send("PUT", f"api/lists/{made.id}", {"keep_days": 3})
    assert (reply.status, reply.json["colour"], reply.json["keep_days"]) == (200, "", 3), reply.text
    document = caller.send("POST", "api/configuration/export", {"passphrase": ""}).json
    assert caller.send("POST", "api/configuration/import", {"document": document, "apply": True}).json["problems"] == []
