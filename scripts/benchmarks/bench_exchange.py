"""Exchange: how long an import and an export of 110,000 plates take, what memory that costs, and the gate's commit meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from board.kit.clock import Clock
from board.kit.state import State
from engine.exchange.exporting import write_lists
from engine.exchange.hand import READING, HandFolder, HandOrder
from engine.exchange.plate_files import xml_file
from engine.formats.event import Device
from engine.store import Store
from engine.store.transfers import DONE
from engine.types import ActionRule, PlateList, WeekSchedule
from scripts.benchmarks.bench_store import ALL, WHITE, commits_taken, percentiles, rows

ENTRIES = 110_000
IDLE_COMMITS = 300

DEVICE = Device("gw-bench", "Bench", "", ZoneInfo("UTC"))

Say = Callable[[str], None]


def exchange(say: Say) -> dict[str, object]:
    """The figures; `say` gets what is being done. Memory is that of the process that imports, before its first rows and at most:
    the service has none of it."""
    with TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        file = Path(folder) / "list.xml"
        with file.open("wb") as out:
            xml_file.write(out, [(PlateList(WHITE, "WHITELIST", "white"), [entry for _, entry in rows(ENTRIES)])], DEVICE.zone)
        with closing(Store(state.database, Clock(), checkpoints=False)) as store:
            store.save_rule(ActionRule(0, ALL, "gate", "io", True, WeekSchedule(), "{}"), "bench")
            plates = [entry.plate for _, entry in rows(2_000)]
            say("the gate's commit, alone")
            idle = commits_taken(store, plates, lambda count: count < IDLE_COMMITS)
            say(f"the gate's commit while {ENTRIES} entries are imported from XML")
            first, loaded = _import(state, store, plates, file)
            changed = Path(folder) / "changed.xml"
            one = next(rows(ENTRIES))[1].plate
            changed.write_text(file.read_text().replace(f'numberplate="{one}"', 'numberplate="NEW1"', 1))
            say("an import that changes one entry")
            second, _ = _import(state, store, plates, changed)
            exports = {name: _export(store, Path(folder) / name, name, say) for name in ("XML", "CSV", "XLSX")}
    return {
        "entries": ENTRIES,
        "import": first,
        "import_of_one_change": second,
        "gate_commit_ms": percentiles(idle, 1e3),
        "gate_commit_during_import_ms": percentiles(loaded, 1e3),
        "export": exports,
    }


def _import(state: State, store: Store, plates: Sequence[str], file: Path) -> tuple[dict[str, object], list[float]]:
    """As the portal does it; ends when the list is in force."""
    folder = HandFolder(state.exchange / "bench")
    shutil.rmtree(folder.path, ignore_errors=True)
    folder.path.mkdir(parents=True)
    shutil.copy(file, folder.file)
    folder.put_order(HandOrder(WHITE, "bench", apply=True, most_removed_pct=100))
    command = [sys.executable, "-m", "engine", "exchange", "--state", str(state.root), "hand", str(folder.path)]
    begun = time.monotonic()
    process = subprocess.Popen(command)
    megabytes = {"idle_mb": 0, "process_mb": 0}

    def goes_on(count: int) -> bool:
        result, peak = folder.result(), _peak_mb(process.pid)
        if peak:
            megabytes["process_mb"] = peak
        if peak and result.state == READING and not result.count:
            megabytes["idle_mb"] = peak
        return result.state == READING and process.poll() is None

    taken = commits_taken(store, plates, goes_on)
    took_s = time.monotonic() - begun
    _, code, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(code)
    result = folder.result()
    if result.state != DONE:
        raise RuntimeError(f"the import failed: {result.error}")
    (said,) = result.lists
    figures = {
        "seconds": round(took_s, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        **megabytes,
        "megabytes": round(file.stat().st_size / 1e6, 1),
        "added": said["added"],
        "removed": said["removed"],
    }
    return figures, taken


def _peak_mb(pid: int) -> int:
    """Not as wait4(2) tells it: that is what the process was forked from, too."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next((int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def _export(store: Store, path: Path, name: str, say: Say) -> dict[str, float]:
    say(f"an export as {name}")
    begun = time.monotonic()
    write_lists(path, store, store.lists.get(WHITE), name, DEVICE)
    return {"seconds": round(time.monotonic() - begun, 1), "megabytes": round(path.stat().st_size / 1e6, 1)}
