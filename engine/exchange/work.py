"""Work: the process that carries out exports and imports, one at a time on a camera, so that the service neither waits nor
grows.

`python -m engine exchange --state DIR jobs 3 7` runs those jobs; `... hand FOLDER` carries out the order in it
(engine/exchange/hand.py); `... publish` updates the files for following cameras (engine/exchange/published.py); `... test`
tries the job that standard input describes (engine/exchange/trying.py)."""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import logging
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from board.identity import identity
from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, GatewrightError
from board.kit.files import open_shared
from board.kit.process import settle_memory
from board.kit.state import State
from board.kit.words import Text
from board.kit.zones import camera_zone
from engine.actions import check_json
from engine.dispatch.environment import device_of
from engine.exchange.hand import NO_MEMORY, carry_out
from engine.exchange.kind import JobEnv, JobKind
from engine.exchange.kinds import JobKinds, find_jobs
from engine.exchange.local_files import room
from engine.exchange.times import meant
from engine.formats.event import Device
from engine.network import Network, reachable
from engine.settings import GeneralSettings
from engine.store import Store
from engine.store.transfers import DONE, FAILED
from engine.types import Job

MOST_MEMORY = 768 << 20
"""Bytes of address space: a file that unpacks without end hits this limit instead of exhausting the camera."""

NICENESS = 10

TURN_LIMIT_S = 600.0
"""How long a process waits for its turn."""

PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""

COUNTERS = {"export": "Exports", "import": "Imports"}
"""Direction -> what the Info panel counts (manual 4.2, Live tab): automatic ones. What people do by hand stands in Audit alone."""

log = logging.getLogger("exchange")


def main(arguments: list[str]) -> int:
    """0: the result is in the store or in the folder."""
    parser = argparse.ArgumentParser(prog="python -m engine exchange", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the camera's state folder")
    parser.add_argument("what", choices=("jobs", "hand", "publish", "test"))
    parser.add_argument("which", nargs="*", help="numbers of jobs, or a folder")
    options = parser.parse_args(arguments)
    _be_modest()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    state = State(options.state)
    with turn(state), closing(Store(state.database, Clock(), checkpoints=False)) as store:
        if options.what == "hand":
            carry_out(store, Clock(), Path(options.which[0]), _device(state, store))
        elif options.what == "test":
            from engine.exchange.trying import try_job

            try_job(state, store, Clock(), _device(state, store))
        elif options.what == "publish":
            from engine.exchange.published import publish_in

            publish_in(state, store, _device(state, store))
        else:
            run_jobs(state, store, Clock(), [int(each) for each in options.which])
    return 0


def _be_modest() -> None:
    """Ends with its parent, runs at low priority, and takes no more memory than a small board can spare."""
    settle_memory()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


@contextmanager
def turn(state: State) -> Iterator[None]:
    """Allows one such process at a time. ConfigError if the one before does not end."""
    state.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(open_shared(state.exchange_lock, os.O_WRONLY), "w") as file:
        until = time.monotonic() + TURN_LIMIT_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise ConfigError("another export or import has been running for too long") from None
            time.sleep(0.1)
        yield


def _device(state: State, store: Store) -> Device:
    """The camera as files name it."""
    general, own = store.settings(GeneralSettings), identity(state)
    is_copy = bool(own.before) and general.camera_id != own.before
    return replace(device_of(general, own.id), copy=own.id if is_copy else "")


def run_jobs(state: State, store: Store, clock: Clock, job_ids: list[int]) -> None:
    """Runs those jobs one after the other and stores the result of each."""
    kinds = find_jobs()
    _clear(state, {job.id for job in store.jobs()})
    for job_id in job_ids:
        part: Occasion | None = None
        while (job := store.jobs.get(job_id)) is not None and (part := run_job(state, store, clock, kinds, job, part)) is not None:
            pass


def _clear(state: State, job_ids: set[int]) -> None:
    """Deletes the files of deleted jobs."""
    for folder in state.exchange.glob("[0-9]*"):
        if folder.name.isdecimal() and int(folder.name) not in job_ids:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a job runs, the same for all that it does at once. `at`: the moment that names of files tell; `by`: who asked for it;
    `asked`: whether somebody did."""

    at: datetime
    by: str
    asked: bool


def run_job(state: State, store: Store, clock: Clock, kinds: JobKinds, job: Job, of: Occasion | None = None) -> Occasion | None:
    """Runs the job and stores the result, whatever it raises. Not None: there is more to do, for the same reason (`of`)."""
    occasion = _occasion(store, clock, job, of)
    begun = store.jobs.begin(job.id)
    kind, began_at = kinds.get(job.kind), clock.now()
    plate_list = store.lists.get(job.list_id)
    direction = kind.direction if kind else "export"
    told = (direction, job.kind, job.id, job.list_id, plate_list.name, occasion.by, began_at)
    try:
        if kind is None:
            raise ConfigError("this package has no {kind!r}; there are {kinds}", kind=job.kind[:40], kinds=tuple(kinds))
        done = _run(state, store, clock, kind, job, occasion)
    except GatewrightError as why:
        error = why.text
    except OSError as why:
        error = Text("{reason}", {"reason": why.strerror or type(why).__name__})
    except MemoryError:
        error = NO_MEMORY
    except Exception as why:  # it belongs in the log, and the other jobs go on
        log.exception("job %d (%s)", job.id, job.kind)
        error = Text("an error of the camera's own ({name}); the log of the service has more", {"name": type(why).__name__})
    else:
        if not done.nothing_new:
            store.transfers.add(*told, DONE, done.note)
            store.counters.add(COUNTERS[direction], 1)
        assert kind is not None
        store.jobs.done(job, kind.options, begun, done.note, done.memory)
        return occasion if done.is_part else None
    store.transfers.add(*told, FAILED, error)
    store.jobs.failed(job.id, error)
    return None


def _occasion(store: Store, clock: Clock, job: Job, before: Occasion | None) -> Occasion:
    known, now = store.jobs.state(job.id), clock.now()
    if known.asked_at is not None:
        return Occasion(now, known.asked_by, True)
    if before is not None:
        return before
    failing_since = known.done_at if known.is_failing else None
    return Occasion(meant(job.interval, now, camera_zone(store.settings(GeneralSettings).time_zone), failing_since), "", False)


def _run(state: State, store: Store, clock: Clock, kind: JobKind[Any], job: Job, occasion: Occasion) -> Any:
    scratch = state.exchange / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700, parents=True)
    env = JobEnv(
        store=store,
        clock=clock,
        device=_device(state, store),
        network=Network(lambda: reachable(store.settings(GeneralSettings).action_addresses)),
        job=job,
        list=store.lists.get(job.list_id),
        folder=state.exchange / str(job.id),
        scratch=scratch,
        at=occasion.at,
        memory=store.jobs.state(job.id).memory,
        asked=occasion.asked,
    )
    try:
        room(scratch, 0)
        options = check_json(kind.options, job.options)
        return kind.run(options, env)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
