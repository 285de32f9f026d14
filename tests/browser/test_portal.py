"""The portal in a real browser, on the package's real processes and the simulated board."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from board.camera import CameraSettings
from board.gpio.sim import set_input
from board.kit.clients import Clients
from board.kit.clock import Clock
from board.kit.servers import announce
from board.kit.state import State
from board.wiegand.receive import read_edges
from engine.settings import GeneralSettings, LprSettings, RecorderSettings
from engine.settings.lane import COUNTS, LaneSettings
from engine.store import PassageQuery, Store
from engine.store.backup import Backup, abouts
from engine.types import PlateList, Start
from tests.browser.conftest import keep_picture, page_of_all, page_of_its_own
from tests.browser.proxy import Proxy
from tests.browser.stack import Stack
from tests.samples import entry, passage
from tests.waiting import until

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")

EVIL = "<img src=x onerror=window.hurt=1>"


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of the context of all these tests; an error in a script fails the test."""
    with page_of_all(browser, viewport={"width": 1280, "height": 800}) as opened:
        opened.set_default_timeout(20_000)
        yield opened


def prepare(folder: Path, **lpr: Any) -> None:
    """A state folder with a replayed grey picture, no trigger socket, and these LPR settings."""
    from PIL import Image

    (folder / "pictures").mkdir(parents=True)
    Image.new("RGB", (640, 480), (90, 100, 110)).save(folder / "pictures" / "street.jpg")
    camera = f"replay:{folder / 'pictures'}?fps=4&loop=1"
    (folder / "board.json").write_text(json.dumps({"profile": "sim", "camera": camera, "sd": ""}))
    with_store(
        folder,
        lambda store: (
            store.settings.put(GeneralSettings(trigger_port=0), "admin"),
            store.settings.put(LprSettings(**lpr), "admin"),
        ),
    )


def with_store(folder: Path, work: Any) -> Any:
    store = Store(folder / "anpr" / "anpr.db", Clock())
    try:
        return work(store)
    finally:
        store.close()


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """(state folder, address) of a camera whose first access is done."""
    folder = tmp_path_factory.mktemp("camera")
    prepare(folder, region="Europe", countries=("DE",))
    stack = Stack(folder)
    proxy = Proxy(stack.state.manager_socket)
    yield folder, f"{proxy.address}/anpr"
    proxy.close()
    stack.close()


def edges(folder: Path, line: str) -> list[int]:
    """Levels that a line took, in their order."""
    return [edge.level for edge in read_edges(folder / "sim" / "edges.jsonl") if edge.line == line]


def test_the_first_access_asks_for_region_and_countries_and_then_shows_live(page: Any, tmp_path: Path) -> None:
    prepare(tmp_path)
    stack = Stack(tmp_path, ("manager",))
    proxy = Proxy(stack.state.manager_socket)
    try:
        page.goto(f"{proxy.address}/anpr/lists")
        assert page.url.endswith("/anpr/setup")
        page.get_by_role("button", name="Save and start reading").click()
        playwright.expect(page.locator("#notices")).to_contain_text("Region: choose the region of the world")
        page.get_by_label("Asia").check()
        playwright.expect(page.locator("#notices")).to_be_empty()  # what was wrong is put right
        page.get_by_placeholder("Search country or state").fill("sing")
        page.get_by_label("Singapore").check()
        page.get_by_placeholder("Search country or state").fill("malay")
        page.get_by_label("Malaysia").check()
        page.get_by_role("button", name="Save and start reading").click()
        page.wait_for_url("**/anpr/live")
        playwright.expect(page.locator(".toast")).to_contain_text("Saved. ")  # and why the service did not restart
        playwright.expect(page.locator("#mode")).to_have_text("STOPPED")
        playwright.expect(page.locator("#notices")).to_contain_text("Service")
        stored = with_store(tmp_path, lambda store: store.settings(LprSettings))
        assert (stored.region, set(stored.countries)) == ("Asia", {"SG", "MY"})
    finally:
        proxy.close()
        stack.close()


def test_a_printed_passage_says_of_which_camera_it_is_and_by_whose_clock(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    with_store(folder, lambda store: store.add_passage(passage(id="print"), [], store.lookup("HK55EVB", datetime.now(UTC), True)))
    page.goto(f"{address}/review/passages/print")
    page.emulate_media(media="print")
    playwright.expect(page.locator("header .brand")).to_be_visible()
    playwright.expect(page.locator("header .brand")).to_contain_text(
        with_store(folder, lambda s: s.settings(GeneralSettings).device_name)
    )
    playwright.expect(page.get_by_text("Times are the camera's")).to_be_visible()
    for control in ("nav.menu", ".who", ".languages form"):
        playwright.expect(page.locator(control)).to_be_hidden()


@pytest.mark.parametrize("width", [360, 821, 1280])
def test_the_tab_that_is_shown_is_in_sight_and_the_first_at_the_edge(page: Any, camera: tuple[Path, str], width: int) -> None:
    """Where the menu did not fit, it was scrolled by the width of what stands before it as well."""
    page.set_viewport_size({"width": width, "height": 800})
    for path, far in (("live", False), ("logs", True)):
        page.goto(f"{camera[1]}/{path}")
        page.locator("main:not([inert])").wait_for()
        left, right, scrolled = page.locator("nav.menu").evaluate(
            """(menu) => {
              const [shown, whole] = [menu.querySelector("[aria-current]").getBoundingClientRect(), menu.getBoundingClientRect()];
              return [shown.left - whole.left, whole.right - shown.right, menu.scrollLeft];
            }"""
        )
        assert left >= -1 and right >= -1, path
        assert far or scrolled == 0


def test_with_colours_of_ones_own_the_page_still_says_what_is_on_and_where_one_is(browser: Any, camera: tuple[Path, str]) -> None:
    """Windows' contrast themes take every background: a switch was not to be seen, nor which tab is shown."""
    look = "(each) => { const seen = getComputedStyle(each); return [seen.backgroundColor, seen.borderBottomColor]; }"
    with page_of_its_own(browser, forced_colors="active", reduced_motion="reduce") as page:
        page.goto(f"{camera[1]}/general")
        page.locator("main:not([inert])").wait_for()
        canvas = page.locator("body").evaluate(look)[0]
        switch = page.locator(".switch input").first
        before = switch.evaluate(look)[0]
        switch.click()
        assert len({canvas, before, switch.evaluate(look)[0]}) == 3
        assert page.locator(".menu [aria-current]").evaluate(look)[0] != canvas
        assert page.locator(".menu a:not([aria-current])").first.evaluate(look)[1] == canvas
        assert switch.evaluate("(each) => getComputedStyle(each, '::after').transitionProperty") == "none"  # nothing moves
        switch.click()


def test_two_installers_at_the_first_page_do_not_overwrite_each_other(page: Any, tmp_path: Path) -> None:
    prepare(tmp_path)
    stack = Stack(tmp_path, ("manager",))
    proxy = Proxy(stack.state.manager_socket)
    try:
        other = page.context.new_page()
        for each, region, country in ((page, "Asia", "Singapore"), (other, "Europe", "Germany")):
            each.goto(f"{proxy.address}/anpr/setup")
            each.get_by_label(region, exact=True).check()
            each.get_by_placeholder("Search country or state").fill(country)
            each.get_by_label(country).check()
        page.get_by_role("button", name="Save and start reading").click()
        page.wait_for_url("**/anpr/live")
        other.get_by_role("button", name="Save and start reading").click()
        playwright.expect(other.locator("#notices")).to_contain_text("somebody else has changed this")
        playwright.expect(other.locator("#notices")).to_contain_text("Region: Stored now: Asia")  # not the first one that there is
        playwright.expect(other.locator("#notices")).to_contain_text("Countries: Stored now: Singapore")
        lpr = with_store(tmp_path, lambda store: store.settings(LprSettings))
        assert (lpr.region, lpr.countries) == ("Asia", ("SG",))
        other.get_by_role("button", name="Save and start reading").click()  # who has seen it may
        other.wait_for_url("**/anpr/live")
        lpr = with_store(tmp_path, lambda store: store.settings(LprSettings))
        assert (lpr.region, lpr.countries) == ("Europe", ("DE",))
    finally:
        proxy.close()
        stack.close()


def test_a_page_asks_for_all_of_its_scripts_at_once_and_on_the_next_visit_for_none(page: Any, camera: tuple[Path, str]) -> None:
    """On a slow line each step of imports cost its delay once more, and every page asked anew for scripts that were there."""
    held: list[Any] = []
    page.route("**/*.js", lambda route: held.append(route))
    for path in ("live", "lists/4", "lpr", "general"):
        held.clear()
        page.goto(f"{camera[1]}/{path}", wait_until="commit")
        page.locator("footer.languages").wait_for()
        page.wait_for_timeout(300)
        at_once, names = list(held), {route.request.url for route in held}
        for route in at_once:
            route.continue_()
        page.locator("main:not([inert])").wait_for()
        assert len(names) > 4 and {route.request.url for route in held} == names, path
    page.unroute("**/*.js")
    page.goto(f"{camera[1]}/live")
    page.goto(f"{camera[1]}/live")
    page.locator("main:not([inert])").wait_for()
    weighed = page.evaluate("performance.getEntriesByType('resource').map((each) => [each.name, each.transferSize])")
    assert len(weighed) > 10 and [name for name, size in weighed if name.endswith((".js", ".css")) and size] == []


def test_the_focus_aid_measures_while_it_is_ticked_and_the_camera_tab_saves(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    page.goto(f"{address}/live")
    playwright.expect(page.locator("#focus")).to_be_hidden()
    page.locator("#picture").wait_for(timeout=90_000)  # the engine may still be starting
    page.get_by_label("Focus aid").check()
    playwright.expect(page.locator("#focus-text")).to_have_text("Sharpness 0: nothing to focus on in the picture", timeout=60_000)
    page.get_by_label("Focus aid").uncheck()
    playwright.expect(page.locator("#focus")).to_be_hidden()

    page.goto(f"{address}/camera")
    page.locator("#f-night").select_option("schedule")
    page.locator("#f-night_from").fill("21:15")
    page.get_by_role("button", name="Save", exact=True).click()
    playwright.expect(page.locator(".toast")).to_have_text("Saved.")
    stored = with_store(folder, lambda store: store.settings(CameraSettings))
    assert (stored.night, stored.night_from) == ("schedule", "21:15")


def test_a_pulled_camera_is_told_in_the_portal_and_the_picture_comes_back_by_itself(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    page.goto(f"{address}/live")
    page.locator("#picture").wait_for(timeout=90_000)
    pulled = (folder / "pictures").rename(folder / "pulled")
    try:
        playwright.expect(page.locator("#notices")).to_contain_text("Camera: replay:", timeout=60_000)
    finally:
        pulled.rename(folder / "pictures")
    playwright.expect(page.locator("#notices")).not_to_contain_text("Camera: replay:", timeout=60_000)
    seen = newest_frame(page, address)
    until(lambda: newest_frame(page, address) > seen, "the next picture", 60)


def newest_frame(page: Any, address: str) -> int:
    return int(page.request.get(f"{address}/api/frame").headers.get("x-frame-seq", 0))


def test_a_list_a_plate_and_an_io_action_with_a_schedule_are_made_and_tested(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    page.goto(f"{address}/lists")
    page.get_by_role("button", name="Add list").click()
    page.locator("#list-dialog").get_by_label("List name", exact=True).fill("VIVOTEK VIP")
    page.locator("#list-dialog").get_by_role("button", name="Save").click()
    playwright.expect(page.get_by_role("heading", name="VIVOTEK VIP")).to_be_visible()

    page.get_by_role("button", name="Add plate").click()
    dialog = page.locator("#entry-dialog")
    dialog.locator("[name=plate]").fill("b-my 2026")
    dialog.locator("[name=wiegand_card]").fill("-1")
    dialog.get_by_role("button", name="Save").click()
    playwright.expect(dialog.locator(".notice")).to_contain_text("Wiegand card: must be 0 or more")
    assert dialog.locator("[name=plate]").input_value() == "b-my 2026"
    dialog.locator("[name=wiegand_card]").fill("4711")
    dialog.get_by_role("button", name="Save").click()
    playwright.expect(page.locator("#entries")).to_contain_text("B-MY 2026")
    playwright.expect(page.locator("#entries")).to_contain_text("0-4711")

    page.get_by_role("link", name="Actions (0)").click()
    page.wait_for_url("**view=actions")  # and for the scripts of the page, which open the dialog
    page.get_by_role("button", name="Add action").click()
    page.locator("a.choice[href$='kind=io']").click()
    page.locator("#f-action-name").fill("Open the gate")
    page.locator("#f-duration_ms").fill("150")
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Mon, from–to").fill("08:00-12:30, 13:15-17")
    page.get_by_label("Sun, from–to").fill("22:00-6")
    page.get_by_label("Sun, from–to").press("Tab")
    playwright.expect(page.get_by_label("Sun, from–to")).to_have_value("22:00-24:00")
    playwright.expect(page.get_by_label("Mon, from–to")).to_have_value("00:00-06:00, 08:00-12:30, 13:15-17:00")
    page.get_by_role("button", name="TEST").click()
    playwright.expect(page.locator("#outcome")).to_contain_text("DO1 pulsed 150 ms")
    until(lambda: edges(folder, "DO1") == [1, 0], "the pulse")

    page.get_by_role("button", name="Save").click()
    playwright.expect(page.locator(".action")).to_contain_text("Open the gate")
    rule = with_store(folder, lambda store: store.rules())[-1]
    assert rule.week.days == (((0, 360), (480, 750), (795, 1020)), (), (), (), (), (), ((1320, 1440),))
    assert json.loads(rule.options)["duration_ms"] == 150

    page.get_by_role("link", name="Edit", exact=True).click()
    playwright.expect(page.get_by_label("Mon, from–to")).to_have_value("00:00-06:00, 08:00-12:30, 13:15-17:00")


PROGRESS_BELOW_THE_HEADER = """() => {
  const shown = document.querySelector("#restarting")?.getBoundingClientRect();
  return shown && shown.height > 0 && shown.top >= document.querySelector(".top").getBoundingClientRect().bottom;
}"""


def test_a_region_of_interest_is_drawn_with_two_clicks_and_in_force_after_the_restart(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/lpr")
    page.locator("#picture").wait_for(state="visible")
    assert [url for url in asked if "/api/pictures?" in url] and not [url for url in asked if "/api/frame?" in url]
    page.get_by_role("button", name="Draw ROI").click()
    view = page.locator("#view")
    view.scroll_into_view_if_needed()
    box = view.bounding_box()
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    playwright.expect(page.locator("#draw-step")).to_have_text("Now click the bottom right point.")
    page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + 0.6 * box["height"])
    with page.expect_navigation(timeout=60_000):  # the page loads itself again: what is opened while it does may be lost
        page.get_by_role("button", name="Save and restart service").click()
        page.wait_for_function(PROGRESS_BELOW_THE_HEADER)  # in one look: the page is another one soon
    playwright.expect(page.get_by_text("The service is back with the stored settings.")).to_be_visible()
    roi = with_store(folder, lambda store: store.settings(LprSettings)).roi
    assert [round(each, 1) for each in roi] == [0.3, 0.3, 0.7, 0.6]
    page.goto(f"{address}/live")
    page.get_by_label("Show ROI").check()
    playwright.expect(page.locator("#overlay polygon.roi")).to_have_count(1)
    playwright.expect(page.locator("#mode")).to_have_text("MOTION")
    playwright.expect(page.locator("#restart-due")).to_have_count(0)


def test_markup_in_a_plate_and_in_names_is_text_everywhere(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    hurtful = passage(EVIL, "evil", datetime.now(UTC), trigger_cause=EVIL)
    with_store(folder, lambda store: store.add_passage(hurtful, [], store.lookup("X", datetime.now(UTC), True)))
    for tab in ("live", "review", "lists", "audit"):
        page.goto(f"{address}/{tab}")
        if tab in ("live", "review"):
            playwright.expect(page.locator("main")).to_contain_text(EVIL)
    page.goto(f"{address}/live")
    playwright.expect(page.locator("#last")).to_contain_text(EVIL)
    assert page.evaluate("window.hurt") is None


SEEN_ORDER = """node => [...node.textContent].map((each, at) => {
  const range = document.createRange();
  range.setStart(node.firstChild, at); range.setEnd(node.firstChild, at + 1);
  return [range.getBoundingClientRect().left, each];
}).sort((one, other) => one[0] - other[0]).map(each => each[1]).join("")"""
"""The characters of a text from left to right as they stand on the screen."""


def test_a_plate_in_arabic_script_stands_on_every_page_as_it_does_on_the_car(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    seen = "۸۱و۶۳۸۱۳"  # Iran, as the reader gives it: from the left
    with_store(
        folder,
        lambda store: store.add_passage(passage(seen, "iran", datetime.now(UTC)), [], store.lookup("X", datetime.now(UTC), True)),
    )
    for place in ("live", "review", "review/passages/iran"):
        page.goto(f"{address}/{place}")
        shown = page.locator(".plate", has_text=seen).first
        playwright.expect(shown).to_be_visible()
        assert shown.evaluate(SEEN_ORDER) == seen, place
    page.evaluate(f"""async () => {{
      const {{ el }} = await import("/anpr/static/portal.js");
      document.querySelector("main").append(el("p", {{id: "sentence"}}, "{seen} is on no list"));
    }}""")
    within = page.locator("#sentence")
    playwright.expect(within).to_have_text(f"{seen} is on no list")
    assert within.locator(".as-seen").evaluate(SEEN_ORDER) == seen
    for plate in ("123 تونس 4567", seen, "12-345"):  # of a word the letters stand from the right
        with_store(
            folder, lambda store, plate=plate: store.entries.save(entry(plate, wiegand_facility=1, wiegand_card=77), "admin")
        )
    page.goto(f"{address}/lists/4")
    same = page.locator("tr[data-plate='12-345'] [data-collision]")
    playwright.expect(same).to_contain_text("same as")
    assert same.locator(".as-seen", has_text=seen).evaluate(SEEN_ORDER) == seen
    order = "field => getComputedStyle(field).unicodeBidi"
    page.locator(f"tr[data-plate='{seen}']").locator("[data-do=edit]").click()
    field = page.locator("#entry-dialog [name=plate]")
    assert field.input_value() == seen and field.evaluate(order) == "isolate-override"
    for other, stands in (("B AB 123", "normal"), ("12ب34567", "isolate-override"), ("123 تونس 4567", "normal")):
        field.fill(other)
        assert field.evaluate(order) == stands, other
    page.locator("#entry-dialog [data-close]").click()
    page.locator(f"tr[data-plate='{seen}']").locator("[data-do=delete]").click()
    assert page.locator("dialog[open] .as-seen").evaluate(SEEN_ORDER) == seen
    page.keyboard.press("Escape")
    page.goto(f"{address}/review?plate={quote(seen)}")
    assert page.locator("[name=plate]").evaluate(order) == "isolate-override"
    page.goto(f"{address}/live")
    playwright.expect(page.locator("#last .plate.big")).to_have_text(seen)
    page.locator("#add-to-list").click()
    playwright.expect(page.locator("#list-plate")).to_have_value(seen)
    assert page.locator("#list-plate").evaluate(order) == "isolate-override"
    page.goto(f"{address}/lists/4")
    typed = page.locator(".plate", has_text="تونس")
    assert typed.locator("bdi").evaluate(SEEN_ORDER) == "تونس"[::-1]
    assert typed.evaluate("node => [...node.childNodes].map(each => each.textContent)") == ["123 ", "تونس", " 4567"]
    page.evaluate("""async () => {
      const { plate } = await import("/anpr/static/portal.js");
      document.querySelector("main").append(plate("12الف345", "made"), plate("طبج٣٩٤٥", "typed"));
    }""")
    assert page.locator(".plate.made bdi").evaluate(SEEN_ORDER) == "الف"[::-1]
    assert page.locator(".plate.typed").evaluate(SEEN_ORDER) == "٣٩٤٥جبط"  # said in Egypt from the right
    with_store(folder, lambda store: [store.entries.delete(each.id, "admin") for each in store.entries(4)])
    # what begins with a letter was typed as it is said in Egypt, from the right
    page.set_content(f'<link rel="stylesheet" href="{address}/static/portal.css"><span class="plate said">طبج٣٩٤٥</span>')
    until(lambda: page.locator(".plate").evaluate(SEEN_ORDER) == "٣٩٤٥جبط", "the digits at the left")


def test_the_help_of_a_dialog_stays_within_it_on_a_phone(page: Any, camera: tuple[Path, str]) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{camera[1]}/lists/4")
    page.get_by_role("button", name="Add plate").click()
    dialog = page.locator("#entry-dialog")
    for mark in dialog.locator(".help:visible").all():
        mark.focus()
        assert dialog.evaluate("node => node.scrollWidth - node.clientWidth") == 0


def test_a_simulated_input_is_pressed_and_released_and_seen(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    page.goto(f"{address}/live")
    playwright.expect(page.locator("#simulated")).to_have_text("Simulated board")
    button = page.locator("[data-input=DI2]")
    button.click()
    playwright.expect(page.locator("#line-DI2")).to_contain_text("active")
    button.click()
    playwright.expect(page.locator("#line-DI2")).to_contain_text("rest")
    until(lambda: edges(folder, "DI2") == [1, 0], "both edges")


def visible(page: Any, *fields: str) -> list[bool]:
    return [page.locator(each).is_visible() for each in fields]


def test_the_form_of_an_action_shows_only_what_its_choices_need(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    page.goto(f"{address}/lists/4/actions/new?kind=io")
    shown = ("#f-lane", "#f-duration_ms")
    hidden = ("#f-start_input", "#f-start_times", "#f-start_opens", "#f-on_ms")
    until(lambda: visible(page, *shown, *hidden) == [True] * 2 + [False] * 4, "the fields of a pulse")
    page.locator("#f-do").select_option("pattern")
    until(lambda: visible(page, "#f-duration_ms", "#f-on_ms") == [False, True], "the fields of a pattern")
    page.locator("#f-start").select_option(label="Digital input")
    until(lambda: visible(page, "#f-lane", "#f-start_input", "#f-start_opens") == [False, True, True], "the fields of an input")
    page.locator("#f-start_input").select_option("DI2")
    page.get_by_role("button", name="Save").click()
    playwright.expect(page.locator("[data-field=start_opens] .wrong")).to_contain_text("no list says that this car may pass")
    page.locator("#f-start_opens").check()
    page.locator("#f-action-name").fill("Exit loop")
    page.get_by_role("button", name="TEST").click()
    playwright.expect(page.locator("#outcome")).to_contain_text("DO1 switched on and off")
    page.get_by_role("button", name="Save").click()
    playwright.expect(page.locator(".action", has_text="Exit loop")).to_contain_text("Digital input")
    rule = with_store(folder, lambda store: store.rules())[-1]
    assert (rule.start, rule.name) == (Start("input", "DI2", opens=True), "Exit loop")
    page.locator(".action", has_text="Exit loop").get_by_role("link", name="Edit", exact=True).click()
    playwright.expect(page.locator("#f-start_input")).to_have_value("DI2")
    page.locator("#f-start").select_option(label="Plate on this list")
    playwright.expect(page.locator("#f-start_input")).to_be_hidden()
    page.get_by_role("button", name="Save").click()
    playwright.expect(page.locator(".action", has_text="Exit loop")).to_be_visible()
    assert with_store(folder, lambda store: store.rules())[-1].start == Start()


def test_the_lane_tab_sets_inputs_and_places_and_live_tells_the_lane(page: Any, tmp_path: Path) -> None:
    prepare(tmp_path, region="Europe", countries=("DE",))
    with_store(tmp_path, lambda store: store.settings.put(LaneSettings(safety="DI2", counts=COUNTS[1]), "admin"))
    stack = Stack(tmp_path, ("pins", "service", "manager"))
    proxy = Proxy(stack.state.manager_socket)
    try:
        page.goto(f"{proxy.address}/anpr/lane")
        page.locator("#lane-words").get_by_text("free").wait_for()
        row = page.locator("#places tr", has_text="WHITELIST")
        other = page.locator("#places tr").filter(has_not_text="WHITELIST").first.get_by_label("Places")
        other.fill("7")  # and not stored yet when the other one is
        row.get_by_label("Inside").fill("12")
        row.get_by_label("Places").fill("40")
        row.get_by_role("button", name="Save").click()
        until(lambda: with_store(tmp_path, lambda store: store.occupancy.total()) == 12, "what was saved")
        page.get_by_text("Saved.").wait_for()
        assert other.input_value() == "7"
        row.get_by_label("Places").press_sequentially("e")  # no number, and taken for no limit
        page.locator("h1").first.click()
        page.wait_for_event("requestfinished", lambda request: request.url.endswith("/api/lane"))
        row.get_by_role("button", name="Save").click()
        page.locator("#notices .bad").wait_for()
        assert with_store(tmp_path, lambda store: [each.capacity for each in store.occupancy() if each.list_id == 4]) == [40]
        page.locator("[name=arming]").select_option("DI1")
        page.locator("[name=arming]").select_option("")  # one need not be chosen
        page.locator("[name=arming]").select_option("DI2")
        page.locator("#settings").get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("DI2 is used twice").first.wait_for()
        set_input(stack.state, "DI2", 1)
        page.goto(f"{proxy.address}/anpr/live")
        page.locator("#lane-state").get_by_text("a vehicle that it was not opened for is in the safety loop").wait_for()
        page.locator("#lane-state").get_by_text("WHITELIST: 12 of 40 inside").wait_for()
        page.goto(f"{proxy.address}/anpr/lane")
        page.get_by_role("button", name="Reset counts").click()
        page.get_by_role("dialog").get_by_role("button", name="Reset counts").click()
        until(lambda: with_store(tmp_path, lambda store: store.occupancy.total()) == 0, "the reset")
    finally:
        proxy.close()
        stack.close()


def test_a_plate_gets_hours_and_entries_and_the_strangers_that_its_list_lets_in_are_counted(
    page: Any, camera: tuple[Path, str]
) -> None:
    folder, address = camera
    guests = with_store(folder, lambda store: store.lists.save(PlateList(0, "GUESTS", "custom"), "admin"))
    page.goto(f"{address}/lists/{guests.id}")
    page.get_by_role("button", name="Add plate").click()
    dialog = page.locator("#entry-dialog")
    dialog.get_by_label("Plate", exact=True).fill("b*")
    dialog.get_by_label("Owner", exact=True).fill("Anna")
    dialog.get_by_label("Entries left", exact=True).fill("3")
    dialog.get_by_role("button", name="Mon–Fri 08–18").click()
    dialog.get_by_label("Sat, from–to").fill("22-6")
    dialog.get_by_role("button", name="Save").click()
    row = page.locator("tr", has_text="B*")
    playwright.expect(row).to_contain_text("3 entries left")
    (saved,) = with_store(folder, lambda store: store.entries(guests.id))
    weekday = ((480, 1080),)
    assert (saved.plate, saved.owner, saved.entries_left) == ("B*", "Anna", 3)
    assert saved.week.days == (*[weekday] * 5, ((1320, 1440),), ((0, 360),))
    row.get_by_role("button", name="Edit").click()
    dialog.get_by_label("Owner", exact=True).fill("Ben")
    with_store(folder, lambda store: store.entries.spend(saved.id))  # a car comes meanwhile
    dialog.get_by_role("button", name="Save").click()
    playwright.expect(page.locator("tr", has_text="Ben")).to_contain_text("2 entries left")
    page.get_by_role("button", name="Count").click()
    playwright.expect(page.locator("#risk")).to_contain_text("of 10,000 made-up plates of DE would be taken")
    page.locator("tr", has_text="Ben").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    playwright.expect(page.get_by_text("No plates yet.")).to_be_visible()


def test_a_day_without_its_time_is_said_and_makes_nobody_valid_for_ever(page: Any, camera: tuple[Path, str]) -> None:
    """A browser gives such a field no value, and none was taken for no limit."""
    folder, address = camera
    guests = with_store(folder, lambda store: store.lists.save(PlateList(0, "VISITORS", "custom"), "admin"))
    page.goto(f"{address}/lists/{guests.id}")
    page.get_by_role("button", name="Add plate").click()
    dialog = page.locator("#entry-dialog")
    dialog.get_by_label("Plate", exact=True).fill("b my 7")
    dialog.get_by_label("Valid until", exact=True).press_sequentially("05312026")
    dialog.get_by_role("button", name="Save").click()
    playwright.expect(dialog.locator(".notice")).to_contain_text("Valid until: must be a date and time such as 2026-05-31T18:00")
    dialog.get_by_label("Valid until", exact=True).fill("2026-05-31T18:00")
    dialog.get_by_role("button", name="Save").click()
    playwright.expect(page.locator("#toasts[role=status] .toast")).to_have_text("B MY 7 is in the list.")
    row = page.locator("tr", has_text="B MY 7")
    row.get_by_role("button", name="Edit").click()
    dialog.get_by_label("Valid until", exact=True).press_sequentially("12")  # the month
    dialog.get_by_label("Valid until", exact=True).press("Delete")
    dialog.get_by_role("button", name="Save").click()
    playwright.expect(dialog.locator(".notice")).to_contain_text("must be a date and time")
    (saved,) = with_store(folder, lambda store: store.entries(guests.id))
    assert saved.valid_until.isoformat() != "3000-01-01T00:00:00+00:00"


def test_a_file_is_looked_at_and_imported_and_an_export_is_made_and_run(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    with_store(folder, lambda store: store.entries.save(entry("OLD 1"), "admin"))
    (folder / "plates.csv").write_text("plate;description;valid until;Frist <b>\nAB 123;Anna <b>;2027-05-31;x\nCD 456;Ben;;\n")
    page.goto(f"{address}/lists/4?view=imports")
    first: list[Any] = []
    page.route("**/lists/4/uploads", lambda route: first.append(route), times=1)
    page.set_input_files("#file", {"name": "other.csv", "mimeType": "text/csv", "buffer": b"plate\nZZ 999\n"})
    page.click("#look")
    until(lambda: page.wait_for_timeout(50) or first, "the question what another file changes")
    page.set_input_files("#file", str(folder / "plates.csv"))
    with page.expect_response("**/lists/4/uploads"):
        first[0].continue_()
    page.wait_for_selector("#look:not([aria-disabled])")
    assert page.locator("#apply").is_hidden() and not page.inner_text("#effect")  # of a file that is not chosen any more
    page.click("#look")
    page.wait_for_selector("#apply:not([hidden])", timeout=60_000)
    playwright.expect(page.locator("#effect")).to_contain_text("WHITELIST: 2 added, 0 changed, 1 removed; plates: 1 → 2")
    playwright.expect(page.locator("#effect .notice.warn")).to_contain_text("Columns that are not read: Frist <b>.")
    keep_picture(page, "an import with a column that is not read")
    assert "it would empty" not in page.inner_text("#effect")
    late: list[Any] = []
    page.route("**/api/uploads/*", lambda route: late.append(route), times=1)
    page.click("label.switch:has(#t-removes)")
    until(lambda: page.wait_for_timeout(50) or late, "the question what that changes")
    assert page.locator("#apply").is_hidden()  # it would do what nobody has seen
    late[0].continue_()
    page.wait_for_selector("#effect:has-text('0 removed')", timeout=60_000)
    page.click("#apply")
    page.wait_for_selector("#entries", timeout=60_000)
    playwright.expect(page.locator("#entries .plate")).to_have_text(["AB 123", "CD 456", "OLD 1"])

    page.goto(f"{address}/lists/4?view=exports")
    page.click("#add-job")
    page.click("#job-dialog a:has-text('Local list')")
    page.wait_for_selector("#job")
    page.fill("#f-keep", "0")
    page.click("button[name=run]")
    page.wait_for_selector("[data-field=keep].has-problem")
    page.fill("#f-keep", "3")
    page.click("button[name=run]")
    page.wait_for_selector("#jobs details", timeout=60_000)
    playwright.expect(page.locator("#jobs")).to_contain_text("3 plates")
    page.goto(f"{address}/audit?kind=import&from=2020-01-01T00:00")
    assert "WHITELIST: 2 added, 0 changed, 0 removed, now 3 plates" in page.inner_text(".results")


def test_the_integration_page_shows_who_is_connected_and_fills_a_new_password_into_what_is_copied(
    page: Any, camera: tuple[Path, str]
) -> None:
    folder, address = camera
    state, made = State(folder), {"user": "onvif-1", "password": "s3cret", "use": "onvif", "name": "NVR", "used": None}
    page.route(  # the host's, which this stack has not
        "**/api/device-passwords",
        lambda route: route.fulfill(json=made if route.request.method == "POST" else {"device_passwords": [made]}),
    )
    announce(state, "rtsp", "rtsp://127.0.0.1:8554/main")
    announce(state, "nvr", "tcp://127.0.0.1:17001")
    clients = Clients(state, "vms")
    clients.start()
    clients.open("nvr", "10.0.0.7:40000", EVIL).sent("BGW2847")
    try:
        page.goto(f"{address}/recorders")
        nvr = page.locator("[data-server=nvr]")
        nvr.get_by_text("1 is connected").click()
        playwright.expect(nvr.locator("td").nth(1)).to_have_text(EVIL)
        playwright.expect(nvr.locator("td").nth(3)).to_contain_text("BGW2847")
        playwright.expect(page.locator("[data-server=onvif]")).to_contain_text("does not listen")

        page.locator("#product-list").get_by_text("Frigate", exact=True).click()
        playwright.expect(page.locator("#product-list pre").first).to_contain_text("rtsp://USER:PASSWORD@127.0.0.1:8554/main")
        page.locator("#new-password [name=name]").fill("NVR")
        page.get_by_role("button", name="Make a password").click()
        playwright.expect(page.locator("#password-said")).to_contain_text("s3cret")
        playwright.expect(page.locator("#product-list pre").first).to_contain_text("rtsp://onvif-1:s3cret@127.0.0.1:8554/main")

        page.get_by_role("button", name="Send a test").click()
        playwright.expect(page.locator("#test-results")).to_contain_text("a test with the plate TEST was told")
        stored = with_store(folder, lambda store: store.passages(PassageQuery()))
        assert "TEST" not in [each.passage.plate for each in stored]

        page.locator("#f-nvr").uncheck()
        page.get_by_role("button", name="Save", exact=True).click()
        playwright.expect(page.locator(".toast")).to_have_text("Saved.")
        assert with_store(folder, lambda store: store.settings(RecorderSettings)).nvr is False
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("[document.documentElement.scrollWidth <= innerWidth, window.hurt]") == [True, None]
    finally:
        clients.close()


def test_a_copy_of_the_lists_is_restored_and_the_database_is_reset_from_the_page(page: Any, tmp_path: Path) -> None:
    prepare(tmp_path, region="Europe", countries=("DE",))
    database = tmp_path / "anpr" / "anpr.db"

    def copied(store: Store) -> None:
        white = next(each for each in store.lists() if each.role == "white")
        kept = store.save_entry(entry("HK55EVB", white.id))
        Backup(database, Clock()).turn(store.changes.newest())
        store.entries.delete(kept.id, "admin")

    with_store(tmp_path, copied)
    stack = Stack(tmp_path, ("service", "manager"))
    proxy = Proxy(stack.state.manager_socket)
    try:
        page.goto(f"{proxy.address}/anpr/general")
        card = page.locator("#database")
        playwright.expect(card.locator("tbody tr")).to_have_count(1)
        card.get_by_role("button", name="Restore").click()
        page.locator("dialog").get_by_role("button", name="Restore").click()
        playwright.expect(card.locator(".notice")).to_contain_text("Lists, actions and settings are those of", timeout=60_000)
        assert with_store(tmp_path, lambda store: sum(store.count_entries(each.id) for each in store.lists())) == 1
        card.get_by_role("button", name="Noted").click()
        playwright.expect(card.locator(".notice")).to_have_count(0)

        word = card.locator("#reset-mac")
        word.fill("not this one")
        card.get_by_role("button", name="Reset the database").click()
        page.locator("dialog").get_by_role("button", name="Reset").click()
        playwright.expect(page.locator("#notices")).to_contain_text("MAC address: is not this camera's")
        word.fill(word.get_attribute("placeholder"))
        card.get_by_role("button", name="Reset the database").click()
        page.locator("dialog").get_by_role("button", name="Reset").click()
        page.wait_for_url("**/anpr/setup*", timeout=60_000)
        assert with_store(tmp_path, lambda store: sum(store.count_entries(each.id) for each in store.lists())) == 0
        assert [(each.name, each.entries) for each in abouts(database)] == [("before", 1)]
    finally:
        proxy.close()
        stack.close()
