"""What each process takes of a small board: budgets that are not kept are named, what the virtual board counted stands beside."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from board.kit.state import State
from scripts.benchmarks import bench_device
from scripts.benchmarks.bench_device import BUDGET_MB, BUDGET_S, Taken
from scripts.benchmarks.processes import cpu_s, peak_mb, peaks_mb, pids, rss_mb, running
from scripts.virtual import counted as counting

WITHIN = {name: Taken(BUDGET_MB[name] - 1, BUDGET_S.get(name), 0.01) for name in BUDGET_MB}


def measured(monkeypatch: pytest.MonkeyPatch, here: dict[str, Taken], said: str = "", why: str = "no QEMU") -> dict[str, object]:
    monkeypatch.setattr(bench_device, "taken", lambda state, profile, frames_per_s: here)
    monkeypatch.setattr(bench_device, "_install", lambda state: state.root.mkdir())
    monkeypatch.setattr(bench_device, "GUEST_PYTHON", sys.version_info[:2])
    monkeypatch.setattr(bench_device, "counted", lambda processor, module, given: (said, why))
    return bench_device.measure()


def test_a_budget_that_is_not_kept_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    worse = WITHIN | {"engine": Taken(BUDGET_MB["engine"] + 1, BUDGET_S["engine"] + 1, 0), "host": Taken(100, None, 0)}
    found = measured(monkeypatch, worse)["device"]
    assert isinstance(found, dict)
    assert {name: row["over"] for name, row in found.items() if row["over"]} == {"engine": "memory, start", "host": "memory"}
    assert "start_s" not in found["host"]


def test_what_the_virtual_board_counted_stands_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {name: {"peak_mb": 50.5, "start_s": None if name == "host" else 0.25, "work_s": 0.004} for name in BUDGET_MB}
    found = measured(monkeypatch, WITHIN, f"what the guest says first\n{json.dumps(there)}", "")["device"]
    assert isinstance(found, dict)
    shown = {name: value for name, value in found["pins"].items() if name.startswith("arm64")}
    assert shown == {"arm64_peak_mb": 50.5, "arm64_start_million": 250, "arm64_work_million": 4}
    assert "arm64_start_million" not in found["host"]


def test_where_no_guest_can_be_booted_the_reason_stands_there(monkeypatch: pytest.MonkeyPatch) -> None:
    found = measured(monkeypatch, WITHIN, "", "qemu-system-aarch64 missing here")
    assert found["device_arm64"] == "qemu-system-aarch64 missing here"
    assert "arm64" not in json.dumps(found["device"])


@pytest.fixture
def guest(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Gives shell words that play the guest; $1 is the folder that it shares."""

    def play(words: str) -> None:
        monkeypatch.setattr(counting, "missing", lambda arch: "")
        monkeypatch.setattr(counting, "build", lambda folder, arch: "")
        monkeypatch.setattr(counting, "command", lambda folder, arch, out, *others: ["sh", "-c", words, "sh", str(out)])

    return play


def test_a_guest_is_given_module_words_and_files_and_what_it_prints_is_had(guest: Callable[[str], None], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("of ours")
    says = 'printf "\\033[2J%s: %s\\r\\n" "$(tr "\\0" " " <"$1/module")" "$(cat "$1/given/file")"'
    guest(f'{says}; echo 0 > "$1/rc"; echo "[ 12.345] reboot: Power down"')
    assert counting.counted("cortex-a72", "some.module", "word", given=tmp_path) == ("some.module word : of ours", "")


@pytest.mark.parametrize(("words", "end"), [('echo 3 > "$1/rc"', "3: "), ("true", "stopped before it ended: ")])
def test_a_module_that_fails_in_the_guest_is_an_error_with_its_last_words(
    guest: Callable[[str], None], words: str, end: str
) -> None:
    guest(f"echo what went wrong; {words}")
    with pytest.raises(SystemExit, match=f"python -m some.module: {end}what went wrong"):
        counting.counted("cortex-a72", "some.module")


def test_what_is_missing_here_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "missing", lambda arch: "no QEMU")
    assert counting.counted("cortex-a72", "some.module") == ("", "no QEMU")


def test_processes_are_known_by_command_and_state(tmp_path: Path) -> None:
    state, other = State(tmp_path / "one"), State(tmp_path / "two")
    sleeps = [sys.executable, "-c", "input()", "-m"]
    started = [
        subprocess.Popen([*sleeps, *words, "--state", str(each.root)], stdin=subprocess.PIPE)
        for words, each in (
            (("engine", "run"), state),
            (("engine", "service"), state),
            (("webui",), other),
            (("engine", "exchange"), state),
        )
    ]
    try:
        ours = {"engine": started[0].pid, "service": started[1].pid}
        assert dict(running(state)) == pids(state) == ours
        assert peaks_mb(state).keys() == ours.keys()
        now_mb = rss_mb(started[0].pid)  # before its peak: it is still growing
        assert peak_mb(started[0].pid) >= now_mb > 0
        assert cpu_s(started[0].pid) >= 0
    finally:
        for each in started:
            each.communicate(b"\n")
    assert not pids(state)
