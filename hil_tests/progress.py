"""Progress: which tests run and in which order, one line as each ends, and what each of them showed."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field

import pytest

from hil_tests.wiring import STAGES

ORDER = ("outputs", "wiegand", "", "gate")
"""Stages as they are plugged; "" needs no wires, and the camera is looked at before the gate stage looks through it."""
SIGNS = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}


@dataclass(frozen=True, slots=True)
class Result:
    """What one test showed. `outcome`: "passed", "failed", "skipped"; `reason`: why not passed; `kernel`: the drivers of the
    real kernel that it ran through, `through`: all other things; `figures`: what was measured."""

    name: str
    title: str
    proves: str
    outcome: str
    reason: str = ""
    figures: tuple[str, ...] = ()
    kernel: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(eq=False)
class Progress:
    """A pytest plugin in place of its own reporter. `only`: part of a test's name, "" for all; `without`: a stage that is left out,
    "" for none; `names`: all there are."""

    only: str = ""
    without: str = ""
    verbose: bool = False
    names: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Files that could not be read as tests."""
    _count: int = 0
    _seconds: float = 0.0

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "stage(name): the wires that a test needs")
        config.addinivalue_line("markers", "wiring(name): the test checks this stage's wires")

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        self.names = [_name(item) for item in items]
        wanted = [item for item in items if not self.without or _stage(item) != self.without]
        kept = [item for item in wanted if _stage_checked(item) or self.only in _name(item)]
        needed = {_stage(item) for item in kept if not _stage_checked(item)}
        if self.only:
            kept = [item for item in kept if self.only in _name(item) or _stage(item) in needed]
        kept.sort(key=lambda item: (ORDER.index(_stage(item)), not _stage_checked(item)))
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept
        self._count = len(kept)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds += report.duration
        if report.when == "call" or (report.outcome != "passed" and not self._told(report)):
            self._take(report)
        if report.when == "teardown":
            self._seconds = 0.0

    def _told(self, report: pytest.TestReport) -> bool:
        return bool(self.results) and self.results[-1].name == _last_part(report.nodeid)

    def _take(self, report: pytest.TestReport) -> None:
        told: dict[str, list[str]] = {}
        for key, value in report.user_properties:
            told.setdefault(key, []).append(str(value))
        reason = _reason(report)
        before = next((each.title for each in self.results if each.outcome == "failed" and each.reason == reason), "")
        result = Result(
            _last_part(report.nodeid),
            told.get("title", [""])[0],
            told.get("proves", [""])[0],
            report.outcome,
            f"for the same reason as: {before}" if before else reason,
            tuple(told.get("figure", ())),
            tuple(dict.fromkeys(told.get("kernel", ()))),
            tuple(dict.fromkeys(told.get("through", ()))),
            self._seconds,
        )
        self.results.append(result)
        print(f"\n[{len(self.results)}/{self._count}] {SIGNS[result.outcome]} {result.title} ({result.seconds:.1f} s)", flush=True)
        print(f"       {result.reason or result.proves}")
        if result.kernel or result.through:
            print(f"       through: {', '.join((*result.kernel, *result.through))}")
        for figure in result.figures:
            print(f"       {figure}")
        if self.verbose and result.outcome == "failed":
            print(report.longreprtext)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        title, _, proves = " ".join((inspect.getdoc(getattr(item, "function", None)) or _name(item)).split()).partition(": ")
        variant = item.callspec.id if hasattr(item, "callspec") else ""
        item.user_properties += [("title", f"{title} ({variant})" if variant else title), ("proves", proves)]


def _name(item: pytest.Item) -> str:
    return _last_part(item.nodeid)


def _last_part(nodeid: str) -> str:
    return nodeid.rpartition("::")[2].removeprefix("test_")


def _stage_checked(item: pytest.Item) -> bool:
    return item.get_closest_marker("wiring") is not None


def _stage(item: pytest.Item) -> str:
    for name in ("wiring", "stage"):
        marker = item.get_closest_marker(name)
        if marker is not None and marker.args[0] in STAGES:
            return str(marker.args[0])
    return ""


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return report.longreprtext.strip()[-400:] if report.failed else ""
    message = str(crash.message).splitlines()[0]
    return message.removeprefix("Failed: ").removeprefix("AssertionError: ")
