"""Excess: a session is ended with what is begun while it is looked at."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.processes import excess
from tests.waiting import until

FORKS = "import os, time; os.write(1, b'%d\\n' % os.fork()) and time.sleep(60)"


def test_what_is_begun_during_a_look_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", FORKS], stdout=subprocess.PIPE, text=True, start_new_session=True) as leader:
        assert leader.stdout is not None
        child = max(int(leader.stdout.readline()), int(leader.stdout.readline()))
        real, looks = excess.sessions, iter((True,))

        def late(wanted: Collection[int]) -> dict[int, excess.Taken]:
            found = dict(real(wanted))
            if next(looks, False):
                found[leader.pid] = replace(found[leader.pid], pids=[leader.pid])
            return found

        monkeypatch.setattr(excess, "sessions", late)
        excess.end(leader.pid)
        leader.wait()
        until(lambda: not (left := real({leader.pid}).get(leader.pid)) or not left.alive, f"the end of {child}")


def test_a_look_reads_of_the_sessions_it_is_about_and_of_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a whole board, once a second, took a small one's time."""
    with subprocess.Popen([sys.executable, "-c", FORKS], stdout=subprocess.PIPE, text=True, start_new_session=True) as leader:
        try:
            assert leader.stdout is not None
            child = max(int(leader.stdout.readline()), int(leader.stdout.readline()))
            reads: list[str] = []
            real = Path.read_bytes
            monkeypatch.setattr(Path, "read_bytes", lambda path: reads.append(str(path)) or real(path))
            (taken,) = excess.sessions({leader.pid, 2**22 + 1}).values()
            assert sorted(taken.pids) == sorted((leader.pid, child)) and taken.alive and taken.resident > 0
            assert sorted(reads) == sorted((f"/proc/{leader.pid}/stat", f"/proc/{child}/stat"))
        finally:
            excess.end(leader.pid)


def test_a_session_that_is_gone_is_no_matter() -> None:
    excess.end(2**22 + 1)


@pytest.mark.parametrize(
    ("taken", "much"),
    [
        (excess.Taken([1], excess.MOST_BYTES // 3), False),
        (excess.Taken([1], excess.MOST_BYTES // 3 + 1), True),
        (excess.Taken(list(range(excess.MOST_PROCESSES // 3))), False),
        (excess.Taken(list(range(excess.MOST_PROCESSES // 3 + 1))), True),
    ],
)
def test_a_third_of_what_is_too_much_is_on_the_way_there(taken: excess.Taken, much: bool) -> None:
    assert taken.much == much
    assert not taken.excess
