"""Model files: every wrong one is refused with its name and what is wrong, before it runs."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from board.kit.errors import ModelError
from engine.recognise.detect import Detector
from engine.recognise.interpreter import Network
from engine.recognise.ocr import Ocr
from engine.recognise.pipeline import MODELS, Recogniser
from scripts.training.detector.near import write


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for name in ("detector", "detector-near", "ocr", "ocr-rows"):
        for suffix in (".tflite", ".json"):
            shutil.copy(MODELS / f"{name}{suffix}", tmp_path)
    return tmp_path


def edit_card(models: Path, name: str, **changes: Any) -> None:
    path = models / f"{name}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_shipped_models_match_their_cards_and_run() -> None:
    network = Network(MODELS / "detector.tflite", "detector")
    raw = network.run(np.zeros((288, 384), np.uint8))
    assert raw[network.output("heat")].shape == (36, 48, 1)
    assert Network(MODELS / "ocr.tflite", "ocr").input_shape == (64, 128)
    assert [reader.path.name for reader in Recogniser().readers] == ["ocr.tflite", "ocr-rows.tflite"]


def test_a_missing_model_file_is_named(models: Path) -> None:
    (models / "ocr.tflite").unlink()
    with pytest.raises(ModelError, match=r"ocr\.tflite: the model file cannot be read \(No such file"):
        Recogniser(models)


def test_a_missing_second_reader_is_named(models: Path) -> None:
    (models / "ocr-rows.tflite").unlink()
    with pytest.raises(ModelError, match=r"ocr-rows\.tflite: the model file cannot be read"):
        Recogniser(models)


@pytest.mark.parametrize("second", ["../ocr-rows.tflite", "/etc/passwd", "ocr-rows", 3, None])
def test_a_second_reader_that_is_no_model_beside_the_first_is_refused(models: Path, second: object) -> None:
    edit_card(models, "ocr", second=second)
    with pytest.raises(ModelError, match=r"ocr\.tflite: 'second' of its card must be the name of a \.tflite file"):
        Recogniser(models)


def test_a_reader_whose_card_names_no_second_reads_alone(models: Path) -> None:
    edit_card(models, "ocr", second="")
    recogniser = Recogniser(models)
    assert [reader.path.name for reader in recogniser.readers] == ["ocr.tflite"]
    assert [file.name for file in recogniser.files] == ["detector.tflite", "detector-near.tflite", "ocr.tflite"]


def test_a_detector_whose_card_names_none_for_close_ups_looks_again_itself(models: Path) -> None:
    edit_card(models, "detector", near="")
    assert [file.name for file in Recogniser(models).files] == ["detector.tflite", "ocr.tflite", "ocr-rows.tflite"]
    edit_card(models, "detector", near="../detector.tflite")
    with pytest.raises(ModelError, match=r"detector\.tflite: 'near' of its card must be the name of a \.tflite file"):
        Recogniser(models)


def test_a_network_for_close_ups_is_a_detector_in_half_the_size(models: Path) -> None:
    card, near = (json.loads((models / f"{name}.json").read_text()) for name in ("detector", "detector-near"))
    assert near["threshold"] == card["threshold"] and near["decode"] == card["decode"]
    path, told = models / near["file"], (models / "detector.json").read_text()
    assert write(models) == path
    assert (models / "detector.json").read_text() == told
    assert json.loads(path.with_suffix(".json").read_text())["made of"]["sha256"] == card["sha256"]
    whole, half = Network(models / "detector.tflite", "detector"), Network(path, "detector")
    grey = np.random.default_rng(4).integers(0, 256, (18, 24)).astype(np.uint8).repeat(8, 0).repeat(8, 1)
    around = np.full((288, 384), 114, np.uint8)
    around[:144, :192] = grey
    large, small = (each.values(each.run(seen), each.output("heat")) for each, seen in ((whole, around), (half, grey)))
    # the same numbers, but near the edges, where the one sees grey and the other nothing
    assert np.abs(large[:8, :8] - small[:8, :8]).max() < 0.2


def test_a_missing_card_is_named(models: Path) -> None:
    (models / "detector.json").unlink()
    with pytest.raises(ModelError, match=r"detector\.json: the model card is missing"):
        Recogniser(models)


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00\xff"])
def test_a_card_that_is_no_json_object_is_refused(models: Path, text: str) -> None:
    (models / "detector.json").write_text(text)
    with pytest.raises(ModelError, match=r"detector\.json: the model card"):
        Recogniser(models)


@pytest.mark.parametrize("length", [0, 100, 200_000])
def test_a_truncated_model_never_reaches_the_runtime(models: Path, length: int) -> None:
    file = models / "detector.tflite"
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(ModelError, match="damaged or not the one of its card"):
        Recogniser(models)


def test_a_tampered_byte_is_seen(models: Path) -> None:
    file = models / "ocr.tflite"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelError, match="SHA-256 differs"):
        Recogniser(models)


def test_a_file_that_is_no_model_is_refused_though_its_sum_is_right(models: Path) -> None:
    (models / "ocr.tflite").write_bytes(b"no model at all")
    edit_card(models, "ocr", sha256=hashlib.sha256(b"no model at all").hexdigest())
    with pytest.raises(ModelError, match="cannot load the model"):
        Recogniser(models)


def test_models_that_are_swapped_are_told_apart_by_kind(models: Path) -> None:
    shutil.copy(models / "ocr.tflite", models / "detector.tflite")
    shutil.copy(models / "ocr.json", models / "detector.json")
    with pytest.raises(ModelError, match="is a 'ocr' model, but a 'detector' model is needed"):
        Recogniser(models)


def test_a_card_with_another_input_shape_is_refused(models: Path) -> None:
    edit_card(models, "detector", input={"shape": [1, 300, 300, 3], "type": "int8"})
    with pytest.raises(ModelError, match=r"input is int8 \[1, 288, 384, 1\], but its card says int8 \[1, 300, 300, 3\]"):
        Recogniser(models)


def test_a_card_with_other_outputs_is_refused(models: Path) -> None:
    edit_card(models, "detector", outputs=[{"name": "heat", "shape": [1, 36, 48, 1], "type": "int8"}])
    with pytest.raises(ModelError, match="has 4 outputs, but its card names 1"):
        Recogniser(models)


def test_a_detector_with_other_decode_constants_is_refused(models: Path) -> None:
    edit_card(models, "detector", decode={"stride": 16, "log_width": 3.5, "log_height": 2.5})
    with pytest.raises(ModelError, match="install a fitting model"):
        Detector(Network(models / "detector.tflite", "detector"))


def test_an_ocr_whose_alphabet_does_not_fit_its_output_is_refused(models: Path) -> None:
    edit_card(models, "ocr", alphabet=["", "A", "B"])
    with pytest.raises(ModelError, match="this engine needs"):
        Ocr(Network(models / "ocr.tflite", "ocr"))
    edit_card(models, "ocr", alphabet="ABC")
    with pytest.raises(ModelError, match="no alphabet"):
        Ocr(Network(models / "ocr.tflite", "ocr"))


@pytest.mark.parametrize("outputs", [["heat", "wh", "xy"], [{"shape": [1, 36, 48, 1]}] * 3, "heat", {"heat": {}}])
def test_outputs_that_are_no_named_tables_are_refused(models: Path, outputs: Any) -> None:
    edit_card(models, "detector", outputs=outputs)
    with pytest.raises(ModelError, match=r"detector\.tflite: the outputs of its card must be a list of tables, each with a name"):
        Network(models / "detector.tflite", "detector")


def test_an_ocr_card_with_a_falling_calibration_is_refused(models: Path) -> None:
    edit_card(models, "ocr", calibration={"raw": [0, 0.5, 1], "right": [0, 0.9, 0.8]})
    with pytest.raises(ModelError, match=r"ocr\.tflite: the calibration of its card is not monotone"):
        Ocr(Network(models / "ocr.tflite", "ocr"))
