"""The int8 files that training writes: they run as the float networks do. Needs the training environment's PyTorch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is in the training environment only (scripts/setup --train)")

import torch

from scripts.training import tflite
from scripts.training.detector import network as detector
from scripts.training.detector.shipped import from_file
from scripts.training.ocr.export import graph_of
from scripts.training.ocr.network import PlateReader

RNG = np.random.default_rng(5)


def pictures(count: int, height: int, width: int) -> np.ndarray:
    """Soft random pictures: plain noise has none of the ranges that photographs have."""
    coarse = RNG.integers(0, 256, (count, height // 8, width // 8)).astype(np.uint8)
    return coarse.repeat(8, 1).repeat(8, 2)


def converted(graph: tflite.Graph, shown: np.ndarray) -> dict[str, np.ndarray]:
    content = tflite.to_int8(graph, graph.ranges([shown]))
    assert content[4:8] == b"TFL3"
    assert content == tflite.to_int8(graph, graph.ranges([shown]))
    return tflite.int8_outputs(content, list(graph.outputs), shown)


def test_the_reader_s_graph_is_the_network_and_its_int8_file_agrees() -> None:
    torch.manual_seed(3)
    model, shown = PlateReader().eval(), pictures(6, 64, 128)
    graph = graph_of(model)
    with torch.no_grad():
        steps, country = model((torch.from_numpy(shown).float() / 128 - 1)[:, None])
    found = graph.run(shown)
    assert np.allclose(found["steps"], torch.softmax(steps, 2).numpy(), atol=1e-5)
    assert np.allclose(found["country"], country.numpy(), atol=1e-4)
    whole = converted(graph, shown)
    assert whole["steps"].shape == (6, 64, steps.shape[2]) and whole["country"].shape == country.shape
    assert np.abs(whole["steps"] - found["steps"]).max() < 0.05
    assert np.abs(whole["country"] - found["country"]).max() < 0.1 * np.abs(found["country"]).max()
    assert 60e6 < tflite.multiply_adds(graph) < 90e6


def test_the_detector_s_graph_is_the_network_and_its_int8_file_agrees() -> None:
    torch.manual_seed(4)
    model, shown = detector.Detector().eval(), pictures(2, 96, 128)
    graph = detector.graph_of(model, 96, 128)
    with torch.no_grad():
        maps = model((torch.from_numpy(shown).float() / 128 - 1)[:, None])
    found, whole = graph.run(shown), converted(graph, shown)
    for role in detector.ROLES:
        true = maps[role].permute(0, 2, 3, 1).numpy()
        assert np.allclose(found[role], true, atol=1e-4)
        assert np.abs(whole[role] - true).max() < 0.15 * np.abs(true).max()
        assert np.abs(whole[role] - true).mean() < 0.03 * np.abs(true).max()


def detector_file(folder: Path, model: detector.Detector) -> tuple[Path, tflite.Graph]:
    """The detector as a file with what its card says of its outputs."""
    graph = detector.graph_of(model, 96, 128)
    path = folder / "detector.tflite"
    path.write_bytes(tflite.to_int8(graph, graph.ranges([pictures(2, 96, 128)])))
    path.with_suffix(".json").write_text(json.dumps({"outputs": [{"name": name} for name in graph.outputs]}))
    return path, graph


def test_a_detector_s_file_becomes_the_network_it_was_to_a_step_of_its_weights(tmp_path: Path) -> None:
    torch.manual_seed(6)
    model = detector.Detector(standardised=False).eval()
    with torch.no_grad():
        for layer in model.modules():
            if hasattr(layer, "standardised"):
                layer.bias.normal_(0.0, 0.3)
        model.last[0].weight.mul_(40)  # far enough for the ReLU that ends at 6
    path, graph = detector_file(tmp_path, model)
    again, shown = from_file(path), pictures(2, 96, 128)
    for old, new in zip(model.parameters(), again.parameters(), strict=True):
        step = old.abs().reshape(len(old), -1).max(1).values / 127
        assert ((old - new).abs().reshape(len(old), -1).max(1).values <= 0.51 * step + 1e-3).all()
    with torch.no_grad():
        wanted, found = (each((torch.from_numpy(shown).float() / 128 - 1)[:, None]) for each in (model, again))
    assert model.relu(torch.tensor(9.0)) == 6
    for role in detector.ROLES:
        assert np.allclose(graph.run(shown)[role], wanted[role].permute(0, 2, 3, 1).numpy(), atol=1e-4)
        assert float((wanted[role] - found[role]).abs().mean()) < 0.03 * float(wanted[role].abs().max())


def test_a_file_with_other_layers_is_no_start_for_a_training(tmp_path: Path) -> None:
    graph = tflite.Graph()
    graph.outputs["heat"] = graph.conv(graph.picture(8, 8), torch.ones(1, 1, 1, 1), torch.zeros(1))
    path = tmp_path / "other.tflite"
    path.write_bytes(tflite.to_int8(graph, graph.ranges([pictures(1, 8, 8)])))
    path.with_suffix(".json").write_text(json.dumps({"outputs": [{"name": "heat"}]}))
    with pytest.raises(ValueError, match="0 convolutions before the outputs, 15 are known"):
        from_file(path)


def test_each_filter_has_a_scale_of_its_own_and_padding_is_at_the_end() -> None:
    graph = tflite.Graph()
    weight = torch.zeros(2, 1, 3, 3)
    weight[0, 0, 0, 0], weight[1, 0, 2, 2] = 100.0, 0.01
    graph.outputs["y"] = graph.conv(graph.picture(4, 4), weight, torch.tensor([0.0, 0.5]), stride=(2, 2))
    shown = np.arange(0, 256, 16, dtype=np.uint8).reshape(1, 4, 4)
    values = (shown.astype(np.float32) - 128) / 128
    found = graph.run(shown)["y"][0]
    assert found[..., 0] == pytest.approx(100 * values[0, ::2, ::2])
    assert found[1, 1, 1] == pytest.approx(0.5)  # beyond the end of the picture there is nothing
    whole = converted(graph, shown)["y"][0]
    assert whole[..., 0] == pytest.approx(found[..., 0], abs=0.8)


def test_a_convolution_that_does_not_fit_is_refused() -> None:
    graph = tflite.Graph()
    with pytest.raises(ValueError, match="takes 3 channels, but gets 1"):
        graph.conv(graph.picture(8, 8), torch.zeros(2, 3, 1, 1), torch.zeros(2))
