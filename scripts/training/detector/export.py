"""Export: the trained weights as an int8 TFLite file with its model card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import numpy as np

from engine.recognise.detect import (
    INPUT_HEIGHT,
    INPUT_WIDTH,
    LOG_HEIGHT,
    LOG_WIDTH,
    SAME_IOU,
    SAME_OVERLAP,
    STRIDE,
    letterbox,
)
from scripts.training.detector.material import Material
from scripts.training.detector.network import ROLES
from scripts.training.detector.scenes import WindowMaker
from scripts.training.detector.score import Maps, Network
from scripts.training.tflite import Graph, int8_outputs, multiply_adds

RIGHTS = {
    "kaggle-car-plate-433": "MIT (repository)", "ro-lucian": "MIT", "in-nanonets": "not stated", "cn-easypr": "Apache-2.0",
    "global-mixed-300": "Apache-2.0 (repository), images not stated", "eg-ealpr-scenes": "not stated", "tn-scenes": "not stated",
    "eg-moto": "not stated", "bd-cars": "not stated", "negatives-openalpr": "AGPL-3.0 (repository)",
    "us-plates-openalpr": "AGPL-3.0 (repository)", "eu-plates-agreed": "AGPL-3.0 (repository)",
    "br-plates-agreed": "AGPL-3.0 (repository)", "eu-tworow-agreed": "AGPL-3.0 (repository)",
    "br-plates-openalpr": "AGPL-3.0 (repository)", "cn-rodney": "not stated", "ar-cnnocr": "GPL-3.0 (repository)",
    "vn-crops": "not stated", "tn-crops": "not stated",
    "ir-rajabi-crops": "not stated", "vn-tworow-agreed": "not stated", "cz-iwt-agreed": "not stated",
    "global-openlpr": "Apache-2.0", "rendered": "drawn by scripts/plates",
    "printed": "drawn by scripts/training/detector/material.py",
}  # fmt: skip


def calibration(material: Material, maker: WindowMaker, seed: int) -> Iterator[np.ndarray]:
    """About 390 inputs (1, 288, 384): letterboxed scenes of every set, every fourth plate-free picture, 150 augmented windows."""
    rng = np.random.default_rng(seed)
    for scenes in material.scenes.values():
        for i in rng.permutation(len(scenes))[:18]:
            yield letterbox(scenes[i].levels[0])[0][None]
    for scene in material.negatives[::4]:
        yield letterbox(scene.levels[0])[0][None]
    for _ in range(150):
        yield maker.make().grey[None]


def int8_network(content: bytes) -> Network:
    """A file of this network as the scores want it."""

    def run(greys: np.ndarray) -> Maps:
        maps = int8_outputs(content, ROLES, greys)
        return maps["heat"][..., 0], maps["wh"], maps["xy"], maps["corners"]

    return run


def card(content: bytes, graph: Graph, threshold: float, counts: dict[str, int], facts: dict[str, object]) -> str:
    """The model card as JSON text: what the loader checks, then where the model comes from and how good it is."""
    outputs = [{"name": name, "shape": list(graph.shape(at)), "type": "int8"} for name, at in graph.outputs.items()]
    described = {
        "name": "gatewright-detector",
        "kind": "detector",
        "file": "detector.tflite",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "input": {"shape": [1, INPUT_HEIGHT, INPUT_WIDTH, 1], "type": "int8", "meaning": "grey - 128, letterboxed, fill 114"},
        "outputs": outputs,
        "decode": {
            "stride": STRIDE,
            "log_width": LOG_WIDTH,
            "log_height": LOG_HEIGHT,
            "same_iou": SAME_IOU,
            "same_overlap": SAME_OVERLAP,
            "corners": "distance of each corner from the box's own, in shares of its width and height; clockwise from the top left",
        },
        "threshold": threshold,
        "parameters": sum(values.size for node in graph.nodes if node.kind == "conv" for values in node.values),
        "mmac": round(multiply_adds(graph) / 1e6),
        "data": [{"set": name, "pictures": count, "rights": RIGHTS[name]} for name, count in counts.items()],
        **facts,
    }
    return json.dumps(described, indent=1) + "\n"
