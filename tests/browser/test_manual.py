"""Small promises of the manual that only a browser can see (docs/conformance.md), on a camera whose service is stopped."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from board.kit.clock import Clock
from engine.settings import GeneralSettings, LprSettings, RecorderSettings
from engine.store import Store
from engine.types import PassageImages
from tests.browser.conftest import page_of_all
from tests.browser.proxy import Proxy
from tests.browser.stack import Stack
from tests.samples import WHITE, entry, passage, rule
from tests.waiting import until

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")

LINE = (0.5, 0.25, 0.6, 0.75)
DRAWN = LprSettings(region="Europe", countries=("DE",), lane_line=LINE)
PLAIN = LprSettings(region="Europe", countries=("DE",))


def with_store(folder: Path, work: Any) -> Any:
    store = Store(folder / "anpr" / "anpr.db", Clock())
    try:
        return work(store)
    finally:
        store.close()


def jpeg(width: int) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, 40), (90, 100, 110)).save(made, "JPEG")
    return made.getvalue()


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """(state folder, address): one listed car has passed, in lane 2, with both pictures."""
    folder = tmp_path_factory.mktemp("camera")
    (folder / "board.json").write_text(json.dumps({"profile": "sim", "camera": "replay:/nowhere", "sd": ""}))

    def fill(store: Store) -> None:
        store.settings.put(PLAIN, "admin")
        store.entries.save(entry("HK55EVB"), "admin")
        now = datetime.now(UTC)
        images = PassageImages("2026/a.jpg", "2026/a-plate.jpg")
        store.add_passage(passage(at=now, lane=2, images=images), [], store.lookup("HK55EVB", now, True))

    with_store(folder, fill)
    stack = Stack(folder, ("manager",))
    (stack.state.images / "2026").mkdir(parents=True, exist_ok=True)
    (stack.state.images / "2026" / "a.jpg").write_bytes(jpeg(640))
    (stack.state.images / "2026" / "a-plate.jpg").write_bytes(jpeg(120))
    proxy = Proxy(stack.state.manager_socket)
    yield folder, f"{proxy.address}/anpr"
    proxy.close()
    stack.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    with page_of_all(browser, viewport={"width": 1280, "height": 900}) as opened:
        opened.set_default_timeout(20_000)
        yield opened


RUN = """() => Promise.all([...document.querySelectorAll("script[src]")].map((script) => Promise.race([
  import(script.src).then(() => ""),
  new Promise((resolve) => setTimeout(resolve, 15000, script.src)),
]))).then((late) => late.filter(Boolean))"""
"""Those scripts of the page that have not run to their end after 15 s."""


def settle(folder: Path, lpr: LprSettings) -> None:
    with_store(folder, lambda store: store.settings.put(lpr, "admin"))


def test_live_says_that_no_roi_and_no_lanes_are_drawn(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    settle(folder, PLAIN)
    page.goto(f"{address}/live")
    page.get_by_label("Show ROI").check()
    playwright.expect(page.locator("#rate")).to_have_text("No ROI is drawn: the whole picture is read.")
    page.get_by_label("Show ROI").uncheck()
    page.get_by_label("Show lanes").check()
    playwright.expect(page.locator("#rate")).to_have_text("No lanes are drawn.")


def test_live_draws_the_lane_line_and_the_calibration_pattern(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    settle(folder, DRAWN)
    page.goto(f"{address}/live")
    page.get_by_label("Show lanes").check()
    playwright.expect(page.locator("#overlay line.lane")).to_have_count(1)
    playwright.expect(page.locator("#overlay text")).to_have_text(["Lane 1", "Lane 2"])
    line = page.locator("#overlay line.lane")
    stroke = until(lambda: line.evaluate("line => getComputedStyle(line).stroke"))  # none while it is drawn anew
    red, green, blue = (int(each) for each in stroke.removeprefix("rgb(").removesuffix(")").split(","))
    assert blue > red and blue > green
    page.get_by_label("Show lanes").uncheck()
    page.get_by_label("Calibration pattern").check()
    lines = page.locator("#overlay line.calibration")
    playwright.expect(lines).to_have_count(3)
    heights = [float(lines.nth(number).get_attribute("y1")) for number in range(3)]
    assert [round(below - above) for above, below in pairwise(heights)] == [25, 40]
    playwright.expect(lines.first).to_have_css("stroke", "rgb(255, 255, 255)")


def test_the_last_result_shows_all_of_the_read(page: Any, camera: tuple[Path, str]) -> None:
    _, address = camera
    page.goto(f"{address}/live")
    last = page.locator("#last")
    playwright.expect(last).to_contain_text("HK55EVB")
    names, values = last.locator("dt").all_inner_texts(), last.locator("dd").all_inner_texts()
    facts = dict(zip(names, values, strict=True))
    assert (facts["Confidence"], facts["Country"], facts["Character height"]) == ("93.4 %", "Germany", "32 px")
    assert "WHITELIST" in facts["List"] and facts["Lane"] == "Lane 2" and re.match(r"\d\d/\d\d/20", facts["Date and time"])
    assert last.locator(".crop img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 120


def test_review_shows_the_plate_image_and_a_larger_one_under_the_mouse(page: Any, camera: tuple[Path, str]) -> None:
    _, address = camera
    page.goto(f"{address}/review")
    thumb = page.locator("#results .thumb")
    assert thumb.evaluate("image => image.decode().then(() => image.naturalWidth)") == 120
    thumb.hover()
    larger = page.locator("#hover")
    playwright.expect(larger).to_be_visible()
    assert larger.evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
    playwright.expect(page.locator("#results [data-name=Lane]")).to_have_text("2")
    page.mouse.move(5, 5)
    playwright.expect(larger).to_be_hidden()
    rows = page.locator("#results tbody tr")
    page.get_by_label("Search filter").fill("HK55")
    playwright.expect(rows.first).to_be_visible()
    none = page.get_by_text("No row of this page matches the search filter.")
    playwright.expect(none).to_be_hidden()
    for nowhere in ("ZZ99", "download image"):
        page.get_by_label("Search filter").fill("")
        playwright.expect(rows.first).to_be_visible()
        page.get_by_label("Search filter").fill(nowhere)
        playwright.expect(rows.first).to_be_hidden()
        playwright.expect(none).to_be_visible()
    page.goto(f"{address}/help")
    page.go_back()
    playwright.expect(page.get_by_label("Search filter")).to_have_value("download image")
    playwright.expect(rows.first).to_be_hidden()  # as the field says


def save_and_wait(page: Any) -> None:
    """Until the page has loaded anew with what it says then: it may not be closed while it loads."""
    with page.expect_event("load"):
        page.get_by_role("button", name="Save", exact=True).click()
    playwright.expect(page.locator(".toast")).to_have_text("Saved.")


def test_masks_are_drawn_with_two_clicks_each_and_deleted_together(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    settle(folder, PLAIN)
    page.goto(f"{address}/lpr")
    view = page.locator("#view")
    for left, top, right, bottom in ((0.1, 0.1, 0.4, 0.2), (0.6, 0.7, 0.9, 0.8)):
        page.get_by_role("button", name="Add mask").click()
        view.scroll_into_view_if_needed()
        box = view.bounding_box()
        page.mouse.click(box["x"] + left * box["width"], box["y"] + top * box["height"])
        playwright.expect(page.locator("#draw-step")).to_have_text("Now click the bottom right point.")
        page.mouse.click(box["x"] + right * box["width"], box["y"] + bottom * box["height"])
    playwright.expect(page.locator("#overlay polygon.mask")).to_have_count(2)
    save_and_wait(page)
    masks = with_store(folder, lambda store: store.settings(LprSettings)).masks
    assert masks[0] == pytest.approx((0.1, 0.1, 0.4, 0.2), abs=0.01)
    assert masks[1] == pytest.approx((0.6, 0.7, 0.9, 0.8), abs=0.01)
    page.get_by_role("button", name="Delete masks").click()
    save_and_wait(page)
    assert with_store(folder, lambda store: store.settings(LprSettings)).masks == ()


def test_path_images_are_uploaded_together_and_each_that_is_none_is_named(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    page.goto(f"{address}/general")
    page.locator("#path-files").set_input_files(
        [
            {"name": "a <b>.jpg", "mimeType": "image/jpeg", "buffer": jpeg(64)},
            {"name": "letter.jpg", "mimeType": "image/jpeg", "buffer": b"Dear Sir"},
            {"name": "b.jpg", "mimeType": "image/jpeg", "buffer": jpeg(80)},
        ]
    )
    effect = page.locator("#path-effect .notice.bad")
    playwright.expect(effect).to_contain_text("1 picture was not taken:")
    playwright.expect(effect).to_contain_text("letter.jpg: ")
    playwright.expect(effect).to_contain_text("this is no picture that can be shown")
    playwright.expect(page.locator("#path-count")).to_have_text("2 pictures are here.")
    assert sorted(path.name for path in (folder / "anpr" / "path-images").iterdir()) == ["a _b_.jpg", "b.jpg"]
    page.get_by_role("button", name="Remove all path images").click()
    page.locator("dialog").get_by_role("button", name="Remove").click()
    playwright.expect(page.locator("#path-count")).to_have_text("No picture is here yet.")
    assert list((folder / "anpr" / "path-images").iterdir()) == []


def test_a_lane_line_is_drawn_with_two_clicks_and_deleted(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    settle(folder, PLAIN)
    page.goto(f"{address}/lpr")
    page.get_by_role("button", name="Draw lanes").click()
    view = page.locator("#view")
    view.scroll_into_view_if_needed()
    box = view.bounding_box()
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.25 * box["height"])
    playwright.expect(page.locator("#draw-step")).to_have_text("Now click the bottom point.")
    page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.75 * box["height"])
    save_and_wait(page)
    line = with_store(folder, lambda store: store.settings(LprSettings)).lane_line
    assert line == pytest.approx(LINE, abs=0.01)
    page.get_by_role("button", name="Delete lanes").click()
    save_and_wait(page)
    assert with_store(folder, lambda store: store.settings(LprSettings)).lane_line is None


def test_the_actions_of_a_list_say_when_they_are_many_and_are_deleted_after_a_question(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    for number in range(5):
        with_store(folder, lambda store, number=number: store.save_rule(rule(WHITE, name=f"Gate {number}")))
    page.goto(f"{address}/lists/{WHITE}?view=actions")
    hint = page.get_by_text("Up to 4 enabled actions at the same time are recommended.")
    playwright.expect(hint).to_be_visible()
    page.locator(".action", has_text="Gate 4").get_by_role("button", name="Delete").click()
    page.locator("dialog").get_by_role("button", name="Delete").click()
    playwright.expect(page.locator(".action")).to_have_count(4)
    playwright.expect(hint).to_have_count(0)
    kept = [f"Gate {number}" for number in range(4)]
    until(lambda: [each.name for each in with_store(folder, lambda store: store.rules())] == kept, "the rest is kept")


def test_a_quick_drag_over_a_schedule_leaves_no_hour_out(page: Any, camera: tuple[Path, str]) -> None:
    _, address = camera
    page.goto(f"{address}/lists/{WHITE}/actions/new?kind=io")
    page.get_by_role("button", name="Clear").click()
    row = page.locator(".hours").first
    row.scroll_into_view_if_needed()
    box = row.bounding_box()
    y = box["y"] + box["height"] / 2

    def x(hour: int) -> float:
        return float(box["x"] + (hour + 0.5) * box["width"] / 24)

    page.mouse.move(x(8), y)
    page.mouse.down()
    page.mouse.move(x(17), y, steps=2)
    page.mouse.up()
    playwright.expect(page.get_by_label("Mon, from–to")).to_have_value("08:00-18:00")
    page.mouse.move(x(14), y)
    page.mouse.down()
    page.mouse.move(x(12), y)
    page.mouse.up()
    playwright.expect(page.get_by_label("Mon, from–to")).to_have_value("08:00-12:00, 15:00-18:00")


def test_logs_follow_what_is_written_while_auto_update_is_ticked(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    page.goto(f"{address}/logs")
    page.get_by_label("Log", exact=True).select_option("manager")
    playwright.expect(page.locator("#lines span").first).to_be_visible()
    written = next(each for each in folder.rglob("manager*.log"))
    with written.open("a", encoding="utf-8") as log:
        log.write("2026-01-02T03:04:05.000Z INFO test: a line of just now\n")
    playwright.expect(page.locator("#lines")).to_contain_text(
        re.compile(r"01/02/2026, 03:04:05\.000\sAM INFO test: a line of just now")
    )
    playwright.expect(page.get_by_role("button", name="Restart service")).to_be_visible()


def test_no_line_of_one_log_stands_below_the_name_of_another(page: Any, camera: tuple[Path, str]) -> None:
    """Neither where that is empty, or does not come, nor where the answer about the first one is late."""
    folder, address = camera
    (folder / "logs" / "empty.log").write_text("")
    (folder / "logs" / "other.log").write_text("2026-01-02T03:04:05.000Z INFO test: the other one\n")
    page.goto(f"{address}/logs")
    chosen, lines = page.get_by_label("Log", exact=True), page.locator("#lines")
    for name in ("empty", "lost"):
        if name == "lost":
            page.route("**/logs/empty?*", lambda route: route.abort())
        chosen.select_option("other")
        playwright.expect(lines).to_contain_text("the other one")
        chosen.select_option("empty")
        playwright.expect(lines).to_be_empty()
    page.unroute_all(behavior="wait")
    held: list[Any] = []
    page.route("**/logs/other?*", lambda route: held.append(route))
    chosen.select_option("other")
    until(lambda: page.wait_for_timeout(20) or held, "the question for the log")
    chosen.select_option("empty")
    page.get_by_label("Auto update").uncheck()
    with page.expect_response("**/logs/other?*"):
        held[0].continue_()
    page.wait_for_function("1")  # the answer has been taken
    playwright.expect(lines).to_be_empty()
    page.unroute_all(behavior="wait")
    page.goto(f"{address}/help")
    page.go_back()
    zipped = page.get_by_role("link", name="Download").get_attribute("href")
    assert zipped == f"/anpr/logs/{chosen.input_value()}-log.zip"


def test_who_goes_back_sees_what_the_page_counts_with(page: Any, camera: tuple[Path, str]) -> None:
    """A browser fills in what was typed, chosen and ticked before, after the page's scripts have run."""
    _, address = camera
    page.on("dialog", lambda dialog: dialog.accept())  # what is not saved is left

    def back(path: str, change: Any) -> None:
        page.goto(f"{address}/{path}")
        change()
        page.goto(f"{address}/help")
        page.go_back()

    back("lpr", lambda: page.locator("#f-mode").select_option("TRIGGER"))
    playwright.expect(page.locator("#f-mode")).to_have_value("MOTION")
    playwright.expect(page.locator("[data-field=motion_threshold]")).to_be_visible()
    back(f"lists/{WHITE}", lambda: page.get_by_label("Select HK55EVB").check())
    playwright.expect(page.locator("#many")).to_be_visible(visible=page.get_by_label("Select HK55EVB").is_checked())
    monday = page.get_by_label("Mon, from–to")
    back(f"lists/{WHITE}/actions/new?kind=io", lambda: monday.fill("08:00-12:00"))
    shown = monday.input_value()
    playwright.expect(page.locator(".hours").first.locator(".on")).to_have_count(4 if shown == "08:00-12:00" else 24)


def test_a_page_says_that_it_does_not_understand_an_answer(browser: Any, camera: tuple[Path, str]) -> None:
    """As an old page after an upgrade: what it showed stood there as if it were so, and a button did nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()

    def answered(answer: dict[str, Any]) -> Any:
        return lambda route: route.fulfill(**answer)

    pushed = {"body": "event: status\ndata: {}\n\n", "content_type": "text/event-stream"}
    for path, asked, answer, press in (
        ("live", "**/api/events?*", pushed, ""),
        ("lane", "**/api/lane", {"json": {}}, ""),
        (f"lists/{WHITE}", "**/risk", {"json": {}}, "#ask-risk"),
    ):
        page.route(asked, answered(answer))
        page.goto(f"{camera[1]}/{path}")
        if press:
            page.click(press)
        playwright.expect(page.get_by_role("alert")).to_contain_text("This page does not understand what the camera says")
        page.unroute_all(behavior="wait")
    context.close()


def test_live_forgets_what_waits_for_a_restart_once_somebody_has_restarted(page: Any, camera: tuple[Path, str]) -> None:
    """It is open for days, and said for days that the service was to be restarted."""
    due = '<div class="notice" id="restart-due">Restart service to put in force: Mode</div>'

    def with_due(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(
            response=answer,
            body=answer.text().replace('<div class="notices" id="notices"', f'{due}<div class="notices" id="notices"'),
        )

    page.route("**/anpr/live", with_due)
    page.route("**/api/settings/lpr", lambda route: route.fulfill(json={"settings": {}, "restart_due": ["Mode"]}))
    with page.expect_response("**/api/settings/lpr"):
        page.goto(f"{camera[1]}/live")
    page.wait_for_function("1")  # the answer has been taken
    playwright.expect(page.locator("#restart-due")).to_be_visible()
    page.unroute("**/api/settings/lpr")  # the camera's own answer: nothing waits
    playwright.expect(page.locator("#restart-due")).to_have_count(0)
    page.unroute_all(behavior="wait")


def test_while_a_job_runs_its_page_is_not_loaded_anew_under_a_file_or_a_dialog(browser: Any, camera: tuple[Path, str]) -> None:
    def with_a_running_job(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</main>", "<i data-running></i></main>"))

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.clock.install()
    page.route("**/lists/*?view=imports", with_a_running_job)
    page.goto(f"{camera[1]}/lists/{WHITE}?view=imports")
    page.click("#add-job")
    page.clock.run_for(10_000)
    assert page.locator("#job-dialog").is_visible()
    page.get_by_role("button", name="Cancel").click()
    page.set_input_files("#file", {"name": "plates.csv", "mimeType": "text/csv", "buffer": b"plate\nAB 12\n"})
    page.clock.run_for(10_000)
    assert page.evaluate("document.querySelector('#file').files.length") == 1
    page.set_input_files("#file", [])
    with page.expect_event("load"):
        page.clock.run_for(3_000)
    page.unroute_all(behavior="wait")
    context.close()


def test_what_a_configuration_would_change_is_told_of_the_file_that_was_chosen_last(page: Any, camera: tuple[Path, str]) -> None:
    page.goto(f"{camera[1]}/general")
    held: list[Any] = []
    page.route("**/configuration/import", lambda route: held.append(route))
    for name, content in (("first", {"kind": "first"}), ("last", {"kind": "last"})):
        page.set_input_files(
            "#file", {"name": f"{name}.json", "mimeType": "application/json", "buffer": json.dumps(content).encode()}
        )
        until(lambda name=name: page.wait_for_timeout(20) or any(name in each.request.post_data for each in held), "the question")
    effect = {"applied": False, "other_camera": False, "changes": 0, "differences": [], "problems": [], "stays": [], "missing": []}
    difference = {"place": "Device", "name": "Name", "before": "a", "after": "b"}
    last = next(each for each in held if "last" in each.request.post_data)
    first = next(each for each in held if "first" in each.request.post_data)
    last.fulfill(json={**effect, "changes": 1, "differences": [difference]})
    playwright.expect(page.locator("#effect")).to_contain_text("1 change:")
    with page.expect_response("**/configuration/import"):
        first.fulfill(json=effect)
    page.wait_for_function("1")
    playwright.expect(page.locator("#effect")).to_contain_text("1 change:")
    page.unroute_all(behavior="wait")


def test_a_download_of_what_was_found_tells_its_rows_and_its_end(page: Any, camera: tuple[Path, str]) -> None:
    page.goto(f"{camera[1]}/review?from=2020-01-01T00:00")
    with page.expect_download() as stored:
        page.get_by_role("link", name="Download for Excel").click()
    assert stored.value.suggested_filename == "passages.xlsx"
    page.get_by_text("The file is complete: 1 row.").wait_for()
    told = {"state": "running", "rows": 1200, "total": 3000, "more": False, "why": ""}
    page.route("**/api/downloads/*", lambda route: route.fulfill(json=told))
    with page.expect_download():
        page.get_by_role("link", name="CSV").click()
    page.get_by_text("1,200 of 3,000 rows written").wait_for()
    assert page.locator("#notices progress").get_attribute("value") == "1200"
    with page.expect_request(lambda each: each.method == "DELETE" and "/api/downloads/" in each.url):
        page.get_by_role("button", name="Cancel").click()
    told["state"] = "cancelled"
    page.get_by_text("The download was broken off after 1,200 rows: the file is not complete.").wait_for()
    page.unroute_all(behavior="wait")


def test_seconds_of_each_line_are_number_fields_whose_range_is_kept(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    page.goto(f"{address}/general")
    field = page.locator('[data-field="longest_on"]')
    one = field.get_by_label("DO1", exact=True)
    assert [one.get_attribute(name) for name in ("type", "min", "max")] == ["number", "0", "86400"]
    one.fill("90000")
    page.get_by_role("button", name="Save", exact=True).click()
    playwright.expect(field.locator(".wrong")).to_have_text("DO1=90000: at most 86400 s")
    assert one.input_value() == "90000"
    one.fill("60")
    field.get_by_label("DO2", exact=True).fill("600")
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()
    assert with_store(folder, lambda store: store.settings(GeneralSettings).longest_on) == "DO1=60 DO2=600"
    assert page.locator('[data-field="longest_on"]').get_by_label("DO2", exact=True).input_value() == "600"
    page.goto(f"{address}/recorders")
    field = page.locator('[data-field="onvif_outputs"]')
    field.get_by_label("DO1", exact=True).fill("2.5")
    field.get_by_label("held until switched off").nth(1).check()
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()
    assert with_store(folder, lambda store: store.settings(RecorderSettings).onvif_outputs) == "DO1=2.5 DO2=hold"
    assert page.locator('[data-field="onvif_outputs"] [data-word]').nth(1).is_checked()


def test_a_list_can_be_named_at_once_and_ticked_countries_come_back_with_their_region(page: Any, camera: tuple[Path, str]) -> None:
    page.goto(f"{camera[1]}/lists")
    for button, dialog in (("#add-list", "#list-dialog"), ("#edit-list", "#rename-dialog")):
        page.locator(button).click()
        playwright.expect(page.locator(f"{dialog} [name=name]")).to_be_focused()
        page.keyboard.press("Escape")
    page.goto(f"{camera[1]}/lpr")
    page.locator("#f-region").select_option("Asia")
    assert page.locator("input[name=countries]:checked").count() == 0
    page.locator("#f-region").select_option("Europe")
    assert page.locator("input[name=countries]:checked").count() == 1


def test_many_plates_are_selected_and_changed_with_the_keyboard_alone(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    for number in range(3):
        with_store(folder, lambda store, number=number: store.entries.save(entry(f"MANY{number}"), "admin"))
    page.goto(f"{address}/lists/{WHITE}?search=MANY")
    bar = page.get_by_role("group", name="Selected plates")
    playwright.expect(bar).to_be_hidden()
    page.get_by_label("Select MANY0").focus()
    page.keyboard.press("Space")
    playwright.expect(bar).to_contain_text("1 plate selected")
    page.get_by_label("Select all plates of this page").focus()
    page.keyboard.press("Space")
    playwright.expect(bar).to_contain_text("3 plates selected")
    bar.get_by_role("button", name="Change", exact=True).focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#many-dialog")
    playwright.expect(dialog.get_by_role("heading")).to_have_text("Change 3 plates")
    dialog.locator("[data-change=group]").focus()
    page.keyboard.press("Space")
    playwright.expect(page.locator("#many-group")).to_be_focused()
    page.keyboard.type("<b>Depot</b>")
    page.keyboard.press("Enter")
    playwright.expect(page.locator("#entries .badge", has_text="<b>Depot</b>")).to_have_count(3)
    playwright.expect(page.locator(".toast")).to_have_text("3 plates were changed.")
    page.get_by_label("Select MANY1").check()
    bar.get_by_role("button", name="Delete").click()
    playwright.expect(page.locator("dialog[open]")).to_contain_text("Delete 1 plate")
    page.locator("dialog[open]").get_by_role("button", name="Cancel").click()
    playwright.expect(page.locator("#entries tbody tr")).to_have_count(3)
    bar.get_by_role("button", name="Delete").click()
    page.locator("dialog[open]").get_by_role("button", name="Delete").click()
    playwright.expect(page.locator("#entries tbody tr")).to_have_count(2)
    groups = {each.plate: each.group for each in with_store(folder, lambda store: store.entries(WHITE, "MANY"))}
    assert groups == {"MANY0": "<b>Depot</b>", "MANY2": "<b>Depot</b>"}


@pytest.mark.parametrize(
    "path",
    [
        "live", "review", "review/passages/p1", f"lists/{WHITE}", f"lists/{WHITE}?view=actions", f"lists/{WHITE}?view=exports",
        f"lists/{WHITE}/actions/new?kind=io", "lpr", "camera", "lane", "general", "recorders", "audit", "logs",
        "help/no-plate", "check",
    ],
)  # fmt: skip
def test_no_button_of_a_page_waits_for_an_answer_of_the_camera_before_it_works(
    page: Any, camera: tuple[Path, str], path: str
) -> None:
    """A script that waited while it is loaded would leave what follows in it without its work: clicks there were lost."""
    _, address = camera
    page.route("**/anpr/api/**", lambda route: None)  # never answered
    assert page.goto(f"{address}/{path}", wait_until="domcontentloaded").status == 200
    assert page.evaluate(RUN) == []
    page.unroute_all(behavior="ignoreErrors")


def test_the_strangers_of_a_list_are_counted_while_its_numbers_are_still_compared(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    with_store(folder, lambda store: store.entries.save(entry("COUNT1"), "admin"))
    page.route("**/collisions", lambda route: None)
    page.goto(f"{address}/lists/{WHITE}?search=COUNT1")
    page.get_by_role("button", name="Count").click()
    playwright.expect(page.locator("#risk")).to_contain_text("made-up plates of DE would be taken")
    page.unroute_all(behavior="ignoreErrors")
