"""Transfers: exports and imports that took place, as Audit shows them (manual 4.7, Audit tab)."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from board.kit.words import NOTHING, Language, Text, mark
from engine.store.transfers import FAILED, Transfer
from webui.portal import Portal
from webui.view import shapes

DIRECTIONS = {"export": mark("Export"), "import": mark("Import")}


COLUMNS = (
    "created_local", "label", "rule_name", "list_name", "plate", "state", "finished_local", "attempts", "note", "outcome",
    "decision",
)  # fmt: skip
"""Of the tables to download (webui/view/deliveries.HEADINGS)."""


def shown(portal: Portal, each: Transfer, zone: ZoneInfo) -> shapes.Transfer:
    """For Audit and API."""
    kind = portal.jobs.get(each.kind)
    return {
        "at": each.at.isoformat(),
        "at_local": portal.local(each.at, zone),
        "ended_local": portal.local(each.ended_at, zone),
        "direction": each.direction,
        "kind": each.kind,
        "label": Text(kind.label if kind else each.kind),
        "job_id": each.job_id,
        "list_id": each.list_id,
        "list_name": each.list_name,
        "user": each.user,
        "state": each.state,
        "times": each.times,
        "note": each.note,
    }


def row(portal: Portal, each: Transfer, zone: ZoneInfo) -> dict[str, Any]:
    """A row of the Audit tab, as webui/view/deliveries.shown has it."""
    found = shown(portal, each, zone)
    by_hand = Text("by hand ({user})", {"user": each.user})
    return {
        "created_local": found["at_local"],
        "label": Text(DIRECTIONS[each.direction]),
        "rule_name": found["label"] if each.job_id else by_hand,
        "list_name": each.list_name,
        "plate": "",
        "state": each.state,
        "is_error": each.state == FAILED,
        "finished_local": found["ended_local"],
        "attempts": each.times,
        "note": each.note,
        "outcome": "",
        "outcome_name": NOTHING,
        "decision": NOTHING,
    }


def cells(found: dict[str, Any], language: Language) -> list[object]:
    """A row of the tables to download, in the reader's language."""
    plain = ({**found, "state": Text(found["state"])}[name] for name in COLUMNS)
    return [each.said(language.translate) if isinstance(each, Text) else each for each in plain]
