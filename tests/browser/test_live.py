"""The Live tab in a real browser: its stream of pictures and events, from a real manager and service and an engine that we are."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from board.kit.clock import Clock
from board.kit.state import State
from board.kit.words import NOTHING
from board.kit.zones import CameraZone
from board.types import Frame
from engine.messages import EngineStatus, LiveReads
from engine.reading.link import Link
from engine.reading.unstored import Unstored
from engine.ring import RingWriter
from engine.types import Passage, PlateRead
from firmware.gateway import web
from tests.browser.conftest import keep_picture
from tests.browser.proxy import Proxy
from tests.browser.stack import Stack
from tests.browser.test_portal import prepare, with_store
from tests.samples import passage
from tests.waiting import until

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")

WIDTH, HEIGHT, SIDE = 640, 480, 80
READ_LATER_S = 0.15
FRAMES_PER_S = 3
OFTEN = 12
"""The same, for who looks at each picture, or at what many viewers cost: to draw so many for everybody else took a fifth of these
tests' time."""


class Engine:
    """Shows a white square that drives to the right, and tells what it read in each picture a while after it. `frames_per_s` may be
    changed while it runs."""

    def __init__(self, stack: Stack) -> None:
        self._clock = Clock()
        self.frames_per_s = FRAMES_PER_S
        self._ring = RingWriter(stack.state.frames, WIDTH, HEIGHT)
        self._link = Link(
            stack.state.service_socket,
            self._clock,
            self._status,
            CameraZone(""),
            Unstored(stack.state.unstored_file, self._clock),
            {},
        )
        self._stop = threading.Event()
        self._seq = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._link.start()
        self._thread.start()

    def _status(self) -> EngineStatus:
        return EngineStatus("MOTION", self._seq, self.frames_per_s, 20.0, 30.0, NOTHING, NOTHING, None, (WIDTH, HEIGHT))

    def _run(self) -> None:
        while not self._stop.wait(1 / self.frames_per_s):
            self._seq += 1
            left = (self._seq * 12) % (WIDTH - SIDE)
            picture = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
            picture[200 : 200 + SIDE, left : left + SIDE] = 255
            self._ring.write(Frame(self._seq, datetime.now(UTC), self._clock.monotonic_ns(), picture))
            read = PlateRead("AB123", (), 95.0, "DE", (left, 200, SIDE, SIDE), 30.0)
            threading.Timer(READ_LATER_S, self._link.live, (LiveReads(self._seq, (read,)),)).start()

    def report(self, passage: Passage) -> None:
        self._link.report(passage)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)
        time.sleep(2 * READ_LATER_S)
        self._link.close(5)
        self._ring.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("camera")
    prepare(folder, region="Europe", countries=("DE",))
    with closing(Stack(folder, ("pins", "service", "manager"))) as made:
        until(made.state.service_socket.exists, "the service")
        yield made


@pytest.fixture(scope="module")
def engine(stack: Stack) -> Iterator[Engine]:
    with closing(Engine(stack)) as made:
        yield made


@pytest.fixture(scope="module")
def camera(stack: Stack, engine: Engine) -> Iterator[tuple[Path, Proxy]]:
    with closing(Proxy(stack.state.manager_socket)) as proxy:
        yield stack.state.root, proxy


WATCH = """async (ms) => {
  const found = [];
  const canvas = document.querySelector("#picture");
  const until = performance.now() + ms;
  let last = "";
  while (performance.now() < until) {
    await new Promise(requestAnimationFrame);
    if (canvas.dataset.seq === last || canvas.hidden) continue;
    last = canvas.dataset.seq;
    const line = canvas.getContext("2d").getImageData(0, Math.round(canvas.height / 2), canvas.width, 1).data;
    let left = 0;
    while (left < canvas.width && line[4 * left] < 128) left++;
    const box = document.querySelector("#overlay rect.read");
    found.push({seq: Number(last), left: left * 640 / canvas.width, box: box ? Number(box.getAttribute("x")) : null});
  }
  return found;
}"""


@pytest.fixture
def often(engine: Engine) -> Iterator[None]:
    engine.frames_per_s = OFTEN
    yield
    engine.frames_per_s = FRAMES_PER_S


@pytest.mark.usefixtures("often")
def test_each_box_lies_on_the_picture_it_was_read_in(browser: Any, camera: tuple[Path, Proxy]) -> None:
    context = browser.new_context(viewport={"width": 1366, "height": 800})
    page = context.new_page()
    page.goto(f"{camera[1].address}/anpr/live")
    playwright.expect(page.locator("#overlay rect.read")).to_have_count(1)

    def nearly_all_have_a_box() -> bool:
        seen = page.evaluate(WATCH, 4000)
        boxed = [each for each in seen if each["box"] is not None]
        assert [each for each in boxed if abs(each["left"] - each["box"]) > 3] == []
        return len(boxed) >= 15 and len(boxed) >= 0.9 * len(seen)

    page.evaluate("document.querySelector('#picture').getContext('2d').lineWidth = 7")
    until(nearly_all_have_a_box, "four seconds in which the computer has time for it", 240)
    # A canvas that is given its size, the same again, forgets this; and the page was laid out anew for each picture.
    assert page.evaluate("document.querySelector('#picture').getContext('2d').lineWidth") == 7
    context.close()


@pytest.mark.usefixtures("often")
def test_twelve_viewers_get_pictures_and_events_and_nobody_a_503_or_a_false_stop(browser: Any, camera: tuple[Path, Proxy]) -> None:
    _, proxy = camera
    contexts = [browser.new_context(viewport={"width": 400, "height": 300}) for _ in range(12)]
    pages = [context.new_page() for context in contexts]
    modes = "new MutationObserver(() => { window.modes = [...(window.modes || []), document.querySelector('#mode').textContent]; })"
    observe = f"{modes}.observe(document.querySelector('#mode'), {{childList: true}})"
    for page in pages:
        page.add_init_script(f"document.addEventListener('DOMContentLoaded', () => {observe})")
        page.goto(f"{proxy.address}/anpr/live", wait_until="commit")  # all of them at once
    for page in pages:
        playwright.expect(page.locator("#mode")).to_have_text("MOTION")
    proxy.refused.clear()
    before = [int(page.locator("#picture").get_attribute("data-seq") or 0) for page in pages]
    begun = time.monotonic()
    for page, old in zip(pages, before, strict=True):
        until(lambda page=page, old=old: int(page.locator("#picture").get_attribute("data-seq") or 0) > old, "a newer picture")
    time.sleep(max(0.0, 2 - (time.monotonic() - begun)))
    for page in pages:
        assert set(page.evaluate("window.modes || []")) <= {"MOTION"}
    assert proxy.refused == []
    for context in contexts:
        context.close()


def test_a_page_that_nobody_sees_streams_nothing_and_what_passed_meanwhile_is_there_when_it_is_seen_again(
    browser: Any, camera: tuple[Path, Proxy]
) -> None:
    folder, proxy = camera
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{proxy.address}/anpr/live")
    playwright.expect(page.locator("#picture")).to_be_visible(timeout=30_000)
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, True)
    time.sleep(1)
    still = page.locator("#picture").get_attribute("data-seq")
    stored = passage("SEEN1", "seen", datetime.now(UTC))
    with_store(folder, lambda store: store.add_passage(stored, [], store.lookup("SEEN1", datetime.now(UTC), True)))
    time.sleep(1)
    assert page.locator("#picture").get_attribute("data-seq") == still
    page.evaluate(hide, False)
    playwright.expect(page.locator("#recent tbody tr").first).to_contain_text("SEEN1")
    until(lambda: page.locator("#picture").get_attribute("data-seq") != still, "the next picture")
    context.close()


def test_where_there_is_no_room_for_a_stream_the_page_asks_slowly_by_itself(
    browser: Any, camera: tuple[Path, Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "LIMITS", replace(web.LIMITS, streams=0))
    folder, _ = camera
    full = Proxy(State(folder).manager_socket)
    context = browser.new_context()
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(f"{full.address}/anpr/live")
        playwright.expect(page.locator("#mode")).to_have_text("MOTION")
        playwright.expect(page.locator("#picture")).to_be_visible(timeout=30_000)
        before = page.locator("#picture").get_attribute("data-seq")
        until(lambda: page.locator("#picture").get_attribute("data-seq") != before, "the next picture")
        assert page.locator("#notices .bad").count() == 0
    finally:
        context.close()
        full.close()
    assert errors == []
    assert {line.split("?")[0] for line in full.refused} <= {"503 /anpr/api/events", "503 /anpr/api/pictures"}
    assert len(full.refused) <= 8  # it does not hammer the camera


def test_a_session_that_ends_ends_the_streams(browser: Any, camera: tuple[Path, Proxy]) -> None:
    _, proxy = camera
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{proxy.address}/anpr/live")
    playwright.expect(page.locator("#picture")).to_be_visible(timeout=30_000)
    ended: list[str] = []
    page.on("requestfinished", lambda request: ended.append(request.url))
    page.on("requestfailed", lambda request: ended.append(request.url))
    proxy.allowed = False
    try:
        wait = time.monotonic() + 30
        while not (any("/events" in url for url in ended) and any("/pictures" in url for url in ended)):
            assert time.monotonic() < wait
            page.wait_for_timeout(100)
    finally:
        proxy.allowed = True
    context.close()


def test_the_page_fits_a_desktop_and_a_phone(browser: Any, camera: tuple[Path, Proxy]) -> None:
    for width, height in ((1366, 768), (390, 844)):
        context = browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        page.goto(f"{camera[1].address}/anpr/live")
        playwright.expect(page.locator("#overlay rect.read")).to_have_count(1)
        keep_picture(page, "portal live")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        canvas, view = page.locator("#picture").bounding_box(), page.locator("#view").bounding_box()
        assert (canvas["width"], canvas["height"]) == (view["width"], view["height"])
        context.close()
