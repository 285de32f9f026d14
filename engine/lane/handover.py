"""Handover: what of a lane the next process must know."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Handover:
    """`state`: of engine.lane.table.STATES; `passage_id`, `plate`: whom the live opening was given for; `passed`: plates of the
    vehicles that used the last ones. Levels are read anew; times are counted anew, which only makes vehicles wait longer."""

    state: str = "free"
    passage_id: str = ""
    plate: str = ""
    exit_seen: bool = False
    passed: tuple[str, ...] = ()
