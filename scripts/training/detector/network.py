"""The detector network and its losses (PyTorch): grey 288x384 in; heat, size, centre and corner maps at stride 8 out."""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.recognise.detect import LOG_HEIGHT, LOG_WIDTH, STRIDE
from scripts.training.layers import Conv, Residual, lower, lower_chain, relu
from scripts.training.tflite import Graph

CORNER_BEND = 0.1
"""Most plates are upright: a bend near nought would leave the tilted ones, which teach, no more weight than the noise."""
CORNER_SHARE = 2.5
WARM_UP = 8000
"""Windows until the peak of the learning rate."""
ROLES = ("heat", "wh", "xy", "corners")
"""Its outputs: 1, 2, 2 and 8 numbers a cell."""


class Detector(nn.Module):
    """Fully convolutional: input (n, 1, height, width) as grey / 128 - 1, sides multiples of 32; outputs as ROLES, (n, numbers,
    height / 8, width / 8). `standardised`: its convolutions' weights (`scripts/training/layers.py`)."""

    def __init__(self, standardised: bool = True) -> None:
        super().__init__()
        conv, residual = partial(Conv, standardised=standardised), partial(Residual, standardised=standardised)

        def half(before: int, after: int) -> tuple[nn.Module, nn.Module]:
            return conv(before, after, stride=(2, 2)), relu(standardised)

        self.fine = nn.Sequential(*half(1, 12), *half(12, 20), *half(20, 40), residual(40), residual(40))
        self.middle = nn.Sequential(*half(40, 72), residual(72), residual(72))
        self.coarse = nn.Sequential(*half(72, 88), residual(88), residual(88))
        self.to_middle = conv(88, 72, (1, 1))
        self.merged = nn.Sequential(residual(72))
        self.to_fine = conv(72, 40, (1, 1))
        self.last = nn.Sequential(conv(40, 56), relu(standardised))
        self.relu = relu(standardised)
        self.heads = nn.ModuleDict({role: nn.Conv2d(56, size, 1) for role, size in zip(ROLES, (1, 2, 2, 8), strict=True)})
        for head in self.heads.values():
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)
        nn.init.constant_(self.heads["heat"].bias, -3.0)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        fine = self.fine(x)
        middle = self.middle(fine)
        raised = functional.interpolate(self.to_middle(self.coarse(middle)), scale_factor=2.0, mode="nearest")
        middle = self.merged(self.relu(raised + middle))
        raised = functional.interpolate(self.to_fine(middle), scale_factor=2.0, mode="nearest")
        last = self.last(self.relu(raised + fine))
        return {role: head(last) for role, head in self.heads.items()}


def graph_of(model: Detector, height: int, width: int) -> Graph:
    """The detector as it runs on a board, for pictures of this size; outputs as ROLES, (1, height / 8, width / 8, numbers)."""
    graph = Graph(relu6=isinstance(model.relu, nn.ReLU6))
    fine = lower_chain(graph, graph.picture(height, width), model.fine)
    middle = lower_chain(graph, fine, model.middle)
    raised = graph.enlarge(lower(graph, lower_chain(graph, middle, model.coarse), model.to_middle))
    middle = lower_chain(graph, graph.add(raised, middle, relu=True), model.merged)
    raised = graph.enlarge(lower(graph, middle, model.to_fine))
    last = lower_chain(graph, graph.add(raised, fine, relu=True), model.last)
    for role in ROLES:
        head = model.heads[role]
        graph.outputs[role] = graph.conv(last, head.weight, head.bias)
    return graph


def heat_loss(logits: Tensor, heat: Tensor) -> Tensor:
    """Focal loss as in CenterNet over the centres of the batch, both (n, h, w); cells of heat -1 are not judged."""
    judged, centre = (heat >= 0).float(), (heat >= 1).float()
    p = torch.sigmoid(logits)
    hit = centre * (1 - p) ** 2 * functional.softplus(-logits)
    miss = (1 - centre) * (1 - heat.clamp_min(0)) ** 4 * p**2 * functional.softplus(logits)
    return (judged * (hit + miss)).sum() / (centre.sum() + 8)


def box_loss(wh: Tensor, xy: Tensor, weight: Tensor, box: Tensor) -> Tensor:
    """1.5 (1 - IoU + centre distance of DIoU) + 0.3 L1 (log size, centre in cells at half weight), 1 a plate. Maps (n, 2, h, w),
    weights (n, h, w), boxes (n, h, w, 4)."""
    rows, columns = weight.shape[1:]
    ys = (torch.arange(rows, device=weight.device)[None, :, None] + 0.5) * STRIDE
    xs = (torch.arange(columns, device=weight.device)[None, None, :] + 0.5) * STRIDE
    x, y = xs + xy[:, 0] * STRIDE, ys + xy[:, 1] * STRIDE
    log_w, log_h = (wh[:, 0] + LOG_WIDTH).clamp(0.5, 6.5), (wh[:, 1] + LOG_HEIGHT).clamp(0.5, 6.5)
    w, h = log_w.exp(), log_h.exp()
    left, top, right, bottom = box.unbind(-1)
    true_w, true_h = (right - left).clamp_min(1.0), (bottom - top).clamp_min(1.0)
    true_x, true_y = (left + right) / 2, (top + bottom) / 2
    across = (torch.minimum(x + w / 2, right) - torch.maximum(x - w / 2, left)).clamp_min(0)
    down = (torch.minimum(y + h / 2, bottom) - torch.maximum(y - h / 2, top)).clamp_min(0)
    shared = across * down
    iou = shared / (w * h + true_w * true_h - shared + 1e-6)
    hull_w = torch.maximum(x + w / 2, right) - torch.minimum(x - w / 2, left)
    hull_h = torch.maximum(y + h / 2, bottom) - torch.minimum(y - h / 2, top)
    away = ((x - true_x) ** 2 + (y - true_y) ** 2) / (hull_w**2 + hull_h**2 + 1e-6)
    sizes = (log_w - true_w.log()).abs() + (log_h - true_h.log()).abs()
    places = ((x - true_x).abs() + (y - true_y).abs()) / STRIDE
    each = 1.5 * (1 - iou + away) + 0.3 * (sizes + 0.5 * places)
    return (weight * each).sum() / (weight.sum() + 1e-6)


def corner_loss(corners: Tensor, weight: Tensor, true: Tensor) -> Tensor:
    """Huber (bent at CORNER_BEND) over the eight deviations, in shares of the box's width and height, 1 a plate. Maps (n, 8, h, w),
    weights (n, h, w), truth (n, h, w, 8)."""
    away = (corners - true.permute(0, 3, 1, 2)).abs()
    each = torch.where(away < CORNER_BEND, away**2 / (2 * CORNER_BEND), away - CORNER_BEND / 2)
    return CORNER_SHARE * (weight * each.sum(1)).sum() / (weight.sum() + 1e-6)


def learning_rate(windows: int, budget: int, peak: float) -> float:
    """A warm-up, then a cosine over the budget down to 1e-5."""
    done = min(windows / budget, 1.0)
    return min((windows + 1) / WARM_UP, 1.0) * (1e-5 + (peak - 1e-5) * (1 + math.cos(math.pi * done)) / 2)
