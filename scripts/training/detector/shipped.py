"""The weights of a detector file (int8) as a network that learns on: the way back from `export.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from scripts.training.detector.network import ROLES, Detector
from scripts.training.layers import Conv
from scripts.training.weights import convolutions


def from_file(path: Path) -> Detector:
    """The detector of a file of this shape, its card beside it, in floats; ValueError when its layers are others.

    Its weights are taken as they are, not standardised: those of release 79fe1a0 have means."""
    model = Detector(standardised=False).eval()
    names = [output["name"] for output in json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["outputs"]]
    found = convolutions(path)
    trunk = [each for each in found if each.output < 0]
    heads = {names[each.output]: each for each in found if each.output >= 0}
    layers: list[Any] = [layer for layer in model.modules() if isinstance(layer, Conv)]
    if len(layers) != len(trunk):
        raise ValueError(f"{path}: {len(trunk)} convolutions before the outputs, {len(layers)} are known")
    layers += [model.heads[role] for role in ROLES]
    with torch.no_grad():
        for layer, of in zip(layers, [*trunk, *(heads[role] for role in ROLES)], strict=True):
            if layer.weight.shape != of.weight.shape:
                raise ValueError(f"{path}: a convolution of {tuple(of.weight.shape)} where {tuple(layer.weight.shape)} is known")
            layer.weight.copy_(of.weight)
            layer.bias.copy_(of.bias)
    return model
