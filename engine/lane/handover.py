"""Handover: the state of a lane that the next process needs."""

from __future__ import annotations

from board.kit.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Handover:
    """`state`: one of engine.lane.table.STATES; `passage_id`, `plate`: the vehicle that the live opening was given to;
    `passed`, `passed_ns`: plates of the vehicles that used the last ones, and when (CLOCK_MONOTONIC); `counted`: reports of other
    cameras that were counted, which they send again when they heard no answer. Levels are read anew; other times are counted anew,
    which only makes vehicles wait longer."""

    state: str = "free"
    passage_id: str = ""
    plate: str = ""
    exit_seen: bool = False
    passed: tuple[str, ...] = ()
    passed_ns: tuple[int, ...] = ()
    counted: tuple[str, ...] = ()
