"""Writes int8 TFLite files from a graph of float operations and the ranges of its tensors over calibration pictures.

Only what the two networks need: convolutions (dense layers too are written as such), sums, softmax, matrix products, means,
changes of shape, enlarging by two. Weights are quantised per filter, activations per tensor, all in whole numbers (TensorFlow Lite
8-bit quantization specification). Versions of operations are those that TensorFlow Lite 2.14 knows, so that LiteRT and
tflite-runtime read the same file. The schema's Python classes come with LiteRT; nothing of TensorFlow is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

F32 = NDArray[np.float32]

INPUT_SCALE, INPUT_ZERO = 1 / 128, 0
"""A grey of 0 to 255 is quantised as grey - 128 and means (grey - 128) / 128."""
SOFTMAX_SCALE, SOFTMAX_ZERO = 1 / 256, -128
"""Fixed by the specification."""
KEEPS_SCALE = ("reshape", "transpose", "enlarge")
SOFTMAX_DEPTH = 15.0
LEAST_RANGE = 1e-4


@dataclass(frozen=True, slots=True)
class Node:
    """One operation. `shape`: of its output, batch 1, channels last; `values`: its constants (weights, a shape, axes)."""

    kind: str
    inputs: tuple[int, ...]
    shape: tuple[int, ...]
    values: tuple[NDArray[Any], ...] = ()
    stride: tuple[int, int] = (1, 1)
    same: bool = True
    relu: bool = False


@dataclass(slots=True)
class Graph:
    """Operations in the order in which they run; each gives one tensor, named by its number. The first is the input.

    `relu6`: its ReLUs end at 6."""

    relu6: bool = False
    nodes: list[Node] = field(default_factory=list)
    outputs: dict[str, int] = field(default_factory=dict)

    def _put(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def shape(self, x: int) -> tuple[int, ...]:
        return self.nodes[x].shape

    def picture(self, height: int, width: int) -> int:
        """The input: one grey picture."""
        return self._put(Node("input", (), (1, height, width, 1)))

    def conv(
        self, x: int, weight: Tensor, bias: Tensor, *, stride: tuple[int, int] = (1, 1), same: bool = True, relu: bool = False
    ) -> int:
        """A convolution with weights as PyTorch has them (after, before, height, width). Not `same`: no padding at all."""
        after, before, high, wide = weight.shape
        _, rows, columns, channels = self.shape(x)
        if channels != before:
            raise ValueError(f"a convolution takes {before} channels, but gets {channels}")
        size = [-(-n // s) if same else (n - k) // s + 1 for n, k, s in zip((rows, columns), (high, wide), stride, strict=True)]
        values = (weight.detach().permute(0, 2, 3, 1).float().numpy(), bias.detach().float().numpy())
        return self._put(Node("conv", (x,), (1, *size, after), values, stride, same, relu))

    def dense(self, x: int, weight: Tensor, bias: Tensor, *, relu: bool = False) -> int:
        """A dense layer over all of x (1, h, w, c), its weights (after, c * h * w) in PyTorch's order: a convolution as large."""
        _, rows, columns, channels = self.shape(x)
        return self.conv(x, weight.view(-1, channels, rows, columns), bias, same=False, relu=relu)

    def add(self, a: int, b: int, *, relu: bool = False) -> int:
        """The sum; b may be one number per channel, (1, 1, 1, c)."""
        return self._put(Node("add", (a, b), self.shape(a), relu=relu))

    def softmax(self, x: int) -> int:
        """Over the last axis."""
        return self._put(Node("softmax", (x,), self.shape(x)))

    def reshape(self, x: int, shape: Sequence[int]) -> int:
        return self._put(Node("reshape", (x,), tuple(shape), (np.array(shape, np.int32),)))

    def transpose(self, x: int, axes: Sequence[int]) -> int:
        return self._put(Node("transpose", (x,), tuple(self.shape(x)[a] for a in axes), (np.array(axes, np.int32),)))

    def matmul(self, a: int, b: int) -> int:
        """Matrix products over the last two axes."""
        return self._put(Node("matmul", (a, b), (*self.shape(a)[:-1], self.shape(b)[-1])))

    def mean(self, x: int) -> int:
        """Over rows and columns, as (1, 1, 1, c)."""
        return self._put(Node("mean", (x,), (1, 1, 1, self.shape(x)[3]), (np.array([1, 2], np.int32),)))

    def enlarge(self, x: int) -> int:
        """Each pixel as two by two."""
        _, rows, columns, channels = self.shape(x)
        shape = (1, 2 * rows, 2 * columns, channels)
        return self._put(Node("enlarge", (x,), shape, (np.array(shape[1:3], np.int32),)))

    # --- in floats ------------------------------------------------------------------------------------------------------

    def run(self, pictures: NDArray[np.uint8], seen: Callable[[int, Tensor], None] | None = None) -> dict[str, F32]:
        """The outputs for pictures (n, height, width); `seen` is told every tensor."""
        tensors: list[Tensor] = []
        rectified = functional.relu6 if self.relu6 else functional.relu
        with torch.no_grad():
            for at, node in enumerate(self.nodes):
                if node.kind == "input":
                    tensors.append((torch.from_numpy(pictures).float() / 128 - 1)[..., None])
                else:
                    result = RUN[node.kind](node, *(tensors[i] for i in node.inputs))
                    tensors.append(rectified(result) if node.relu else result)
                if seen:
                    seen(at, tensors[-1])
        return {name: tensors[at].numpy() for name, at in self.outputs.items()}

    def ranges(self, batches: Iterable[NDArray[np.uint8]], beyond: float = 0.0) -> list[tuple[float, float]]:
        """What of every tensor counts over these pictures, nought among it: from the least to the greatest value, or all but a
        share `beyond` at either end of each batch, a mean over the batches: one outlier takes the precision of all else away.

        What a softmax is given counts from SOFTMAX_DEPTH below nought on: anything lower is nought after it all the same."""
        lows: list[list[float]] = [[] for _ in self.nodes]
        highs: list[list[float]] = [[] for _ in self.nodes]

        def note(at: int, values: Tensor) -> None:
            flat = values.reshape(-1)
            ends = max(1, int(beyond * flat.numel()))
            lows[at].append(-float(torch.topk(-flat, ends).values[-1]))
            highs[at].append(float(torch.topk(flat, ends).values[-1]))

        for batch in batches:
            self.run(batch, note)
        least, most = (np.mean, np.mean) if beyond else (np.min, np.max)
        ends_of = zip(lows, highs, strict=True)
        found = [(min(0.0, float(least(low))), max(LEAST_RANGE, float(most(high)))) for low, high in ends_of]
        for node in self.nodes:
            if node.kind == "softmax":
                given = node.inputs[0]
                while self.nodes[given].kind in KEEPS_SCALE:
                    given = self.nodes[given].inputs[0]
                found[given] = (max(found[given][0], -SOFTMAX_DEPTH), found[given][1])
        return found


def _convolve(node: Node, x: Tensor) -> Tensor:
    weight, bias = (torch.from_numpy(values) for values in node.values)
    x = x.permute(0, 3, 1, 2)
    if node.same:
        sides: list[int] = []
        for size, kernel, step in zip((x.shape[3], x.shape[2]), (weight.shape[2], weight.shape[1]), node.stride[::-1], strict=True):
            total = max((-(-size // step) - 1) * step + kernel - size, 0)
            sides += [total // 2, total - total // 2]
        x = functional.pad(x, sides)
    return functional.conv2d(x, weight.permute(0, 3, 1, 2), bias, node.stride).permute(0, 2, 3, 1)


RUN: dict[str, Callable[..., Tensor]] = {
    "conv": _convolve,
    "add": lambda node, a, b: a + b,
    "softmax": lambda node, x: torch.softmax(x, -1),
    "reshape": lambda node, x: x.reshape(len(x), *node.shape[1:]),
    "transpose": lambda node, x: x.permute(*node.values[0].tolist()),
    "matmul": lambda node, a, b: a @ b,
    "mean": lambda node, x: x.mean((1, 2), keepdim=True),
    "enlarge": lambda node, x: x.repeat_interleave(2, 1).repeat_interleave(2, 2),
}


# --- in whole numbers ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scale:
    """A tensor's value is (q - zero) * scale."""

    scale: float
    zero: int


def scales(graph: Graph, ranges: Sequence[tuple[float, float]]) -> list[Scale]:
    """How each tensor is quantised: a change of shape keeps the scale, softmax and the input have theirs, all else its range."""
    found: list[Scale] = []
    for node, (low, high) in zip(graph.nodes, ranges, strict=True):
        if node.kind == "input":
            found.append(Scale(INPUT_SCALE, INPUT_ZERO))
        elif node.kind == "softmax":
            found.append(Scale(SOFTMAX_SCALE, SOFTMAX_ZERO))
        elif node.kind in KEEPS_SCALE:
            found.append(found[node.inputs[0]])
        else:
            step = (high - low) / 255
            found.append(Scale(step, min(127, max(-128, round(-128 - low / step)))))
    return found


def to_int8(graph: Graph, ranges: Sequence[tuple[float, float]]) -> bytes:
    """The graph as a full-integer TFLite file, int8 in and out; its outputs in the order of `graph.outputs`."""
    writer = _Writer(graph.relu6)
    found = scales(graph, ranges)
    tensors = [
        writer.tensor(f"{node.kind}{at}", node.shape, writer.schema.TensorType.INT8, [one.scale], [one.zero])
        for at, (node, one) in enumerate(zip(graph.nodes, found, strict=True))
    ]
    for at, node in enumerate(graph.nodes):
        if node.kind == "input":
            continue
        inputs = [tensors[i] for i in node.inputs]
        if node.kind == "conv":
            inputs += writer.weights(f"conv{at}", *node.values, found[node.inputs[0]].scale)
        else:
            inputs += [writer.constant(f"{node.kind}{at}/value", values) for values in node.values]
        writer.operation(node, inputs, tensors[at])
    return writer.finish(tensors[0], [tensors[at] for at in graph.outputs.values()])


class _Writer:
    """One flat buffer in the making."""

    def __init__(self, relu6: bool) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self.schema: Any = schema
        self._relu = schema.ActivationFunctionType.RELU6 if relu6 else schema.ActivationFunctionType.RELU
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._model = schema.ModelT()
        self._model.version, self._model.description = 3, "gatewright"
        self._model.subgraphs, self._model.operatorCodes = [self._graph], []
        self._model.buffers = [schema.BufferT()]
        operators = schema.BuiltinOperator
        # kind: operation, its version, its options
        self._kinds = {
            "conv": (operators.CONV_2D, 3, self._conv),
            "add": (operators.ADD, 2, self._add),
            "softmax": (operators.SOFTMAX, 2, self._softmax),
            "reshape": (operators.RESHAPE, 1, self._reshape),
            "transpose": (operators.TRANSPOSE, 2, lambda node: ("TransposeOptions", schema.TransposeOptionsT())),
            "matmul": (operators.BATCH_MATMUL, 2, lambda node: ("BatchMatMulOptions", schema.BatchMatMulOptionsT())),
            "mean": (operators.MEAN, 2, self._mean),
            "enlarge": (
                operators.RESIZE_NEAREST_NEIGHBOR, 2,
                lambda node: ("ResizeNearestNeighborOptions", schema.ResizeNearestNeighborOptionsT()),
            ),
        }  # fmt: skip
        self._codes: dict[str, int] = {}

    def tensor(
        self, name: str, shape: Sequence[int], kind: int, scale: Sequence[float] = (), zero: Sequence[int] = (), data: bytes = b""
    ) -> int:
        """The number of a new tensor; more than one scale: one for each entry of its first axis."""
        tensor = self.schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), kind, 0
        if data:
            buffer = self.schema.BufferT()
            buffer.data = np.frombuffer(data, np.uint8)
            tensor.buffer = len(self._model.buffers)
            self._model.buffers.append(buffer)
        if scale:
            tensor.quantization = self.schema.QuantizationParametersT()
            tensor.quantization.scale = np.array(scale, np.float32)
            tensor.quantization.zeroPoint = np.array(zero, np.int64)
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(self, name: str, values: NDArray[np.int32]) -> int:
        return self.tensor(name, values.shape, self.schema.TensorType.INT32, data=values.astype("<i4").tobytes())

    def weights(self, name: str, weight: F32, bias: F32, input_scale: float) -> list[int]:
        """Weights (after, h, w, before) of one scale a filter, and the bias in products of input and weight."""
        after = len(weight)
        step = np.maximum(np.abs(weight).reshape(after, -1).max(1), 1e-8).astype(np.float64) / 127
        whole = np.clip(np.rint(weight / step[:, None, None, None]), -127, 127).astype(np.int8)
        # the runtime computes with the scales as they are stored
        product = np.float32(input_scale) * step.astype(np.float32).astype(np.float64)
        limit = 2**31 - 1
        biases = np.clip(np.rint(bias / product), -limit, limit).astype("<i4")
        types = self.schema.TensorType
        return [
            self.tensor(f"{name}/weight", whole.shape, types.INT8, step.tolist(), [0] * after, whole.tobytes()),
            self.tensor(f"{name}/bias", biases.shape, types.INT32, product.tolist(), [0] * after, biases.tobytes()),
        ]

    def operation(self, node: Node, inputs: list[int], output: int) -> None:
        code, version, options_of = self._kinds[node.kind]
        if node.kind not in self._codes:
            self._codes[node.kind] = len(self._model.operatorCodes)
            described = self.schema.OperatorCodeT()
            described.builtinCode = described.deprecatedBuiltinCode = code
            described.version = version
            self._model.operatorCodes.append(described)
        operator = self.schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = self._codes[node.kind], inputs, [output]
        name, operator.builtinOptions = options_of(node)
        operator.builtinOptionsType = getattr(self.schema.BuiltinOptions, name)
        self._graph.operators.append(operator)

    def _activation(self, node: Node) -> int:
        return int(self._relu if node.relu else self.schema.ActivationFunctionType.NONE)

    def _conv(self, node: Node) -> tuple[str, Any]:
        options = self.schema.Conv2DOptionsT()
        options.padding = self.schema.Padding.SAME if node.same else self.schema.Padding.VALID
        options.strideH, options.strideW = node.stride
        options.fusedActivationFunction = self._activation(node)
        return "Conv2DOptions", options

    def _add(self, node: Node) -> tuple[str, Any]:
        options = self.schema.AddOptionsT()
        options.fusedActivationFunction = self._activation(node)
        return "AddOptions", options

    def _softmax(self, node: Node) -> tuple[str, Any]:
        options = self.schema.SoftmaxOptionsT()
        options.beta = 1.0
        return "SoftmaxOptions", options

    def _reshape(self, node: Node) -> tuple[str, Any]:
        options = self.schema.ReshapeOptionsT()
        options.newShape = list(node.shape)
        return "ReshapeOptions", options

    def _mean(self, node: Node) -> tuple[str, Any]:
        options = self.schema.ReducerOptionsT()
        options.keepDims = True
        return "ReducerOptions", options

    def finish(self, source: int, outputs: list[int]) -> bytes:
        import flatbuffers

        self._graph.inputs, self._graph.outputs = [source], outputs
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


# --- run and compare --------------------------------------------------------------------------------------------------


def int8_outputs(content: bytes, names: Sequence[str], pictures: NDArray[np.uint8]) -> dict[str, F32]:
    """What a file of this module gives for pictures (n, height, width), as real numbers."""
    from engine.recognise.interpreter import runtime

    interpreter = runtime()[1](model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    source, ends = interpreter.get_input_details()[0], interpreter.get_output_details()
    found: dict[str, list[F32]] = {name: [] for name in names}
    for picture in pictures:
        interpreter.set_tensor(source["index"], (picture ^ 0x80).view(np.int8)[None, :, :, None])
        interpreter.invoke()
        for name, end in zip(names, ends, strict=True):
            scale, zero = end["quantization"]
            found[name].append((interpreter.get_tensor(end["index"])[0].astype(np.float32) - zero) * np.float32(scale))
    return {name: np.stack(values) for name, values in found.items()}


def multiply_adds(graph: Graph) -> int:
    """Multiply-adds of one run: convolutions and matrix products."""
    total = 0
    for node in graph.nodes:
        if node.kind == "conv":
            total += int(np.prod(node.shape)) * int(np.prod(node.values[0].shape[1:]))
        elif node.kind == "matmul":
            total += int(np.prod(node.shape)) * graph.shape(node.inputs[0])[-1]
    return total
