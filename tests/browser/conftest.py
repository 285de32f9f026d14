"""Browser and host for the tests of the host's pages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import chromium
from tests.tiny_package import trust_file
from tests.waiting import until

ROOT = Path(__file__).parents[2]
PATIENCE_MS = 30_000
"""For what a page shall show: Playwright waits for 5 s, which a machine under load may need."""


SCREENSHOTS = ROOT / "build" / "screenshots"
WANTED = "GATEWRIGHT_TEST_SCREENSHOTS"
"""Environment: set by whoever wants to look at the tests' screens. No test does, and they take a tenth of the browser's time."""


def keep_picture(page: Any, name: str) -> None:
    """The whole page as it stands, if screenshots are wanted: build/screenshots/NAME-WIDTH.jpg."""
    if WANTED not in os.environ:
        return
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80]
    path = SCREENSHOTS / f"{name}-{page.viewport_size['width']}.jpg"
    page.screenshot(path=str(path), full_page=True, type="jpeg", quality=70)


_ending = ExitStack()
"""What is left to close."""


_shared: dict[str, Any] = {}
"""Contexts of the browser, by what was wanted of them."""


@cache
def _driver() -> Any:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the browser tests need it")
    sync_api.expect.set_options(timeout=PATIENCE_MS)
    return _ending.enter_context(sync_api.sync_playwright())


@cache
def _browser() -> Any:
    opened = chromium.launch(_driver())
    _ending.callback(opened.close)
    return opened


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Each file's tests use the browser of those before; it ends when no browser test comes next."""
    if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
        _ending.close()
        _driver.cache_clear()
        _browser.cache_clear()
        _shared.clear()


@pytest.fixture(scope="module")
def driver() -> Any:
    """Playwright's, for a test that starts a browser with words of its own: a process has one driver at a time."""
    if chromium.installed() is None:
        pytest.skip(chromium.MISSING)
    return _driver()


@pytest.fixture(scope="module")
def browser(driver: Any) -> Any:
    """To start one takes as long as a test: a test opens a context of its own in it."""
    return _browser()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    """The host's address; its state folder is tmp_path/state."""
    log = tmp_path / "state" / "logs" / "hostd.log"
    words = ["-m", "tests.quick_host", "--state", str(tmp_path / "state"), "--port", "0", "--trust", str(trust_file(tmp_path))]
    process = subprocess.Popen([sys.executable, *words], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        found = until(lambda: re.search(r"listening on .* port (\d+)", log.read_text()) if log.exists() else None, "the host", 60)
        yield f"http://127.0.0.1:{found[1]}"
    finally:
        process.terminate()
        code = process.wait(30)
    assert code == 0


@contextmanager
def page_of_its_own(browser: Any, **context: Any) -> Iterator[Any]:
    """A page of a context of its own; an error in a script of it fails the test."""
    errors: list[str] = []
    with closing(browser.new_context(**context)) as made:
        opened = made.new_page()
        opened.on("pageerror", lambda error: errors.append(str(error)))
        yield opened
        opened.wait_for_load_state()  # a page that is closed while it loads anew may hang
    assert errors == []


@contextmanager
def page_of_all(browser: Any, **context: Any) -> Iterator[Any]:
    """As page_of_its_own, in a context that all such tests share which want the same, without what the one before left there: to
    fetch and translate a page's scripts anew takes a tenth of a test. Not for who sets a clock, which is the context's."""
    wanted = repr(sorted(context.items()))
    if wanted not in _shared:
        _shared[wanted] = browser.new_context(**context)
        _shared[wanted].new_page()  # stays, and with it the process that draws
    shared = _shared[wanted]
    opened = shared.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    try:
        yield opened
        opened.wait_for_load_state()  # a page that is closed while it loads anew may hang
        _tidy(shared)
    except BaseException:
        _shared.pop(wanted).close()  # what a test left there that failed in the middle is nobody else's
        raise
    assert errors == []


def _tidy(shared: Any) -> None:
    """Leaves the context's first page alone, and nothing of what the others kept."""
    stays, *others = shared.pages
    places = [urlsplit(each.url) for each in others]
    for each in others:
        each.close()
    devtools = shared.new_cdp_session(stays)
    for origin in {f"{each.scheme}://{each.netloc}" for each in places if each.netloc}:
        devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    devtools.detach()
    shared.clear_cookies()


def log_in_first(page: Any, host: str, folder: Path) -> None:
    """The first log-in at a host whose state lies in folder/state, with a password of one's own; Package management is shown."""
    first = (folder / "state" / "host" / "initial-password").read_text().strip()
    page.goto(host)
    page.get_by_label("Password").fill(first)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Present password").fill(first)
    page.get_by_label("New password", exact=False).nth(0).fill("correct horse")
    page.get_by_label("New password again").fill("correct horse")
    page.get_by_role("button", name="Save password").click()
    page.get_by_role("heading", name="Package management").wait_for()


def logged_in(page: Any, host: str, folder: Path) -> None:
    """What log_in_first leads to, without the pages that lie on the way."""
    first = (folder / "state" / "host" / "initial-password").read_text().strip()
    own = "correct horse"
    for path, form in (("login", {"user": "admin", "password": first}), ("password", {"old": first, "new": own, "again": own})):
        answer = page.request.post(f"{host}/{path}", form=form, headers={"Origin": host}, max_redirects=0)
        assert answer.status == 303, answer.text()
    page.goto(host)
    page.get_by_role("heading", name="Package management").wait_for()
