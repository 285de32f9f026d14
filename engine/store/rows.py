"""Rows: the one place that turns rows into the types of engine.types and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from sqlite3 import Row
from typing import Any

from engine.types import ActionRule, Delivery, ListEntry, Passage, PassageImages, PlateList, WeekSchedule


def stamp(at: datetime) -> str:
    """A stamp as text that sorts: UTC, always with microseconds."""
    if at.tzinfo is None:
        raise ValueError("a stamp without time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def when(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def plate_list(row: Row) -> PlateList:
    return PlateList(row["id"], row["name"], row["role"], row["colour"])


def entry(row: Row) -> ListEntry:
    return ListEntry(
        id=row["id"],
        list_id=row["list_id"],
        plate=row["plate"],
        description=row["description"],
        valid_from=datetime.fromisoformat(row["valid_from"]),
        valid_until=datetime.fromisoformat(row["valid_until"]),
        wiegand_facility=row["wiegand_facility"],
        wiegand_card=row["wiegand_card"],
    )


def rule(row: Row) -> ActionRule:
    return ActionRule(
        id=row["id"],
        list_id=row["list_id"],
        name=row["name"],
        kind=row["kind"],
        enabled=bool(row["enabled"]),
        week=WeekSchedule(tuple(tuple((span[0], span[1]) for span in day) for day in json.loads(row["week"]))),
        options=row["options"],
    )


def passage_values(passage: Passage, key: str) -> tuple[Any, ...]:
    """In the order of PASSAGE_COLUMNS."""
    return (
        passage.id, passage.plate, key, passage.confidence, passage.country, passage.region, passage.lane, passage.direction,
        passage.char_height_px, stamp(passage.at), passage.monotonic_ns, passage.trigger_id, passage.trigger_cause, passage.votes,
        json.dumps(passage.box), json.dumps(passage.size), passage.images.full, passage.images.plate,
        passage.plate_colour, passage.plate_kind,
    )  # fmt: skip


PASSAGE_COLUMNS = (
    "id, plate, key, confidence, country, region, lane, direction, char_height_px, at, monotonic_ns, trigger_id, "
    "trigger_cause, votes, box, size, image_full, image_plate, plate_colour, plate_kind"
)


def passage(row: Row) -> Passage:
    x, y, width, height = json.loads(row["box"])
    frame_width, frame_height = json.loads(row["size"])
    return Passage(
        id=row["id"],
        plate=row["plate"],
        confidence=row["confidence"],
        country=row["country"],
        region=row["region"],
        lane=row["lane"],
        direction=row["direction"],
        char_height_px=row["char_height_px"],
        at=datetime.fromisoformat(row["at"]),
        monotonic_ns=row["monotonic_ns"],
        trigger_id=row["trigger_id"],
        trigger_cause=row["trigger_cause"],
        votes=row["votes"],
        box=(x, y, width, height),
        size=(frame_width, frame_height),
        images=PassageImages(row["image_full"], row["image_plate"]),
        plate_colour=row["plate_colour"],
        plate_kind=row["plate_kind"],
    )


DELIVERY_COLUMNS = "id, passage_id, rule_id, kind, state, created_at, not_after, attempts, next_try_at, finished_at, note"


def delivery_values(delivery: Delivery) -> tuple[Any, ...]:
    """In the order of DELIVERY_COLUMNS."""
    return (
        delivery.id, delivery.passage_id, delivery.rule_id, delivery.kind, delivery.state, stamp(delivery.created_at),
        stamp(delivery.not_after), delivery.attempts, stamp(delivery.next_try_at),
        None if delivery.finished_at is None else stamp(delivery.finished_at), delivery.note,
    )  # fmt: skip


def delivery(row: Row) -> Delivery:
    return Delivery(
        id=row["id"],
        passage_id=row["passage_id"],
        rule_id=row["rule_id"],
        kind=row["kind"],
        state=row["state"],
        created_at=datetime.fromisoformat(row["created_at"]),
        not_after=datetime.fromisoformat(row["not_after"]),
        attempts=row["attempts"],
        next_try_at=datetime.fromisoformat(row["next_try_at"]),
        finished_at=when(row["finished_at"]),
        note=row["note"],
    )
