"""Bench report in Chromium: one A4 page on paper whatever happened, and no request to anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from board.profiles import all_profiles
from hil_tests.progress import Result
from hil_tests.report import Facts, Names, render

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
A4_POINTS = (595, 842)

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the browser tests need it")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed at /usr/bin/chromium")

FACTS = Facts(
    "Raspberry Pi 5 Model B Rev 1.0", "10000000f3a1b2c4",
    "Debian GNU/Linux 12 (bookworm), kernel 6.6.31+rpt-rpi-2712, Python 3.11.2", "0.1.0",
    "a1b2" * 16, "0f1e2d3c" * 8, datetime(2026, 11, 21, 10, 30, tzinfo=UTC),
)  # fmt: skip
NAMES = Names("N" * 300, "C" * 300, "S" * 300)
FIGURES = ("W1: 1000 frames sent and received, none wrong, 3 sent again for their edges", "p50 80, p99 91, longest 98 µs; " * 4)
PROVES = "the pulse ends in its time all the same, and the camera opens again by itself."
REASON = "DO2 to DI2: the wire is missing or broken (DI2 stays low whatever DO2 does); " * 6


def results(outcome: str) -> tuple[Result, ...]:
    reason = "" if outcome == "passed" else REASON
    kernel, through = ("rpi on pinctrl-rp1",), ("host, pins, engine and service; the board's camera",)
    return tuple(
        Result(f"t{n}", f"Test {n}", PROVES, outcome, reason, FIGURES, kernel, through if n < 3 else ()) for n in range(17)
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield opened
        opened.close()


@pytest.mark.parametrize("outcome", ["passed", "failed", "skipped"])
def test_the_report_is_one_a4_page_and_asks_nobody_for_anything(browser: Any, tmp_path: Path, outcome: str) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(all_profiles()["pi5"], results(outcome), NAMES, FACTS), encoding="utf-8")
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(file.as_uri())
    paper = page.pdf(prefer_css_page_size=True, print_background=True)
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper)
    page.close()
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    assert box
    assert tuple(round(float(side)) for side in box.groups()) == A4_POINTS
    assert asked == [file.as_uri()]
    assert said == []
