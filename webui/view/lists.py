"""Lists: lists and their plates as pages and API show them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from board.kit.errors import ConfigError
from board.kit.web.routes import Refused
from board.kit.words import mark
from engine.actions import options_of
from engine.lists import standing, unreadable
from engine.lists.collisions import wiegand_number
from engine.plates import told
from engine.types import ActionRule, ListEntry, PlateList
from webui.portal import Portal
from webui.view import shapes
from webui.view.list_forms import ListForm

DEFAULT_BITS = 26


def stored_list(portal: Portal, list_id: int) -> PlateList:
    """Refused 404 when it is not there."""
    found = next((each for each in portal.store.lists() if each.id == list_id), None)
    if found is None:
        raise Refused(404, "There is no such list; perhaps it was deleted.")
    return found


def list_data(portal: Portal, each: PlateList) -> shapes.PlateList:
    """For pages and API."""
    entries = portal.store.entries.count(each.id)
    return {
        "id": each.id,
        "name": each.name,
        "role": each.role,
        "colour": each.colour,
        "policy": each.policy,
        "barrier": each.barrier,
        "fuzzy": each.fuzzy,
        "keep_days": each.keep_days,
        "entries": entries,
    }


def list_values(each: PlateList) -> dict[str, Any]:
    """As ListForm takes them."""
    return {name: getattr(each, name) for name in ListForm.model_fields}


def entry_data(portal: Portal, entry: ListEntry, zone: ZoneInfo, bits: int) -> shapes.Entry:
    """For pages and API."""
    return {
        "id": entry.id,
        "list_id": entry.list_id,
        **told(entry, zone),  # type: ignore[typeddict-item]
        "validity": VALIDITIES[standing(entry, portal.clock.now(), zone)],
        "number": wiegand_number(entry, bits) if entry.wiegand_card is not None or not entry.is_wildcard else "",
        "unreadable": unreadable(entry.plate),
    }


VALIDITIES = {
    "": mark("valid"),
    "clock": mark("clock not set"),
    "hours": mark("out of hours"),
    "early": mark("not yet"),
    "spent": mark("no entries left"),
    "expired": mark("expired"),
}
"""How an entry stands (engine/lists/validity.py), as pages and API say it."""


def number_bits(portal: Portal, rules: list[ActionRule]) -> list[int]:
    """Lengths of the frames that the list's actions send, in the actions' order; H10301's when none sends a number."""
    found: dict[int, None] = {}
    for rule in rules:
        try:
            kind, options = options_of(portal.kinds, rule.kind, rule.options)
        except ConfigError:
            continue  # options of another release
        found[kind.number_bits(options)] = None
    return [bits for bits in found if bits] or [DEFAULT_BITS]
