"""Handover: the state of a lane that the next process needs."""

from __future__ import annotations

from board.kit.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Handover:
    """`state`: one of engine.lane.table.STATES; `passage_id`, `plate`, `sure`: the vehicle that the live opening was given to;
    `is_counted`: it was counted when it was let in, as no loop told then when it drives in; `passed`, `passed_ns`, `passed_sure`:
    plates of the vehicles that used the last ones, when (CLOCK_MONOTONIC), and whether a list has them as read; `waiting`,
    `waiting_sure`: who waited, the first one first; `somebody_ns`: when one of unknown plate drove in last (CLOCK_MONOTONIC).
    Levels are read anew; other times are counted anew, which only makes vehicles wait longer."""

    state: str = "free"
    passage_id: str = ""
    plate: str = ""
    sure: bool = False
    exit_seen: bool = False
    passed: tuple[str, ...] = ()
    passed_ns: tuple[int, ...] = ()
    passed_sure: tuple[bool, ...] = ()
    is_counted: bool = False
    waiting: tuple[str, ...] = ()
    waiting_sure: tuple[bool, ...] = ()
    somebody_ns: int = 0
