"""Bench report in Chromium: one A4 page on paper whatever happened and whatever fonts there are, and no request to anywhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from board.profiles import all_profiles
from hil_tests.progress import Result
from hil_tests.report import Facts, Names, render
from tests import chromium

A4_POINTS = (595, 842)
FONTS = Path("/usr/share/fonts")
FONT_SETS = {
    "Liberation Sans": ("LiberationSans-*", "LiberationMono-*"),
    "Noto Sans": ("NotoSans-*", "NotoSansMono-*"),
    "DejaVu Sans": ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono*"),
    "DejaVu Serif": ("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"),
    "DejaVu Sans Mono": ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf"),
}
"""Of each family that the page is to be set in: the font files of a machine that has it and no better."""
NO_SANS = "DejaVu Serif", "DejaVu Sans Mono"
"""So wide that words may be lost, where an ellipsis says so."""

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the browser tests need it")
pytestmark = pytest.mark.skipif(chromium.installed() is None, reason=chromium.MISSING)

FACTS = Facts(
    "Raspberry Pi 5 Model B Rev 1.0", "10000000f3a1b2c4",
    "Debian GNU/Linux 12 (bookworm), kernel 6.6.31+rpt-rpi-2712, Python 3.11.2", "0.1.0",
    "a1b2" * 16, "0f1e2d3c" * 8, datetime(2026, 11, 21, 10, 30, tzinfo=UTC),
)  # fmt: skip
NAMES = Names("N" * 300, "C" * 300, "S" * 300)
FIGURES = ("W1: 1000 frames sent and received, none wrong, 3 sent again for their edges", "p50 80, p99 91, longest 98 µs; " * 4)
PROVES = "the pulse ends in its time all the same, and the camera opens again by itself."
REASON = "DO2 to DI2: the wire is missing or broken (DI2 stays low whatever DO2 does); " * 6


ORDINARY = (
    ("Wires (outputs)", "every output moves its own input and no other.", "DO1 → DI1, DO2 → DI2"),
    ("Pins killed in a pulse", "the output is at rest within 5 s, though nobody is left to end the pulse.",
     "pins killed: DO1 at rest after 251 ms"),
    ("Pulses", "each output's pulses of 100 and 400 ms have their length at the input.",
     "DO1: 10 pulses, error p50 1.0 ms, worst 1.4 ms (limit 500) · DO2: 10 pulses, error p50 1.0 ms, worst 2.0 ms (limit 500)"),
    ("Patterns", "a siren of 4 times 150 ms on, 150 ms off, has its eight edges where they belong.",
     "DO1: 8 edges, worst 2.8 ms off · DO2: 8 edges, worst 1.3 ms off"),
    ("Held output", "it is let go when the program that held it is gone.", "DO1 let go 0.1 ms after its holder went"),
    ("Wires (wiegand)", "every output moves its own input and no other.", "W1.D0 → DI1, W1.D1 → DI2"),
    ("Wiegand frames", "every 26- and 34-bit frame is received as it was sent.",
     "W1: 20 frames sent and received, none wrong, 6 sent again for their edges · "
     "pulse of 80 µs received p50 78, p99 80, longest 94 µs; 0 of 600 outside 20 to 100 µs; latest edge p99 275 µs"),
    ("Camera", "both printed plates of the sheet are read in one picture.",
     "BL482KD 99 %, characters 46 px; KA317TR 96 %, characters 46 px; picture 1280 x 960, brightness 118 of 255, 18 ms a read"),
    ("Clock", "the time is plausible, and the clock chip, where there is one, agrees with it.",
     "system time 2026-11-25 22:49:02 UTC; NOT synchronised to a time server, correction +0.0 ppm · "
     "no clock chip: after a power cut without network the time is wrong until somebody sets it"),
    ("I2C devices", "each one that this board names answers with a reading.",
     "lm75 at 0x48 on simulated I2C bus 1: 25.0 °C · pcf8574 at 0x20 on simulated I2C bus 1: pins 7 to 0: 11111111"),
    ("Serial loop", "every byte sent on TX comes back on RX, and nothing else does.",
     "512 bytes at 9600 and 115200 baud came back unchanged"),
    ("Storage", "writable, room for pictures, fast enough, no errors told by the kernel.",
     "/dev/vda (ext4) at /: 82.6 GB free, writes 913 MB/s · 4 kB commit p50 0.2, worst 0.6 ms · "
     "4.50 GB written since the start; wear not told by this disk (only eMMC tells it)"),
    ("Wires (gate)", "every output moves its own input and no other.", "DO2 → DI1, DO1 → DI2"),
    ("Trigger to gate", "the gate output moves after the trigger input did, through the whole camera.",
     "10 triggers, each opened the gate: p50 109, p90 739, worst 739 ms (input debounce included)"),
    ("Killed while the gate opens (engine)", "the pulse ends in its time all the same, and the camera opens again by itself.",
     "engine killed: pulse of 300 ms lasted 300.5 ms; the gate opened again 6.2 s later"),
    ("Killed while the gate opens (service)", "the pulse ends in its time all the same, and the camera opens again by itself.",
     "service killed: pulse of 300 ms lasted 301.2 ms; the gate opened again 6.2 s later"),
    ("Host killed in a pulse", "every process ends and the output is at rest within 5 s.", "host killed: DO1 at rest after 23 ms"),
)  # fmt: skip
"""What a bench on `sim` told: title, what it proves, figures."""
THROUGH = {
    "I2C devices": "lm75 at 0x48 on simulated I2C bus 1, pcf8574 at 0x20 on simulated I2C bus 1",
    "Trigger to gate": "simulated chip, host, pins, engine and service; the plate sheet replayed",
}
CUT = """[...document.querySelectorAll(".most, .one")].filter(
  each => each.scrollHeight > each.clientHeight + 4 || each.scrollWidth > each.clientWidth + 1).map(each => each.textContent)"""
"""Texts that end in an ellipsis; 4: less than a line, more than a letter's tail below it."""


def results(outcome: str) -> tuple[Result, ...]:
    reason = "" if outcome == "passed" else REASON
    kernel, through = ("rpi on pinctrl-rp1",), ("host, pins, engine and service; the board's camera",)
    return tuple(
        Result(f"t{n}", f"Test {n}", PROVES, outcome, reason, FIGURES, kernel, through if n < 3 else ()) for n in range(17)
    )


@pytest.fixture(scope="module", params=[*FONT_SETS, "as installed"])
def fonts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str | float | bool]]:
    """A set's name, and the environment of a browser that sees no other font: the report cannot choose its reader's fonts."""
    if request.param == "as installed":
        return request.param, {**os.environ}
    first, *_ = patterns = FONT_SETS[request.param]
    if not any(FONTS.rglob(first)):
        pytest.skip(f"{request.param} is not installed: nothing is shown about a machine that has it")
    folder = tmp_path_factory.mktemp("fonts")
    for name, file in {file.name: file for pattern in patterns for file in FONTS.rglob(pattern)}.items():
        (folder / name).symlink_to(file)
    config = folder / "fonts.conf"
    config.write_text(
        f"<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir>"
        '<include ignore_missing="yes">/etc/fonts/conf.d</include></fontconfig>'
    )
    return request.param, {**os.environ, "FONTCONFIG_FILE": str(config)}


@pytest.fixture(scope="module")
def browser(driver: Any, fonts: tuple[str, dict[str, str | float | bool]]) -> Iterator[Any]:
    opened = chromium.launch(driver, env=fonts[1])
    yield opened
    opened.close()


@pytest.mark.parametrize("outcome", ["passed", "failed", "skipped"])
def test_the_report_is_one_a4_page_and_asks_nobody_for_anything(browser: Any, fonts: Any, tmp_path: Path, outcome: str) -> None:
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
    assert pages(paper) == 1
    assert box
    assert tuple(round(float(side)) for side in box.groups()) == A4_POINTS
    assert asked == [file.as_uri()]
    assert said == []
    if fonts[0] in FONT_SETS:
        assert re.search(rf"/BaseFont /\w+\+{fonts[0].replace(' ', '')}\b".encode(), paper), f"the page is not set in {fonts[0]}"


@pytest.mark.parametrize("board", ["sim", "zero2w"], ids=["with a notice", "longest title"])
def test_neither_the_widest_words_nor_an_upright_picture_make_it_two_pages(browser: Any, board: str) -> None:
    upright = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='300' height='900'/>"
    wide = tuple(replace(each, title="W" * 60, proves="W" * 300, through=("W" * 300,)) for each in results("failed"))
    page = browser.new_page()
    page.set_content(render(all_profiles()[board], wide, NAMES, replace(FACTS, model="W" * 90, system="W " * 90), upright))
    paper = page.pdf(prefer_css_page_size=True)
    page.close()
    assert pages(paper) == 1


def test_an_ordinary_report_loses_no_word(browser: Any, fonts: Any) -> None:
    page = browser.new_page(viewport={"width": 718, "height": 1055})
    page.emulate_media(media="print")
    rows = tuple(
        Result(title, title, proves, "passed", "", (figures,), (), (THROUGH.get(title, "simulated chip"),))
        for title, proves, figures in ORDINARY
    )
    page.set_content(render(all_profiles()["sim"], rows, Names("J. Novák", "Town of Lhota", "Gate 2, north"), FACTS))
    cut, table = page.evaluate(CUT), page.inner_text("table")
    page.close()
    assert "…" not in table
    assert cut == [] or fonts[0] in NO_SANS


def pages(paper: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", paper))
