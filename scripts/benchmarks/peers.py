"""Peers: other plate readers on the same pictures in the same run, each in its own process (scripts/benchmarks/peer_read.py)."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.cli.labels import LabelledSet
from engine.cli.scoring import Tally, add_crop, add_scene, is_crop, together
from engine.types import Box, PlateRead

READER = Path(__file__).with_name("peer_read.py")
INSTALLED = {"fast-alpr": ("fast_alpr", "fast-alpr[onnx]"), "gatewright": ("tflite_runtime", "tflite-runtime")}
"""Peer: the module that tells whether it is there, and what to install. Our models count as a peer on the other TFLite runtime."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A way to start `peer_read.py`: with which Python, which kind of peer, which folder of models (None: its own)."""

    python: Path
    kind: str
    models: Path | None = None


def find_peers(pythons: Sequence[Path], folders: Sequence[Path]) -> tuple[list[Peer], list[str]]:
    """The peers to run and, in plain words, those that are left out."""
    peers: list[Peer] = []
    skipped: list[str] = []
    for python in pythons:
        there = [kind for kind, (module, _) in INSTALLED.items() if _imports(python, module)]
        peers += [Peer(python, kind) for kind in there]
        if not there:
            wanted = " nor ".join(f"{module} (pip install {package})" for module, package in INSTALLED.values())
            skipped.append(f"{python}: skipped, this Python has neither {wanted}")
    for folder in folders:
        if (folder / "peer.json").is_file():
            peers += [Peer(python, "folder", folder) for python in pythons[-1:]]
        else:
            skipped.append(f"{folder}: skipped, there is no peer.json in it (scripts/benchmarks/peer_read.py says what it holds)")
    return peers, skipped


def _imports(python: Path, module: str) -> bool:
    try:
        return subprocess.run([str(python), "-c", f"import {module}"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def compare(sets: Sequence[LabelledSet], models: Path, pythons: Sequence[Path], folders: Sequence[Path]) -> dict[str, object]:
    """{"readers": one table for each reader, ours first, "skipped": in words}. `pythons`: where peers are looked for."""
    peers, skipped = find_peers(pythons, folders)
    readers: list[dict[str, object]] = []
    for peer in (Peer(Path(sys.executable), "gatewright", models), *peers):
        lines, why = run(peer, sets)
        if why:
            skipped.append(f"{peer.kind} with {peer.python}: skipped, it could not read the pictures ({why})")
        else:
            readers.append(scored(lines, sets))
    return {"readers": readers, "skipped": skipped}


def run(peer: Peer, sets: Sequence[LabelledSet]) -> tuple[list[dict[str, Any]], str]:
    """The lines that the peer printed, the last one about itself; or why there are none."""
    pictures = [[str(file), "crop" if is_crop(labels) else "scene"] for one in sets for file, labels in one.pictures.items()]
    command = [str(peer.python), str(READER), peer.kind, *(("--models", str(peer.models)) if peer.models else ())]
    done = subprocess.run(command, input=json.dumps(pictures), capture_output=True, text=True)
    if done.returncode:
        return [], (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")], ""


def scored(lines: Sequence[Mapping[str, Any]], sets: Sequence[LabelledSet]) -> dict[str, object]:
    """A reader's lines as accuracy per set and together, with median ms a picture."""
    told = {line["file"]: line for line in lines if "file" in line}
    tallies, times = [], []
    for one in sets:
        tally = Tally(one.name, one.rule)
        times.append([told[str(picture)]["ms"] for picture in one.pictures])
        for picture, labels in one.pictures.items():
            line = told[str(picture)]
            reads = [_read(each) for each in line["reads"]]
            if is_crop(labels):
                add_crop(tally, picture, labels[0], reads[0] if reads else None, (line["width"], 0))
            else:
                add_scene(tally, one, picture, [_box(box) for box in line["boxes"]], reads)
        tallies.append(tally)
    rows = [_row(tally, ms) for tally, ms in zip(tallies, times, strict=True)]
    every_ms = [ms for some in times for ms in some]
    return {**lines[-1], "sets": rows, "together": _row(together(tallies), every_ms)}


def _row(tally: Tally, times_ms: Sequence[float]) -> dict[str, object]:
    wanted = ("set", "images", "plates", "exact_pct", "folded_pct", "recall_50_pct", "false_plates_per_image")
    found = tally.as_json()
    return {key: found[key] for key in wanted} | {"median_ms": round(statistics.median(times_ms), 2) if times_ms else None}


def _read(told: Mapping[str, Any]) -> PlateRead:
    return PlateRead(str(told["plate"]), (), float(told["confidence"]), "", _box(told["box"]), 0.0)


def _box(sides: Sequence[int]) -> Box:
    x, y, width, height = sides
    return x, y, width, height
