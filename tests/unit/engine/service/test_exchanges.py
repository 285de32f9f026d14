"""Exchanges: the service starts what is due in a process of its own, spares one for what has not changed, and hears its end."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from board.kit.clock import Clock, TestClock
from board.kit.state import State
from board.kit.words import NOTHING, Text
from engine.exchange.kinds import find_jobs
from engine.service import exchanges
from engine.service.exchanges import Exchanges
from engine.store import Store
from engine.types import Job
from tests.samples import WHITE, entry
from tests.waiting import until

KINDS = find_jobs()


class Bench:
    def __init__(self, folder: Path) -> None:
        self.state, self.clock = State(folder), TestClock()
        self.store = Store(self.state.database, self.clock)
        self.said: list[Text] = []
        self.exchanges = self.anew()

    def anew(self) -> Exchanges:
        """Those of a service that has started again."""
        return Exchanges(self.state, self.clock, KINDS, self.store, "gw-1", self.said.append)

    def job(self, enabled: bool = True) -> int:
        wanted = Job(0, WHITE, "local_list", enabled, "minute", True, json.dumps({"name": "{list}"}))
        return self.store.jobs.save(wanted, KINDS["local_list"].options, "admin").id

    def turn(self) -> bool:
        """Whether a process is at work after it."""
        self.exchanges.turn()
        return self.exchanges._child is not None


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.exchanges.close()
    made.store.close()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What the process does instead."""
    return lambda code: monkeypatch.setattr(exchanges, "COMMAND", (sys.executable, "-c", code))


def test_a_job_runs_when_its_time_has_come_and_spares_a_process_while_nothing_changes(bench: Bench) -> None:
    job = bench.job()
    assert not bench.turn()
    bench.clock.advance(60)
    assert bench.turn()
    until(lambda: not bench.turn(), within_s=60)
    assert str(bench.store.jobs.state(job).done_note) == "WHITELIST.xml: 0 plates"
    bench.store.db.execute("UPDATE jobs SET began_at = '2020-01-01T00:00:00.000000+00:00'")  # the process has clocks of its own
    assert not bench.turn()
    assert bench.store.jobs.state(job).began_at == bench.clock.now()
    bench.store.entries.save(entry("AB 1"), "admin")
    bench.clock.advance(60)
    assert bench.turn()


def test_a_disabled_job_runs_when_somebody_wants_it(bench: Bench, command: Callable[[str], None]) -> None:
    command("")
    job = bench.job(enabled=False)
    bench.clock.advance(3600)
    assert not bench.turn()
    bench.store.jobs.ask(job, "anna")
    assert bench.turn()


def test_a_process_that_dies_is_the_jobs_last_error_and_it_comes_again_at_its_time(
    bench: Bench, command: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    command("import sys; sys.exit('out of luck')")
    job = bench.job()
    bench.store.jobs.ask(job, "anna")
    assert bench.turn()
    until(lambda: bench.store.jobs.state(job).error or (bench.turn() and None))
    assert str(bench.store.jobs.state(job).error) == "its process ended by itself (code 1)"
    assert "exports and imports: out of luck" in caplog.text
    assert not bench.turn()
    bench.clock.advance(60)
    assert bench.turn()


def test_a_months_export_that_failed_is_tried_again_within_the_hour(bench: Bench, command: Callable[[str], None]) -> None:
    command("")
    wanted = Job(0, WHITE, "local_list", True, "month", True, json.dumps({"name": "{list}"}))
    job = bench.store.jobs.save(wanted, KINDS["local_list"].options, "admin").id
    bench.store.jobs.begin(job)
    bench.store.jobs.failed(job, Text("the server is away"))
    assert not bench.turn()
    bench.clock.advance(3600)
    assert bench.turn()


def test_a_job_whose_server_is_away_keeps_no_other_from_its_turn(bench: Bench, command: Callable[[str], None]) -> None:
    """All that were due waited for the time limit of each; where those of a server that was away took half an hour together, they
    were ended, and began again before what came behind them."""
    command("")
    away = [bench.job() for _ in range(2)]
    well = bench.job()
    for each in away:
        bench.store.jobs.begin(each)
        bench.store.jobs.failed(each, Text("the server is away"))
        bench.clock.advance(1)
    bench.clock.advance(60)
    turns: list[tuple[int, ...]] = []
    for _ in range(3):
        assert bench.turn()
        turns.append(bench.exchanges._running)
        for each in bench.exchanges._running:
            begun, job = bench.store.jobs.begin(each), bench.store.jobs.get(each)
            assert job is not None
            if each == well:
                bench.store.jobs.done(job, KINDS[job.kind].options, begun, Text("well"), {})
            else:
                bench.store.jobs.failed(each, Text("the server is away"))
        until(lambda: bench.exchanges._child is not None and bench.exchanges._child.poll() is not None)
    assert turns == [(well,), (away[0],), (away[1],)]
    bench.clock.advance(60)
    bench.store.jobs.ask(away[1], "anna")
    assert bench.turn() and bench.exchanges._running == (away[1], well), "somebody waits for it"


def test_a_board_whose_clock_is_not_set_yet_makes_no_months_file_at_each_start(
    bench: Bench, command: Callable[[str], None]
) -> None:
    """It was named after 1970, and held what had come since the last start."""
    command("")
    wanted = Job(0, WHITE, "local_list", True, "month", True, json.dumps({"name": "{list}"}))
    made = bench.store.jobs.save(wanted, KINDS["local_list"].options, "admin").id
    known, bench.clock._now = bench.clock._now, datetime(1970, 1, 1, 0, 0, 20, tzinfo=UTC)
    assert not bench.turn()
    bench.clock._now = known
    assert not bench.turn()
    bench.store.jobs.begin(made)  # and the power goes while it runs
    bench.clock._now = datetime(1970, 1, 1, tzinfo=UTC)
    assert not bench.turn()
    bench.clock.advance(86_400)
    assert bench.turn(), "nobody sets this one"


def test_a_list_is_brought_each_minute_though_the_clock_is_not_set(bench: Bench, command: Callable[[str], None]) -> None:
    command("")
    bench.job()
    bench.clock._now = datetime(1970, 1, 1, 0, 0, 20, tzinfo=UTC)
    assert bench.turn()


def test_a_run_that_the_end_of_the_service_broke_off_begins_again(bench: Bench, command: Callable[[str], None]) -> None:
    command("import time; time.sleep(60)")
    job = bench.job(enabled=False)
    bench.store.jobs.ask(job, "anna")
    assert bench.turn()
    bench.store.jobs.begin(job)
    bench.exchanges.close()
    bench.exchanges = bench.anew()
    assert bench.turn()
    assert bench.store.jobs.state(job).error == NOTHING


def test_a_process_that_never_ends_is_ended(bench: Bench, command: Callable[[str], None]) -> None:
    command("import time; time.sleep(60)")
    job = bench.job()
    bench.store.jobs.ask(job, "anna")
    assert bench.turn()
    bench.clock.advance(exchanges.LONGEST_S + 1)
    bench.turn()
    until(lambda: bench.store.jobs.state(job).error or (bench.turn() and None))
    assert str(bench.store.jobs.state(job).error) == "its process ended by itself (code -9)"


def test_a_job_of_a_kind_that_there_is_no_more_hinders_no_other(bench: Bench) -> None:
    bench.store.db.execute(
        "INSERT INTO jobs (list_id, kind, enabled, interval, if_changed, options, began_at) "
        "VALUES (4, 'magic', 1, 'minute', 1, '{}', '2020-01-01T00:00:00.000000+00:00')"
    )

    def turn() -> bool:
        bench.clock._now = Clock().now()  # as the process has it: one that stands still would be a clock that was set back
        return bench.turn()

    job = bench.job()
    bench.store.jobs.ask(job, "anna")
    assert turn()
    until(lambda: not turn(), within_s=60)
    assert "this package has no 'magic'" in str(bench.store.jobs.state(1).error)
    assert bench.store.jobs.state(job).done_note
