"""Exchanges: starts due exports and imports in a separate process (engine/exchange/work.py), one at a time."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import IO
from zoneinfo import ZoneInfo

from board.kit.clock import CLOCK_KNOWN, Clock
from board.kit.state import State
from board.kit.words import Text
from board.kit.zones import camera_zone
from engine.exchange.kinds import JobKinds
from engine.exchange.times import SPREAD_S, due
from engine.settings import GeneralSettings
from engine.store import Store
from engine.store.jobs import JobState
from engine.types import Job

LONGEST_S = 1800.0
"""A process that takes longer is ended: a server that sends byte by byte must not keep all others from their turn."""

SOON_SET_S = 86_400.0
"""After the start of the board."""

MOST_SAID = 4000
"""How many characters of its last output go into the log."""

COMMAND = (sys.executable, "-m", "engine", "exchange")

log = logging.getLogger("exchange")


class Exchanges:
    """`turn` is called about once a second and takes milliseconds. `camera_id`: spreads the cameras that ask one server."""

    def __init__(
        self, state: State, clock: Clock, kinds: JobKinds, store: Store, camera_id: str, report: Callable[[Text], None]
    ) -> None:
        self._state = state
        self._clock = clock
        self._kinds = kinds
        self._store = store
        self._camera_id = camera_id
        self._report = report
        self._child: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._running: tuple[int, ...] = ()
        self._began_ns = 0

    def turn(self) -> None:
        """StoreError if the store does not answer."""
        if self._child is not None and not self._ended(self._child):
            return
        jobs = self._store.jobs()
        if not jobs:
            return
        states, zone = self._store.jobs.states(), camera_zone(self._store.settings(GeneralSettings).time_zone)
        ready = [job for job in jobs if job.id in states and self._is_due(job, states[job.id], zone)]
        if not ready:
            return
        mark = self._store.entries.mark()
        idle = [job.id for job in ready if self._has_nothing_to_do(job, states[job.id], mark)]
        if idle:
            self._store.jobs.skip(idle)
        if len(idle) < len(ready):
            self._start(_whose_turn([states[job.id] for job in ready if job.id not in idle]))

    def close(self) -> None:
        """Stops the running job; it begins again with the next start."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._forget()

    def _is_due(self, job: Job, state: JobState, zone: ZoneInfo) -> bool:
        if state.asked_at is not None:
            return True
        if self._waits_for_the_clock(job, state):
            return False
        if state.running_at is not None:  # marked as running without a process: it was interrupted
            return True
        kind = self._kinds.get(job.kind)
        own = f"{self._camera_id} {job.id}" if kind is not None and kind.spreads else ""
        return job.enabled and due(job.interval, state.began_at, self._clock.now(), zone, own, state.is_failing)

    def _waits_for_the_clock(self, job: Job, state: JobState) -> bool:
        """A board without a battery begins at 1970, and has the time some moments later: a month's file is not made at each of its
        starts. One that has no time for a day has none any more."""
        is_unset = self._clock.now() < CLOCK_KNOWN <= state.began_at and self._clock.monotonic_ns() < SOON_SET_S * 1e9
        return is_unset and job.interval not in SPREAD_S

    def _has_nothing_to_do(self, job: Job, state: JobState, mark: str) -> bool:
        """A list that nobody changes must not cost a process each minute."""
        kind = self._kinds.get(job.kind)
        if kind is None or not kind.watches_lists or not job.if_changed or state.is_failing:
            return False
        if state.asked_at is not None or state.running_at is not None or state.done_at is None:
            return False
        return bool(state.memory.get("lists") == mark)

    def _start(self, job_ids: Sequence[int]) -> None:
        command = [*COMMAND, "--state", str(self._state.root), "jobs", *map(str, job_ids)]
        self._state.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._said = self._state.exchange_said.open("w+b")
        self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._said)
        self._running, self._began_ns = tuple(job_ids), self._clock.monotonic_ns()
        log.debug("jobs %s begin", ", ".join(map(str, job_ids)))

    def _ended(self, child: subprocess.Popen[bytes]) -> bool:
        code = child.poll()
        if code is None:
            if self._clock.monotonic_ns() - self._began_ns > LONGEST_S * 1e9:
                child.kill()
            return False
        said, running = self._last_words(), self._running
        self._forget()
        if said:
            log.error("exports and imports: %s", said)
        states = self._store.jobs.states()
        for job_id in running:
            state = states.get(job_id)
            if state is None:
                continue
            if code and (state.running_at is not None or state.asked_at is not None):
                self._store.jobs.failed(job_id, Text("its process ended by itself (code {code})", {"code": code}))
            elif state.is_failing:
                log.warning("job %d: %s", job_id, state.error)
                self._report(Text("export or import {number}: {why}", {"number": job_id, "why": state.error}))
            elif state.done_at is not None and state.done_at >= state.began_at:
                log.info("job %d: %s", job_id, state.done_note)
        return True

    def _last_words(self) -> str:
        if self._said is None:
            return ""
        self._said.seek(0)
        return self._said.read().decode("utf-8", "replace").strip()[-MOST_SAID:]

    def _forget(self) -> None:
        if self._said is not None:
            self._said.close()
        self._child, self._said, self._running = None, None, ()


def _whose_turn(ready: Sequence[JobState]) -> list[int]:
    """Those that ended well the last time, or that somebody waits for; else one of the others, the one that was tried longest ago:
    each may wait minutes for a server that is away, and a list that another camera changed comes after it."""
    well = [state.job_id for state in ready if not state.is_failing or state.asked_at is not None]
    return well or [min(ready, key=lambda state: state.began_at).job_id]
