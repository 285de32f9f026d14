"""Anew: judges a passage by the lists and rules of now, and once more whether what was to open for a vehicle that waited may still
open when its turn has come. Both may have been changed while it stood there: a plate was blacklisted, or taken off its list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from board.kit.words import NOTHING, Text
from board.kit.zones import camera_zone
from engine.actions import Kinds
from engine.dispatch.barrier import Barrier, gate_outputs
from engine.dispatch.bypass import is_gates
from engine.dispatch.decision import decide
from engine.dispatch.rules import due
from engine.events import CARS
from engine.lists import Finding
from engine.settings import GeneralSettings, LprSettings
from engine.store import Store
from engine.types import ActionRule, Delivery, Passage

LAST_ENTRY = Text("its last entry was taken meanwhile")


def judged_by_lists(
    store: Store, kinds: Kinds, barrier: Barrier | None, passage: Passage, now: datetime, now_ns: int, licensed: bool = True
) -> tuple[Finding, list[ActionRule], list[Delivery], ZoneInfo]:
    """(What is found of its plate, nothing for events without a car; the rules; what is due; the camera's zone), as at the time of
    the picture. `now`, `now_ns`: for its age."""
    zone = camera_zone(store.settings(GeneralSettings).time_zone)
    finding = Finding()
    if passage.what in CARS:
        finding = store.entries.find(passage.plate, passage.at, store.settings(LprSettings).fold_lookalikes, zone)
    rules = store.rules() if licensed else []
    gates = gate_outputs(rules, finding.barriers, kinds, barrier)
    return finding, rules, due(passage, finding.matches, rules, kinds, zone, now, now_ns, gates), zone


def lapsed(
    store: Store, kinds: Kinds, barrier: Barrier, passage: Passage, pending: Sequence[Delivery], mine: Collection[str]
) -> tuple[list[Delivery], Text]:
    """(Those of `pending` that may open a gate and are due no more; why nothing of `mine` is, NOTHING: something is). Judged as at
    the time of the picture, by the lists and rules of now. `mine`: ids of the deliveries that open the lane."""
    # As young as it was: what is too late by now is said where it is carried out.
    finding, rules, now, zone = judged_by_lists(store, kinds, barrier, passage, passage.at, passage.monotonic_ns)
    still = {each.id for each in now if each.state == "pending"}
    gone = [each for each in pending if is_gates(kinds, each) and each.id not in still]
    if not mine or not still.isdisjoint(mine):
        return gone, NOTHING
    if any(each.why == "spent" for each in finding.lapsed):
        return gone, LAST_ENTRY
    stopped = next((each.note for each in now if each.id in mine), None)
    opening = {each.rule_id for each in pending if each.id in mine}
    return gone, stopped or decide(passage, finding, [rule for rule in rules if rule.id in opening], (), kinds, zone).reason
