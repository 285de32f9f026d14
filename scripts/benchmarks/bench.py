"""Measures the figures of docs/figures.md: read time, other readers, memory, trigger-to-output latency, Wiegand edge times.

Everything runs here and now, so figures of one run may be compared with each other, not with those of another machine.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402

from board.gpio.sim import set_input  # noqa: E402
from board.kit.clock import Clock  # noqa: E402
from board.kit.errors import GatewrightError  # noqa: E402
from board.kit.state import State  # noqa: E402
from board.wiegand.measure import EdgeErrors, measure  # noqa: E402
from board.wiegand.receive import Edge, read_edges  # noqa: E402
from engine.cli.bench_read import bench as bench_read  # noqa: E402
from engine.cli.bench_read import drawn_frame  # noqa: E402
from engine.cli.evaluate import table  # noqa: E402
from engine.cli.labels import read_set  # noqa: E402
from engine.recognise.pipeline import Recogniser  # noqa: E402
from engine.settings import LprSettings  # noqa: E402
from engine.store import Store  # noqa: E402
from engine.types import ActionRule, WeekSchedule  # noqa: E402
from scripts.benchmarks import (  # noqa: E402
    bench_actions,
    bench_attack,
    bench_device,
    bench_first_opening,
    bench_memory,
    bench_onvif_day,
    bench_outbox,
    bench_portal,
    bench_recovery,
    bench_store,
    bench_sync,
    bench_viewers,
    bench_vms,
)
from scripts.benchmarks.bench_wiegand import busy_cores  # noqa: E402
from scripts.benchmarks.bench_wiegand import compare as compare_wiegand  # noqa: E402
from scripts.benchmarks.peers import compare  # noqa: E402
from scripts.benchmarks.processes import peaks_mb  # noqa: E402

PULSE_MS = 60
DEV_SETS = [ROOT.parent / "shared" / "data" / "plates" / name for name in ("openalpr-us", "openalpr-eu", "openalpr-br")]


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part, several times for several (default all)")
    parser.add_argument("--frames", type=int, default=100, help="repetitions of the read (default 100)")
    parser.add_argument("--triggers", type=int, default=60, help="triggers for the latency (default 60)")
    parser.add_argument("--wiegand", type=int, default=200, help="Wiegand frames each, idle and loaded (default 200)")
    parser.add_argument("--watch-s", type=float, default=20.0, help="seconds that the viewer watches for the memory (default 20)")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="folder of our models (read and peers)")
    parser.add_argument(
        "--pictures",
        type=Path,
        action="append",
        metavar="LABELS.csv",
        help="compare peers on these (default: the dev scenes, if here)",
    )
    parser.add_argument(
        "--peer-python",
        type=Path,
        action="append",
        metavar="PATH",
        help="a Python that has fast-alpr or tflite-runtime (default: this one)",
    )
    parser.add_argument(
        "--peers", type=Path, action="append", metavar="DIR", help="ONNX or TFLite files of a reader with their peer.json"
    )
    options = parser.parse_args()
    figures: dict[str, object] = {"cores": os.cpu_count(), "machine": os.uname().machine}
    try:
        for part in options.only or PARTS:
            figures |= PARTS[part](options)
    except GatewrightError as why:
        sys.exit(f"bench: {why}")
    print(json.dumps(figures, ensure_ascii=False) if options.json else _table(figures))
    return 0


def _read(options: argparse.Namespace) -> dict[str, object]:
    return {"read": bench_read(Recogniser(options.models, threads=1), frames=options.frames)}


def _peers(options: argparse.Namespace) -> dict[str, object]:
    """Other readers on the same pictures, or in words why there are none."""
    pictures = options.pictures or [folder / "labels.csv" for folder in DEV_SETS]
    if not options.pictures and not all(table.is_file() for table in pictures):
        return {"peers": {"readers": [], "skipped": ["no labelled pictures here: name some with --pictures"]}}
    sets = [read_set(table) for table in pictures]
    return {"peers": compare(sets, options.models, options.peer_python or [Path(sys.executable)], options.peers or [])}


def _wiegand(options: argparse.Namespace) -> dict[str, object]:
    """Edge errors in us through the real pins process on the simulated chip, idle and with every core busy."""
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        figures["wiegand_idle"] = _rounded(measure(Path(folder), options.wiegand))
    with tempfile.TemporaryDirectory() as folder, busy_cores():
        figures["wiegand_busy"] = _rounded(measure(Path(folder), options.wiegand))
    return figures


def _wiegand_compare(options: argparse.Namespace) -> dict[str, object]:
    """The same beside a naive writer, every core busy; `./scripts/bench-wiegand` does it with 100,000 frames."""
    return {"wiegand_compare": compare_wiegand(options.wiegand, 80, 500, True, 1, lambda text: None)}


def _rounded(errors: EdgeErrors) -> dict[str, object]:
    table = asdict(errors)
    return table | {name: {at: round(us, 1) for at, us in table[name].items()} for name in ("width_us", "interval_us")}


def _chain(options: argparse.Namespace) -> dict[str, object]:
    """The whole camera: latency from the edge of DI1 to the edge of DO1, and the peak memory of each process."""
    triggers = options.triggers
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        _prepare(state)
        with _camera(state, _pictures(folder)):
            latencies_ms = [latency for _ in range(triggers) if (latency := _one_trigger(state)) is not None]
            memory = peaks_mb(state)
    latencies_ms.sort()
    if not latencies_ms:
        return {"trigger_to_output": {"triggers": triggers, "answered": 0}, "peak_rss_mb": memory}
    at = {percent: latencies_ms[min(len(latencies_ms) - 1, len(latencies_ms) * percent // 100)] for percent in (50, 99)}
    figures = {"triggers": triggers, "answered": len(latencies_ms), "p50_ms": round(at[50], 1), "p99_ms": round(at[99], 1)}
    return {"trigger_to_output": figures, "peak_rss_mb": memory}


def _memory(options: argparse.Namespace) -> dict[str, object]:
    """Peak memory of each process with one viewer, on the usual board and on the small-board profile."""
    return {"memory_mb": bench_memory.measure(options.watch_s)}


def _device(options: argparse.Namespace) -> dict[str, object]:
    """Memory and start of each process beside its budget on a board of 512 MB."""
    return bench_device.measure()


def _recovery(options: argparse.Namespace) -> dict[str, object]:
    """Devices pulled while the whole camera uses them: seconds from their return until they work."""
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        bench_recovery.prepare(state)
        with _camera(state, _pictures(folder)):
            return {"recovery": bench_recovery.measure(state, Path(folder) / "pictures")}


def _viewers(options: argparse.Namespace) -> dict[str, object]:
    """What viewers of the Live tab cost, and pages and gate beside a stranger's half-sent requests."""
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        bench_viewers.prepare(state, "FREEFLOW")
        with _camera(state, _pictures(folder)) as url:
            figures["viewers"] = bench_viewers.viewers(state, url)
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        bench_viewers.prepare(state, "TRIGGER")
        with _camera(state, _pictures(folder)) as url:
            figures["strangers"] = bench_viewers.strangers(state, url, lambda: _one_trigger(state))
    return figures


def _attack(options: argparse.Namespace) -> dict[str, object]:
    """Memory of host and service under wrong passwords, slow clients and hostile triggers."""
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        bench_viewers.prepare(state, "TRIGGER")
        with _camera(state, _pictures(folder)) as url:
            return {"attack": bench_attack.measure(state, url)}


def _pictures(folder: str) -> Path:
    """A new folder with the drawn frame."""
    pictures = Path(folder) / "pictures"
    pictures.mkdir()
    Image.fromarray(drawn_frame()).save(pictures / "car.png")
    return pictures


def _prepare(state: State) -> None:
    store = Store(state.database, Clock())
    store.settings.put(LprSettings(region="Europe", mode="TRIGGER", trigger_period_s=0, min_confidence_pct=1), "bench")
    every_plate = next(entry for entry in store.lists() if entry.role == "all")
    options = json.dumps({"output": "DO1", "do": "pulse", "duration_ms": PULSE_MS})
    store.save_rule(ActionRule(0, every_plate.id, "bench", "io", True, WeekSchedule(), options), "bench")
    store.close()


@contextmanager
def _camera(state: State, pictures: Path) -> Iterator[str]:
    """The whole camera, running; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(ROOT / "scripts" / "simulate.py"), "--port", str(port), "--state", str(state.root)]
    camera = subprocess.Popen(
        [*command, "--frames", str(pictures), "--fps", "20"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert camera.stdout
    try:
        for line in camera.stdout:
            if line.startswith(b"ready:"):
                url = line.partition(b" ")[2].decode().strip()
                break
        else:
            sys.exit("bench: the camera did not start; run ./scripts/start to see why")
        time.sleep(3)  # the first frames, the models
        yield url
    finally:
        camera.terminate()
        camera.wait(30)


def _one_trigger(state: State) -> float | None:
    before = len(read_edges(state.sim / "edges.jsonl"))
    set_input(state, "DI1", 1)
    pressed = _edge(state, before, "DI1", 1)
    opened = _edge(state, before, "DO1", 1)
    set_input(state, "DI1", 0)
    if pressed is None or opened is None or _edge(state, before, "DO1", 0) is None:
        return None
    time.sleep(0.05)  # the input's debounce
    return (opened.t_ns - pressed.t_ns) / 1e6


def _edge(state: State, after: int, line: str, level: int) -> Edge | None:
    until = time.monotonic() + 5.0
    while time.monotonic() < until:
        for edge in read_edges(state.sim / "edges.jsonl")[after:]:
            if (edge.line, edge.level) == (line, level):
                return edge
        time.sleep(0.005)
    return None


def _table(figures: dict[str, object]) -> str:
    lines = []
    for name, value in figures.items():
        if name == "peers" and isinstance(value, dict):
            lines += _peer_lines(value)
        elif isinstance(value, dict):
            lines.append(name)
            lines += [f"  {key:<18} {part}" for key, part in value.items()]
        else:
            lines.append(f"{name:<20} {value}")
    return "\n".join(lines)


def _peer_lines(found: dict[str, Any]) -> list[str]:
    rows = [
        {
            "reader": f"{reader['peer']} ({reader['runtime']})",
            **row,
            "MB memory": reader["peak_rss_mb"],
            "bytes": reader["model_bytes"],
        }
        for reader in found["readers"]
        for row in (*reader["sets"], reader["together"])
    ]
    return ["peers, one thread, decoding not counted", *(f"  {line}" for line in (*table(rows), *found["skipped"]))]


def _store(options: argparse.Namespace) -> dict[str, object]:
    """The database with full tables, and the gate's commit beside an import."""
    return {"store": bench_store.measure(lambda text: print(f"store: {text}", file=sys.stderr, flush=True))}


def _outbox(options: argparse.Namespace) -> dict[str, object]:
    """Deliveries and the gate beside servers that are dead."""
    return {"outbox": bench_outbox.measure(lambda text: print(f"outbox: {text}", file=sys.stderr, flush=True))}


def _sync(options: argparse.Namespace) -> dict[str, object]:
    """100 cameras that follow one."""
    return {"sync": bench_sync.measure(lambda text: print(f"sync: {text}", file=sys.stderr, flush=True))}


def _onvif_day(options: argparse.Namespace) -> dict[str, object]:
    """A day of pull points, faster than real time."""
    return {"onvif_day": bench_onvif_day.measure(lambda text: print(f"onvif-day: {text}", file=sys.stderr, flush=True))}


def _actions(options: argparse.Namespace) -> dict[str, object]:
    """The gate with 1 action and with 64, memory of the kinds, look-ups."""
    return {"actions": bench_actions.measure(lambda text: print(f"actions: {text}", file=sys.stderr, flush=True))}


def _vms(options: argparse.Namespace) -> dict[str, object]:
    """All paths to recorders and servers at once, recorders that do not read, malformed input."""
    return {"vms": bench_vms.measure(lambda text: print(f"vms: {text}", file=sys.stderr, flush=True))}


def _portal(options: argparse.Namespace) -> dict[str, object]:
    """Clicks and time to the first opening; weight and time of the portal's pages over 1,000,000 passages and 100,000 plates, and
    20 viewers of the Live tab."""
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        with _camera(state, ROOT / "firmware" / "demo" / "street.mp4") as url:
            first = bench_first_opening.measure(state, url)
    found: dict[str, object] = {"first_opening": first}
    found |= bench_portal.measure(lambda text: print(f"portal: {text}", file=sys.stderr, flush=True))
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        bench_viewers.prepare(state, "FREEFLOW")
        with _camera(state, _pictures(folder)) as url:
            found["viewers"] = bench_viewers.viewers(state, url, counts=(20,))
    return {"portal": found}


PARTS = {
    "read": _read, "peers": _peers, "wiegand": _wiegand, "chain": _chain, "wiegand-compare": _wiegand_compare,
    "recovery": _recovery, "store": _store, "viewers": _viewers, "outbox": _outbox, "memory": _memory, "actions": _actions,
    "sync": _sync, "onvif-day": _onvif_day, "vms": _vms, "portal": _portal, "device": _device,
    "attack": _attack,
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
