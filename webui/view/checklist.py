"""Checklist: what is to be done on the first day until the gate opens by itself, and what of it is done."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from board.kit.words import Text
from engine.types import FIXED_ROLES, Passage
from webui.portal import Portal
from webui.view import shapes
from webui.view.check import GOOD_HEIGHT_PX, SHARP_PCT

DONE = "First steps done"
"""Counter of the store: the list was complete once, or somebody put it away."""

TESTED = "Actions tested"
"""Counter of the store: TESTs that succeeded."""

NEWEST = 10
"""Cars by which sharpness and height are judged."""


def checklist(portal: Portal) -> list[shapes.FirstStep]:
    """In the order in which they are done; none once all were done."""
    counters = portal.store.counters()
    if DONE in counters:
        return []
    seen = portal.store.passages.looks(NEWEST)
    newest = next((each.passage for each in portal.store.passages.last_stored(50) if each.passage.plate), None)
    listed = any(portal.store.entries(each.id, "", 1, 0, True) for each in portal.store.lists() if each.role not in FIXED_ROLES)
    plate = newest.plate if newest else ""
    tested = any(name in counters and counters[name].value for name in (TESTED, "Actions"))
    steps = [
        _step("countries", Text("Choose region and countries"), "/anpr/lpr#countries", bool(portal.lpr().countries)),
        _sharp(seen),
        _height(seen),
        _step("read", Text("First plate read"), "/anpr/help/no-plate", bool(plate), plate or None),
        _step("listed", Text("A plate is in a list"), "/anpr/lists", listed),
        _step("tested", Text("An action was tested"), "/anpr/lists?view=actions", tested),
    ]
    if all(each["done"] for each in steps):
        portal.store.counters.add(DONE)
    return steps


def _step(name: str, title: Text, href: str, done: bool, said: Text | str | None = None) -> shapes.FirstStep:
    return {"name": name, "title": title, "href": href, "done": done, "said": said}


def _sharp(seen: Sequence[Passage]) -> shapes.FirstStep:
    edges = [each.look.edge_pct for each in seen if each.look]
    said = Text("edge width {edge} %", {"edge": round(median(edges))}) if edges else None
    return _step("sharp", Text("The picture is sharp"), "/anpr/live#focus", bool(edges) and median(edges) <= SHARP_PCT, said)


def _height(seen: Sequence[Passage]) -> shapes.FirstStep:
    heights = [each.char_height_px for each in seen]
    low, high = GOOD_HEIGHT_PX
    said = Text("{height} pixels", {"height": round(median(heights))}) if heights else None
    done = bool(heights) and low <= median(heights) <= high
    return _step("height", Text("Characters are high enough"), "/anpr/check", done, said)
