"""Export: the trained weights as an int8 TFLite file with its model card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

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
from scripts.training.detector import network
from scripts.training.detector.material import Material
from scripts.training.detector.scenes import WindowMaker
from scripts.training.detector.score import Maps, Network

ROLES = ("heat", "wh", "xy", "corners")
RIGHTS = {
    "kaggle-car-plate-433": "MIT (repository)", "ro-lucian": "MIT", "in-nanonets": "not stated", "cn-easypr": "Apache-2.0",
    "global-mixed-300": "Apache-2.0 (repository), images not stated", "eg-ealpr-scenes": "not stated", "tn-scenes": "not stated",
    "eg-moto": "not stated", "bd-cars": "not stated", "negatives-openalpr": "AGPL-3.0 (repository)",
    "us-plates-openalpr": "AGPL-3.0 (repository)", "eu-plates-agreed": "AGPL-3.0 (repository)",
    "br-plates-agreed": "AGPL-3.0 (repository)", "eu-tworow-agreed": "AGPL-3.0 (repository)",
    "br-plates-openalpr": "AGPL-3.0 (repository)", "cn-rodney": "not stated", "ar-cnnocr": "GPL-3.0 (repository)",
    "vn-crops": "not stated", "tn-crops": "not stated",
    "rendered": "drawn by scripts/plates",
}  # fmt: skip


def calibration(material: Material, maker: WindowMaker, seed: int) -> Iterator[list[np.ndarray]]:
    """About 390 inputs: letterboxed scenes of every set, every fourth plate-free picture, 150 augmented windows."""
    rng = np.random.default_rng(seed)
    greys = []
    for scenes in material.scenes.values():
        greys += [letterbox(scenes[i].levels[0])[0] for i in rng.permutation(len(scenes))[:18]]
    greys += [letterbox(scene.levels[0])[0] for scene in material.negatives[::4]]
    greys += [maker.make().grey for _ in range(150)]
    for grey in greys:
        yield [(grey.astype(np.float32) / 127.5 - 1)[None, :, :, None]]


def to_int8(weights: list[np.ndarray], material: Material, maker: WindowMaker, seed: int) -> bytes:
    """The network at full size, batch 1, as full-integer TFLite (int8 in and out)."""
    model = network.build(INPUT_HEIGHT, INPUT_WIDTH, batch=1)
    model.set_weights(weights)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: calibration(material, maker, seed)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def interpreter_of(content: bytes) -> tf.lite.Interpreter:
    interpreter = tf.lite.Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def proved_roles(content: bytes, weights: list[np.ndarray], grey: np.ndarray) -> dict[str, int]:
    """Output roles found by comparing the int8 outputs with the float model's on one picture: no trust in any order."""
    interpreter = interpreter_of(content)
    maps = raw_maps(interpreter, grey)
    model = network.build(INPUT_HEIGHT, INPUT_WIDTH, batch=1)
    model.set_weights(weights)
    outputs = model((grey.astype(np.float32) / 127.5 - 1)[None, :, :, None], training=False)
    roles = {}
    for role, output in zip(ROLES, outputs, strict=True):
        true = output.numpy()[0]
        alike = [i for i, found in enumerate(maps) if found.shape == true.shape]
        roles[role] = min(alike, key=lambda i: float(np.abs(maps[i] - true).mean()))
    if sorted(roles.values()) != [0, 1, 2, 3]:
        raise ValueError(f"the int8 outputs cannot be told apart: {roles}")
    return roles


def raw_maps(interpreter: tf.lite.Interpreter, grey: np.ndarray) -> list[np.ndarray]:
    """All outputs of one picture as float, in the file's order."""
    signed = (grey.astype(np.int16) - 128).astype(np.int8)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], signed[None, :, :, None])
    interpreter.invoke()
    maps = []
    for detail in interpreter.get_output_details():
        scale, zero = detail["quantization"]
        maps.append((interpreter.get_tensor(detail["index"])[0].astype(np.float32) - zero) * scale)
    return maps


def int8_network(content: bytes, roles: dict[str, int]) -> Network:
    interpreter = interpreter_of(content)

    def run(greys: np.ndarray) -> Maps:
        found = [raw_maps(interpreter, grey) for grey in greys]
        heat, wh, xy, corners = (np.stack([maps[roles[role]] for maps in found]) for role in ROLES)
        return heat[..., 0], wh, xy, corners

    return run


def float_network(model: tf.keras.Model) -> Network:
    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def forward(x: tf.Tensor) -> list[tf.Tensor]:
        outputs: list[tf.Tensor] = model(x, training=False)
        return outputs

    def run(greys: np.ndarray) -> Maps:
        parts = [forward(tf.constant(greys[i : i + 8, :, :, None], tf.float32) / 127.5 - 1) for i in range(0, len(greys), 8)]
        heat, wh, xy, corners = (np.concatenate([part[k].numpy() for part in parts]) for k in range(4))
        return heat[..., 0], wh, xy, corners

    return run


def multiply_adds(model: tf.keras.Model) -> int:
    """Multiply-adds of one run of the convolutions."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, tf.keras.layers.Conv2D):
            _, rows, columns, channels = layer.output_shape
            total += rows * columns * channels * int(np.prod(layer.kernel_size)) * layer.input_shape[-1]
    return total


def card(content: bytes, roles: dict[str, int], threshold: float, counts: dict[str, int], facts: dict[str, object]) -> str:
    """The model card as JSON text: what the loader checks, then where the model comes from and how good it is."""
    interpreter = interpreter_of(content)
    model = network.build(INPUT_HEIGHT, INPUT_WIDTH, batch=1)
    names = {index: role for role, index in roles.items()}
    outputs = [
        {"name": names[i], "shape": [int(n) for n in detail["shape"]], "type": "int8", "scale": float(detail["quantization"][0]),
         "zero_point": int(detail["quantization"][1])}
        for i, detail in enumerate(interpreter.get_output_details())
    ]  # fmt: skip
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
        "parameters": int(model.count_params()),
        "mmac": round(multiply_adds(model) / 1e6),
        "data": [{"set": name, "pictures": count, "rights": RIGHTS[name]} for name, count in counts.items()],
        **facts,
    }
    return json.dumps(described, indent=1) + "\n"
