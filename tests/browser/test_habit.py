"""Dates and numbers as their reader writes them, by the clock of a camera that stands in a far time zone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from board.kit.languages import COOKIE
from engine.settings import GeneralSettings, LprSettings
from engine.store import Store
from tests.browser.conftest import logged_in, page_of_all, page_of_its_own
from tests.browser.proxy import Proxy
from tests.browser.stack import Stack
from tests.browser.test_manual import with_store
from tests.samples import WHITE, entry, passage

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")

ZONE = "Pacific/Auckland"
PASSED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""16:04:05 on the same day in Auckland."""
PLATES = 1234
SEARCH = "review?from=2026-01-02T00:00&to=2026-01-02T23:59:59"


@dataclass(frozen=True)
class Habit:
    """How a reader writes 16:04:05 on 2 January 2026, the time of day alone, that many plates, and 93.4."""

    locale: str
    moment: str
    clock: str
    plates: str
    confidence: str


HABITS = (
    Habit("de-DE", "02.01.2026, 16:04:05", "16:04:05,000", "1.234", "93,4"),
    Habit("en-US", "01/02/2026, 04:04:05 PM", "04:04:05.000 PM", "1,234", "93.4"),
    Habit("en-GB", "02/01/2026, 16:04:05", "16:04:05.000", "1,234", "93.4"),
    Habit("zh-TW", "2026/01/02 下午04:04:05", "下午04:04:05.000", "1,234", "93.4"),
    Habit("fr-FR", "02/01/2026 16:04:05", "16:04:05,000", "1 234", "93,4"),
)
"""French is no language of the pages: its reader gets English texts with French dates."""


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("habit")
    (folder / "board.json").write_text(json.dumps({"profile": "sim", "camera": "replay:/nowhere", "sd": ""}))

    def fill(store: Store) -> None:
        store.settings.put(LprSettings(region="Europe", countries=("DE",)), "admin")
        store.settings.put(GeneralSettings(time_zone=ZONE), "admin")
        for number in range(PLATES):
            store.entries.save(entry(f"A{number}"), "admin")
        store.add_passage(passage("HK55EVB", at=PASSED), [], store.lookup("HK55EVB", PASSED, True))

    with_store(folder, fill)
    stack = Stack(folder, ("manager",))
    proxy = Proxy(stack.state.manager_socket)
    yield f"{proxy.address}/anpr"
    proxy.close()
    stack.close()


def text_of(found: Any) -> str:
    """With one kind of blank: browsers write a narrow one in times and numbers."""
    return re.sub(r"\s", " ", found.inner_text()).strip()


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.locale)
def test_a_reader_sees_the_cameras_time_and_numbers_in_the_habit_of_the_browser(browser: Any, camera: str, habit: Habit) -> None:
    with page_of_all(browser, locale=habit.locale, timezone_id="America/New_York") as page:
        page.goto(f"{camera}/{SEARCH}")
        shown = page.locator("#results time")
        playwright.expect(shown).to_have_attribute("datetime", "2026-01-02T03:04:05Z")
        assert text_of(shown) == habit.moment
        playwright.expect(page.locator("footer").get_by_text(ZONE)).to_have_count(1)
        page.goto(f"{camera}/review/passages/p1")
        assert text_of(page.locator(".facts time")) == habit.moment
        assert f"{habit.confidence} %" in text_of(page.locator(".facts"))
        page.goto(f"{camera}/lists/{WHITE}")
        assert text_of(page.locator('nav a[aria-current="page"] .badge')) == habit.plates
        page.goto(f"{camera}/live")
        latest = page.locator("#last dl")
        latest.wait_for()
        assert habit.moment in text_of(latest)


def test_a_chosen_language_brings_its_dates_and_english_keeps_those_of_the_browser(browser: Any, camera: str) -> None:
    with page_of_all(browser, locale="en-US") as page:
        page.context.add_cookies([{"name": COOKIE, "value": "de", "url": camera}])
        page.goto(f"{camera}/{SEARCH}")
        assert text_of(page.locator("#results time")) == "02.01.2026, 16:04:05"
    with page_of_all(browser, locale="de-AT") as page:
        page.context.add_cookies([{"name": COOKIE, "value": "en", "url": camera}])
        page.goto(f"{camera}/{SEARCH}")
        assert page.locator("html").get_attribute("lang") == "en"
        assert text_of(page.locator("#results time")) == "02.01.2026, 16:04:05"


def test_without_scripts_the_time_of_the_camera_stands_there_in_digits(browser: Any, camera: str) -> None:
    with page_of_all(browser, locale="en-US", java_script_enabled=False) as page:
        page.goto(f"{camera}/{SEARCH}")
        assert text_of(page.locator("#results time")) == "2026-01-02 16:04:05"


@pytest.mark.parametrize(
    ("locale", "text", "value"),
    [
        ("de-DE", "02.01.2026, 16:04:05", "2026-01-02T16:04:05"),
        ("en-US", "01/02/2026, 04:04:05 PM", "2026-01-02T16:04:05"),
        ("en-US", "1/2/2026 12:04 AM", "2026-01-02T00:04"),
        ("en-US", "1/2/2026 12:04 PM", "2026-01-02T12:04"),
        ("zh-TW", "2026/01/02 下午04:04:05", "2026-01-02T16:04:05"),
        ("de-DE", "2.1.2026", "2026-01-02T00:00"),
        ("de-DE", "2026-01-02 16:04:05", "2026-01-02T16:04:05"),
        ("en-US", "2026-01-02T16:04", "2026-01-02T16:04"),
        ("de-DE", "HK55EVB", "2026-01-02T00:00"),
        ("de-DE", "32.1.2026", ""),
    ],
)
def test_a_date_that_was_copied_from_a_page_is_understood_in_a_date_field(
    browser: Any, camera: str, locale: str, text: str, value: str
) -> None:
    paste = """(text) => {
      const data = new DataTransfer();
      data.setData("text", text);
      const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
      document.querySelector("#from").dispatchEvent(event);
    }"""
    with page_of_all(browser, locale=locale) as page:
        page.goto(f"{camera}/{SEARCH}")
        page.evaluate(paste, text)
        assert page.locator("#from").input_value() == value


def test_a_date_that_is_typed_goes_on_to_its_hour_after_four_digits_of_the_year(browser: Any, camera: str) -> None:
    with page_of_all(browser, locale="en-US") as page:
        page.goto(f"{camera}/review?from=")
        page.locator("#from").focus()
        page.keyboard.type("01022026040406P")
        assert page.locator("#from").input_value() == "2026-01-02T16:04:06"
        page.get_by_role("button", name="Search").click()
        playwright.expect(page.locator(".results h2")).to_have_text("0 passages")


@pytest.mark.parametrize(
    ("locale", "form"),
    [("de-DE", r"\d\d\.\d\d\.\d{4}, \d\d:\d\d:\d\d"), ("en-US", r"\d\d/\d\d/\d{4}, \d\d:\d\d:\d\d [AP]M")],
    ids=["de-DE", "en-US"],
)
def test_the_pages_of_the_host_tell_times_in_the_same_habit(
    browser: Any, host: str, tmp_path: Path, locale: str, form: str
) -> None:
    with page_of_all(browser, locale=locale) as page:
        page.context.add_cookies([{"name": COOKIE, "value": "en", "url": host}])
        logged_in(page, host, tmp_path)
        page.goto(f"{host}/setup/security/changes.html")
        assert re.fullmatch(form, text_of(page.locator("td time").first))
        page.goto(f"{host}/setup/system/time.html")
        assert re.fullmatch(form, text_of(page.locator("dd time").first))
        playwright.expect(page.locator("footer").get_by_text("Times are the camera's")).to_have_count(1)


def test_what_a_test_leaves_that_fails_in_the_middle_is_not_there_for_the_next_one(browser: Any, camera: str) -> None:
    wanted = {"locale": "en-US", "timezone_id": "America/New_York"}
    for page_of in (page_of_all, page_of_its_own):
        with page_of_all(browser, **wanted):
            before = len(browser.contexts)
        with pytest.raises(AssertionError, match=r"^in the middle$"), page_of(browser, **wanted) as page:
            page.context.add_cookies([{"name": COOKIE, "value": "de", "url": camera}])
            page.goto(f"{camera}/{SEARCH}")
            raise AssertionError("in the middle")
        with page_of_all(browser, **wanted) as page:
            assert page.context.cookies() == [] and len(page.context.pages) == 2
        assert len(browser.contexts) == before
