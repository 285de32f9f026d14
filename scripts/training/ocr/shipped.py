"""The weights of a reader file (int8) as a network that learns on: the way back from `export.py`."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from scripts.training.layers import RELU_GAIN, Conv
from scripts.training.ocr.network import SUMMARY, PlateReader
from scripts.training.weights import Convolution, convolutions


def from_file(path: Path) -> PlateReader:
    """The reader of a file that `export.py` wrote, in floats; ValueError when its layers are others."""
    model = PlateReader().eval()
    found = iter(convolutions(path))
    chain = [layer for part in (model.stem, model.middle, model.top, model.plan) for layer in part.modules()]
    with torch.no_grad():
        for layer in chain:
            if isinstance(layer, Conv):
                _standardised(layer, next(found), path)
        for layer in (model.summary, model.layout, model.place, model.along, model.whole, model.further, model.symbols):
            (_standardised if isinstance(layer, Conv) else _plain)(layer, next(found), path)
        first, second = next(found), next(found)  # one dense layer over two things side by side
        _fill(model.look.weight[:, :SUMMARY], first.weight, path)
        _fill(model.look.weight[:, SUMMARY:], second.weight, path)
        _fill(model.look.bias, first.bias, path)
        _plain(model.country, next(found), path)
    if next(found, None) is not None:
        raise ValueError(f"{path}: more layers than a reader has")
    return model


def _plain(layer: nn.Linear | nn.Conv2d, of: Convolution, path: Path) -> None:
    _fill(layer.weight, of.weight, path)
    _fill(layer.bias, of.bias, path)


def _standardised(layer: Conv, of: Convolution, path: Path) -> None:
    """Weights and gain that act as those of the file (`Conv.folded`)."""
    spread = torch.clamp(of.weight.std((1, 2, 3), unbiased=False), min=1e-6)
    fan_in = math.sqrt(of.weight[0].numel())
    _fill(layer.weight, of.weight / (spread * fan_in)[:, None, None, None], path)
    _fill(layer.gain, spread * fan_in / RELU_GAIN, path)
    _fill(layer.bias, of.bias, path)


def _fill(into: Tensor, values: Tensor, path: Path) -> None:
    """In the shape of `into`: the file has dense layers as convolutions."""
    if into.numel() != values.numel() or into.shape[0] != values.shape[0]:
        raise ValueError(f"{path}: weights of {tuple(values.shape)} where {tuple(into.shape)} are known")
    into.copy_(values.reshape(into.shape))
