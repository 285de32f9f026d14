"""Peers in the bench: what is missing is said in words, what a reader printed is scored exactly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cli.labels import read_set
from scripts.benchmarks import peer_read
from scripts.benchmarks.peers import Peer, compare, find_peers, run, scored
from tests.unit.engine.cli.fake_reader import labelled, picture


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_a_python_without_any_peer_and_a_folder_without_its_card_are_skipped_in_words(tmp_path: Path) -> None:
    bare = script(tmp_path / "python", "exit 1")
    peers, skipped = find_peers([bare, tmp_path / "gone"], [tmp_path])
    assert peers == []
    wanted = (
        "skipped, this Python has neither fast_alpr (pip install fast-alpr[onnx]) nor tflite_runtime (pip install tflite-runtime)"
    )
    assert skipped[:2] == [f"{bare}: {wanted}", f"{tmp_path / 'gone'}: {wanted}"]
    assert skipped[2].startswith(f"{tmp_path}: skipped, there is no peer.json in it")


def test_a_python_that_has_a_peer_is_used_for_it_and_for_folders_of_models(tmp_path: Path) -> None:
    python = script(tmp_path / "python", 'case "$2" in *fast_alpr) exit 0;; *) exit 1;; esac')
    (tmp_path / "peer.json").write_text("{}")
    assert find_peers([python], [tmp_path]) == ([Peer(python, "fast-alpr"), Peer(python, "folder", tmp_path)], [])


def test_a_peer_that_fails_tells_its_last_line(tmp_path: Path) -> None:
    python = script(tmp_path / "python", "echo Traceback >&2; echo 'URLError: no network' >&2; exit 1")
    assert run(Peer(python, "fast-alpr"), []) == ([], "URLError: no network")


def test_what_a_reader_printed_is_scored_per_set_and_together(tmp_path: Path) -> None:
    scenes, crops = tmp_path / "scenes", tmp_path / "crops"
    a, b, c = picture(scenes, "a.png", 1), picture(scenes, "b.png", 2), picture(crops, "c.png", 3, (90, 20))
    labelled(scenes, "a.png,10,10,60,15,OB12,SK", "b.png,10,10,60,15,AB34,SK")
    labelled(crops, "c.png,,,,,CD56,SK")
    sets = [read_set(scenes), read_set(crops)]
    lines: list[dict[str, Any]] = [
        {"file": str(a), "ms": 2.0, "width": 400, "boxes": [[10, 10, 60, 15]], "reads": [_told("0B12", [10, 10, 60, 15])]},
        {"file": str(b), "ms": 4.0, "width": 400, "boxes": [[200, 200, 60, 15]], "reads": [_told("AB34", [200, 200, 60, 15])]},
        {"file": str(c), "ms": 9.0, "width": 90, "boxes": [], "reads": [_told("CD56", [0, 0, 90, 20])]},
        {"peer": "made up", "runtime": "none", "model_bytes": 7, "peak_rss_mb": 1.5},
    ]
    found = scored(lines, sets)
    assert (found["peer"], found["model_bytes"]) == ("made up", 7)
    assert found["sets"] == [
        {
            "set": "scenes",
            "images": 2,
            "plates": 2,
            "exact_pct": 0.0,
            "folded_pct": 50.0,
            "recall_50_pct": 50.0,
            "false_plates_per_image": 0.5,
            "median_ms": 3.0,
        },
        {
            "set": "crops",
            "images": 1,
            "plates": 1,
            "exact_pct": 100.0,
            "folded_pct": 100.0,
            "recall_50_pct": None,
            "false_plates_per_image": None,
            "median_ms": 9.0,
        },
    ]
    together: Any = found["together"]
    assert (together["plates"], together["folded_pct"], together["median_ms"]) == (3, 66.7, 4.0)


def _told(text: str, box: list[int]) -> dict[str, object]:
    return {"plate": text, "confidence": 90.0, "box": box}


def test_our_own_models_are_read_in_a_process_of_their_own(tmp_path: Path) -> None:
    picture(tmp_path, "a.png", 90)
    labelled(tmp_path, "a.png,,,,,,")
    models = Path(__file__).resolve().parents[3] / "models"
    bare = script(tmp_path / "python", "exit 1")
    found: Any = compare([read_set(tmp_path)], models, [bare], [])
    assert [(reader["peer"], reader["together"]["images"]) for reader in found["readers"]] == [("gatewright", 1)]
    assert found["readers"][0]["model_bytes"] == sum(file.stat().st_size for file in models.glob("*.tflite"))
    assert len(found["skipped"]) == 1


class FlatNetwork:
    """A network of a given input size that answers one array."""

    runtime = "none"

    def __init__(self, size: tuple[int, int], answer: Any) -> None:
        self._size, self._answer = size, np.asarray(answer, np.float32)
        self.seen: list[Any] = []

    def size(self, card: dict[str, Any]) -> tuple[int, int]:
        return self._size

    def run(self, values: Any) -> Any:
        self.seen.append(values)
        return self._answer


def test_a_folder_of_model_files_is_read_as_its_card_describes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = {
        "name": "made up",
        "detector": {"file": "d.onnx", "layout": "NCHW", "colour": "bgr", "divide": 255},
        "ocr": {"file": "o.tflite", "colour": "grey", "alphabet": "AB_", "blank": "_"},
    }
    (tmp_path / "peer.json").write_text(json.dumps(card))
    (tmp_path / "d.onnx").write_bytes(b"12")
    (tmp_path / "o.tflite").write_bytes(b"345")
    # 400 x 200 in 100 x 100: a quarter of the size, 25 rows of filling above
    detector = FlatNetwork((100, 100), [[0, 25, 50, 50, 60, 0, 0.9], [0, 0, 30, 9, 40, 0, 0.2]])
    ocr = FlatNetwork((8, 16), [[[0.9, 0.1, 0], [0.2, 0.7, 0.1], [0, 0.1, 0.9]]])
    monkeypatch.setattr(peer_read, "open_model", lambda path: detector if path.suffix == ".onnx" else ocr)
    peer = peer_read.Folder(tmp_path)
    rgb = np.zeros((200, 400, 3), np.uint8)
    rgb[:, :, 0] = 255
    assert peer.scene(rgb) == ([[100, 100, 100, 40]], [("AB", 70.0, [100, 100, 100, 40])])
    (seen,) = detector.seen
    assert seen.shape == (1, 3, 100, 100) and seen[0, 2, 50, 50] == 1 and seen[0, 0, 50, 50] == 0
    assert seen[0, :, 5, 5].tolist() == pytest.approx([114 / 255] * 3)
    assert ocr.seen[0].shape == (1, 8, 16, 1)
    assert (peer.name, peer.model_bytes) == ("made up", 5)
