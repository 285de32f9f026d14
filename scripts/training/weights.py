"""The weights in a model file (int8), in floats: the way back from `tflite.py`, to learn on from what ships."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Convolution:
    """`weight` (after, before, height, width), `bias` (after,); `output`: which of the file's outputs it gives, -1: none."""

    weight: Tensor
    bias: Tensor
    output: int


def convolutions(path: Path) -> list[Convolution]:
    """Those of a file in the order in which they run; dense layers are among them, as wide as what they take."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    graph = model.subgraphs[0]
    outputs = [int(number) for number in graph.outputs]

    def values(number: int, kind: str) -> Tensor:
        tensor = graph.tensors[number]
        whole = np.frombuffer(bytes(model.buffers[tensor.buffer].data), kind).reshape(tensor.shape)
        scale = np.asarray(tensor.quantization.scale, np.float32).reshape(-1, *[1] * (whole.ndim - 1))
        return torch.from_numpy(whole.astype(np.float32) * scale)

    found = []
    for operator in graph.operators:
        if model.operatorCodes[operator.opcodeIndex].builtinCode == schema.BuiltinOperator.CONV_2D:
            _, weight, bias = operator.inputs
            gives = int(operator.outputs[0])
            output = outputs.index(gives) if gives in outputs else -1
            found.append(Convolution(values(weight, "i1").permute(0, 3, 1, 2), values(bias, "<i4"), output))
    return found
