"""The detector's training: its material in one file, and a few steps. Needs the training environment's PyTorch and OpenCV."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="PyTorch is in the training environment only (scripts/setup --train)")

import torch

from engine.cli.labels import held_out, picture_held_out
from engine.recognise.pipeline import MODELS
from scripts.plates.fonts import load_fonts
from scripts.training import train_detector
from scripts.training.detector import material
from scripts.training.detector.shipped import from_file


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten scenes with a plate each, larger than need be, twelve crops, three plate-free pictures."""
    folder = tmp_path_factory.mktemp("plates")
    rng = np.random.default_rng(2)
    sets: dict[str, list[tuple[str, tuple[int, int], str]]] = {
        "bd-cars": [(f"{n}.png", (900, 1200), "300,400,320,100,") for n in range(10)],
        "us-plates-openalpr": [(f"{n}.png", (120, 240), f",,,,AB{n}") for n in range(12)],
        "negatives-openalpr": [(f"{n}.png", (300, 400), ",,,,") for n in range(3)],
    }
    for name, rows in sets.items():
        (folder / name).mkdir()
        lines = ["file,x,y,w,h,text,country"]
        for file, size, rest in rows:
            Image.fromarray(rng.integers(0, 256, size).astype(np.uint8)).resize(size[::-1]).save(folder / name / file)
            lines.append(f"{file},{rest},")
        (folder / name / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def pack(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pack") / "detector.pack"
    assert material.write(material.gather(data, 1), path) == path.stat().st_size
    return path


@pytest.fixture(scope="module")
def read(pack: Path) -> material.Material:
    try:
        load_fonts(with_shared=False)
    except FileNotFoundError as missing:
        pytest.skip(f"the renderer has no fonts on this machine: {missing}")
    return material.read(pack, 1)


def test_the_pack_holds_scenes_shrunk_with_their_boxes_and_nothing_that_is_held_out(read: material.Material) -> None:
    scenes = read.scenes["bd-cars"]
    assert [scene.name for scene in scenes] == [f"{n}.png" for n in range(10) if not picture_held_out("bd-cars", f"{n}.png")]
    # the plate is 160 px wide at half the size
    assert scenes[0].size == (600, 450) and scenes[0].boxes == [(150.0, 200.0, 160.0, 50.0)]
    assert len(read.crops["us-plates-openalpr"]) == sum(not held_out(f"AB{n}") for n in range(12))
    assert read.crops["us-plates-openalpr"][0].shape == (80, 160)
    assert [scene.name for scene in read.negatives] == ["1.png", "2.png"]
    assert len(read.overlays) > 200 and len(read.words) > 300


def test_a_pack_that_is_too_large_is_refused(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(material, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="at most 1000 are wanted"):
        material.write(material.gather(data, 1), tmp_path / "detector.pack")


def test_a_seed_repeats_a_training_and_the_next_stage_starts_from_its_weights(
    pack: Path, read: material.Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("main", "fine"):
        monkeypatch.setitem(train_detector.STAGES, name, replace(train_detector.STAGES[name], batch=2))

    def run(work: str, stage: str) -> dict[str, Any]:
        words = ["--pack", str(pack), "--data", str(tmp_path / "none"), "--work", str(tmp_path / work), "--device", "cpu"]
        assert train_detector.main([*words, "--no-bf16", "--generators", "0", "--windows", "4", stage]) == 0
        state: dict[str, Any] = torch.load(tmp_path / work / stage / "last.pt", weights_only=True)
        return state

    one, other = run("one", "main"), run("other", "main")
    assert one["progress"]["windows"] == 4
    assert all(torch.equal(one["average"][key], other["average"][key]) for key in one["average"])
    finer = run("one", "fine")
    assert (tmp_path / "one" / "lures-main.json").exists()
    name = "fine.0.weight"
    apart = (finer["average"][name] - one["average"][name]).abs().max()
    assert 0 < float(apart) < 0.05


def test_fine_tuning_starts_from_the_shipped_file_and_a_seed_repeats_it(
    pack: Path, read: material.Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(train_detector.STAGES, "tune", replace(train_detector.STAGES["tune"], batch=2))
    shipped = from_file(MODELS / "detector.tflite").state_dict()

    def run(work: str) -> dict[str, Any]:
        words = ["--pack", str(pack), "--data", str(tmp_path / "none"), "--work", str(tmp_path / work), "--device", "cpu"]
        assert train_detector.main([*words, "--no-bf16", "--generators", "0", "--windows", "4", "tune"]) == 0
        state: dict[str, Any] = torch.load(tmp_path / work / "tune" / "last.pt", weights_only=True)["average"]
        return state

    one, other = run("one"), run("other")
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert (tmp_path / "one" / "lures-model.json").exists()
    apart = (one["fine.0.weight"] - shipped["fine.0.weight"]).abs().max()
    assert 0 < float(apart) < 0.01
