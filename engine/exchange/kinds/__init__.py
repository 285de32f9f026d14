"""Kinds: the exports and imports that can be scheduled; one file per kind of job, found by the registry.

A new kind is one file here that offers `JOB` (engine/exchange/kind.py) and one test: menu entry, form, validation, schedule,
run now, Audit and its last error follow by themselves. Its `run(options, env)` gets a JobEnv and returns a Done; a
DeliveryError or ConfigError that it raises becomes its last error. It runs in a separate process, one job at a time, so that it
may take the time and memory it needs.

Shared code: engine/exchange/exporting.py writes a list file, engine/exchange/importing.py imports one, engine/actions/_ftp.py
is a session with an FTP server. What one run must tell the next (a generation number, the newest passage) goes through
`Done.memory` to `JobEnv.memory`; what of it outlives a change of the options says their class (`outlives`)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from board.kit.registry import find
from engine.exchange.kind import JobKind

JobKinds = Mapping[str, JobKind[Any]]


def find_jobs() -> JobKinds:
    """{name: kind} of every file in this folder."""
    return find(sys.modules[__name__], "JOB", JobKind)
