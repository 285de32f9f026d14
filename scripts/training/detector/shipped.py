"""The weights of a detector file (int8) as a network that learns on: the way back from `export.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scripts.training.detector.network import ROLES, Detector
from scripts.training.layers import Conv


def from_file(path: Path) -> Detector:
    """The detector of a file of this shape, its card beside it, in floats; ValueError when its layers are others.

    Its weights are taken as they are, not standardised: those of release 79fe1a0 have means."""
    model = Detector(standardised=False).eval()
    trunk, heads = _convolutions(path)
    layers: list[Any] = [layer for layer in model.modules() if isinstance(layer, Conv)]
    if len(layers) != len(trunk):
        raise ValueError(f"{path}: {len(trunk)} convolutions before the outputs, {len(layers)} are known")
    layers += [model.heads[role] for role in ROLES]
    with torch.no_grad():
        for layer, (weight, bias) in zip(layers, [*trunk, *(heads[role] for role in ROLES)], strict=True):
            if layer.weight.shape != weight.shape:
                raise ValueError(f"{path}: a convolution of {tuple(weight.shape)} where {tuple(layer.weight.shape)} is known")
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
    return model


def _convolutions(path: Path) -> tuple[list[Any], dict[str, Any]]:
    """Weights (after, before, height, width) and bias of each convolution in the order in which they run; those of the outputs by
    their names."""
    from ai_edge_litert import schema_py_generated as schema

    names = [output["name"] for output in json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["outputs"]]
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    graph = model.subgraphs[0]

    def values(number: int, kind: str) -> np.ndarray:
        tensor = graph.tensors[number]
        whole = np.frombuffer(bytes(model.buffers[tensor.buffer].data), kind).reshape(tensor.shape)
        scale = np.asarray(tensor.quantization.scale, np.float32).reshape(-1, *[1] * (whole.ndim - 1))
        return whole.astype(np.float32) * scale

    trunk, heads = [], {}
    for operator in graph.operators:
        if model.operatorCodes[operator.opcodeIndex].builtinCode == schema.BuiltinOperator.CONV_2D:
            _, weight, bias = operator.inputs
            pair = torch.from_numpy(values(weight, "i1")).permute(0, 3, 1, 2), torch.from_numpy(values(bias, "<i4"))
            if operator.outputs[0] in list(graph.outputs):
                heads[names[list(graph.outputs).index(operator.outputs[0])]] = pair
            else:
                trunk.append(pair)
    return trunk, heads
