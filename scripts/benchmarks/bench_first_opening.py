"""The first opening: what an installer clicks, and how long it takes, from the log-in page of a new camera to a gate that opens for
a plate of his own pictures; in a real browser, through host and portal, with the settings that a new camera has.

Typing is not counted as clicks: fields are reached by the keyboard. What has to be waited for (a car that comes, comes again) is
told apart from what is done.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from board.kit.state import State
from board.wiegand.receive import read_edges
from tests import chromium

COUNTRY = "SK"
"""Whose plates most cars of firmware/demo have."""
OWN_PASSWORD = "an installer's password"
PATIENCE_MS = 120_000
MOST_CLICKS = 10
COUNT = """addEventListener("pointerdown", (event) => {
  if (event.isTrusted) sessionStorage.clicks = Number(sessionStorage.clicks || 0) + 1;
}, true)"""


def measure(state: State, url: str) -> dict[str, object]:
    """`url`: of a camera that nobody has logged in to. Seconds; {"missing"} where there is no browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return {"missing": "playwright is not installed"}
    if chromium.installed() is None:
        return {"missing": chromium.MISSING}
    with sync_playwright() as driver:
        browser = chromium.launch(driver)
        try:
            page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.add_init_script(COUNT)
            return _first_day(page, state, url)
        finally:
            browser.close()


def _first_day(page: Any, state: State, url: str) -> dict[str, object]:
    steps: list[dict[str, object]] = []

    @contextmanager
    def step(name: str, waits: bool = False) -> Iterator[None]:
        began, before = time.monotonic(), _clicks(page)
        yield
        seconds = round(time.monotonic() - began, 2)
        steps.append({"step": name, "clicks": _clicks(page) - before, "seconds": seconds, "waits": waits})

    first = (state.host / "initial-password").read_text().strip()
    page.goto(url)
    began = time.monotonic()
    with step("log in"):
        page.get_by_label("Password").fill(first)
        page.get_by_role("button", name="Log in").click()
        page.get_by_label("Present password").wait_for()
    with step("choose a password"):
        page.get_by_label("Present password").fill(first)
        page.get_by_label("New password", exact=False).nth(0).fill(OWN_PASSWORD)
        page.get_by_label("New password again").fill(OWN_PASSWORD)
        page.get_by_role("button", name="Save password").click()
        page.get_by_role("heading", name="Package management").wait_for()
    with step("open the package"):
        page.locator(".opens").get_by_text(re.compile(r"^Version ")).first.dblclick()
        page.wait_for_url("**/anpr/**")
    with step("region and country"):
        page.get_by_label("Europe").check()
        page.locator(f"label:has(input[value={COUNTRY}])").click()
        page.get_by_role("button", name="Save and start reading").click()
        page.wait_for_url("**/anpr/live")
    with step("the first car is read", waits=True):
        page.locator("#add-to-list").wait_for()
        page.wait_for_function("document.querySelector('#last .plate:not(.none)')")
    with step("put its plate into the list that opens"):
        page.locator("#add-to-list").click()
        dialog = page.locator("#list-dialog")
        dialog.get_by_role("button", name="Add", exact=True).click()
        dialog.wait_for(state="hidden")
    with step("it comes again and the gate opens", waits=True):
        _until(lambda: any(edge.line == "DO1" and edge.level for edge in read_edges(state.sim / "edges.jsonl")))
    clicks = _clicks(page)
    return {
        "clicks": clicks,
        "goal_clicks": MOST_CLICKS,
        "seconds": round(time.monotonic() - began, 1),
        "seconds_without_waiting_for_cars": round(sum(float(str(each["seconds"])) for each in steps if not each["waits"]), 1),
        "steps": steps,
    }


def _clicks(page: Any) -> int:
    return int(page.evaluate("sessionStorage.clicks || 0"))


def _until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_MS / 1000
    while not there():
        if time.monotonic() > end:
            raise SystemExit("bench: the gate did not open for the plate that was listed")
        time.sleep(0.05)
