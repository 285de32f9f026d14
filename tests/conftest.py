"""What holds for all tests: the longest files begin first; a skip that is not on the list of tests/skips.py fails the run in CI."""

from __future__ import annotations

import gc
import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from engine.store.database import Database
from tests.leaks import watched
from tests.skips import unexpected

if TYPE_CHECKING:
    from tests.recorder import Recorder

IN_CI = "CI"
"""Environment: set where CI runs."""

UNLISTED_SKIP = 6
"""Exit status of a run in CI with a skip that is not listed, whatever else failed: no second try of a test makes it good."""

LONGEST = (
    "tests/chain/test_virtual_board.py", "tests/browser/test_pages.py", "tests/chain/",
    "tests/unit/firmware/packages/test_packages.py", "tests/browser/", "tests/unit/board/pins/test_server.py",
    "tests/contract/test_cameras.py", "tests/unit/webui/test_app.py", "tests/servers/",
)  # fmt: skip
"""Files and folders that take half a minute and more, in the order in which they begin: begun last, one of them would keep the
other workers waiting for it."""


def pytest_configure() -> None:
    """Bytecode is kept whatever the caller's environment says: a run starts hundreds of processes, and each would compile all
    that it imports, as would each collection of the tests. The camera's zone is the system's."""
    gc.disable()  # until all tests are collected
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["TZ"] = "UTC"  # whatever the computer's own zone is


@pytest.fixture(scope="session", autouse=True)
def new_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new database is a copy of one that the migrations made: to carry them out for every test takes a minute of a run."""
    first = tmp_path_factory.mktemp("database") / "anpr.db"
    opened = Database._open
    with pytest.MonkeyPatch.context() as patch:

        def opened_copy(database: Database, checkpoints: bool) -> sqlite3.Connection:
            path = database.path
            if path != first and not path.exists():
                if not first.exists():
                    Database(first).close()
                with suppress(OSError):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(first, path)
            return opened(database, checkpoints)

        patch.setattr(Database, "_open", opened_copy)
        yield


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """What this process makes durable during the test, in order."""
    from tests.recorder import recorded

    with recorded(monkeypatch) as found:
        yield found


@pytest.fixture
def leak_free() -> Iterator[None]:
    """Fails a test that leaves threads, descriptors or sockets behind; every test of a server uses it."""
    with watched():
        yield


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        file = item.nodeid.partition("::")[0]
        return next((place for place, known in enumerate(LONGEST) if file.startswith(known)), len(LONGEST))

    items.sort(key=rank)
    if unstable := [item.nodeid for item in items if re.search(r"<.* at 0x[0-9a-f]{8,}>", item.nodeid)]:
        raise pytest.UsageError(f"{unstable[0]}: name its parameters (ids=): workers that collect different names run no test")


def pytest_collection_finish() -> None:
    """Python's collector never goes over the collected tests, which stay to the end: that took each worker seconds."""
    gc.enable()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Of several processes the one that has all reports decides."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get(IN_CI) and reporter is not None and not hasattr(session.config, "workerinput") and _wrong(reporter):
        session.exitstatus = UNLISTED_SKIP


def pytest_terminal_summary(terminalreporter: Any) -> None:
    wrong = _wrong(terminalreporter)
    if wrong:
        kind = "fail" if os.environ.get(IN_CI) else "would fail in CI"
        terminalreporter.write_sep("=", f"skips that {kind} (tests/skips.py lists those that may be)")
        for line in wrong:
            terminalreporter.write_line(line)


def _wrong(reporter: Any) -> list[str]:
    reports = reporter.stats.get("skipped", [])
    return unexpected((report.nodeid.partition("::")[0], _reason(report)) for report in reports)


def _reason(report: Any) -> str:
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(said).removeprefix("Skipped: ")
