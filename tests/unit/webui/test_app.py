"""The portal as a whole: who may do what, what comes back when something is wrong, and that nothing untrusted is trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import webui.tabs
from board.kit.permissions import PERMISSIONS, ROLES
from board.kit.registry import find
from board.kit.web.menu import Tab
from board.kit.web.routes import KNOWN, Route
from board.kit.web.schemas import Schemas
from engine.exchange.hand import HandFolder, HandOrder
from engine.risk import risk
from engine.settings import LprSettings
from tests.samples import NOW, passage
from tests.unit.webui.portal_caller import Caller
from webui.app import routes
from webui.downloads import Download

EVIL = '<script>alert("x")</script>'
ROUTES = [route for route in routes(tuple(find(webui.tabs, "TAB", Tab).values())) if route.path]
PAGES = [
    *sorted(route.path for route in ROUTES if route.is_page and route.method == "GET" and "<" not in route.path),
    *("lists/1", "lists/4?view=actions"),
]


@pytest.fixture(autouse=True)
def few_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The risk of a list is asked for often here, and no test is about how many made-up plates tell it."""
    monkeypatch.setattr("webui.risks.risk", lambda *what: risk(*what, 200))


@pytest.fixture(scope="module")
def one_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """A portal for tests of who is refused, whatever it holds: to open one takes longer than to ask it."""
    made = Caller(tmp_path_factory.mktemp("portal"))
    yield made
    made.close()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_shown_to_an_admin(caller: Caller, page: str) -> None:
    reply = caller.get(page)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.text.count('id="simulated"') == 1 and ">Simulated board</span>" in reply.text


def filled_in(path: str, id: str = "1", name: str = "DI1") -> str:
    return path.replace("<id>", id).replace("<name>", name).replace("<name:path>", name)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_who_lacks_the_permission_of_a_route_is_refused_and_nobody_else(one_for_all: Caller, route: Route[object]) -> None:
    for role in ("", *ROLES):
        may = bool(role) if route.permission == KNOWN else route.permission in ROLES.get(role, frozenset())
        refused = one_for_all.send(route.method, filled_in(route.path), {}, role).status == 403
        assert refused is not may, role


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_token_reaches_the_routes_of_its_permissions_only(one_for_all: Caller, route: Route[object]) -> None:
    for permission in PERMISSIONS:
        reply = one_for_all.send(route.method, filled_in(route.path), {}, permissions=permission)
        assert (reply.status == 403) is (route.permission not in (KNOWN, permission)), permission


def test_a_role_that_does_not_exist_is_no_role(caller: Caller) -> None:
    assert caller.get("live", "root").status == 403


def test_static_files_need_a_role_and_stay_in_their_folder(caller: Caller) -> None:
    for name in ("portal.css", "look.css"):
        assert caller.get(f"static/{name}").status == 200
        assert caller.get(f"static/{name}", "").status == 403
    assert caller.get("static/../app.py").status in (403, 404)


def test_a_file_is_kept_for_good_only_below_the_address_of_its_version(caller: Caller) -> None:
    """A page that was open before an upgrade asks below the old one, and must not keep under it what is new."""
    version = re.findall(r'src="/anpr/static/(\w+)/portal.js"', caller.get("live").text)[0]
    assert "immutable" in caller.get(f"static/{version}/portal.js").headers["Cache-Control"]
    for other in ("portal.js", "before/portal.js", "before/habit.js"):
        reply = caller.get(f"static/{other}")
        assert (reply.status, reply.headers["Cache-Control"]) == (200, "no-cache"), other
    assert caller.get(f"static/{version}/gone.js").status == 404 == caller.get(f"static/{version}/..%2fapp.py").status


def test_a_viewer_sees_live_and_review_in_the_menu_and_no_more(caller: Caller) -> None:
    page = caller.get("live", "viewer").text
    assert [
        name for name in ("live", "review", "lists", "lpr", "camera", "general", "audit", "logs") if f'href="/anpr/{name}"' in page
    ] == [
        "live",
        "review",
    ]


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_no_page_leads_where_whoever_reads_it_may_not_go(one_for_all: Caller, role: str) -> None:
    one_for_all.portal.store.add_passage(passage(), ())
    shown = [reply.text for page in (*PAGES, "lists/4?view=exports") if (reply := one_for_all.get(page, role)).status == 200]
    assert len(shown) >= 2
    linked = {target for text in shown for target in re.findall(r'<a [^>]*href="(/[^"#?]+)', text)}
    assert {target for target in linked if one_for_all.get(target.removeprefix("/anpr/"), role).status == 403} == set()
    assert "/anpr/review" in linked and "/setup/network/ftp.html" not in linked, "the host shows that to who may configure"


def test_the_first_access_leads_to_region_and_countries_before_anything_else(fresh_caller: Caller) -> None:
    assert fresh_caller.get("live").headers["Location"] == "/anpr/setup"
    assert "Whose plates are read?" in fresh_caller.get("setup").text
    assert "An administrator must first" in fresh_caller.get("setup", "viewer").text
    assert fresh_caller.send("PUT", "api/settings/lpr", {"countries": ["DE"]}).json["problems"] == [
        {"field": "region", "title": "Region", "text": "choose the region of the world"}
    ]
    for body in ({"region": "Europe"}, {"region": "Europe", "countries": []}):
        assert fresh_caller.send("PUT", "api/settings/lpr", body).json["problems"] == [
            {"field": "countries", "title": "Countries", "text": "choose at least one country or state"}
        ]
        assert fresh_caller.get("live").headers["Location"] == "/anpr/setup"
    assert fresh_caller.send("PUT", "api/settings/lpr", {"region": "Europe", "countries": ["DE", "FR"]}).status == 200
    assert fresh_caller.send("PUT", "api/settings/lpr", {"countries": []}).status == 422
    refused = fresh_caller.send("PUT", "api/settings/lpr", {"countries": ["DE", "IN"]})
    assert refused.json["problems"] == [{"field": "countries", "title": "Countries", "text": "IN: not in Europe"}]
    assert fresh_caller.get("live").status == 200
    assert fresh_caller.portal.lpr().countries == ("DE", "FR")


def test_a_camera_that_an_earlier_release_set_up_without_countries_reads_on_and_its_other_settings_can_be_changed(
    caller: Caller,
) -> None:
    caller.portal.store.settings.put(LprSettings(region="Europe"), "admin")
    assert caller.get("live").status == 200
    assert caller.send("PUT", "api/settings/lpr", {"min_confidence_pct": 85, "countries": []}).status == 200
    assert caller.send("PUT", "api/settings/lpr", {"region": "Asia"}).status == 422


def test_changes_are_taken_as_json_only_so_that_a_form_of_another_site_changes_nothing(caller: Caller) -> None:
    body = b'{"name": "X"}'
    assert caller.call("POST", "api/lists", "admin", body, "text/plain").status == 415
    assert caller.call("POST", "api/lists", "admin", b"name=X", "application/x-www-form-urlencoded").status == 415
    assert caller.call("POST", "api/lists", "admin", b"{", "application/json").status == 400
    assert caller.call("POST", "api/lists", "admin", b"[]", "application/json").status == 400
    assert caller.call("POST", "api/lists", "admin", b" " * 1_000_001, "application/json").status == 413
    assert len(caller.portal.store.lists()) == 5


def test_pages_forbid_foreign_and_inline_scripts(caller: Caller) -> None:
    reply = caller.get("live")
    assert "default-src 'self'" in reply.headers["Content-Security-Policy"]
    assert "unsafe" not in reply.headers["Content-Security-Policy"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


CHANGING = [route for route in ROUTES if route.method != "GET"]
NONSENSE: list[object] = [
    *(None, True, -1, 1.5, 10**30, float("nan"), "", "x" * 5000, "\x00\u202e", "'; DROP TABLE lists; --"),
    *([], [[["x"]]], {}, {"a": {}}),
]
NAMES = (
    *("name", "role", "colour", "plate", "description", "valid_from", "valid_until", "wiegand_card", "kind", "week", "enabled"),
    *(
        "options",
        "list_id",
        "rule_id",
        "wait_s",
        "active",
        "region",
        "countries",
        "roi",
        "roi_corners",
        "masks",
        "mask_corners",
        "lane_line",
        "time_zone",
        "mode",
    ),
    *("votes", "trigger_input", "device_name"),
)


def nonsense(value: object) -> list[dict[str, object]]:
    return [{name: value} for name in NAMES] + [{"kind": "io", "plate": "A1", "options": {name: value}} for name in ("output", "x")]


@pytest.mark.parametrize("route", CHANGING, ids=lambda route: f"{route.method} {route.path}")
def test_nonsense_is_refused_and_never_breaks_the_portal(caller: Caller, route: Route[object]) -> None:
    path = filled_in(route.path, "4")
    caller.send("POST", "api/lists/4/rules", {"kind": "io"})
    for value in NONSENSE:  # one portal for all: to open one for each takes longer than to ask it
        for body in nonsense(value):
            assert caller.send(route.method, path, body).status in (200, 404, 422, 503), body


@pytest.mark.parametrize("value", ["", "-1", "99999999999999999999", "x", "%00", "2026-99-99T00:00", "'--", "%F0%9F%9A%97", "1e9"])
def test_nonsense_in_an_address_never_breaks_a_page(caller: Caller, value: str) -> None:
    names = ("from", "to", "plate", "list", "size", "page", "search", "view", "state", "kind", "log", "after", "limit", "offset")
    query = "&".join(f"{name}={value}" for name in names)
    for route in ROUTES:
        if route.method == "GET":
            path = filled_in(route.path, "4", value or "x")
            dated = path.endswith((".xlsx", ".csv"))  # an unreadable date is no date: nothing is downloaded instead of everything
            assert caller.get(f"{path}?{query}").status in ((200, 422) if dated else (200, 204, 303, 404, 503)), path


def test_unknown_addresses_say_so(caller: Caller) -> None:
    assert caller.get("nothing").status == 404
    assert caller.get("api/nothing").json == {
        "error": "There is no such page.",
        "key": "There is no such page.",
        "values": {},
        "problems": [],
    }
    assert caller.get("lists/99999").status == 404
    wrong = caller.send("DELETE", "api/status", {})
    assert (wrong.status, wrong.headers["Allow"], wrong.json["error"]) == (405, "GET", "DELETE is not possible here, but GET.")
    assert caller.get("lists/abc").status == 404
    assert caller.get("nothing", "").status == 404


def test_every_page_is_found_with_a_slash_behind_it(caller: Caller) -> None:
    pages = [route.path for route in ROUTES if route.is_page and route.path]
    assert len(pages) > 15
    for path in (filled_in(each, "4", "x") for each in pages):
        answer = caller.get(f"{path}/?search=%C3%9C%26")
        assert (answer.status, answer.headers["Location"]) == (303, f"/anpr/{path}?search=%C3%9C%26")
    assert caller.get("api/lists/").status == 404


def test_plates_names_and_descriptions_are_shown_as_text(caller: Caller) -> None:
    created = caller.send("POST", "api/lists", {"name": EVIL}).json
    caller.send("POST", f"api/lists/{created['id']}/entries", {"plate": "AB12", "description": f"{EVIL}' onload='x"})
    caller.portal.store.add_passage(passage(plate=EVIL, trigger_cause=EVIL), [])
    all_of_it = "review?from=2026-01-01T00:00"
    for page in (f"lists/{created['id']}", all_of_it, f"review?plate={EVIL}&from={EVIL}", f"lists/4?search={EVIL}"):
        text = caller.get(page).text
        assert "<script>alert" not in text, page
        assert "' onload='" not in text, page
    assert "&lt;script&gt;" in caller.get(all_of_it).text


@pytest.mark.parametrize(
    "name", ["../../secret.jpg", "..%2f..%2fsecret.jpg", "/etc/passwd", "a/../../../secret.jpg", "link.jpg", "x.db", "%00.jpg", "."]
)
def test_only_pictures_below_the_image_folder_are_given_out(caller: Caller, tmp_path: Path, name: str) -> None:
    folder = caller.state.images
    folder.mkdir(parents=True, exist_ok=True)
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "x.db").write_bytes(b"secret")
    assert caller.get(f"images/{name}").status == 404


def test_a_stored_picture_is_given_out_and_downloaded(caller: Caller) -> None:
    folder = caller.state.images / "2026" / "05"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"\xff\xd8")
    reply = caller.get("images/2026/05/a.jpg", "viewer")
    assert (reply.status, reply.headers["Content-Type"], reply.body) == (200, "image/jpeg", b"\xff\xd8")
    assert (reply.headers["Cache-Control"], reply.headers["Vary"]) == ("private, max-age=86400", "Cookie")
    reply = caller.get("images/2026/05/a.jpg?download=1")
    assert reply.headers["Content-Disposition"] == 'attachment; filename="a.jpg"'


def test_logs_are_read_and_packed_from_the_log_folder_only(caller: Caller, tmp_path: Path) -> None:
    caller.state.logs.mkdir()
    (caller.state.logs / "engine.log").write_text("one\ntwo <b>\n")
    (tmp_path / "secret.log").write_text("secret")
    (caller.state.logs / "other.log").symlink_to(tmp_path / "secret.log")
    assert caller.get("api/logs/engine").json == {"lines": ["one", "two <b>"]}
    assert caller.get("api/logs/engine?lines=1").json == {"lines": ["two <b>"]}
    assert caller.get("logs/engine-log.zip").headers["Content-Disposition"] == 'attachment; filename="engine-log.zip"'
    for name in ("other", "..%2fsecret", "secret", "engine.log"):
        assert caller.get(f"api/logs/{name}").status == 404, name
        assert caller.get(f"logs/{name}-log.zip").status == 404, name


def test_a_database_that_cannot_be_read_is_said_and_the_portal_stays(caller: Caller) -> None:
    caller.portal.store.db.execute("DROP TABLE settings")
    assert "no such table" in caller.get("api/lists/4/entries").json["error"]
    assert caller.get("live").status == 507
    assert caller.get("static/portal.css").status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("api/lists", {"name": "x", "role": "\ud800"}),
        ("api/lists/4/rules", {"kind": "io", "name": "x", "options": {"output": "\ud800"}}),
        ("api/rules/test", {"kind": "io", "list_id": 4, "plate": "AB12", "rule_id": 10**30}),
    ],
)
def test_half_a_character_or_a_number_that_no_database_holds_is_refused_in_words(
    caller: Caller, path: str, body: dict[str, object]
) -> None:
    reply = caller.send("POST", path, body)
    assert (reply.status, bool(reply.json["error"])) == (422, True)


def test_a_search_word_that_is_no_text_counts_as_none(caller: Caller) -> None:
    assert caller.get("audit?kind=%ff").status == 200


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 422, "nested deeper"),
        (b'{"name": ' + b"[" * 40 + b"]" * 40 + b"}", 422, "nested deeper"),
        (b'{"name": "\\ud800"}', 422, "name: holds half a character"),
        (b'{"\\udfff": 1}', 422, "holds half a character"),
        (b'{"name": {"deep": ["\\ud800"]}}', 422, "name: holds half a character"),
        (b'{"name": 1e999}', 422, "name: is too large a number"),
        (b'{"name": 99999999999999999999}', 422, "name: is too large a number"),
        (b'{"name": ' + b"9" * 5000 + b"}", 400, "is not JSON"),
        (b'{"name": NaN}', 422, "NaN is not a number"),
        (b'{"name": "\xff"}', 400, "is not UTF-8"),
        (b'{"name": "x"', 400, "is not JSON"),
        (b'{"name": "x", "name": "y"}', 400, "'name' stands in it twice"),
        (b'{"name": {"a": 1, "b": 2, "a": 1}}', 400, "'a' stands in it twice"),
    ],
    ids=lambda value: repr(value)[:30],
)
@pytest.mark.parametrize("path", ["api/lists", "api/lists/4/entries", "api/lists/4/rules", "api/rules/test", "api/trigger"])
def test_what_no_handler_can_take_is_refused_before_it_in_words(
    one_for_all: Caller, path: str, body: bytes, status: int, said: str
) -> None:
    reply = one_for_all.call("POST", path, "admin", body)
    assert (reply.status, said in reply.json["error"]) == (status, True), reply.text


def test_more_fields_than_anybody_asks_for_are_refused(caller: Caller) -> None:
    assert caller.get("api/passages?" + "&".join(f"a{number}=1" for number in range(300))).status == 422


def test_a_request_without_a_body_needs_no_content_type_and_one_with_another_is_refused(caller: Caller) -> None:
    made = caller.send("POST", "api/lists/4/entries", {"plate": "AB12"}).json
    assert caller.call("DELETE", f"api/entries/{made['id']}", "admin", b"", "text/plain").status == 415
    assert caller.call("DELETE", f"api/entries/{made['id']}", "admin", b"", "").status == 200


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "GET"], ids=lambda route: str(route.path))
def test_every_answer_of_a_get_is_what_its_route_says(caller: Caller, route: Route[object]) -> None:
    caller.state.logs.mkdir()
    (caller.state.logs / "engine.log").write_text("one\n")
    (caller.state.images).mkdir(parents=True)
    (caller.state.images / "a.jpg").write_bytes(b"x")
    caller.portal.store.add_passage(passage(), [], caller.portal.store.lookup("HK55EVB", NOW, True))
    caller.send("POST", "api/lists/4/entries", {"plate": "HK55EVB", "wiegand_card": 7})
    options = {"url": "http://10.0.0.1/", "password": "geheim", "authentication": "basic"}
    caller.send("POST", "api/lists/4/rules", {"kind": "http", "options": options})
    made = caller.send("POST", "api/lists/4/jobs", {"kind": "ftp_list", "options": {"password": "geheim"}}).json
    kept = caller.state.exchange / str(made["id"])
    kept.mkdir(parents=True)
    (kept / "1").write_bytes(b"x")
    upload = HandFolder(caller.state.exchange / "uploads" / ("0" * 32))
    upload.path.mkdir(parents=True)
    upload.put_order(HandOrder(4, "anna"))
    of = {"jobs/<id>": "1", "jobs/<id>/files/<name>": "1", "api/uploads/<name>": upload.path.name, "api/downloads/<name>": "0" * 16}
    caller.portal.downloads.follow("0" * 16, Download("anna", 1, False), ())
    of |= {
        "api/passages/<id>": "p1",
        "review/passages/<id>": "p1",
        "actions/<id>": "1",
        "images/<name:path>": "a.jpg",
        "static/<name>": "portal.css",
        "static/<version>/<name>": "portal.css",
    }
    kind = "ftp_list" if "jobs" in route.path else "io"
    value = of.get(route.path, "engine" if "log" in route.path else "4")
    reply = caller.get(route.path.replace("<id>", value).replace("<name>", value).replace("<name:path>", value) + f"?kind={kind}")
    if route.path in ("api/frame", "api/pictures"):
        assert reply.status == 503  # no engine has delivered one
    elif route.is_page or isinstance(route.reply, str):
        assert reply.status == 200
    else:
        assert reply.status == 200
        schemas = Schemas("")
        schema = schemas.of(route.reply)
        Draft202012Validator({**schema, "components": {"schemas": schemas.components}}).validate(reply.json)
        assert "geheim" not in reply.text


def test_the_api_says_errors_in_the_language_of_the_caller_with_key_and_values(caller: Caller) -> None:
    german = {"HTTP_ACCEPT_LANGUAGE": "de-DE,en;q=0.5"}
    body = json.dumps({"votes": 0}).encode()
    reply = caller.call("PUT", "api/settings/lpr", "admin", body, **german)
    assert reply.status == 422
    assert reply.json["problems"][0]["text"] == "muss mindestens 1 sein"
    assert reply.json["error"].endswith(": muss mindestens 1 sein")
    assert reply.json["key"] == "{title}: {text}"
    assert reply.json["values"]["text"] == {"key": "must be {ge} or more", "values": {"ge": 1}}
    chosen = caller.call("GET", "api/nothing", "admin", **german, HTTP_COOKIE="gatewright_language=en")
    assert chosen.json["error"] == "There is no such page."
    assert caller.call("GET", "api/nothing", "admin", **german).json["error"] == "Diese Seite gibt es nicht."


def test_a_page_of_the_portal_names_its_language_and_says_refusals_in_it(caller: Caller) -> None:
    page = caller.call("GET", "lists/99999", "admin", HTTP_ACCEPT_LANGUAGE="de")
    assert page.status == 404
    assert '<html lang="de" data-zone="UTC">' in page.text
