"""Two people at the same form: who saves it changes what he touched, and nothing of what somebody else has saved meanwhile."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from board.kit.clock import Clock
from engine.exchange.kinds.local_list import LocalListOptions
from engine.settings import GeneralSettings, LprSettings
from engine.store import Store
from engine.types import Job, WeekSchedule
from tests.browser.conftest import page_of_its_own
from tests.browser.proxy import Proxy
from tests.browser.stack import Stack
from tests.samples import BLACK, WHITE, entry, rule
from tests.waiting import until

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")

ROI = [[0.1, 0.1, 0.9, 0.9], [0.2, 0.2, 0.8, 0.8]]


def with_store(folder: Path, work: Callable[[Store], Any]) -> Any:
    with closing(Store(folder / "anpr" / "anpr.db", Clock())) as store:
        return work(store)


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("camera")
    (folder / "pictures").mkdir()
    Image.new("RGB", (640, 480), (90, 100, 110)).save(folder / "pictures" / "street.jpg")
    camera = f"replay:{folder / 'pictures'}?fps=4&loop=1"
    (folder / "board.json").write_text(json.dumps({"profile": "sim", "camera": camera, "sd": ""}))

    def prepare(store: Store) -> None:
        store.settings.put(GeneralSettings(trigger_port=0), "admin")
        store.settings.put(LprSettings(region="Europe", countries=["DE"]), "admin")
        store.rules.save(rule(WHITE, "io", name="Gate"), "admin")
        store.jobs.save(
            Job(0, WHITE, "local_list", True, "day", True, LocalListOptions().model_dump_json()), LocalListOptions, "admin"
        )

    with_store(folder, prepare)
    with closing(Stack(folder)) as stack, closing(Proxy(stack.state.manager_socket)) as proxy:
        yield folder, f"{proxy.address}/anpr"


def put(kind: Any, **values: Any) -> Callable[[Store], Any]:
    return lambda store: store.settings.put(kind(**{**store.settings(kind).model_dump(), **values}), "ben")


def test_what_another_person_saved_meanwhile_stays_in_each_form(browser: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    for path, other, field, typed, read, right in (
        (
            "general", put(GeneralSettings, site="North"), "#f-device_name", "Gate 1",
            lambda store: (store.settings(GeneralSettings).site, store.settings(GeneralSettings).device_name),
            ("North", "Gate 1"),
        ),
        (
            "lpr", put(LprSettings, votes=5, roi=ROI[0]), "#f-min_confidence_pct", "91",
            lambda store: (store.settings(LprSettings).votes, list(store.settings(LprSettings).roi or ()),
                           store.settings(LprSettings).min_confidence_pct),
            (5, ROI[0], 91),
        ),
        (
            "actions/1", lambda store: store.rules.save(replace(store.rules.get(1), enabled=False), "ben"),
            "#f-action-name", "Barrier", lambda store: (store.rules.get(1).enabled, store.rules.get(1).name),
            (False, "Barrier"),
        ),
        (
            "jobs/1", lambda store: store.jobs.save(replace(store.jobs.get(1), interval="week"), LocalListOptions, "ben"),
            "#f-keep", "7", lambda store: (store.jobs.get(1).interval, '"keep":7' in store.jobs.get(1).options),
            ("week", True),
        ),
        (
            f"lists/{WHITE}", lambda store: store.lists.save(replace(store.lists.get(WHITE), keep_days=7), "ben"),
            "#rename-dialog [name=colour]", "#112233",
            lambda store: (store.lists.get(WHITE).keep_days, store.lists.get(WHITE).colour),
            (7, "#112233"),
        ),
    ):  # fmt: skip
        with page_of_its_own(browser) as page:
            page.goto(f"{address}/{path}")
            if path.startswith("lists"):
                page.locator("#edit-list").click()
            page.locator(field).fill(typed)
            with_store(folder, other)
            place = page.locator("dialog[open]") if path.startswith("lists") else page
            with page.expect_response(lambda response: response.request.method == "PUT") as saved:
                place.get_by_role("button", name="Save", exact=True).click()
            assert saved.value.status == 200, saved.value.text()
            assert with_store(folder, read) == right, path


def test_what_another_person_saved_in_the_same_field_is_not_overwritten_unseen(browser: Any, camera: tuple[Path, str]) -> None:
    """The second of the two was told that all was saved, and the first never knew."""
    folder, address = camera
    seen = with_store(folder, lambda store: store.entries.save(replace(entry("B TP 1", BLACK), owner="Anna"), "admin"))
    other_week = WeekSchedule(((),) * 7)
    for path, other, field, typed, stored_now, read, right in (
        (
            "general", put(GeneralSettings, site="South"), "#f-site", "West", "South",
            lambda store: store.settings(GeneralSettings).site, "West",
        ),
        (
            "lpr", put(LprSettings, mode="TRIGGER"), "#f-mode", "FREEFLOW", "",
            lambda store: store.settings(LprSettings).mode, "FREEFLOW",
        ),
        (
            "actions/1", lambda store: store.rules.save(replace(store.rules.get(1), name="Ben's"), "ben"),
            "#f-action-name", "Anna's", "Ben's", lambda store: store.rules.get(1).name, "Anna's",
        ),
        (
            "actions/1", lambda store: store.rules.save(replace(store.rules.get(1), week=other_week), "ben"),
            "[data-spans='0']", "08:00-09:00", "", lambda store: store.rules.get(1).week.days[0], ((480, 540),),
        ),
        (
            "jobs/1", lambda store: store.jobs.save(replace(store.jobs.get(1), interval="hour"), LocalListOptions, "ben"),
            "#f-interval", "day", "", lambda store: store.jobs.get(1).interval, "day",
        ),
        (
            f"lists/{WHITE}", lambda store: store.lists.save(replace(store.lists.get(WHITE), colour="#445566"), "ben"),
            "#rename-dialog [name=colour]", "#665544", "#445566", lambda store: store.lists.get(WHITE).colour, "#665544",
        ),
        (
            f"lists/{BLACK}?search=BTP1", lambda store: store.entries.save(replace(store.entries.get(seen.id), owner="Ben"), "ben"),
            "#entry-dialog [name=owner]", "Carl", "Ben", lambda store: store.entries.get(seen.id).owner, "Carl",
        ),
    ):  # fmt: skip
        with page_of_its_own(browser) as page:
            sent: list[str] = []
            page.on("request", lambda request, sent=sent: sent.append(request.url) if request.method == "PUT" else None)
            page.goto(f"{address}/{path}")
            if path.startswith("lists"):
                page.locator("#edit-list" if "rename" in field else "[data-do=edit]").click()
            place = page.locator("dialog[open]") if path.startswith("lists") else page.locator("main")
            if page.locator(field).evaluate("field => field.tagName") == "SELECT":
                page.locator(field).select_option(typed)
            else:
                page.locator(field).fill(typed)
            with_store(folder, other)
            theirs = with_store(folder, read)
            save = place.get_by_role("button", name="Save", exact=True)
            save.click()
            notice = (place if path.startswith("lists") else page).locator(".notice.bad")
            playwright.expect(notice).to_contain_text("somebody else has changed this meanwhile")
            playwright.expect(notice).to_contain_text(f"Stored now: {stored_now}" if stored_now else "tored now")
            assert (with_store(folder, read), sent) == (theirs, []), path
            with page.expect_response(lambda response: response.request.method == "PUT") as saved:
                save.click()
            assert saved.value.status == 200, saved.value.text()
            assert with_store(folder, read) == right, path


def test_what_was_typed_in_a_dialog_stays_when_the_session_is_over(browser: Any, camera: tuple[Path, str]) -> None:
    _, address = camera
    with page_of_its_own(browser) as page:
        page.goto(f"{address}/lists/{WHITE}")
        page.route("**/api/lists/*/entries", lambda route: route.fulfill(status=401, json={"error": "Log in first."}))
        page.get_by_role("button", name="Add plate").click()
        dialog = page.locator("#entry-dialog")
        dialog.get_by_label("Plate", exact=True).fill("B MY 7")
        dialog.get_by_label("Owner", exact=True).fill("Anna")
        dialog.get_by_role("button", name="Save").click()
        playwright.expect(dialog.locator(".notice")).to_contain_text("Log in first.")
        playwright.expect(dialog.get_by_label("Owner", exact=True)).to_have_value("Anna")
        asked: list[str] = []
        page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
        page.evaluate("location.reload()")
        until(lambda: page.wait_for_timeout(50) or asked, "the question whether the page is to be left")
        playwright.expect(dialog.get_by_label("Owner", exact=True)).to_have_value("Anna")
        dialog.get_by_role("button", name="Cancel").click()
        page.reload()
        assert asked == ["beforeunload"]  # of a dialog that was closed nothing is missed


def test_what_was_typed_in_a_page_stays_when_the_session_is_over(browser: Any, camera: tuple[Path, str]) -> None:
    """Somebody has logged out in another tab, or the host has started again: the page asked how the camera is, and began anew."""
    _, address = camera
    over = {"status": 401, "json": {"error": "Log in first."}}
    for path, field, typed in (("lpr", "#f-min_confidence_pct", "91"), ("general", "#f-device_name", "Gate 1")):
        with page_of_its_own(browser) as page:
            page.goto(f"{address}/{path}")
            page.locator(field).fill(typed)
            page.route("**/api/**", lambda route: route.fulfill(**over))
            if path == "lpr":
                for _ in range(2):  # it asks every second, and does not do so a second time once it begins anew
                    page.wait_for_event("requestfinished", lambda request: request.url.endswith("/api/status"))
            page.get_by_role("button", name="Save", exact=True).click()
            playwright.expect(page.get_by_text("Log in first.")).to_be_visible()
            playwright.expect(page.locator(field)).to_have_value(typed)


def test_nothing_is_sent_twice_while_a_page_is_left_on_a_slow_line_nor_by_a_double_click(
    browser: Any, camera: tuple[Path, str]
) -> None:
    """Save could be pressed again until the next page came, and a second action opened the gate a second time."""
    folder, address = camera
    before = with_store(folder, lambda store: len(store.rules(WHITE)))
    with page_of_its_own(browser) as page:
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        page.goto(f"{address}/lists/{WHITE}/actions/new?kind=io")
        page.route("**/api/rules/test", lambda route: route.fulfill(json={"ok": True, "note": "pulsed"}))
        page.locator("#test").dblclick()
        playwright.expect(page.locator("#outcome")).to_contain_text("pulsed")
        assert [each for each in sent if each.endswith("/rules/test")] == [f"{address}/api/rules/test"]
        playwright.expect(page.locator("#test")).to_be_focused()  # a button that was disabled meanwhile has lost it

        held: list[Any] = []
        page.route(re.compile(r"/lists/\d+\?view=actions"), lambda route: held.append(route))
        page.locator("#f-action-name").fill("Once")
        page.evaluate("setInterval(() => document.querySelector('#action [type=submit]').click(), 50)")
        until(lambda: page.wait_for_timeout(50) or held, "the next page")
        page.wait_for_timeout(300)
        assert len([each for each in sent if each.endswith(f"/lists/{WHITE}/rules")]) == 1
        held[0].continue_()
        page.wait_for_url("**/lists/*?view=actions")
    assert with_store(folder, lambda store: len(store.rules(WHITE))) == before + 1


def test_a_double_click_on_delete_does_not_answer_the_question_that_opens_below_it(browser: Any, camera: tuple[Path, str]) -> None:
    """On a phone the question's own button may come to lie where the first click was."""
    folder, address = camera
    with_store(folder, lambda store: [store.entries.save(entry(f"B DC {number}", BLACK), "admin") for number in range(20)])
    before = with_store(folder, lambda store: len(store.entries(BLACK)))
    with page_of_its_own(browser, viewport={"width": 360, "height": 740}) as page:
        page.goto(f"{address}/lists/{BLACK}")
        delete, yes = page.locator("[data-do=delete]").nth(9), page.locator("dialog[open] .danger")
        delete.click()
        there = yes.bounding_box()
        page.keyboard.press("Escape")
        page.mouse.wheel(0, delete.bounding_box()["y"] - there["y"])
        until(lambda: page.wait_for_timeout(50) or abs(delete.bounding_box()["y"] - there["y"]) < 5, "the row below the question")
        left = max(there["x"], delete.bounding_box()["x"])
        page.mouse.dblclick(left + 10, there["y"] + there["height"] / 2)
        playwright.expect(yes).to_be_visible()
        page.wait_for_timeout(300)
        assert with_store(folder, lambda store: len(store.entries(BLACK))) == before
        yes.click()
        until(
            lambda: page.wait_for_timeout(50) or with_store(folder, lambda store: len(store.entries(BLACK))) == before - 1,
            "one less",
        )


def test_many_plates_are_not_made_valid_for_ever_by_half_a_date(browser: Any, camera: tuple[Path, str]) -> None:
    """A browser gives such a field no value, and none was taken for no limit, of every plate that was selected."""
    folder, address = camera
    until_then = datetime(2026, 12, 31, tzinfo=UTC)
    with_store(folder, lambda store: store.entries.save(replace(entry("B MY 9"), valid_until=until_then), "admin"))
    with page_of_its_own(browser) as page:
        page.goto(f"{address}/lists/{WHITE}")
        page.locator("[data-choose]").first.check()
        page.locator("[data-many=change]").click()
        dialog = page.locator("#many-dialog")
        dialog.locator("[data-change=valid_until]").check()
        dialog.locator("#many-valid_until").press_sequentially("05312027")
        dialog.locator("[type=submit]").click()
        playwright.expect(dialog.locator(".notice")).to_contain_text("must be a date and time")
        playwright.expect(dialog.locator("[data-field=valid_until]")).to_have_class(re.compile("has-problem"))
        dialog.get_by_role("button", name="Cancel").click()
        playwright.expect(page.locator("[data-many=change]")).to_be_focused()
    assert with_store(folder, lambda store: [each.valid_until for each in store.entries(WHITE)]) == [until_then]


def test_a_page_that_asks_by_itself_says_when_the_camera_is_gone(browser: Any, camera: tuple[Path, str]) -> None:
    """It went on to show the lane, who is connected and the log as they had been."""
    _, address = camera
    gone = "The camera does not answer."
    for path in ("lane", "logs", "recorders", "lpr", "help/no-plate"):
        with page_of_its_own(browser) as page:
            page.goto(f"{address}/{path}")
            page.route("**/api/**", lambda route: route.abort())
            playwright.expect(page.locator("#notices")).to_contain_text(gone)
            assert page.locator("#lost").count() == 1
            page.unroute("**/api/**")
            playwright.expect(page.locator("#lost")).to_have_count(0)


def test_a_file_that_does_not_reach_the_camera_is_said_to(browser: Any, camera: tuple[Path, str]) -> None:
    """Whoever asked what an import would change, or chose a logo, saw nothing; a path image had "Failed to fetch" beside it."""
    folder, address = camera
    gone = "The camera does not answer."
    with page_of_its_own(browser) as page:
        page.route(re.compile("/api/.*(uploads|logo|path-images)"), lambda route: route.abort())
        page.goto(f"{address}/lists/{WHITE}?view=imports")
        page.locator("#file").set_input_files({"name": "plates.csv", "mimeType": "text/csv", "buffer": b"plate\nB AB 1\n"})
        page.locator("#look").click()
        playwright.expect(page.locator("#effect")).to_contain_text(gone)
        page.goto(f"{address}/general")
        for field in ("#file", "#path-files"):
            page.locator(field).set_input_files(str(folder / "pictures" / "street.jpg"))
            if field == "#file":
                taken_over(page)
            playwright.expect(page.locator(".notice", has_text=gone)).to_have_count(1 if field == "#file" else 2)
        page.goto(f"{address}/general")
        page.evaluate("window.fetch = async () => ({ok: true, text: async () => { throw new TypeError('network error'); }})")
        page.locator("#file").set_input_files(str(folder / "pictures" / "street.jpg"))
        taken_over(page)
        playwright.expect(page.locator(".notice", has_text=gone)).to_have_count(1)  # it broke off within the camera's answer


def taken_over(page: Any) -> None:
    """The logo that was chosen; it is seen before it takes the place of the one before, as the page promises."""
    image = page.get_by_role("img", name="Logo: street.jpg")
    playwright.expect(image).to_be_visible()
    until(lambda: page.wait_for_timeout(20) or image.evaluate("image => image.naturalWidth"), "the picture")
    playwright.expect(page.locator(".notice", has_text="The camera does not answer.")).to_have_count(0)
    page.get_by_role("button", name="Take over").click()


def test_what_one_has_saved_oneself_is_nobody_elses_change(browser: Any, camera: tuple[Path, str]) -> None:
    """The page stays when the service does not come back: saved once more, it sends what differs from what is stored by then, also
    where that is not quite what was typed."""
    folder, address = camera
    with page_of_its_own(browser) as page:
        page.route("**/api/restart", lambda route: route.fulfill(status=503, json={"error": "The service does not answer."}))
        page.goto(f"{address}/general")
        for typed in ("Once ", "Twice"):
            page.locator("#f-site").fill(typed)
            with page.expect_response(lambda response: response.request.method == "PUT") as saved:
                page.get_by_role("button", name="Save and restart service").click()
            assert json.loads(saved.value.request.post_data) == {"site": typed}
            playwright.expect(page.locator("#notices")).to_contain_text("The service does not answer.")
    assert with_store(folder, lambda store: store.settings(GeneralSettings).site) == "Twice"


def test_a_new_job_that_cannot_be_run_at_once_is_saved_once(browser: Any, camera: tuple[Path, str]) -> None:
    """The page stayed with what was wrong, and whoever pressed again had two of them."""
    folder, address = camera
    before = with_store(folder, lambda store: len(store.jobs()))
    with page_of_its_own(browser) as page:
        page.route("**/api/jobs/*/run", lambda route: route.fulfill(status=503, json={"error": "The service does not answer."}))
        page.goto(f"{address}/lists/{WHITE}/jobs/new?kind=local_list&direction=export")
        page.locator("#job [name=run]").click()
        page.wait_for_url(re.compile(r"/lists/\d+\?view=exports"))
        playwright.expect(page.locator(".toast")).to_have_text("The service does not answer.")
    assert with_store(folder, lambda store: len(store.jobs())) == before + 1
