"""Trying: runs an export or import as it stands in a form, before it is saved: an export stores its file on the server, an
import says what it would change. The job does not record it, and Audit what the portal tells it: who sent a file to whom."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, GatewrightError
from board.kit.from_json import from_json
from board.kit.passing import passing_folder
from board.kit.state import State
from board.kit.words import Text, plain, received
from engine.actions import check_json
from engine.exchange.kind import JobEnv
from engine.exchange.kinds import find_jobs
from engine.formats.event import Device
from engine.network import Network, reachable
from engine.settings import GeneralSettings
from engine.store import Store
from engine.types import Job

LONGEST_S = 60.0
"""Somebody waits at a page for the answer."""


@dataclass(frozen=True, slots=True)
class Trial:
    """`job_id` 0: it was never saved; `options`: JSON object as text, with passwords."""

    kind: str
    list_id: int
    job_id: int
    options: str


def outcome_of(state: State, trial: Trial) -> tuple[bool, Text]:
    """Whether it works, and what it did or would do, or why not. It runs in a separate process."""
    command = [sys.executable, "-m", "engine", "exchange", "--state", str(state.root), "test"]
    try:
        done = subprocess.run(
            command, input=json.dumps(asdict(trial)).encode(), capture_output=True, timeout=LONGEST_S, check=False
        )
        said = from_json(done.stdout)
    except subprocess.TimeoutExpired:
        return False, Text("it took longer than {seconds:g} s", {"seconds": LONGEST_S})
    except ValueError:
        return False, Text("its process ended by itself (code {code})", {"code": done.returncode})
    return said["ok"], received(said["note"])


def try_job(state: State, store: Store, clock: Clock, device: Device) -> None:
    """Carries out what standard input describes, and prints the result."""
    trial = Trial(**from_json(sys.stdin.read()))
    try:
        ok, note = True, _note(state, store, clock, device, trial)
    except GatewrightError as why:
        ok, note = False, why.text
    except OSError as why:
        ok, note = False, Text("{reason}", {"reason": why.strerror or type(why).__name__})
    print(json.dumps({"ok": ok, "note": plain(note)}))


def _note(state: State, store: Store, clock: Clock, device: Device, trial: Trial) -> Text:
    kind = find_jobs().get(trial.kind)
    if kind is None:
        raise ConfigError("there is no export or import {kind!r}", kind=trial.kind[:40])
    memory = store.jobs.state(trial.job_id).memory if trial.job_id else {}
    state.exchange.mkdir(mode=0o700, parents=True, exist_ok=True)
    with passing_folder(state.exchange, "test-") as folder:
        scratch = folder / "scratch"
        scratch.mkdir()
        env = JobEnv(
            store=store,
            clock=clock,
            device=device,
            network=Network(lambda: reachable(store.settings(GeneralSettings).action_addresses)),
            job=Job(trial.job_id, trial.list_id, trial.kind, True, "day", False, trial.options),
            list=store.lists.get(trial.list_id),
            folder=folder / "kept",
            scratch=scratch,
            at=clock.now(),
            memory=memory,
            asked=True,
            test=True,
        )
        options = check_json(kind.options, trial.options)
        return kind.run(options, env).note
