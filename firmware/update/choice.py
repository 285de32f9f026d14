"""Choice: which host runs. `python -m firmware` begins in the one that is built in; it becomes the uploaded one, if that is right.

A version on trial that did not get good within TRIAL_STARTS starts, that cannot be counted, or that is not what was signed, gives
way to the one before it, and that to the built-in one: whatever a power cut or a damaged card leaves, a host runs. A version on
trial has UP_WITHIN_S until it listens; then it judges itself (service.py).
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from board.kit.errors import PackageError
from board.kit.state import State
from board.kit.words import Text, to_stored
from firmware.packages.checker import NotChecked, check_slot
from firmware.packages.environment import Environment
from firmware.packages.keys import TrustedKeys
from firmware.packages.manifest import HOST_NAME
from firmware.packages.records import FAILED, GOOD, TRIAL, Slot
from firmware.packages.running import TRIAL_STARTS
from firmware.packages.slots import Slots
from firmware.update.versions import BUILT_IN, LETTER, built_in_root, built_in_version, folder, installation, last, slots_of

UP_WITHIN_S = 90
"""The kernel ends a version on trial that has not cancelled this alarm: whatever it hangs in, it is started again, and counted."""


def become(words: Sequence[str]) -> None:
    """Becomes the host that was uploaded last, with these arguments; returns when the one that is built in is to run."""
    state, trusted = _options(words)
    if state is None or _runs(state):
        return  # if a host runs, this one will say so
    slots = slots_of(state)
    slot = choose(state, slots, TrustedKeys(state.host / "trust", trusted))
    if slot is None:
        return
    path = slots.path(HOST_NAME, slot)
    Environment(state, slots, folder(state) / "compiled").compile(slot, path)
    environment = {
        **os.environ,
        "PYTHONPATH": str(path / "lib"),
        LETTER: slot.letter,
        BUILT_IN: str(built_in_root()),
    }
    if slot.state == TRIAL:
        signal.alarm(UP_WITHIN_S)
    os.execve(sys.executable, [sys.executable, "-P", "-m", "firmware", *words], environment)


def choose(state: State, slots: Slots, trust: TrustedKeys) -> Slot | None:
    """The slot that is to run, marked so; None: the host that is built in. PackageError: its record is damaged."""
    known = last(state).read().value
    if known is not None and known.built_in != installation():
        _say("firmware/install was run since the last update: what it put in its place runs")
        return None
    current = slots.current(HOST_NAME) if HOST_NAME in slots.names() else None
    if current is None:
        return None
    for slot in (current, spare(slots, current)):
        if slot is None or slot.state not in (GOOD, TRIAL):
            continue
        found = _tried(slots, slot, trust)
        if found is not None:
            if slot != current:
                _do("what ran before is not made the current version", partial(slots.activate, HOST_NAME, found))
            return found
    return None


def _tried(slots: Slots, slot: Slot, trust: TrustedKeys) -> Slot | None:
    """The slot, its start counted while it is on trial; None: it must not run."""
    if slot.state == TRIAL:
        if slot.tries >= TRIAL_STARTS:
            fail(slots, slot, Text("started {times} times without getting good", {"times": TRIAL_STARTS}))
            return None
        try:
            slot = slots.mark(HOST_NAME, slot, TRIAL, slot.why, slot.tries + 1)
        except PackageError as why:  # else it might be started for ever
            _say(f"{slot.version} is not tried: its start cannot be counted: {why}")
            return None
    try:
        check_slot(slots.path(HOST_NAME, slot), slot, trust, unsigned=False)
    except NotChecked as why:  # no fault of this version: it does not lose its place
        _say(f"{slot.version} does not run: {why}")
        return None
    except PackageError as why:
        fail(slots, slot, why.text)
        return None
    return slot


def spare(slots: Slots, slot: Slot) -> Slot | None:
    """What is good besides `slot`."""
    return slots.good_besides(HOST_NAME, slot)


def fail(slots: Slots, slot: Slot, why: Text) -> None:
    """It does not run any more; people are told why, and what runs instead."""
    before = spare(slots, slot)
    previous = before.version if before is not None else built_in_version()
    values = {"failed": slot.version, "previous": previous, "why": why}
    _say(f"{slot.version} was rolled back to {previous}: {why}")

    def note() -> None:
        slots.mark(HOST_NAME, slot, FAILED, str(why))
        slots.set_notice(HOST_NAME, to_stored(Text("{failed} was rolled back to {previous}: {why}", values)))

    _do("that it failed is not noted", note)


def _do(what: str, act: Callable[[], object]) -> None:
    """A disk that refuses must not keep the host from starting."""
    try:
        act()
    except PackageError as why:
        _say(f"{what}: {why}")


def _runs(state: State) -> bool:
    """A host holds the lock. On a storage that takes nothing the file of an earlier one tells it."""
    try:
        with (state.host / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _options(words: Sequence[str]) -> tuple[State | None, list[Path]]:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--trust", type=Path, action="append", default=[])
    try:
        found, _ = parser.parse_known_args(words)
    except argparse.ArgumentError:
        return None, []
    return State(found.state.resolve()) if found.state is not None else None, found.trust


def _say(text: str) -> None:
    print(f"firmware: {text}", file=sys.stderr, flush=True)
