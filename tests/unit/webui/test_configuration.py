"""Configuration: one file of all settings, lists and actions, taken in whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from engine.settings import GeneralSettings, LprSettings
from engine.types import ActionRule, PlateList, WeekSchedule
from tests.samples import WHITE, entry
from tests.unit.webui.portal_caller import Caller
from webui.api import configuration

PASSPHRASE = "a gate in Graz"


def rule(caller: Caller, name: str = "Tell the office", list_id: int = WHITE, **options: Any) -> ActionRule:
    values = json.dumps({"url": "http://server/cars", "authentication": "basic", "user": "anna", "password": "hunter2", **options})
    return caller.portal.store.save_rule(ActionRule(0, list_id, name, "http", True, WeekSchedule(), values), "admin")


def exported(caller: Caller, passphrase: str = "") -> dict[str, Any]:
    reply = caller.send("POST", "api/configuration/export", {"passphrase": passphrase})
    assert reply.status == 200, reply.text
    document: dict[str, Any] = reply.json
    return document


def sent(caller: Caller, document: Any, apply: bool = True, **more: Any) -> Any:
    return caller.send("POST", "api/configuration/import", {"document": document, "apply": apply, **more})


@pytest.fixture
def other(tmp_path: Path) -> Any:
    found = Caller(tmp_path / "other")
    yield found
    found.close()


def test_another_camera_gets_all_settings_lists_and_actions_of_a_file(caller: Caller, other: Caller) -> None:
    caller.portal.store.settings.put(
        GeneralSettings(device_name="North", site="Graz", image_quality_pct=55, info_columns="Hall=3"), "a"
    )
    caller.portal.store.settings.put(LprSettings(region="Europe", countries=("DE", "SK"), min_confidence_pct=70), "a")
    vip = caller.portal.store.lists.save(PlateList(0, "VIP", "custom", "#112233", "refuse"), "a")
    rule(caller, list_id=vip.id)
    assert sent(other, exported(caller, PASSPHRASE), passphrase=PASSPHRASE, keep_names=True).json["problems"] == []
    general = other.portal.general()
    assert (general.site, general.image_quality_pct, general.info_columns) == ("Graz", 55, "Hall=3")
    assert general.device_name == "Gatewright", "its name is its own"
    assert other.portal.lpr().countries == ("DE", "SK")
    made = next(each for each in other.portal.store.lists() if each.name == "VIP")
    assert (made.colour, made.policy) == ("#112233", "refuse")
    options = json.loads(other.portal.store.rules(made.id)[0].options)
    assert (options["url"], options["password"]) == ("http://server/cars", "hunter2")


def test_a_camera_takes_the_file_of_one_with_many_lists_and_actions(caller: Caller, other: Caller) -> None:
    with caller.portal.store.transaction():
        for number in range(210):
            caller.portal.store.lists.save(PlateList(0, f"Company {number}", "custom"), "a")
        for number in range(110):
            rule(caller, f"Tell {number}")
    assert sent(other, exported(caller, PASSPHRASE), passphrase=PASSPHRASE).status == 200
    assert (len(other.portal.store.lists()), len(other.portal.store.rules(WHITE))) == (215, 110)


def test_passwords_are_sealed_in_a_process_that_hashes_without_openssl(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(hashlib, "scrypt")
    assert exported(caller, PASSPHRASE)["passwords"].keys() == {"salt", "nonce", "sealed"}


def test_a_file_without_a_passphrase_holds_no_password_and_leaves_the_stored_one(caller: Caller) -> None:
    made = rule(caller)
    document = exported(caller)
    assert "hunter2" not in json.dumps(document)
    document["settings"]["general"]["site"] = "Wien"
    assert sent(caller, document).status == 200
    kept = caller.portal.store.rules.get(made.id)
    assert kept is not None and json.loads(kept.options)["password"] == "hunter2"


@pytest.mark.parametrize(
    ("kind", "name", "value", "other"),
    [
        ("http", "url", "http://nvr.example/in?token=hunter2&key={plate}", {"url": "http://thief/in?token=(hidden)&key={plate}"}),
        ("wiegand_vivotek", "url", "http://box.example/w?psw=hunter2&c={card}", {"url": "http://thief/w?psw=(hidden)&c={card}"}),
        ("vast2", "path", "/lpr?token=hunter2", {"host": "thief.example"}),
        ("ask", "path", "/ask?apikey=hunter2", {"host": "thief.example"}),
    ],
)
def test_a_file_without_a_passphrase_holds_no_password_of_an_actions_address_either(
    caller: Caller, kind: str, name: str, value: str, other: dict[str, str]
) -> None:
    options = {name: value, **({"by": "http"} if kind == "wiegand_vivotek" else {})}
    made = caller.portal.store.rules.save(ActionRule(0, WHITE, "Tell", kind, False, WeekSchedule(), json.dumps(options)), "anna")
    document = exported(caller)
    [action] = next(each for each in document["lists"] if each["role"] == "white")["actions"]
    assert "hunter2" not in json.dumps(document) and action["options"][name] == value.replace("hunter2", "(hidden)")
    document["settings"]["general"]["site"] = "Wien"
    assert sent(caller, document).status == 200
    kept = caller.portal.store.rules.get(made.id)
    assert kept is not None and json.loads(kept.options)[name] == value
    action["options"].update(other)
    reply = sent(caller, document)
    assert reply.status == 422 and "enter the password in it again" in reply.json["error"]


@pytest.mark.parametrize("knows", [True, False], ids=["file of this release", "of one that did not say what has a password"])
def test_another_camera_takes_all_but_the_passwords_of_a_file_without_a_passphrase_and_says_which_are_missing(
    caller: Caller, other: Caller, knows: bool
) -> None:
    rule(caller)
    rule(caller, "Token", url="http://nvr.example/in?token=hunter2&key={plate}", authentication="none", password="")
    rule(caller, "Bearer", authentication="bearer", user="")
    url = "rtsp://anna:hunter2@camera.example/1"
    caller.portal.store.settings.put(LprSettings(region="Europe", countries=("DE",), camera_url=url), "a")
    document = exported(caller)
    if not knows:
        del document["hidden"]
        white = next(each for each in document["lists"] if each["role"] == "white")
        white["actions"] = [each for each in white["actions"] if each["name"] != "Bearer"]
    missing = [
        "LPR configuration: Camera URL: the password in it is not in the file",
        *(["List WHITELIST, action Tell the office: Password: is not in the file"] if knows else []),
        "List WHITELIST, action Token: URL: the password in it is not in the file",
        *(["List WHITELIST, action Bearer: Password: is not in the file"] if knows else []),
    ]
    assert [sent(other, document, apply=each).json["missing"] for each in (False, True)] == [missing, missing]
    options = [json.loads(each.options) for each in other.portal.store.rules(WHITE)]
    assert [each["url"] for each in options[:2]] == ["http://server/cars", "http://nvr.example/in?token=&key={plate}"]
    assert other.portal.lpr().camera_url == "rtsp://anna:@camera.example/1"
    assert sent(caller, document).json["missing"] == [], "this one has them all"
    assert sent(other, exported(caller, PASSPHRASE), passphrase=PASSPHRASE).json["missing"] == []
    assert json.loads(other.portal.store.rules(WHITE)[1].options)["url"].startswith("http://nvr.example/in?token=hunter2")


def test_a_camera_that_looks_through_another_network_camera_keeps_its_address_and_takes_the_rest(
    caller: Caller, other: Caller
) -> None:
    for each, host in ((caller, "one"), (other, "two")):
        url = f"rtsp://anna:hunter2@{host}.example/1"
        each.portal.store.settings.put(LprSettings(region="Europe", countries=("DE",), camera_url=url), "a")
    document = exported(caller)
    document["settings"]["lpr"]["min_confidence_pct"] = 71
    missing = ["LPR configuration: Camera URL: stays as it is, as its password is not in the file"]
    assert sent(other, document).json["missing"] == missing
    assert (other.portal.lpr().camera_url, other.portal.lpr().min_confidence_pct) == ("rtsp://anna:hunter2@two.example/1", 71)


@pytest.mark.parametrize("hidden", [None, 5, {"lists/1/actions/0": 5}, {"lists/1/actions/0": [5, "no such", "url"]}])
def test_what_a_file_says_of_its_passwords_breaks_no_import(caller: Caller, other: Caller, hidden: Any) -> None:
    rule(caller)
    assert sent(other, {**exported(caller), "hidden": hidden}).json["missing"] == []


def test_a_stored_password_is_not_sent_to_an_address_that_a_file_brings(caller: Caller) -> None:
    rule(caller)
    document = exported(caller)
    next(each for each in document["lists"] if each["role"] == "white")["actions"][0]["options"]["url"] = "http://thief/"
    reply = sent(caller, document)
    assert reply.status == 422
    assert "Tell the office" in reply.json["error"] and "enter it again" in reply.json["error"]


def test_passwords_of_a_changed_file_or_another_passphrase_are_not_taken(caller: Caller, other: Caller) -> None:
    rule(caller)
    document = exported(caller, PASSPHRASE)
    assert "hunter2" not in json.dumps(document)
    assert "is another one" in sent(other, document, passphrase="another passphrase").json["error"]
    next(each for each in document["lists"] if each["role"] == "white")["actions"][0]["options"]["url"] = "http://thief/"
    assert "changed after it was made" in sent(other, document, passphrase=PASSPHRASE).json["error"]
    assert other.portal.store.rules() == []


def test_names_and_the_passphrase_are_the_same_however_another_computer_types_them(caller: Caller, other: Caller) -> None:
    """A Mac takes a letter and its mark apart; people write names in capitals."""
    mine = caller.portal.store.lists.save(PlateList(0, "Gäste", "custom"), "a")
    rule(caller, list_id=mine.id)
    other.portal.store.lists.save(PlateList(0, "GÄSTE", "custom"), "a")
    document = exported(caller, unicodedata.normalize("NFC", "ein Tor in Köln"))
    assert sent(other, document, passphrase=unicodedata.normalize("NFD", "ein Tor in Köln")).json["problems"] == []
    (taken,) = [each for each in other.portal.store.lists() if each.name.startswith("G")]
    assert (taken.name, len(other.portal.store.rules(taken.id))) == ("Gäste", 1)


def test_blanks_belong_to_a_passphrase_and_files_of_before_that_open_all_the_same(caller: Caller, other: Caller) -> None:
    rule(caller)
    blank = exported(caller, " " * 9)
    assert "another one" in sent(other, blank, apply=False, passphrase=" " * 8).json["error"]
    assert sent(other, blank, passphrase=" " * 9).status == 200
    assert json.loads(other.portal.store.rules(WHITE)[0].options)["password"] == "hunter2"
    earlier = exported(caller, PASSPHRASE)  # its blanks were cut off
    assert sent(other, earlier, apply=False, passphrase=f" {PASSPHRASE} ").status == 200


def test_a_browser_that_writes_10_0_as_10_does_not_spoil_the_passwords(caller: Caller, other: Caller) -> None:
    rule(caller)
    document = json.loads(
        json.dumps(exported(caller, PASSPHRASE)), parse_float=lambda text: float(text) if float(text) % 1 else int(float(text))
    )
    assert sent(other, document, passphrase=PASSPHRASE).status == 200


def test_a_preview_says_every_change_with_its_place_and_changes_nothing(caller: Caller) -> None:
    rule(caller)
    document = exported(caller)
    document["settings"]["general"]["site"] = "Wien"
    white = next(each for each in document["lists"] if each["role"] == "white")
    white["colour"], white["policy"], white["actions"] = "#010203", "refuse", []
    document["lists"].append({"name": "VIP", "role": "custom", "actions": [], "jobs": []})
    told = sent(caller, document, apply=False).json
    assert told["applied"] is False and told["problems"] == []
    assert [(each["place"], each["name"], each["before"], each["after"]) for each in told["differences"]] == [
        ("General configuration", "Site", "", "Wien"),
        ("List WHITELIST", "Barrier", "As its role says", "Refuse: nothing opens the barrier for its plates"),
        ("List WHITELIST", "List colour", caller.portal.store.lists.get(WHITE).colour, "#010203"),
        ("List WHITELIST, action Tell the office", "", "HTTP", None),
        ("List VIP", "", None, "new list"),
    ]
    assert caller.portal.general().site == "" and len(caller.portal.store.rules(WHITE)) == 1


def test_every_problem_is_named_with_its_place_and_nothing_is_taken(caller: Caller) -> None:
    rule(caller)
    document = exported(caller)
    document["settings"]["general"] |= {"image_quality_pct": 500, "no_such": 1}
    document["settings"]["lpr"] |= {"min_char_height_px": 90, "max_char_height_px": 20}
    document["settings"]["engine"] = {}
    white = next(each for each in document["lists"] if each["role"] == "white")
    white["actions"].append({"name": "Fly", "kind": "rocket"})
    white["actions"].append({"name": "Open", "kind": "io", "options": {"output": "DO9"}})
    document["lists"].append({"name": "", "role": "custom"})
    document["settings"]["camera"]["exposure_us"] = "x"
    reply = sent(caller, document)
    problems = [each["text"] for each in reply.json["problems"]]
    assert reply.status == 422
    for said in (
        "General configuration: Image quality",
        "General configuration: no_such",
        "LPR configuration: Minimum character height",
        "Settings engine: there are none",
        "List WHITELIST, action Fly: There is no action 'rocket'",
        "List WHITELIST, action Open: Output: this camera has no DO9",
        "List : List name",
    ):
        assert any(each.startswith(said) for each in problems), (said, problems)
    assert caller.portal.general().image_quality_pct == 70 and len(caller.portal.store.rules(WHITE)) == 1


def test_what_the_store_refuses_undoes_the_whole_import(caller: Caller) -> None:
    """A number of 20 bits does not fit a frame of 26: only the store, which has the plates, can say so."""
    caller.portal.store.save_entry(entry("AB123", WHITE, wiegand_facility=1, wiegand_card=900_000), "admin")
    document = exported(caller)
    document["settings"]["general"]["site"] = "Wien"
    white = next(each for each in document["lists"] if each["role"] == "white")
    white["actions"].append({"name": "Send", "kind": "wiegand", "options": {"layout": "w26"}})
    reply = sent(caller, document)
    assert reply.status == 422 and "List WHITELIST: action Send" in reply.json["error"]
    assert caller.portal.general().site == "" and caller.portal.store.rules() == []


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"format": "x"},
        {"format": "gatewright configuration", "layout": 99},
        {"format": "gatewright configuration", "layout": 1, "lists": 5},
    ],
)
def test_a_file_that_is_none_of_ours_is_refused_in_words(caller: Caller, document: Any) -> None:
    reply = sent(caller, document)
    assert reply.status == 422 and reply.json["error"]


def test_a_revert_goes_back_to_what_was_before_the_import_and_forth_again(caller: Caller) -> None:
    made = rule(caller)
    document = exported(caller)
    document["settings"]["general"]["site"] = "Wien"
    next(each for each in document["lists"] if each["role"] == "white")["actions"] = []
    assert caller.send("POST", "api/configuration/revert", {}).status == 422
    sent(caller, document)
    assert caller.send("POST", "api/configuration/revert", {}).status == 200
    back = caller.portal.store.rules(WHITE)[0]
    assert caller.portal.general().site == "" and json.loads(back.options) == json.loads(made.options)
    caller.send("POST", "api/configuration/revert", {})
    assert caller.portal.general().site == "Wien" and caller.portal.store.rules(WHITE) == []


def test_a_new_camera_goes_back_to_what_it_was_and_gives_its_file_to_one_that_is_set_up(caller: Caller, other: Caller) -> None:
    document = exported(other)
    caller.portal.store.settings.put(LprSettings(min_confidence_pct=70), "a")
    new = exported(caller)
    assert sent(caller, document).status == 200 and caller.portal.lpr().min_confidence_pct != 70
    assert caller.send("POST", "api/configuration/revert", {}).status == 200
    assert (caller.portal.lpr().region, caller.portal.lpr().min_confidence_pct) == ("Europe", 70)
    assert sent(other, new).status == 200
    assert (other.portal.lpr().region, other.portal.lpr().countries) == ("Europe", ("DE",))
    assert other.portal.lpr().min_confidence_pct == 70


def test_of_two_imports_at_once_the_second_begins_when_the_first_is_in(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kept the configuration of before in the same file, and planned by what the other one was changing."""
    files = [exported(caller) for _ in range(2)]
    files[0]["settings"]["general"]["site"], files[1]["settings"]["general"]["site"] = "Wien", "Graz"
    both = threading.Barrier(2)
    carried_out = configuration.carry_out

    def slow(*what: Any) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.3)
        carried_out(*what)

    monkeypatch.setattr(configuration, "carry_out", slow)
    with ThreadPoolExecutor(2) as threads:
        replies = list(threads.map(lambda file: sent(caller, file), files))
    assert [reply.status for reply in replies] == [200, 200]
    last = caller.portal.general().site
    assert caller.send("POST", "api/configuration/revert", {}).status == 200
    assert {last, caller.portal.general().site} == {"Wien", "Graz"}


def test_the_same_file_once_more_leaves_what_a_revert_goes_back_to(caller: Caller) -> None:
    document = exported(caller)
    document["settings"]["general"]["site"] = "Wien"
    assert [sent(caller, document).json["changes"] for _ in range(2)] == [1, 0]
    assert caller.send("POST", "api/configuration/revert", {}).status == 200
    assert caller.portal.general().site == ""


def test_the_name_of_the_camera_stays_when_the_file_is_of_another_one(caller: Caller) -> None:
    document = exported(caller)
    document["settings"]["general"] |= {"device_name": "South", "site": "Wien"}
    document["camera"]["id"] = "gw-of-another"
    assert sent(caller, document).json["other_camera"] is True
    assert (caller.portal.general().device_name, caller.portal.general().site) == ("Gatewright", "Wien")
    assert sent(caller, document, keep_names=False).status == 200
    assert caller.portal.general().device_name == "South"


def test_exports_and_imports_stand_in_the_changes_with_their_user(caller: Caller) -> None:
    sent(caller, exported(caller, PASSPHRASE))
    told = [(each.user, dict(each.after or {})) for each in caller.portal.store.changes("configuration")]
    assert [user for user, _ in told] == ["anna", "anna"]
    assert told[1][1] == {"exported": "with passwords"} and told[0][1]["imported"].endswith("by Gatewright")


def test_who_may_not_change_actions_exports_and_imports_settings_alone(caller: Caller) -> None:
    rule(caller)
    told = caller.send("POST", "api/configuration/export", {}, permissions="configure").json
    assert told["lists"] == [] and "general" in told["settings"]
    whole = exported(caller)
    assert caller.send("POST", "api/configuration/import", {"document": whole}, permissions="configure").status == 403
    assert caller.send("POST", "api/configuration/import", {"document": told}, permissions="configure").status == 200


def test_passwords_of_a_way_to_log_in_that_is_switched_off_do_not_hinder(caller: Caller, other: Caller) -> None:
    rule(caller, authentication="none")
    assert sent(other, exported(caller, PASSPHRASE), passphrase=PASSPHRASE).status == 200


@pytest.mark.parametrize("damaged", ["", "[" * 100_000, "[]", '{"at": 5}'], ids=["empty", "deep", "list", "types"])
def test_a_damaged_configuration_of_before_is_none_and_breaks_no_page(caller: Caller, damaged: str) -> None:
    caller.state.portal_files.mkdir(parents=True, exist_ok=True)
    (caller.state.portal_files / "configuration.before.json").write_text(damaged)
    assert caller.get("general").status == 200
