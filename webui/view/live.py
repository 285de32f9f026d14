"""Live: what is pushed to browsers, as documents (webui/live)."""

from __future__ import annotations

from typing import Any

from board.kit.web.routes import said
from board.kit.words import Language
from engine.messages import DeliveryEvent, LiveReads, PassageDecided, PassageEvent, ServiceStatus
from engine.store import StoredPassage
from engine.types import Delivery
from webui.live.events import event
from webui.portal import Portal
from webui.view import passages, status

MOST_MISSED = 100
"""Passages that a browser gets when it comes back after a while; the rest are on the Review tab."""

SEEN = ("io",)
"""Kinds of actions of which everybody who sees the Live tab is told; servers' addresses and answers are for those who may audit."""


class Documents:
    """What the feed sends, in the words of the API; the feed says Texts in it to each viewer in their language."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def newest_row(self) -> int:
        return self._portal.store.passages.ends()[1]

    def status(self, known: ServiceStatus | None, age_s: float) -> dict[str, Any]:
        return status.shown(self._portal, known, age_s)

    def reads(self, reads: LiveReads) -> dict[str, Any]:
        return status.reads(reads)

    def passage(self, stored: PassageEvent, audit: bool) -> dict[str, Any]:
        lists = tuple(match.list for match in stored.matches)
        document = passages.shown(
            self._portal, StoredPassage(stored.row, stored.passage, lists, decision=stored.decision), self._portal.zone()
        )
        return {**document, "deliveries": [_delivery(each) for each in stored.deliveries if audit or each.kind in SEEN]}

    def decided(self, decided: PassageDecided) -> dict[str, Any]:
        return {"id": decided.passage_id, "outcome": decided.decision.outcome, "decision": decided.decision.reason}

    def delivery(self, ended: DeliveryEvent, audit: bool) -> dict[str, Any] | None:
        return _delivery(ended.delivery) if audit or ended.delivery.kind in SEEN else None


def missed(portal: Portal, after: int, language: Language) -> list[tuple[int, bytes]]:
    """(row, event) of the newest passages over row `after`, oldest first; none for -1."""
    if after < 0:
        return []
    zone = portal.zone()
    found = portal.store.passages.last_stored(MOST_MISSED, after)
    shown = [(each.rowid, said(passages.shown(portal, each, zone), language)) for each in reversed(found)]
    return [(row, event("passage", document, row)) for row, document in shown]


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "passage_id": delivery.passage_id,
        "rule_id": delivery.rule_id,
        "kind": delivery.kind,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "note": delivery.note,
    }
