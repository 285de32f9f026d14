"""The detector for close-ups: a detector's network for a picture of half the sides, made of its file to the last weight.

    python -m scripts.training.detector.near [--models models] [--of .train/tuned/detector.tflite]

Writes detector-near.tflite with its card, and the name of it into the detector's card. The product's environment is enough. Nothing
is quantised anew: all scales stay as they are, only the shapes of the tensors between the layers are halved.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from engine.recognise.pipeline import MODELS

NAME = "detector-near"
KEPT = ("name", "kind", "file", "sha256", "bytes", "input", "outputs", "decode", "threshold", "parameters", "mmac", "made of")
"""What its card says; all else stands in the detector's."""


def halved(content: bytes) -> bytes:
    """A detector's file for a picture of half the sides. An odd side is rounded up, as a step of two does: of 9 rows at stride 32
    five are left, and enlarged to the 9 above them their last one counts once."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    for tensor in graph.tensors:
        data = model.buffers[tensor.buffer].data
        if len(tensor.shape) == 4 and (data is None or not len(data)):
            one, height, width, channels = (int(side) for side in tensor.shape)
            tensor.shape = [one, half(height), half(width), channels]
            tensor.shapeSignature = None
    for operator in graph.operators:
        if model.operatorCodes[operator.opcodeIndex].builtinCode == schema.BuiltinOperator.RESIZE_NEAREST_NEIGHBOR:
            buffer = model.buffers[graph.tensors[operator.inputs[1]].buffer]
            sides = [half(int(side)) for side in np.frombuffer(bytes(buffer.data), "<i4")]
            buffer.data = np.frombuffer(np.array(sides, "<i4").tobytes(), np.uint8)
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def half(side: int) -> int:
    return -(-side // 2)


def write(models: Path, source: Path | None = None) -> Path:
    """The file for close-ups, made of `source` (by default the folder's detector), and its card beside the detector's, which names
    it from now on."""
    detector, path = models / "detector.json", models / f"{NAME}.tflite"
    source = source or models / "detector.tflite"
    card: dict[str, Any] = json.loads(source.with_suffix(".json").read_text(encoding="utf-8"))
    content = halved(source.read_bytes())
    path.write_bytes(content)
    near = {
        **card,
        "name": f"gatewright-{NAME}",
        "file": path.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "input": {**card["input"], "shape": sides_halved(card["input"]["shape"])},
        "outputs": [{**output, "shape": sides_halved(output["shape"])} for output in card["outputs"]],
        "mmac": round(card["mmac"] / 4),
        "made of": {"sha256": card["sha256"], "training": card["training"], "command": "python -m scripts.training.detector.near"},
    }
    path.with_suffix(".json").write_text(json.dumps({key: near[key] for key in KEPT}, indent=1) + "\n", encoding="utf-8")
    named = {**json.loads(detector.read_text(encoding="utf-8")), "near": path.name}
    detector.write_text(json.dumps(named, indent=1) + "\n", encoding="utf-8")
    return path


def sides_halved(shape: list[int]) -> list[int]:
    one, height, width, channels = shape
    return [one, half(height), half(width), channels]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.training.detector.near", description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS, help="the folder of detector.tflite")
    parser.add_argument("--of", type=Path, help="the detector to halve, its card beside it (default: that of the folder)")
    options = parser.parse_args(arguments)
    path = write(options.models, options.of)
    print(f"{path}: {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
