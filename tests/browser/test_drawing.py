"""Drawing on the picture of LPR configuration: polygons, their corners by pointer, finger and keys, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from engine.settings import LprSettings
from engine.store import Store
from engine.types import PlateLook
from tests.browser.conftest import page_of_all
from tests.browser.proxy import Proxy
from tests.browser.stack import Stack
from tests.browser.test_manual import save_and_wait, settle, with_store
from tests.samples import NOW, passage

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")

PLAIN = LprSettings(region="Europe", countries=("DE",))
SQUARE = PLAIN.model_copy({"roi": (0.2, 0.2, 0.8, 0.8)})
TRIANGLE = PLAIN.model_copy({"roi": (0.2, 0.2, 0.8, 0.8), "roi_corners": ((0.2, 0.2), (0.8, 0.2), (0.5, 0.8))})
SIZES = {"desktop": (1366, 800), "phone": (390, 844)}


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """(state folder, address) of a camera that shows no picture: drawing needs none."""
    folder = tmp_path_factory.mktemp("camera")
    (folder / "board.json").write_text(json.dumps({"profile": "sim", "camera": "replay:/nowhere", "sd": ""}))
    settle(folder, PLAIN)
    stack = Stack(folder, ("manager",))
    proxy = Proxy(stack.state.manager_socket)
    yield folder, f"{proxy.address}/anpr"
    proxy.close()
    stack.close()


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    width, height = SIZES[request.param]
    with page_of_all(browser, viewport={"width": width, "height": height}, has_touch=request.param == "phone") as opened:
        opened.set_default_timeout(20_000)
        yield opened


class Drawn:
    """The page's picture, with places in it in fractions of its width and height."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        page.goto(f"{address}/lpr")

    def place(self, x: float, y: float) -> tuple[float, float]:
        view = self.page.locator("#view")
        view.evaluate("view => view.scrollIntoView({block: 'center'})")  # clear of the header and the bar with Save
        box = view.bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def click(self, *points: tuple[float, float]) -> None:
        for point in points:
            self.page.mouse.click(*self.place(*point))

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*self.place(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(*end), steps=5)
        self.page.mouse.up()

    def says(self, text: str) -> None:
        playwright.expect(self.page.locator("#draw-step")).to_contain_text(text)


def stored(folder: Path) -> LprSettings:
    found: LprSettings = with_store(folder, lambda store: store.settings(LprSettings))
    return found


def near(corners: Any) -> Any:
    return [pytest.approx(corner, abs=0.011) for corner in corners]


HOUSE = ((0.2, 0.5), (0.5, 0.2), (0.8, 0.5), (0.8, 0.8), (0.2, 0.8))


def test_a_polygon_is_drawn_corner_by_corner_and_closed_at_the_first(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    settle(folder, PLAIN)
    drawn = Drawn(page, address)
    page.get_by_role("button", name="Polygon ROI").click()
    drawn.says("Click the corners, one after the other around the region: 3 to 8 of them.")
    drawn.click(*HOUSE)
    drawn.says("5 corners. Click the next one, or the first one again to finish.")
    drawn.click(HOUSE[0])
    drawn.says("Drawn.")
    save_and_wait(page)
    assert list(stored(folder).roi_corners) == near(HOUSE)
    assert stored(folder).roi == pytest.approx((0.2, 0.2, 0.8, 0.8), abs=0.011)
    page.goto(f"{address}/lpr")
    assert len(page.locator("#overlay polygon.roi").get_attribute("points").split()) == 5


def test_a_mask_is_a_polygon_as_well_and_finished_with_the_button(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    settle(folder, PLAIN.model_copy({"masks": ((0.0, 0.9, 1.0, 1.0),)}))
    drawn = Drawn(page, address)
    page.get_by_role("button", name="Polygon mask").click()
    drawn.click((0.1, 0.1), (0.4, 0.1))
    playwright.expect(page.get_by_role("button", name="Finish")).to_be_hidden()
    drawn.click((0.1, 0.4))
    page.get_by_role("button", name="Finish").click()
    save_and_wait(page)
    assert [list(corners) for corners in stored(folder).mask_corners] == [near(((0.1, 0.1), (0.4, 0.1), (0.1, 0.4)))]
    assert stored(folder).masks == ((0.0, 0.9, 1.0, 1.0), pytest.approx((0.1, 0.1, 0.4, 0.4), abs=0.011))
    drawn.click((0.18, 0.18))
    drawn.says("Mask.")
    page.get_by_role("button", name="Remove", exact=True).click()
    save_and_wait(page)
    assert (stored(folder).masks, stored(folder).mask_corners) == (((0.0, 0.9, 1.0, 1.0),), ())


def test_a_corner_of_a_rectangle_is_dragged_and_it_stays_one(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    settle(folder, SQUARE)
    drawn = Drawn(page, address)
    drawn.click((0.5, 0.5))
    playwright.expect(page.locator("#overlay .grip")).to_have_count(4)
    drawn.drag((0.8, 0.8), (0.6, 0.9))
    save_and_wait(page)
    assert stored(folder).roi == pytest.approx((0.2, 0.2, 0.6, 0.9), abs=0.011)
    assert stored(folder).roi_corners == ()


def test_a_click_on_a_side_adds_a_corner_that_can_be_dragged_and_removed(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    settle(folder, SQUARE)
    drawn = Drawn(page, address)
    drawn.click((0.5, 0.5))
    drawn.drag((0.5, 0.2), (0.5, 0.05))
    playwright.expect(page.locator("#overlay .grip")).to_have_count(5)
    save_and_wait(page)
    assert list(stored(folder).roi_corners) == near(((0.2, 0.2), (0.5, 0.05), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)))
    drawn.click((0.5, 0.5), (0.5, 0.05))
    page.get_by_role("button", name="Remove corner").click()
    playwright.expect(page.locator("#overlay .grip")).to_have_count(4)
    save_and_wait(page)
    assert (stored(folder).roi, stored(folder).roi_corners) == (pytest.approx((0.2, 0.2, 0.8, 0.8), abs=0.011), ())


def test_all_of_it_goes_with_keys_alone(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    settle(folder, PLAIN)
    drawn = Drawn(page, address)
    page.get_by_role("button", name="Polygon ROI").focus()
    page.keyboard.press("Enter")
    keys = page.keyboard
    for presses in (["Shift+ArrowUp"] * 4 + ["Enter"], ["Shift+ArrowRight"] * 4 + ["Shift+ArrowDown"] * 6 + ["Enter"]):
        for key in presses:
            keys.press(key)
    drawn.says("2 corners. Click the next one.")
    for key in [*["Shift+ArrowLeft"] * 8, "Enter", *["Shift+ArrowUp"] * 6, *["Shift+ArrowRight"] * 4, "Enter"]:
        keys.press(key)
    playwright.expect(page.locator("#overlay .grip")).to_have_count(3)
    playwright.expect(page.locator("#overlay .grip").first).to_be_focused()
    keys.press("ArrowUp")
    drawn.says("Arrow keys move the corner")
    keys.press("Insert")
    playwright.expect(page.locator("#overlay .grip")).to_have_count(4)
    keys.press("Delete")
    playwright.expect(page.locator("#overlay .grip")).to_have_count(3)
    keys.press("Escape")
    playwright.expect(page.get_by_role("button", name="Region of interest")).to_be_focused()
    playwright.expect(page.locator("#overlay .grip")).to_have_count(0)
    save_and_wait(page)
    assert list(stored(folder).roi_corners) == near(((0.5, 0.295), (0.7, 0.6), (0.3, 0.6)))
    page.get_by_role("button", name="Region of interest").focus()
    page.keyboard.press("Delete")
    save_and_wait(page)
    assert (stored(folder).roi, stored(folder).roi_corners) == (None, ())


def test_a_polygon_whose_sides_cross_is_said_at_once_and_refused_at_its_field(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    settle(folder, PLAIN)
    drawn = Drawn(page, address)
    page.get_by_role("button", name="Polygon ROI").click()
    drawn.click((0.2, 0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8), (0.2, 0.2))
    drawn.says("Two sides cross: move a corner, so that they go once around the region.")
    page.get_by_role("button", name="Save", exact=True).click()
    wrong = page.locator("[data-field=roi_corners] .wrong")
    playwright.expect(wrong).to_have_text("the sides from corner 1 and from corner 3 cross: go once around the region")
    assert stored(folder).roi is None
    drawn.drag((0.8, 0.8), (0.5, 0.1))
    playwright.expect(wrong).to_have_count(0)
    drawn.says("Changed.")
    save_and_wait(page)
    assert list(stored(folder).roi_corners) == near(((0.2, 0.2), (0.5, 0.1), (0.8, 0.2), (0.2, 0.8)))


def test_escape_leaves_what_was_there(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    settle(folder, TRIANGLE)
    drawn = Drawn(page, address)
    page.get_by_role("button", name="Polygon ROI").click()
    drawn.click((0.1, 0.1))
    page.keyboard.press("Escape")
    drawn.says("Nothing was changed.")
    assert len(page.locator("#overlay polygon.roi").get_attribute("points").split()) == 3
    save_and_wait(page)
    assert stored(folder) == TRIANGLE


def test_a_lane_line_is_moved_by_its_end(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    settle(folder, PLAIN.model_copy({"lane_line": (0.5, 0.2, 0.5, 0.8)}))
    drawn = Drawn(page, address)
    drawn.click((0.5, 0.5))
    playwright.expect(page.locator("#overlay .grip")).to_have_count(2)
    drawn.drag((0.5, 0.2), (0.7, 0.3))
    save_and_wait(page)
    assert stored(folder).lane_line == pytest.approx((0.7, 0.3, 0.5, 0.8), abs=0.011)


def test_a_text_that_stands_in_the_picture_gets_its_mask_by_one_click(page: Any, camera: tuple[Path, str]) -> None:
    folder, address = camera
    settle(folder, PLAIN)

    def stand(store: Store) -> None:
        for minute in (0, 10, 20, 30, 70):
            at = NOW + timedelta(minutes=minute)
            store.add_passage(passage("EXIT24", id=uuid4().hex, at=at, look=PlateLook(1.0, 9.0, 30, 210, False)), ())

    with_store(folder, stand)
    page.goto(f"{address}/check")
    button = page.get_by_role("button", name="Mask EXIT24")
    with page.expect_event("load"):
        button.click()
    playwright.expect(page.locator(".toast")).to_have_text("The mask is stored. It counts after the next restart of the service.")
    playwright.expect(button).to_have_count(0)
    # the box (512, 430, 178, 50) of 1280 x 960 and a quarter more on each side
    assert stored(folder).masks == ((0.3652, 0.4349, 0.5738, 0.513),)
