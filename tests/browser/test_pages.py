"""Every page of the portal in a real browser: nothing leaves its card or the page at any width, and axe-core finds nothing serious,
in light and dark, on a desktop and a phone, with each dialog open."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import webui.tabs
from board.kit.languages import COOKIE
from board.kit.registry import find
from board.kit.web.menu import Tab
from engine.exchange.kinds.local_list import LocalListOptions
from engine.settings import GeneralSettings, LprSettings
from engine.store import Store
from engine.types import Decision, Job, PassageImages, PlateList, PlateLook, SeenRead
from tests.browser.conftest import keep_picture
from tests.browser.proxy import Proxy
from tests.browser.reading import CODES, left_in_english
from tests.browser.stack import Stack
from tests.browser.test_manual import jpeg, with_store
from tests.samples import BLACK, WHITE, entry, passage, rule
from webui.app import routes

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(os.environ.get("VIRTUAL_ENV", ROOT / ".venv")) / "axe-core" / "axe.min.js"
"""Fetched by `./scripts/setup --test` (MPL-2.0, for tests alone)."""

OWN = 6
"""The first list that somebody adds."""
LONG = "Müller & Söhne Fahrzeugvermietung und Transportgesellschaft mbH"
UNBROKEN = "Fahrzeugvermietungsundtransportgesellschaftsmitarbeiter"
PAGES = (
    *(
        route.path
        for route in routes(tuple(find(webui.tabs, "TAB", Tab).values()))
        if route.is_page and route.method == "GET" and route.path and "<" not in route.path
    ),
    "review?view=SQUARE&lane=1&outcome=refused&from=", "review/passages/p1",
    f"lists/{WHITE}?view=actions", f"lists/{WHITE}?view=exports", f"lists/{WHITE}?view=imports",
    f"lists/{OWN}", "actions/1", f"lists/{WHITE}/actions/new?kind=http", f"lists/{WHITE}?search=HK55",
    "audit?kind=changes&from=", "audit?kind=searches&from=", "audit?kind=export&from=",
    "jobs/1", f"lists/{WHITE}/jobs/new?kind=ftp_list", f"lists/{WHITE}/jobs/new?kind=sincro",
    f"lists/{WHITE}/actions/new?kind=wiegand",
)  # fmt: skip
ACTIONS, EXPORTS, PLATES = f"lists/{WHITE}?view=actions", f"lists/{WHITE}?view=exports", f"lists/{WHITE}"
GATE = "gate"
"""Stands for the dialog whose button needs a gate."""
DIALOGS: tuple[tuple[str, ...], ...] = (
    ("live", "#add-to-list"), ("live", "#last .whole"), ("live", "#first-steps-hide"), ("live", GATE),
    ("review?from=", ".thumb-button"), ("review/passages/p1", "details summary", "#forget"),
    (ACTIONS, "#add-action"), (ACTIONS, "[data-do=delete-rule]"),
    (EXPORTS, "#add-job"), (EXPORTS, "[data-do=delete-job]"), (f"lists/{WHITE}?view=imports", "#add-job"),
    ("lists", "#add-list"), ("lists", "#edit-list"), (f"lists/{OWN}", "#delete-list"),
    (PLATES, "#add-entry"), (PLATES, "[data-do=edit]"), (PLATES, "[data-do=delete]"),
    (PLATES, "[data-choose]", "[data-many=change]"), (PLATES, "[data-choose]", "[data-many=move]"),
    (PLATES, "[data-choose]", "[data-many=delete]"),
    ("lpr", "#default"), ("general", "#default"), ("camera", "#default"), ("lane", "#default"),
)  # fmt: skip
"""Where each is, and what is clicked one after the other until it is open."""
DIALOG = "dialog[open]"
"""Of axe-core's judgement the page behind a dialog is left out: `pages` has it judged without the dialog."""
CLICKED = ((PLATES, "[data-choose]"), ("review/passages/p1", "details summary"))
"""What else of a page is seen only after a click."""
WIDTHS = (390, 1024, 1280, 1366, 1920)
JUDGED_AT = (390, 1366)
"""Two: a page is judged in light and dark, then in dark and light, so that the next one begins in light."""
ZOOMED = 320
"""What a window of 1280 px shows at 400 %: nothing may need to be moved sideways then (WCAG 2.2, 1.4.10 Reflow)."""

LEAVES = """() => {
  const wide = document.documentElement.clientWidth;
  const found = [];
  const clips = (node) => {
    for (let up = node.parentElement; up; up = up.parentElement) if (getComputedStyle(up).overflowX !== "visible") return up;
    return null;
  };
  const name = (node) => `${node.tagName.toLowerCase()}#${node.id}.${[...node.classList].join(".")}`;
  if (document.documentElement.scrollWidth > wide) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
  for (const plate of document.querySelectorAll(".plate")) {
    if (plate.scrollWidth > plate.clientWidth + 1 && plate.checkVisibility()) found.push(`the plate ${plate.textContent} is cut`);
  }
  const edges = new Map();
  const edge = (card) => edges.get(card) || edges.set(card, card.getBoundingClientRect()).get(card);
  for (const node of document.body.querySelectorAll("*")) {
    const box = node.getBoundingClientRect();
    if (!box.width || !box.height) continue;
    const leaves = box.right > wide + 1 || box.left < -1;
    const card = node.parentElement.closest(".card, dialog");
    const over = card ? Math.round(Math.max(box.right - edge(card).right, edge(card).left - box.left)) : 0;
    if (!leaves && over <= 1) continue;  // nearly all: whether one may leave takes far longer to ask
    if (node.closest("svg, .visually-hidden, .off-screen, option, .bubble") || clips(node)) continue;
    if (leaves) found.push(`${name(node)} leaves the page at ${Math.round(box.right)}`);
    if (over > 1 && getComputedStyle(node).position !== "fixed") found.push(`${name(node)} leaves its card by ${over}`);
  }
  return found.slice(0, 12);
}"""


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a portal with cars, long names and actions."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "board.json").write_text(json.dumps({"profile": "sim", "camera": "replay:/nowhere", "sd": ""}))

    def fill(store: Store) -> None:
        store.settings.put(LprSettings(region="Europe", countries=("DE", "BA")), "admin")
        store.entries.save(entry("HK55EVB", description=LONG), "admin")
        store.entries.save(entry("ZH666X", BLACK), "admin")
        store.settings.put(GeneralSettings(device_name=UNBROKEN[:40], site=UNBROKEN), "admin")
        store.rules.save(rule(WHITE, name=UNBROKEN), "admin")
        made = store.lists.save(PlateList(0, UNBROKEN, "custom"), "admin")
        assert made.id == OWN
        store.jobs.save(Job(0, WHITE, "local_list", True, "day", True, "{}"), LocalListOptions, "admin")
        store.searches.add("admin", "search", {"from": "2026-01-01T00:00", "plate": LONG[:20]})
        now = datetime.now(UTC)
        for number in range(12):
            plate = ("HK55EVB", "ZH666X", "W" * 12)[number % 3]
            one = passage(
                plate, id=f"p{number}", at=now - timedelta(minutes=number), images=PassageImages("2026/a.jpg", "2026/a-plate.jpg"),
                reads=(SeenRead(-400, plate, 61.0, 9, "small"), SeenRead(-90, "W<b>8", 88.0, 19), SeenRead(0, plate, 97.5, 31)),
                lane=1 + number % 2, look=PlateLook(7.0, 21.0, 40, 252, number % 2 == 1),
            )  # fmt: skip
            store.add_passage(one, [], store.lookup(plate, now, True), Decision(("opened", "refused")[number % 2]))

    with_store(folder, fill)
    stack = Stack(folder, ("manager",))
    (stack.state.images / "2026").mkdir(parents=True, exist_ok=True)
    (stack.state.images / "2026" / "a.jpg").write_bytes(jpeg(640))
    (stack.state.images / "2026" / "a-plate.jpg").write_bytes(jpeg(120))
    proxy = Proxy(stack.state.manager_socket)
    yield f"{proxy.address}/anpr"
    proxy.close()
    stack.close()


def opened(browser: Any, width: int, height: int) -> Any:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="light", reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(60_000)  # a machine under load takes long for its first page
    return page


def settled(page: Any, address: str) -> None:
    """Scripts have run and what they ask for is there."""
    assert page.goto(address).status == 200, address
    page.wait_for_load_state("load")
    if "/live" in address:
        page.locator("#last dl").wait_for()
    if address.endswith("/recorders"):
        page.locator(".copied").first.wait_for(state="attached")
    if "/help/" in address:
        page.locator("#checks .measure").first.wait_for()


def opened_dialog(page: Any, address: str, clicks: list[str], width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    settled(page, address)
    for click in clicks:
        if click == GATE:
            page.evaluate("document.querySelector('#gate-dialog').showModal()")
        else:
            page.locator(click).first.click()
    page.locator(DIALOG).wait_for()


OTHERWISE_NAMED = """() => {
  const words = (text) => text.toLowerCase().match(/\\p{Script=Han}|[\\p{L}\\p{N}]+/gu) || [];
  return [...document.querySelectorAll("main :is(a, button)[aria-label]")]
    .filter((each) => words(each.textContent).some((word) => !words(each.ariaLabel).includes(word)))
    .map((each) => `${each.textContent} is named ${each.ariaLabel}`);
}"""
"""Whoever speaks to the browser says what he sees (WCAG 2.2, 2.5.3 Label in Name); and where two words stand for one thing, one of
them is another thing's: beside an address stood "backup", where it was to be copied."""


@pytest.mark.parametrize("code", CODES)
def test_every_page_is_wholly_in_the_language_of_its_reader_and_fits(browser: Any, camera: str, code: str) -> None:
    page = opened(browser, 1366, 900)
    page.context.add_cookies([{"name": COOKIE, "value": code, "url": camera}])
    found: dict[str, list[str]] = {}
    for path in PAGES:
        settled(page, f"{camera}/{path}")
        wrong = left_in_english(page, code) + page.evaluate(LEAVES) + page.evaluate(OTHERWISE_NAMED)
        for width in (390, ZOOMED):
            page.set_viewport_size({"width": width, "height": 900})
            wrong += page.evaluate(LEAVES)
        page.set_viewport_size({"width": 1366, "height": 900})
        if wrong:
            found[path] = wrong
    page.context.close()
    assert found == {}


ALL = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
CONTRAST = "color-contrast"
COLOURS = (CONTRAST, "link-in-text-block")
"""The rules that judge what alone differs between light and dark."""
RUN = """async ([by, within, but]) => {
  const slight = axe._audit.rules.filter((rule) => ["minor", "moderate"].includes(rule.impact)).map((rule) => rule.id);
  const rules = Object.fromEntries([...slight, but].map((id) => [id, {enabled: false}]));
  const result = await axe.run(within || document, {resultTypes: ["violations"], runOnly: by, rules});
  return result.violations.filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => `${each.id}: ${each.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")}`);
}"""
"""The serious findings of the rules but one; those that find nothing serious are not asked."""
COLOURED = """async ([by, within, known]) => {
  const seen = new Set(known), grounds = new Map([[null, {look: "", open: false}]]), asked = new Map();
  const ground = (node) => {  // the backgrounds of a text; open: something else than its parents may shine through
    if (grounds.has(node)) return grounds.get(node);
    const up = ground(node.parentElement), style = getComputedStyle(node);
    const mixed = [style.opacity, style.filter, style.mixBlendMode, style.clipPath, style.mask].join(" ");
    const own = `${style.backgroundColor} ${style.backgroundImage} ${mixed}`;
    const whole = mixed === "1 none normal none none";
    const covers = whole && /^rgb\\(/.test(style.backgroundColor);
    const lies = ["static", "relative"].includes(style.position) && style.transform === "none" && style.float === "none"
      && ![style.top, style.left, style.marginTop, style.marginBottom].some((moved) => /^-/.test(moved));
    const made = {look: `${up.look} / ${own}`, open: !covers && (up.open || !lies)};
    if (own.startsWith("rgba(0, 0, 0, 0) none ") && whole) made.look = up.look;
    grounds.set(node, made);
    return made;
  };
  for (const node of document.querySelectorAll(within ? `${within} *` : "body *")) {
    if (node.matches("option, script, style, .visually-hidden") || !node.checkVisibility()) continue;
    const texts = [...node.childNodes].filter((each) => each.nodeType === Node.TEXT_NODE && each.data.trim());
    if (!texts.length && !node.matches("input, select, textarea")) continue;
    const {look, open} = ground(node), style = getComputedStyle(node);
    const letters = ["color", "fontSize", "fontWeight", "textShadow", "webkitTextStroke"].map((name) => style[name]).join(" ");
    const linked = by.length > 1 && style.display === "inline" && node.matches("a[href]");
    const all = open || linked || node.closest("svg") ? `: ${asked.size}` : "";
    const key = `${letters} on${look}`, unsaid = `${key} "${texts.map((each) => each.data).join("")}"`;
    if (all || !(seen.has(key) || seen.has(unsaid))) asked.set(key + all, [...(asked.get(key + all) || []), {node, unsaid}]);
  }
  const found = [], judged = new Set();
  const groups = () => [...asked].filter(([key]) => !judged.has(key));
  for (const some of [(nodes) => nodes.slice(0, 1), (nodes) => nodes.slice(1)]) {
    const include = groups().flatMap(([, nodes]) => some(nodes)).map((each) => each.node);
    if (!include.length) continue;
    const told = {resultTypes: ["violations", "passes", "incomplete"], elementRef: true};
    const result = await axe.run({include}, {...told, runOnly: by});
    for (const each of result.violations)
      found.push(`${each.id}: ${each.nodes.slice(0, 3).map((one) => one.target.join(" ")).join(", ")}`);
    const why = new Map();
    for (const each of [...result.violations, ...result.passes, ...result.incomplete].filter((each) => each.id === by[0]))
      for (const one of each.nodes) why.set(one.element, one.any.map((check) => check.data?.messageKey || "").join(""));
    for (const [key, nodes] of groups()) for (const {node, unsaid} of nodes) {
      if (["", "bgGradient", "bgImage"].includes(why.get(node))) judged.add(key);
      if (["nonBmp", "shortTextContent"].includes(why.get(node))) judged.add(unsaid);
    }
  }
  return [found, [...judged]];
}"""
"""What COLOURS find, asked for one text of each look (its letters and all backgrounds behind it) that is not known yet, as the
contrast of the others is the same; and the looks that are known now. Where axe-core does not judge the one, it is asked for the
others too; and of each text that may stand before something else than its parents, and of each link in a line."""
_judged: set[str] = set()
"""The looks that are known: a page's frame is that of the page before."""
UNSAID = """() => [
  ...[...document.querySelectorAll("h1")].some((each) => each.checkVisibility()) ? [] : ["no heading says which page it is"],
  ...[...document.querySelectorAll("dialog[open]")]
    .filter((each) => !each.ariaLabel && !document.getElementById(each.getAttribute("aria-labelledby"))?.textContent.trim())
    .map((each) => `nothing says which dialog ${each.id} is`),
]"""
"""What a screen reader tells first of a page, and of a dialog; to axe-core a page without it is no serious matter."""


def judged(page: Any, within: str, schemes: tuple[str, str]) -> list[str]:
    """What is wrong with the page, or with that part of it, in light, and with its colours in dark. `schemes`: the one that the
    page shows, and the other, in which it is left: a change draws the page anew."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))  # the pages forbid scripts of other origins; a test may
    found: list[str] = page.evaluate(UNSAID)
    for scheme in schemes:
        if scheme != schemes[0]:
            page.emulate_media(color_scheme=scheme)
        if scheme == "light":
            found += page.evaluate(RUN, [ALL, within, CONTRAST])
        wrong, known = page.evaluate(COLOURED, [COLOURS if scheme == "dark" else [CONTRAST], within, sorted(_judged)])
        found += [f"{scheme}: {each}" for each in wrong]
        _judged.update(known)
    return found


@dataclass(frozen=True, slots=True)
class Looked:
    """What is wrong with a page: to load it for each question costs more than to ask. `leaves`: by width; `axe`: by width, no
    keys without axe-core."""

    leaves: dict[int, list[str]]
    axe: dict[int, list[str]]


def looked_at(page: Any, name: str, within: str = "") -> Looked:
    """The page as it stands, at each width; axe-core judges what is `within`, or all of it."""
    looked = Looked({}, {})
    schemes = "light", "dark"
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        looked.leaves[width] = page.evaluate(LEAVES)
        if width in JUDGED_AT:
            keep_picture(page, name)
            if AXE.exists():
                looked.axe[width] = judged(page, within, schemes)
                schemes = schemes[1], schemes[0]
    return looked


@pytest.fixture(scope="module")
def pages(browser: Any, camera: str) -> dict[str, Looked]:
    page = opened(browser, WIDTHS[0], 900)
    found = {}
    behind = dict.fromkeys(path for path, *_ in DIALOGS if path not in PAGES)
    for path, click in (*((each, "") for each in (*PAGES, *behind)), *CLICKED):
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        settled(page, f"{camera}/{path}")
        if click:
            page.locator(click).first.click()
        name = f"{path} {click}".strip()
        found[name] = looked_at(page, f"portal {name}")
    page.context.close()
    return found


@pytest.fixture(scope="module")
def dialogs(browser: Any, camera: str) -> dict[str, Looked]:
    page = opened(browser, WIDTHS[0], 900)
    found = {}
    for path, *clicks in DIALOGS:
        opened_dialog(page, f"{camera}/{path}", clicks, WIDTHS[0])
        name = " ".join((path, *clicks))
        found[name] = looked_at(page, f"dialog {name}", DIALOG)
    page.context.close()
    return found


def left(looked: dict[str, Looked]) -> dict[tuple[str, int], list[str]]:
    return {(name, width): wrong for name, each in looked.items() for width, wrong in each.leaves.items() if wrong}


def serious(looked: dict[str, Looked]) -> dict[tuple[str, int], list[str]]:
    assert all(tuple(each.axe) == JUDGED_AT for each in looked.values())
    return {(name, width): wrong for name, each in looked.items() for width, wrong in each.axe.items() if wrong}


def test_nothing_leaves_its_card_or_the_page_at_any_width(pages: dict[str, Looked]) -> None:
    assert left(pages) == {}


def test_no_dialog_leaves_the_page_at_any_width_and_nothing_leaves_its_dialog(dialogs: dict[str, Looked]) -> None:
    assert left(dialogs) == {}


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
def test_axe_finds_nothing_serious_on_any_page(pages: dict[str, Looked]) -> None:
    assert serious(pages) == {}


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
def test_axe_finds_nothing_serious_in_any_dialog(dialogs: dict[str, Looked]) -> None:
    assert serious(dialogs) == {}
