"""Evidence: what a run leaves on the disk (the database, the edges at the pins, the acts of pins), and the verdict."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from board.kit.state import State
from board.pins.acts import Acts
from board.wiegand.receive import read_edges

GATE = "DO1"
DELAYED = "DO2"
DELAY_MS = 300
MAX_AGE_NS = 10_000_000_000
"""Of the kind IO."""
SLACK_NS = 50_000_000
"""Between the moment that pins decides and writes down, and the edge: pins may be interrupted there."""


@dataclass(frozen=True, slots=True)
class StoredCar:
    """A passage as it lies in the database."""

    id: str
    plate: str
    captured_ns: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery as it lies there. `begun_ns`: when pins began with it, None: never, or it is none for pins."""

    id: str
    passage_id: str
    rule: str
    state: str
    begun_ns: int | None


@dataclass(frozen=True, slots=True)
class Car:
    """What was played: the car stood before the barrier from `came_ns` to `left_ns`."""

    plate: str
    came_ns: int
    left_ns: int


@dataclass(frozen=True, slots=True)
class Found:
    integrity: str
    passages: Sequence[StoredCar]
    sent: Sequence[Sent]
    opened_ns: Mapping[str, Sequence[int]]
    """{output: when it went on}"""


def collect(state: State, begun_ns: dict[str, int]) -> Found:
    """The state as it lies on the disk; processes may run. `begun_ns`: {delivery: when pins began with it}, which is brought up to
    date: pins remembers a thousand."""
    integrity, passages, deliveries = database(state.database)
    acts = Acts(state.acts_file)
    try:
        for number, *_ in deliveries:
            t_ns = None if number in begun_ns else acts.begun_ns(number)
            if t_ns is not None:
                begun_ns[number] = t_ns
    finally:
        acts.close()
    sent = [Sent(*row, begun_ns.get(row[0])) for row in deliveries]
    return Found(integrity, passages, sent, {line: opened(state, line) for line in (GATE, DELAYED)})


def database(path: Path) -> tuple[str, list[StoredCar], list[tuple[str, str, str, str]]]:
    """(what SQLite says about the file, passages, deliveries as id, passage, action, state), oldest first."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        integrity = str(connection.execute("PRAGMA integrity_check").fetchone()[0])
        passages = [StoredCar(*row) for row in connection.execute("SELECT id, plate, monotonic_ns FROM passages ORDER BY rowid")]
        sql = "SELECT d.id, d.passage_id, r.name, d.state FROM deliveries d JOIN rules r ON r.id = d.rule_id ORDER BY d.rowid"
        return integrity, passages, list(connection.execute(sql))
    finally:
        connection.close()


def opened(state: State, line: str) -> list[int]:
    """When the output went on, CLOCK_MONOTONIC ns."""
    edges = read_edges(state.sim / "edges.jsonl")
    return [edge.t_ns for edge in edges if (edge.line, edge.level) == (line, 1)]


def verdict(
    found: Found, cars: Iterable[Car], once_there: Collection[str], told: Mapping[str, str], servers: Sequence[str]
) -> list[str]:
    """What was violated, in words. `once_there`: ids of passages that were seen in the database earlier; `told`: {key: event id}
    that the servers got; `servers`: names of the actions that tell them."""
    wrong = [] if found.integrity == "ok" else [f"the database is damaged: {found.integrity}"]
    there = {passage.id: passage for passage in found.passages}
    wrong += [f"passage {each} was stored and is gone" for each in sorted(set(once_there) - set(there))]
    wrong += [f"passage {each} was told and is gone" for each in sorted(set(told.values()) - set(there))]
    wrong += _untold(found, told, servers)
    wrong += _late(found, there)
    wrong += _unasked(found)
    for car in cars:
        wrong += _of_car(found, car)
    return wrong


def _untold(found: Found, told: Mapping[str, str], servers: Sequence[str]) -> list[str]:
    keys = {(sent.passage_id, sent.rule): sent for sent in found.sent}
    wrong = []
    for passage in found.passages:
        for server in servers:
            sent = keys.get((passage.id, server))
            if sent is None:
                wrong.append(f"passage {passage.id} has no delivery for {server}")
            elif sent.id not in told:
                wrong.append(f"{server} was not told of passage {passage.id}: {sent.state}")
            elif told[sent.id] != passage.id:
                wrong.append(f"{server} got passage {told[sent.id]} under the key of {passage.id}")
    return wrong


def _late(found: Found, there: Mapping[str, StoredCar]) -> list[str]:
    wrong = []
    for sent in found.sent:
        if sent.begun_ns is None:
            continue
        age_ns = sent.begun_ns - there[sent.passage_id].captured_ns
        limit_ns = MAX_AGE_NS + (DELAY_MS * 1_000_000 if sent.rule == DELAYED else 0)
        if not 0 <= age_ns <= limit_ns + SLACK_NS:
            wrong.append(f"{sent.rule} of passage {sent.passage_id} began {age_ns / 1e9:.3f} s after the picture")
    return wrong


def _unasked(found: Found) -> list[str]:
    """Every pulse belongs to one delivery that began just before it."""
    wrong = []
    for line, edges in found.opened_ns.items():
        begun = sorted(sent.begun_ns for sent in found.sent if sent.rule == line and sent.begun_ns is not None)
        used: Counter[int] = Counter()
        for edge_ns in edges:
            before = [begun_ns for begun_ns in begun if begun_ns <= edge_ns and not used[begun_ns]]
            if not before:
                wrong.append(f"{line} went on at {edge_ns} without a delivery of its own")
            else:
                used[before[-1]] += 1
    return wrong


def _of_car(found: Found, car: Car) -> list[str]:
    wrong = []
    passages = {passage.id for passage in found.passages if passage.plate == car.plate}
    if not passages:
        wrong.append(f"{car.plate} gave no passage")
    for line in found.opened_ns:
        begun = [sent for sent in found.sent if sent.rule == line and sent.passage_id in passages and sent.begun_ns is not None]
        if len(begun) > 1:
            wrong.append(f"{line} was to go on {len(begun)} times for {car.plate}")
        if line == GATE and not begun:
            wrong.append(f"{line} never went on for {car.plate}")
    others = [sent.begun_ns for sent in found.sent if sent.rule == GATE and sent.passage_id not in passages and sent.begun_ns]
    pulses = [
        edge_ns
        for edge_ns in found.opened_ns[GATE]
        if car.came_ns + SLACK_NS <= edge_ns < car.left_ns + SLACK_NS
        and not any(car.left_ns <= begun_ns <= edge_ns for begun_ns in others)  # the next car's, that came at once
    ]
    if len(pulses) > 1:
        wrong.append(f"{GATE} went on {len(pulses)} times while {car.plate} stood there")
    return wrong
