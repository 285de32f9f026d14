"""Float OCR network to int8 TFLite: full-integer post-training quantisation, int8 in and out, batch 1."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.plates.families import draw_plate
from scripts.plates.fonts import load_fonts
from scripts.training.ocr import network
from scripts.training.ocr.augment import Augmenter, Margins
from scripts.training.ocr.feed import RealSet
from scripts.training.ocr.picture import network_picture


def calibration(real: list[RealSet], backgrounds: list[NDArray[np.uint8]], margins: Margins, seed: int) -> list[NDArray[np.uint8]]:
    """About 560 pictures: at least 6 of every real set, half of them clean, and 250 rendered ones."""
    rng = random.Random(seed)
    augment = Augmenter(seed, margins, backgrounds)
    pictures = []
    for source in real:
        for place in range(max(6, round(300 * source.share))):
            crop = source.crops[rng.randrange(len(source.texts))]
            pictures.append(network_picture(crop) if place % 2 else augment(crop, synthetic=False))
    fonts = load_fonts(with_shared=True)
    pictures += [augment(draw_plate(rng, fonts).grey, synthetic=True) for _ in range(250)]
    return pictures


def to_int8(weights: list[Any], pictures: list[NDArray[np.uint8]]) -> bytes:
    """The TFLite file of a network with these weights."""
    import tensorflow as tf

    model = network.build(batch=1)
    model.set_weights(weights)

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for picture in pictures:
            yield [(picture.astype(np.float32) / 127.5 - 1)[None, :, :, None]]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file in one step, so that a reader never sees half a model."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(content)
    part.replace(path)
