"""A job that is changed, accepted or wanted while it runs, and what outlives a change of its options."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import TestClock
from board.kit.words import Text
from engine.exchange.kinds import find_jobs
from engine.store import Store
from engine.store.jobs import ACCEPTS
from engine.store.rows import stamp
from engine.types import Job
from tests.samples import BLACK, WHITE, rule

KINDS = find_jobs()


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def store(tmp_path: Path, clock: TestClock) -> Iterator[Store]:
    made = Store(tmp_path / "anpr.db", clock)
    yield made
    made.close()


def save(store: Store, kind: str, job: Job | None = None, **options: Any) -> Job:
    wanted = replace(job or Job(0, WHITE, kind, True, "hour", True, ""), kind=kind, options=json.dumps(options))
    return store.jobs.save(wanted, KINDS[kind].options, "admin")


def memory(store: Store, job: Job) -> dict[str, Any]:
    return dict(store.jobs.state(job.id).memory)


def ends(store: Store, job: Job, begun: str, **remembers: Any) -> None:
    store.jobs.done(job, KINDS[job.kind].options, begun, Text("done"), remembers)


def test_what_a_run_remembers_of_the_old_server_is_not_for_the_new_one(store: Store, clock: TestClock) -> None:
    job = save(store, "sincro", host="old")
    begun = store.jobs.begin(job.id)
    moved = save(store, "sincro", job, host="new")
    ends(store, job, begun, generation="7", pin="certificate of old")
    assert memory(store, moved) == {}
    assert (store.jobs.state(job.id).running_at, store.jobs.state(job.id).done_at) == (None, clock.now())
    ends(store, moved, store.jobs.begin(job.id), pin="certificate of new")
    assert memory(store, moved) == {"pin": "certificate of new"}


@pytest.mark.parametrize("fails", [True, False])
def test_who_accepts_or_wants_a_run_while_one_ends_gets_the_next_one(store: Store, clock: TestClock, fails: bool) -> None:
    job = save(store, "sincro", host="master")
    store.jobs.ask(job.id, "anna")
    clock.advance(1)
    begun = store.jobs.begin(job.id)
    clock.advance(1)
    store.jobs.accept(job.id, "ben")
    store.jobs.failed(job.id, Text("older than before")) if fails else ends(store, job, begun, generation="7")
    state = store.jobs.state(job.id)
    assert (dict(state.memory), state.asked_at, state.asked_by) == ({ACCEPTS: stamp(clock.now())}, clock.now(), "ben")
    clock.advance(1)
    begun = store.jobs.begin(job.id)
    clock.advance(1)
    store.jobs.ask(job.id, "anna")  # she wants one more run, and has accepted nothing
    ends(store, job, begun, generation="1")
    assert (memory(store, job), store.jobs.state(job.id).asked_at) == ({"generation": "1"}, clock.now())


@pytest.mark.parametrize("fails", [True, False])
def test_a_clock_that_is_set_back_loses_and_repeats_no_wish(store: Store, clock: TestClock, fails: bool) -> None:
    job = save(store, "sincro", host="master")
    store.jobs.ask(job.id, "anna")
    clock._now -= timedelta(hours=1)  # before the run
    begun = store.jobs.begin(job.id)
    store.jobs.failed(job.id, Text("no answer")) if fails else ends(store, job, begun)
    assert store.jobs.state(job.id).asked_at is None
    begun = store.jobs.begin(job.id)
    clock._now -= timedelta(hours=1)  # while it runs
    store.jobs.accept(job.id, "ben")
    store.jobs.failed(job.id, Text("older than before")) if fails else ends(store, job, begun, generation="7")
    assert store.jobs.state(job.id).asked_at is not None
    assert list(memory(store, job)) == [ACCEPTS]
    begun = store.jobs.begin(job.id)
    ends(store, job, begun, generation="1")
    assert (memory(store, job), store.jobs.state(job.id).asked_at) == ({"generation": "1"}, None)


def test_what_came_last_counts_as_the_last_though_the_clock_was_years_ahead_before(store: Store, clock: TestClock) -> None:
    job, action = save(store, "sincro", host="master"), store.rules.save(rule(), "admin")

    def failing() -> tuple[bool, bool]:
        return store.jobs.state(job.id).is_failing, store.rules.results()[action.id].is_failing

    for back in (False, True):
        if back:
            clock._now -= timedelta(days=3_650)
        store.jobs.failed(job.id, Text("no answer"))
        store.rules.failed(action.id, clock.now(), Text("no answer"))
        assert failing() == (True, True)
        clock._now -= timedelta(days=3_650)
        ends(store, job, store.jobs.begin(job.id))
        store.rules.succeeded(action.id, clock.now(), Text("done"))
        assert failing() == (False, False)


@pytest.mark.parametrize("kind", ["ftp_matches", "local_matches"])
def test_a_new_password_or_format_does_not_send_the_passages_of_all_years_again(store: Store, kind: str) -> None:
    job = save(store, kind, format="XML")
    ends(store, job, store.jobs.begin(job.id), after=90_000)
    assert memory(store, save(store, kind, job, format="CSV")) == {"after": 90_000}


@pytest.mark.parametrize("kind", ["ftp_matches", "local_matches"])
def test_what_was_sent_while_the_format_was_changed_is_not_sent_again(store: Store, kind: str) -> None:
    job = save(store, kind, format="XML")
    ends(store, job, store.jobs.begin(job.id), after=7)
    begun = store.jobs.begin(job.id)
    changed = save(store, kind, job, format="CSV")
    ends(store, job, begun, after=9)
    assert memory(store, changed) == {"after": 9}


def test_what_was_sent_for_another_list_says_nothing_of_this_one(store: Store) -> None:
    job = save(store, "local_matches")
    ends(store, job, store.jobs.begin(job.id), after=7)
    begun = store.jobs.begin(job.id)
    moved = save(store, "local_matches", replace(job, list_id=BLACK))
    ends(store, job, begun, after=9)
    assert memory(store, moved) == {"after": 7}


def test_another_server_gets_all_passages_and_a_job_of_another_kind_begins_anew(store: Store) -> None:
    job = save(store, "ftp_matches", host="one")
    for changes, left in (
        ({"host": "two"}, {}),
        ({"host": "one", "port": 2121}, {}),
        ({"host": "one", "user": "anna"}, {"after": 7}),
    ):
        job = save(store, "ftp_matches", job, host="one")
        ends(store, job, store.jobs.begin(job.id), after=7)
        assert memory(store, save(store, "ftp_matches", job, **changes)) == left, changes
    job = save(store, "local_matches")
    ends(store, job, store.jobs.begin(job.id), after=7)
    assert memory(store, save(store, "local_list", replace(job, kind="local_list"))) == {}


def test_the_certificate_is_known_as_long_as_the_master_is_the_same(store: Store) -> None:
    job = save(store, "sincro", host="master", timeout_s=60)
    for changes, left in (
        ({"timeout_s": 90}, {"pin": "ab"}),
        ({"host": "other"}, {}),
        ({"port": 2121}, {}),
        ({"fingerprint": "ab" * 32}, {}),
    ):
        ends(store, job, store.jobs.begin(job.id), generation="7", pin="ab")
        changed = save(store, "sincro", job, **{"host": "master", "timeout_s": 60, **changes})
        assert memory(store, changed) == left, changes
        job = save(store, "sincro", job, host="master", timeout_s=60)
