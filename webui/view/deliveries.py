"""Deliveries: what was done for passages as Audit shows it (manual 4.7, Audit tab)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from board.kit.web.routes import Call
from board.kit.words import Language, Text, mark
from engine.store import DeliveryQuery, StoredDelivery
from engine.store.queries import MAX_ROWS
from engine.store.transfers import TransferQuery
from engine.types import NO_RULE
from webui.portal import Portal
from webui.view import shapes
from webui.view.passages import outcome_name
from webui.view.search import span

BY_HAND, DELETED = mark("(by hand)"), mark("(deleted)")
"""Name of the action where no rule has one."""

ERRORS = ("failed", "expired")

HEADINGS = (
    mark("Date and time"),
    mark("Action"),
    mark("Name"),
    mark("List"),
    mark("Plate"),
    mark("State"),
    mark("Finished"),
    mark("Tries"),
    mark("What was done or went wrong"),
    mark("Decision"),
    mark("Reason"),
)
"""Of the columns of `cells`."""


def cells(delivery: shapes.Delivery, language: Language, for_programs: bool = False) -> list[object]:
    """A row of the tables to download, in the reader's language; for programs its decision as it is stored."""
    say = language.translate
    return [
        delivery["created_local"],
        delivery["label"].said(say),
        name.said(say) if isinstance(name := delivery["rule_name"], Text) else name,
        delivery["list_name"],
        delivery["plate"],
        say(delivery["state"]),
        delivery["finished_local"],
        delivery["attempts"],
        delivery["note"].said(say),
        say(delivery["outcome"]) if for_programs else delivery["outcome_name"].said(say),
        delivery["decision"].said(say),
    ]


def delivery_query(portal: Portal, call: Call, zone: ZoneInfo) -> DeliveryQuery:
    """What the search form of Audit asks for; from midnight on when it says nothing. SettingsError for dates that are none."""
    since, until = span(call, portal.clock.now(), zone)
    return DeliveryQuery(
        since=since,
        until=until,
        state=call.query.get("state", "")[:20],
        kind=call.query.get("kind", "")[:40],
        limit=MAX_ROWS,
    )


def transfer_query(portal: Portal, call: Call, zone: ZoneInfo) -> TransferQuery:
    """The same for exports or imports, which `kind` says."""
    since, until = span(call, portal.clock.now(), zone)
    direction, state = call.query.get("kind", "")[:20], call.query.get("state", "")[:20]
    return TransferQuery(since=since, until=until, direction=direction, state=state, limit=MAX_ROWS)


def shown(portal: Portal, stored: StoredDelivery, zone: ZoneInfo) -> shapes.Delivery:
    """For Audit and API."""
    delivery = stored.delivery
    kind = portal.kinds.get(delivery.kind)
    return {
        "id": delivery.id,
        "created_at": delivery.created_at.isoformat(),
        "created_local": portal.local(delivery.created_at, zone),
        "finished_local": portal.local(delivery.finished_at, zone),
        "kind": delivery.kind,
        "label": Text(kind.label if kind else delivery.kind),
        "rule_name": stored.rule_name or Text(BY_HAND if delivery.rule_id == NO_RULE else DELETED),
        "list_name": stored.list_name,
        "plate": stored.plate,
        "passage_id": delivery.passage_id,
        "state": delivery.state,
        "is_error": delivery.state in ERRORS or (delivery.state == "pending" and delivery.attempts > 0),
        "attempts": delivery.attempts,
        "note": delivery.note,
        "outcome": stored.decision.outcome,
        "outcome_name": outcome_name(stored.decision.outcome),
        "decision": stored.decision.reason,
    }
