"""Help: each page's checks, on cameras of which something is wrong."""

from __future__ import annotations

import socket

import pytest

from engine.settings import GeneralSettings, LprSettings
from engine.types import PassageImages
from tests.samples import NOW, WHITE, entry, passage, rule
from tests.unit.webui.portal_caller import Caller
from webui.tabs.help import TOPICS

FOUND = dict[str, tuple[str, str, str]]


def checks(caller: Caller, topic: str, plate: str = "") -> FOUND:
    """{title: (state, found, todo)}."""
    answer = caller.get(f"api/help/{topic}?plate={plate}").json["checks"]
    return {each["title"]: (each["state"], each["found"], each["todo"] or "") for each in answer}


def test_every_page_of_the_chapter_is_there_and_help_leads_to_the_first(caller: Caller) -> None:
    assert [topic.name for topic in TOPICS] == ["no-plate", "no-action", "no-space", "stopped", "milestone"]
    assert 'data-topic="no-plate"' in caller.get("help").text
    assert 'data-topic="no-action"' in caller.get("help", "operator").text
    for topic in TOPICS:
        assert caller.get(f"help/{topic.name}").status == 200


def test_no_check_leads_where_whoever_reads_it_may_not_go(caller: Caller) -> None:
    led = set()

    def look() -> None:
        for topic in TOPICS:
            for role in ("operator", "admin"):
                answer = caller.get(f"api/help/{topic.name}", role)
                for each in answer.json["checks"] if answer.status == 200 else ():
                    page = each["href"].removeprefix("/anpr/").partition("#")[0]
                    led.add((role, page))
                    assert not page or caller.get(page, role).status == 200, (role, each)

    look()
    caller.portal.store.add_passage(passage(), [], caller.portal.store.lookup("HK55EVB", NOW, True))
    caller.portal.store.rules.save(rule(WHITE, "io", name="Gate"), "admin")
    caller.portal.store.entries.save(entry("HK55EVB", WHITE), "admin")
    look()
    assert ("operator", "lists") in led and ("admin", "audit") in led


def test_a_service_that_is_away_is_said_first(caller: Caller) -> None:
    found = checks(caller, "stopped")
    assert found["The service runs"][:2] == ("bad", "It does not answer: the mode is STOPPED.")
    assert "Restart service" in found["The service runs"][2]
    assert found["The engine reads"][0] == "bad"


def test_no_plate_looks_at_countries_region_motion_and_the_log(caller: Caller) -> None:
    lpr = {"region": "Europe", "roi": (0.4, 0.4, 0.6, 0.6), "motion_threshold": 100}
    caller.portal.store.settings.put(LprSettings(**lpr), "admin")
    caller.state.logs.mkdir(parents=True, exist_ok=True)
    line = "2026-11-28T03:00:00.000Z INFO reads: read 'BA123CD' in frame 7 not valid: confidence 60 %, minimum 80 %"
    (caller.state.logs / "service.log").write_text(f"first line\n{line}\nsomething else\n")
    found = checks(caller, "no-plate")
    assert found["Region and countries are the right ones"][:2] == ("warn", "Europe, but no country is chosen.")
    assert found["Plates lie inside the ROI"][:2] == ("warn", "It covers 4 % of the picture; 0 reads were not wholly inside.")
    assert found["Something moves in the picture"][:2] == ("bad", "The motion threshold is 100: nothing is ever read.")
    assert found["The last reads that were left out"][1] == (
        "2026-11-28 03:00:00 read 'BA123CD' in frame 7 not valid: confidence 60 %, minimum 80 %"
    )
    assert found["Plates are large enough"][0] == "warn"


def test_no_plate_in_trigger_mode_looks_at_the_triggers(caller: Caller) -> None:
    caller.portal.store.settings.put(LprSettings(region="Europe", countries=("DE",), mode="TRIGGER"), "admin")
    found = checks(caller, "no-plate")
    assert found["The trigger socket listens"][0] == "bad"
    assert found["Triggers are received"][0] == "bad"
    assert "Something moves in the picture" not in found
    caller.portal.store.settings.put(GeneralSettings(trigger_port=0), "admin")
    assert checks(caller, "no-plate")["The trigger socket listens"][:2] == ("info", "It is switched off (port 0).")


def test_action_not_triggered_says_why_for_a_plate(caller: Caller) -> None:
    assert checks(caller, "no-action")["A plate was read"][0] == "bad"
    caller.portal.store.add_passage(passage("HK55EVB", at=NOW, images=PassageImages()), ())
    assert checks(caller, "no-action")["A list of it has an action"][:2] == ("bad", "None has.")
    caller.portal.store.entries.save(entry("HK55EVB"), "admin")
    saved = caller.portal.store.rules.save(rule(WHITE), "admin")
    found = checks(caller, "no-action", "HK-55 EVB")
    assert found[f"Action {saved.name}"][0] == "warn" and "never carried out" in found[f"Action {saved.name}"][1]
    assert "WHITELIST" in found["The plate is in a list"][1]
    assert checks(caller, "no-action", "ZZ99ZZ")["The plate was read, and what was decided"][0] == "bad"


@pytest.mark.parametrize("listens", [True, False])
def test_the_host_of_an_action_is_tried(caller: Caller, listens: bool) -> None:
    caller.portal.store.settings.put(GeneralSettings(action_addresses="127.0.0.1"), "admin")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not listens:
            server.close()
        body = {"kind": "milestone", "name": "VMS", "options": {"host": "127.0.0.1", "port": port}}
        assert caller.send("POST", f"api/lists/{WHITE}/rules", body).status == 200
        found = checks(caller, "milestone")
    assert found[f"127.0.0.1 takes connections at port {port}"][0] == ("ok" if listens else "bad")
    page = caller.get("help/milestone").text
    assert found["Name of the analytics event to create"][1] in page and "Analytics Events" in page


def test_no_space_says_what_deletes_the_oldest(caller: Caller) -> None:
    caller.portal.store.settings.put(GeneralSettings(purge="disabled"), "admin")
    found = checks(caller, "no-space")
    assert found["Old passages are deleted"][:2] == ("warn", "Disabled")
    assert found["How far back pictures reach"][1] == "for ever, as no car comes"
    caller.portal.store.settings.put(GeneralSettings(purge="freespace"), "admin")
    assert checks(caller, "no-space")["Old passages are deleted"][:2] == ("ok", "By free space")


def test_a_plate_is_found_as_it_was_typed_and_among_many_that_begin_like_it(caller: Caller) -> None:
    """The camera reads 0 for the O of the list; and a short plate is part of longer ones."""
    store = caller.portal.store
    store.add_passage(passage("HK55EV0", "zero"), ())
    store.add_passage(passage("HK5", "short"), ())
    for number in range(30):
        store.add_passage(passage(f"HK55EV{number + 10}", f"p{number}"), ())
    read = "The plate was read, and what was decided"
    assert checks(caller, "no-action", "HK55EVO")[read][1].startswith("At ")
    assert checks(caller, "no-action", "HK5")[read][1].startswith("At ")
    store.settings.put(LprSettings(fold_lookalikes=False), "admin")
    assert checks(caller, "no-action", "HK55EVO")[read][1] == "HK55EVO was not read yet."
