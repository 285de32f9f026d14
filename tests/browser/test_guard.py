"""The Live tab for a guard and on the first day, in a real browser, with a real manager and service; a test is the engine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import Clock
from engine.settings import LprSettings
from engine.store import PassageQuery, Store
from engine.types import PassageImages, PlateList, PlateLook
from tests.browser.conftest import page_of_all, page_of_its_own
from tests.browser.proxy import Proxy
from tests.browser.stack import Stack
from tests.browser.test_live import Engine
from tests.browser.test_manual import jpeg
from tests.browser.test_portal import edges, prepare, with_store
from tests.samples import BLACK, WHITE, entry, passage
from tests.waiting import until

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")

IMAGES = PassageImages("2026/a.jpg", "2026/a-plate.jpg")
SHARP = PlateLook(1.0, 9.0, 30, 210, False)


class Guarded:
    def __init__(self, folder: Path) -> None:
        prepare(folder, region="Europe", countries=("DE",))
        self.folder = folder
        self.stack = Stack(folder, ("pins", "service", "manager"))
        until(self.stack.state.service_socket.exists, "the service")
        images = self.stack.state.images / "2026"
        images.mkdir(parents=True, exist_ok=True)
        (images / "a.jpg").write_bytes(jpeg(640))
        (images / "a-plate.jpg").write_bytes(jpeg(120))
        self.engine = Engine(self.stack)
        self.proxy = Proxy(self.stack.state.manager_socket)
        self.address = f"{self.proxy.address}/anpr"

    def car(self, id: str, plate: str, **changes: Any) -> None:
        """It drives by: the service stores it."""
        now = {"at": datetime.now(UTC), "monotonic_ns": Clock().monotonic_ns()}
        self.engine.report(replace(passage(plate, id=id, images=IMAGES, look=SHARP), **now, **changes))
        until(lambda: self.stored(id), f"passage {id}")

    def stored(self, id: str) -> bool:
        return any(each.passage.id == id for each in self.read(lambda store: store.passages(PassageQuery())))

    def read(self, work: Any) -> Any:
        return with_store(self.folder, work)

    def close(self) -> None:
        self.proxy.close()
        self.engine.close()
        self.stack.close()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    made = Guarded(tmp_path_factory.mktemp("guard"))
    yield made
    made.close()


@pytest.fixture
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    with getattr(request, "param", page_of_all)(browser, viewport={"width": 1366, "height": 768}) as opened:
        opened.set_default_timeout(20_000)
        yield opened


SETS_A_CLOCK = pytest.mark.parametrize("page", [page_of_its_own], ids=["its own"], indirect=True)


def has_seen(page: Any, plate: str) -> None:
    """Somebody who sees the last result answers to it no sooner."""
    playwright.expect(page.locator("#last .plate.big")).to_have_text(plate)
    page.wait_for_timeout(400)


BEHIND = """() => {
  window.behind = [];
  const note = () => behind.push(Boolean(document.querySelector("dialog[open]")));
  new MutationObserver(note).observe(document.querySelector("#toasts"), {childList: true});
}"""
"""Of each short message, whether a dialog was open as it came: a screen reader does not hear it then."""


def test_a_plate_goes_from_the_picture_into_a_list_that_opens_and_the_banner_says_so(page: Any, gate: Guarded) -> None:
    page.goto(f"{gate.address}/live")
    page.locator("#overlay rect.read").wait_for()
    gate.car("g1", "B MW 4711")
    playwright.expect(page.locator("#verdict")).to_contain_text("No action")
    page.get_by_role("button", name="Add to list").click()
    dialog = page.locator("#list-dialog")
    playwright.expect(dialog.get_by_label("Plate", exact=True)).to_have_value("B MW 4711")
    assert dialog.get_by_label("List", exact=True).locator("option").first.inner_text() == "WHITELIST"
    page.evaluate(BEHIND)
    dialog.get_by_role("button", name="Add", exact=True).click()
    dialog.wait_for(state="hidden")
    playwright.expect(page.locator(".toast")).to_have_text("B MW 4711 is in the list.")
    assert page.evaluate("behind") == [False]
    rules = gate.read(lambda store: store.rules(WHITE))
    assert [(rule.kind, rule.enabled) for rule in rules] == [("io", True)]
    gate.car("g2", "B MW 4711")
    playwright.expect(page.locator("#verdict b")).to_have_text("Gate opened")
    playwright.expect(page.locator("#verdict")).to_contain_text("B MW 4711 is on WHITELIST")
    playwright.expect(page.locator("#last-lists")).to_contain_text("WHITELIST")
    assert gate.read(lambda store: store.entries.count(WHITE)) == 1


def test_a_plate_stored_without_its_action_or_an_answer_is_finished_by_the_next_press(page: Any, gate: Guarded) -> None:
    """It was said to be in the list already, which had no action still."""
    gate.read(lambda store: [store.rules.delete(each.id, "admin") for each in store.rules(WHITE)])
    page.goto(f"{gate.address}/live")

    def lost(route: Any) -> None:
        if route.request.method == "GET":
            route.continue_()
            return
        if "entries" in route.request.url:
            route.fetch()  # it reached the camera, and its answer is lost
        route.abort()

    gate.read(lambda store: store.entries.save(entry("B AN 9", description="Anna"), "admin"))
    before = gate.read(lambda store: store.entries.count(WHITE))
    for number, plate, path in ((1, "B AN 1", "**/rules"), (2, "B AN 2", "**/entries")):
        gate.car(f"n{number}", plate)
        has_seen(page, plate)
        page.locator("#add-to-list").click()
        dialog = page.locator("#list-dialog")
        page.route(path, lost)
        dialog.get_by_role("button", name="Add", exact=True).click()
        playwright.expect(dialog.locator("#list-problems")).to_contain_text("does not answer")
        page.unroute(path)
        dialog.get_by_role("button", name="Add", exact=True).click()
        dialog.wait_for(state="hidden")
        assert gate.read(lambda store: store.entries.count(WHITE)) == before + number
        assert [rule.kind for rule in gate.read(lambda store: store.rules(WHITE))] == ["io"]
    page.locator("#add-to-list").click()
    dialog.get_by_role("button", name="Add", exact=True).click()
    playwright.expect(dialog.locator("#list-problems")).to_contain_text("already")  # as ever, once it is finished
    dialog.get_by_label("Plate", exact=True).fill("B AN 9")
    page.route("**/entries", lambda route: route.abort())
    dialog.get_by_role("button", name="Add", exact=True).click()
    playwright.expect(dialog.locator("#list-problems")).to_contain_text("does not answer")
    page.unroute("**/entries")
    dialog.get_by_role("button", name="Add", exact=True).click()
    dialog.wait_for(state="hidden")
    kept = gate.read(lambda store: store.entries.at(WHITE, "B AN 9")).description
    assert kept == "Anna"  # it was there before: nothing was typed in its place


def test_the_whole_picture_is_shown_and_a_click_opens_it(page: Any, gate: Guarded) -> None:
    gate.car("w1", "KE777AA")
    page.goto(f"{gate.address}/live")
    whole = page.locator("#last .whole")
    until(lambda: whole.locator("img").evaluate("image => image.naturalWidth") == 640, "the picture")
    whole.click()
    assert page.locator("#zoom img").get_attribute("src") == "/anpr/images/2026/a.jpg"
    page.locator("#zoom-close").click()
    page.locator("#last .crop-button").press("Enter")
    playwright.expect(page.locator("#zoom-plate")).to_have_text("KE777AA")


def test_where_a_picture_is_gone_stands_what_stands_where_none_is_named(page: Any, gate: Guarded) -> None:
    """The browser's broken image was there, with buttons that download an error."""
    not_stored = "The whole picture is not stored, or not any more."
    for number, whole, plate in ((1, "v", "v"), (2, "a", "v"), (3, "v", "a")):
        gate.car(f"v{number}", f"B VG {number}", images=PassageImages(f"2026/{whole}.jpg", f"2026/{plate}-plate.jpg"))
    page.goto(f"{gate.address}/live")
    playwright.expect(page.locator("#last .plate.big")).to_have_text("B VG 3")
    playwright.expect(page.locator("#last .whole")).to_be_hidden()
    playwright.expect(page.locator("#last .crop img")).to_be_visible()
    for path, row in (("live", "#recent tr"), ("review", "#results tbody tr")):
        page.goto(f"{gate.address}/{path}")
        rows = {number: page.locator(row, has_text=f"B VG {number}") for number in (1, 2, 3)}
        playwright.expect(rows[2].locator("img")).to_have_attribute("src", "/anpr/images/2026/a.jpg")  # the whole one in its place
        playwright.expect(rows[1].locator("img")).to_be_hidden()
        rows[3].locator("img").click()
        playwright.expect(page.locator("#zoom .empty")).to_have_text(not_stored)
        playwright.expect(page.locator("#zoom").get_by_text("Download image")).to_be_hidden()
        page.locator("#zoom-close").click()
        rows[2].locator("img").click()
        playwright.expect(page.locator("#zoom img")).to_be_visible()
        playwright.expect(page.locator("#zoom .empty")).to_have_count(0)
        playwright.expect(page.locator("#zoom").get_by_text("Download image")).to_be_visible()
        page.locator("#zoom-close").click()
    playwright.expect(rows[1].locator("a[download]")).to_be_hidden()
    playwright.expect(rows[2].locator("a[download]")).to_be_visible()
    page.goto(f"{gate.address}/review/passages/v1")
    playwright.expect(page.locator("main .empty").first).to_have_text(not_stored)
    playwright.expect(page.locator(".crop")).to_have_text("No plate image stored")
    playwright.expect(page.locator("main a[download]:visible")).to_have_count(0)


def test_the_gate_is_opened_by_hand_with_a_reason_that_audit_keeps(page: Any, gate: Guarded) -> None:
    page.goto(f"{gate.address}/live")
    button = page.locator("#open-gate")
    playwright.expect(button).to_be_enabled()
    button.click()
    dialog = page.locator("#gate-dialog")
    dialog.get_by_role("button", name="Open gate").click()
    playwright.expect(dialog.locator("#gate-problems")).to_contain_text("Reason")
    dialog.get_by_role("button", name="Delivery").click()
    dialog.get_by_role("button", name="Open gate").click()
    dialog.wait_for(state="hidden")
    said = until(lambda: gate.read(by_hand), "the row of Audit")
    assert said.startswith("DO1 pulsed 500 ms, by admin at ") and said.endswith(": Delivery")


def test_whoever_goes_back_is_asked_before_what_was_typed_at_the_gate_is_lost(page: Any, gate: Guarded) -> None:
    """It was gone without a question, as in no other form."""
    page.goto(f"{gate.address}/live")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    playwright.expect(page.locator("#open-gate")).to_be_enabled()
    page.locator("#overlay rect.read").wait_for()
    gate.car("typed", "B AW 11")
    playwright.expect(page.locator("#add-to-list")).to_be_visible()
    for button, field in (("#open-gate", "#gate-reason"), ("#add-to-list", "#list-description")):
        page.locator(button).click()
        page.locator(field).fill("Anna, a visitor")
        asked.clear()
        page.evaluate("location.reload()")
        until(lambda: page.wait_for_timeout(50) or asked, "the question whether the page is to be left")
        assert page.locator(field).input_value() == "Anna, a visitor"
        page.locator("dialog[open]").get_by_role("button", name="Cancel").click()
    asked.clear()
    page.reload()
    assert not asked


def test_what_a_slow_line_brings_late_changes_no_plate_and_no_list_that_somebody_has_chosen(page: Any, gate: Guarded) -> None:
    """The next car came before the camera had said which lists there are: its plate stood in the dialog."""
    with_store(gate.folder, lambda store: store.lists.save(PlateList(0, "STAFF", "white"), "admin"))
    gate.read(lambda store: [store.rules.delete(each.id, "admin") for each in store.rules(WHITE)])
    page.goto(f"{gate.address}/live")
    gate.car("s1", "B SL 1")
    has_seen(page, "B SL 1")
    held: list[Any] = []
    page.route("**/api/lists", lambda route: held.append(route), times=1)
    page.locator("#add-to-list").click()
    until(lambda: page.wait_for_timeout(50) or held, "the question")
    gate.car("s2", "B SL 2")
    playwright.expect(page.locator("#last .plate.big")).to_have_text("B SL 2")
    held[0].continue_()
    dialog = page.locator("#list-dialog")
    playwright.expect(dialog.get_by_label("Plate", exact=True)).to_have_value("B SL 1")

    playwright.expect(page.locator("#list-opens-row")).to_be_visible()
    late: list[Any] = []
    page.route(
        "**/api/lists/*/rules",
        lambda route: late.append(route) if f"/{WHITE}/" in route.request.url else route.fulfill(json={"rules": [1]}),
    )
    choice = dialog.get_by_label("List", exact=True)
    choice.select_option(label="BLACKLIST")
    choice.select_option(label="WHITELIST")
    choice.select_option(label="BLACKLIST")
    until(lambda: page.wait_for_timeout(50) or late, "the question")
    late[0].continue_()
    page.wait_for_event("requestfinished")
    assert page.locator("#list-opens-row").is_hidden()
    dialog.get_by_role("button", name="Cancel").click()
    playwright.expect(page.locator("#add-to-list")).to_be_focused()


PRESS_AS_IT_COMES = """(plate) => new Promise((resolve) => new MutationObserver(() => {
  if (document.querySelector("#last .plate.big").textContent !== plate) return;
  document.querySelector("#add-to-list").click();
  resolve();
}).observe(document.querySelector("#last"), {childList: true}))"""
"""Presses in the moment in which that plate is shown, before anybody can have seen it."""


def test_the_next_car_takes_no_press_that_was_meant_for_the_one_before(page: Any, gate: Guarded) -> None:
    """Its plate came into the list; and the link that was being clicked, or had the focus, was another one by then."""
    page.goto(f"{gate.address}/live")
    gate.car("nc1", "B NC 1")
    row = page.get_by_role("link", name="Open the passage B NC 1")
    row.focus()
    pressing = row.element_handle()
    has_seen(page, "B NC 1")
    page.evaluate(f"() => {{ window.pressed = ({PRESS_AS_IT_COMES})('B NC 3'); performance.now = () => 1e9; }}")  # both in a moment
    gate.car("nc2", "B NC 2")
    gate.car("nc3", "B NC 3")
    page.evaluate("() => window.pressed")
    dialog = page.locator("#list-dialog")
    playwright.expect(dialog.get_by_label("Plate", exact=True)).to_have_value("B NC 1")
    dialog.get_by_role("button", name="Cancel").click()
    playwright.expect(page.get_by_role("link", name="Open the passage B NC 2")).to_be_visible()
    assert pressing.evaluate("link => link.isConnected")
    page.evaluate("() => { performance.now = () => 2e9; }")
    until(lambda: page.wait_for_timeout(100) or added(page) == "B NC 3", "the plate that has been seen")


def added(page: Any) -> str:
    """The plate for which a press opens the dialog."""
    page.locator("#add-to-list").click()
    field = page.locator("#list-dialog").get_by_label("Plate", exact=True)
    playwright.expect(field).to_be_visible()
    plate: str = field.input_value()
    page.locator("#list-dialog").get_by_role("button", name="Cancel").click()
    return plate


def with_orders(page: Any, handle: Callable[[Any], object]) -> None:
    """`handle` gets each order to open that the page sends."""
    page.route("**/api/gate", lambda route: route.fallback() if route.request.method == "GET" else handle(route))


def test_an_order_that_reaches_the_camera_late_opens_nothing_and_the_page_says_so(page: Any, gate: Guarded) -> None:
    """As when the line was cut on its way: the guard has long gone on, and the gate would open for nobody."""

    def late(route: Any) -> None:
        headers = route.request.headers
        route.continue_(headers={**headers, "x-ordered-ms": str(int(headers["x-ordered-ms"]) - 11_000)})

    with_orders(page, late)
    page.goto(f"{gate.address}/live")
    page.locator("#open-gate").click()
    dialog = page.locator("#gate-dialog")
    dialog.get_by_role("button", name="Delivery").click()
    dialog.get_by_role("button", name="Open gate").click()
    playwright.expect(dialog.locator("#gate-problems")).to_contain_text("The order came too late")


def test_a_key_that_is_held_and_a_double_click_open_no_gate(page: Any, gate: Guarded) -> None:
    sent: list[str] = []
    with_orders(page, lambda route: (sent.append(route.request.post_data), route.fulfill(json={"note": "opened"})))
    page.goto(f"{gate.address}/live")
    playwright.expect(page.locator("#open-gate")).to_be_enabled()
    page.locator("#open-gate").focus()
    page.keyboard.down("Enter")
    for _ in range(3):
        page.keyboard.down("Enter")  # the same key again: it repeats
    page.keyboard.up("Enter")
    dialog = page.locator("#gate-dialog")
    assert dialog.locator("#gate-problems").inner_text() == ""
    dialog.get_by_role("button", name="Delivery").focus()
    for _ in range(3):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    assert sent == []
    page.keyboard.press("Enter")
    dialog.wait_for(state="hidden")
    assert len(sent) == 1
    page.locator("#open-gate").click()
    dialog.get_by_role("button", name="Delivery").click()
    dialog.get_by_role("button", name="Open gate").dblclick()
    dialog.wait_for(state="hidden")
    assert len(sent) == 2
    held: list[Any] = []
    with_orders(page, held.append)
    page.locator("#open-gate").click()
    dialog.get_by_role("button", name="Delivery").click()
    dialog.get_by_role("button", name="Open gate").click()
    until(lambda: page.wait_for_timeout(50) or held, "the order")
    page.keyboard.press("Escape")
    held[0].fulfill(status=503, json={"error": "The pins do not answer."})
    playwright.expect(page.locator("#notices")).to_have_text("The pins do not answer.")


@SETS_A_CLOCK
def test_what_is_shown_after_a_silence_is_marked_until_the_camera_has_told_what_became_of_it(page: Any, gate: Guarded) -> None:
    gate.car("h1", "B HI 1")
    page.add_init_script(HIDE)
    page.clock.install()
    page.route("**/api/passages?after=0&*", lambda route: route.fulfill(json=waits(route.fetch().json())))
    page.goto(f"{gate.address}/live")
    playwright.expect(page.locator("#mode")).not_to_have_text("…")
    playwright.expect(page.locator("#picture")).to_be_visible()
    playwright.expect(page.locator("#verdict b")).to_have_text("Waiting…")
    assert page.locator("#rate").get_attribute("role") is None  # it changes every second, and would be read out as often
    page.evaluate("hide(true)")
    page.wait_for_timeout(300)
    waiting: list[Any] = []
    page.route("**/api/events*", lambda route: waiting.append(route))
    page.route("**/api/pictures*", lambda route: waiting.append(route))
    page.clock.fast_forward("05:00:00")
    page.evaluate("hide(false)")
    playwright.expect(page.locator("#mode")).to_have_text("…")
    playwright.expect(page.locator("#open-gate")).to_be_disabled()
    playwright.expect(page.locator("#gate-badge")).to_be_hidden()
    playwright.expect(page.locator("#rate")).to_contain_text("Still picture, 18")
    page.unroute("**/api/events*")
    page.unroute("**/api/pictures*")
    page.clock.fast_forward("00:11")  # of the streams that say nothing
    playwright.expect(page.locator("#open-gate")).to_be_enabled()
    playwright.expect(page.locator("#rate")).to_contain_text("frames/s")
    playwright.expect(page.locator("#verdict b")).to_have_text("No action")


def test_what_is_wrong_with_the_camera_stays_in_sight_beside_what_went_wrong_on_the_page(page: Any, gate: Guarded) -> None:
    """A click that failed took its place, and it came back only when something else went wrong."""
    status = page.request.get(f"{gate.address}/api/status").json()
    status["problems"] = [{"kind": "bad", "where": "Storage", "text": "It takes nothing.", "todo": ""}]
    stream = f"retry: 300\nevent: status\ndata: {json.dumps(status)}\n\n"
    page.route("**/api/events*", lambda route: route.fulfill(content_type="text/event-stream", body=stream))
    page.route("**/api/board/inputs/*", lambda route: route.fulfill(status=503, json={"error": "No pins."}))
    page.goto(f"{gate.address}/live")
    notices = page.locator("#notices")
    playwright.expect(notices).to_have_text("Storage: It takes nothing.")
    page.locator("[data-input=DI1]").press("Enter")
    playwright.expect(notices).to_have_text("Storage: It takes nothing.No pins.")


def waits(answer: dict[str, Any]) -> dict[str, Any]:
    """The passages as they were while the newest was still being decided about."""
    answer["passages"][0] |= {"outcome": "waiting", "decision": ""}
    return answer


HIDE = """window.hide = (hidden) => {
  Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def by_hand(store: Store) -> str:
    """What Audit says of the newest opening by hand."""
    found = [each for each in store.passages(PassageQuery()) if each.passage.event == "by_hand"]
    return str(found[0].decision.reason) if found else ""


def test_a_viewer_can_neither_open_nor_add(page: Any, gate: Guarded) -> None:
    gate.proxy.role = "viewer"
    try:
        page.goto(f"{gate.address}/live")
        page.locator("#verdict b").wait_for()
        assert page.locator("#open-gate").count() == 0
        assert not page.locator("#add-to-list").is_visible()
        sent = "{method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({reason: 'x'})}"
        assert page.evaluate(f"fetch('/anpr/api/gate', {sent}).then((answer) => answer.status)") == 403
    finally:
        gate.proxy.role = "admin"


@SETS_A_CLOCK
def test_a_blacklisted_car_flashes_where_somebody_chose_that(page: Any, gate: Guarded) -> None:
    gate.read(lambda store: store.entries.save(entry("ZH666X", BLACK), "admin"))
    page.clock.install()
    page.goto(f"{gate.address}/live")
    page.locator("#overlay rect.read").wait_for()
    gate.car("b1", "ZH666X")
    playwright.expect(page.locator("#verdict")).to_contain_text("BLACKLIST")
    assert page.locator("body.alarm").count() == 0
    page.get_by_label("Flash").check()
    gate.car("b2", "ZH666X")
    page.locator("body.alarm").wait_for()
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 3)
    gate.car("b3", "ZH666X")
    playwright.expect(page.get_by_role("link", name="Open the passage ZH666X")).to_have_count(3)
    page.clock.run_for(4000)
    assert page.locator("body.alarm").count() == 1  # the third one's, though the second one's would have ended
    page.clock.run_for(5000)
    assert page.locator("body.alarm").count() == 0


def test_the_guard_view_shows_picture_and_result_alone(page: Any, gate: Guarded) -> None:
    page.goto(f"{gate.address}/live?view=guard")
    page.locator("#verdict b").wait_for()
    assert not page.locator("nav.menu").is_visible() and not page.locator("#recent").is_visible()
    playwright.expect(page.locator("#picture")).to_be_visible()
    assert page.locator("#open-gate").is_visible()
    page.locator("#guard").click()
    playwright.expect(page.locator("nav.menu")).to_be_visible()


def test_info_marks_what_has_changed_with_its_time(page: Any, gate: Guarded) -> None:
    page.goto(f"{gate.address}/live")
    row = page.locator("#info tr", has_text="Results")
    row.wait_for()
    before = int(row.locator("td").nth(1).inner_text())
    gate.car("i1", "HH AA 11")
    playwright.expect(row).to_have_class("fresh")
    assert int(row.locator("td").nth(1).inner_text()) == before + 1
    for name in ("Camera free space", "Last Size"):
        stamp = page.locator("#info tr", has_text=name).locator("td").nth(2).inner_text()
        assert re.fullmatch(r"\d\d/\d\d, \d\d:\d\d:\d\d\s[AP]M", stamp), (name, stamp)


def test_the_first_steps_lead_on_until_they_are_put_away(page: Any, tmp_path: Path) -> None:
    prepare(tmp_path, region="Europe", countries=("DE",))
    stack = Stack(tmp_path, ("manager",))
    proxy = Proxy(stack.state.manager_socket)
    try:
        page.goto(f"{proxy.address}/anpr/live")
        steps = page.locator("#first-steps li")
        playwright.expect(steps).to_have_count(6)
        links = {each.get_attribute("data-step"): each.locator("a").get_attribute("href") for each in steps.all()}
        assert links == {
            "countries": "/anpr/lpr#countries", "sharp": "/anpr/live#focus", "height": "/anpr/check", "read": "/anpr/help/no-plate",
            "listed": "/anpr/lists", "tested": "/anpr/lists?view=actions",
        }  # fmt: skip
        playwright.expect(page.locator("#first-steps li.done")).to_have_count(1)
        page.locator("#first-steps-hide").click()
        page.get_by_role("dialog").get_by_role("button", name="Put away").click()
        page.locator("#first-steps").wait_for(state="hidden")
        with page.expect_response("**/api/first-steps") as answer:
            page.reload()
        assert answer.value.json() == {"steps": []}
        assert not page.locator("#first-steps").is_visible()
    finally:
        proxy.close()
        stack.close()


def test_when_the_service_is_gone_the_mode_is_stopped_and_no_old_value_stays(page: Any, tmp_path: Path) -> None:
    prepare(tmp_path, region="Europe", countries=("DE",))
    stack = Stack(tmp_path, ("manager",))
    proxy = Proxy(stack.state.manager_socket)
    try:
        page.goto(f"{proxy.address}/anpr/live")
        playwright.expect(page.locator("#mode")).to_have_text("STOPPED")
        values = page.locator("#info tr td:nth-child(2)")
        until(lambda: values.count() > 5, "the rows")
        assert {each for each in values.all_inner_texts() if each not in ("–", "STOPPED")} == set()
        assert not page.locator("#gate-badge").is_visible() and page.locator("#open-gate").is_disabled()
    finally:
        proxy.close()
        stack.close()


HOST_CLICKS = 4
"""Log in, save the new password, double-click the package (tests/browser/test_host.py)."""

COUNT = """addEventListener("pointerdown", (event) => {
  if (event.isTrusted) sessionStorage.clicks = Number(sessionStorage.clicks || 0) + 1;
}, true)"""


def test_from_the_log_in_to_the_first_opening_by_a_plate_of_ones_own_takes_ten_clicks_at_most(page: Any, tmp_path: Path) -> None:
    day = Guarded(tmp_path)
    try:
        day.read(lambda store: store.settings.put(LprSettings(), "admin"))
        page.add_init_script(COUNT)
        page.goto(f"{day.address}/")
        page.get_by_label("Europe").check()
        page.get_by_label("Germany").check()
        page.get_by_role("button", name="Save and start reading").click()
        page.wait_for_url("**/anpr/live", timeout=60_000)
        page.locator("#overlay rect.read").wait_for()
        day.car("c1", "KE777AA")
        page.locator("#add-to-list").click()
        page.locator("#list-dialog").get_by_role("button", name="Add", exact=True).click()
        page.locator("#list-dialog").wait_for(state="hidden")
        day.car("c2", "KE777AA")
        playwright.expect(page.locator("#verdict b")).to_have_text("Gate opened")
        until(lambda: edges(day.folder, "DO1") == [1, 0], "the pulse")
        clicks = int(page.evaluate("sessionStorage.clicks"))
        assert 5 <= clicks <= 6 and HOST_CLICKS + clicks <= 10
    finally:
        day.close()
