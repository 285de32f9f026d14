"""What both trainings share: checkpoints that survive a kill, the moving average of the weights, whether halves pay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn


def save_state(path: Path, progress: dict[str, Any], **parts: Any) -> None:
    """The parts' states and the progress in one file, and the progress beside it as progress.json; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    torch.save({name: part.state_dict() for name, part in parts.items()} | {"progress": progress}, fresh)
    fresh.replace(path)
    path.with_name("progress.json").write_text(json.dumps(progress))


def load_state(path: Path, **parts: Any) -> dict[str, Any]:
    """The progress of a file of `save_state`, its states loaded into the parts; {} when there is none."""
    if not path.exists():
        return {}
    state = torch.load(path, map_location="cpu", weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    progress: dict[str, Any] = state["progress"]
    return progress


def averaged_over(average: nn.Module, model: nn.Module, steps: int, decay: float) -> None:
    """The moving average one step further; quicker at first, as its beginning means nothing."""
    keep = min(decay, (1 + steps) / (10 + steps))
    with torch.no_grad():
        torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - keep)


def fast_bf16(device: str) -> bool:
    """Whether halves are quicker than floats there: on a GPU, and on a CPU with instructions for them."""
    return device != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
