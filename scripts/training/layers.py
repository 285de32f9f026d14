"""Layers of both networks (PyTorch): convolutions with standardised weights, and sums around them.

No batch normalisation: its backward pass was two thirds of the time on a CPU. Weights are standardised instead (scaled weight
standardisation: Brock and others 2021), which folds away at export.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from scripts.training.tflite import Graph

RELU_GAIN = math.sqrt(2 / (1 - 1 / math.pi))
"""Keeps the variance through a ReLU of a standard normal input (Brock and others 2021, equation 4)."""


class Conv(nn.Module):
    """A convolution with standardised weights, a gain and a bias per filter; padded as TensorFlow's SAME: a step of 2 pads at the
    end only. Not `standardised`: the weights act as they are, and there is no gain."""

    def __init__(
        self,
        before: int,
        after: int,
        kernel: tuple[int, int] = (3, 3),
        stride: tuple[int, int] = (1, 1),
        standardised: bool = True,
    ) -> None:
        super().__init__()
        self.stride, self.padding = stride, (kernel[0] // 2, kernel[1] // 2)
        self.strided = stride != (1, 1)
        self.standardised = standardised
        # as small as usual weights, so that a step of the optimiser turns them as far
        self.weight = nn.Parameter(torch.randn(after, before, *kernel) / math.sqrt(before * kernel[0] * kernel[1]))
        self.gain = nn.Parameter(torch.ones(after), requires_grad=standardised)
        self.bias = nn.Parameter(torch.zeros(after))

    def folded(self) -> Tensor:
        """The weights as they act: mean 0 and variance 1 / fan-in per filter, times the gain."""
        if not self.standardised:
            return self.weight
        mean, variance = self.weight.mean((1, 2, 3), keepdim=True), self.weight.var((1, 2, 3), keepdim=True, unbiased=False)
        scale = torch.rsqrt(torch.clamp(variance * self.weight[0].numel(), min=1e-4))
        return (self.weight - mean) * scale * (RELU_GAIN * self.gain[:, None, None, None])

    def forward(self, x: Tensor) -> Tensor:
        if not self.strided:
            return functional.conv2d(x, self.folded(), self.bias, padding=self.padding)
        before = [half * (step == 1) for half, step in zip(self.padding, self.stride, strict=True)]
        x = functional.pad(x, (before[1], self.padding[1], before[0], self.padding[0]))
        return functional.conv2d(x, self.folded(), self.bias, self.stride)


def relu(standardised: bool) -> nn.Module:
    """What follows a convolution: a ReLU; one that ends at 6 where nothing else keeps the values small."""
    return nn.ReLU() if standardised else nn.ReLU6()


class Residual(nn.Module):
    """ReLU(x + convolution of x)."""

    def __init__(self, width: int, standardised: bool = True) -> None:
        super().__init__()
        self.conv = Conv(width, width, standardised=standardised)
        self.relu = relu(standardised)
        nn.init.constant_(self.conv.gain, 0.5)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.relu(x + self.conv(x))
        return found


def lower(graph: Graph, x: int, layer: Conv, *, relu: bool = False) -> int:
    """A convolution as an operation of the graph that runs on a board."""
    return graph.conv(x, layer.folded(), layer.bias, stride=layer.stride, relu=relu)


def lower_chain(graph: Graph, x: int, layers: nn.Sequential) -> int:
    """Convolutions with or without a ReLU after them, and residual sums, one after the other."""
    for at, layer in enumerate(layers):
        if isinstance(layer, Conv):
            x = lower(graph, x, layer, relu=at + 1 < len(layers) and isinstance(layers[at + 1], nn.ReLU | nn.ReLU6))
        elif isinstance(layer, Residual):
            x = graph.add(x, lower(graph, x, layer.conv), relu=True)
    return x
