"""Two people: who changes one field while somebody else changes another loses nothing, and neither do they."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.webui.portal_caller import Caller

WAITS_S = 0.3
"""For a change that may have to wait for the one that is going on."""


@pytest.mark.parametrize(
    ("module", "path", "one", "other", "read"),
    [
        (
            "webui.api.settings.filled", "api/settings/lpr", {"min_confidence_pct": 91}, {"votes": 5},
            lambda portal: (portal.lpr().min_confidence_pct, portal.lpr().votes),
        ),
        (
            "webui.api.rules.rule_of", "api/rules/1", {"enabled": False}, {"name": "Barrier"},
            lambda portal: (portal.store.rules.get(1).enabled, portal.store.rules.get(1).name),
        ),
        (
            "webui.api.lists.list_of", "api/lists/4", {"name": "Staff"}, {"keep_days": 7},
            lambda portal: (portal.store.lists.get(4).name, portal.store.lists.get(4).keep_days),
        ),
        (
            "webui.api.jobs.job_of", "api/jobs/1", {"enabled": False}, {"interval": "week"},
            lambda portal: (portal.store.jobs.get(1).enabled, portal.store.jobs.get(1).interval),
        ),
    ],
    ids=["settings", "rule", "list", "job"],
)  # fmt: skip
def test_two_changes_at_once_are_both_kept(
    caller: Caller,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    path: str,
    one: dict[str, Any],
    other: dict[str, Any],
    read: Callable[[Any], tuple[Any, ...]],
) -> None:
    assert caller.send("POST", "api/lists/4/rules", {"kind": "io"}).status == 200
    assert caller.send("POST", "api/lists/4/jobs", {"kind": "local_list", "interval": "day"}).status == 200
    checks = getattr(__import__(module.rpartition(".")[0], fromlist=["*"]), module.rpartition(".")[2])
    second = threading.Thread(target=lambda: caller.send("PUT", path, other))

    def slow(*what: Any, **more: Any) -> Any:
        """The second begins between what the first read and what it writes."""
        checked = checks(*what, **more)
        monkeypatch.undo()
        second.start()
        second.join(WAITS_S)
        return checked

    monkeypatch.setattr(module, slow)
    assert caller.send("PUT", path, one).status == 200
    second.join()
    assert read(caller.portal) == (*one.values(), *other.values())
