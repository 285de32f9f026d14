"""The trained plate reader as an int8 TFLite file: its layers as a graph, and the pictures whose ranges count."""

from __future__ import annotations

import random

import numpy as np
import torch
from numpy.typing import NDArray

from scripts.training.layers import lower, lower_chain
from scripts.training.ocr.alphabet import ALPHABET, HEIGHT_PX, ROWS, WIDTH_PX
from scripts.training.ocr.augment import Augmenter, Margins
from scripts.training.ocr.feed import background_pieces, drawn_chunk, lettering_strips
from scripts.training.ocr.material import SHARES, Material
from scripts.training.ocr.network import COLUMNS, FEATURES, HIGH, STEPS, SUMMARY, PlateReader
from scripts.training.ocr.picture import network_picture
from scripts.training.tflite import Graph

U8 = NDArray[np.uint8]


def graph_of(model: PlateReader) -> Graph:
    """The reader as it runs on a board: outputs `steps` (1, 64, symbols) probabilities and `country` (1, countries) logits.

    `tests/unit/scripts/test_reader_export.py` compares it with the network itself."""
    graph = Graph()

    x = graph.picture(HEIGHT_PX, WIDTH_PX)
    for part in (model.stem, model.middle, model.top):
        x = lower_chain(graph, x, part)
    features = x
    summary = graph.dense(lower_chain(graph, features, model.plan), model.summary.weight, model.summary.bias, relu=True)
    layout = graph.reshape(graph.dense(summary, model.layout.weight, model.layout.bias), (1, COLUMNS, ROWS, HIGH))
    place = graph.transpose(graph.conv(features, model.place.weight, model.place.bias), (0, 2, 3, 1))
    where = graph.softmax(graph.add(place, layout))
    rows = graph.matmul(where, graph.transpose(features, (0, 2, 1, 3)))
    y = lower(graph, graph.transpose(rows, (0, 2, 1, 3)), model.along)
    y = graph.add(y, graph.dense(summary, model.whole.weight, model.whole.bias), relu=True)
    y = graph.add(y, lower(graph, y, model.further), relu=True)
    y = graph.reshape(graph.conv(y, model.symbols.weight, model.symbols.bias), (1, STEPS, len(ALPHABET)))
    graph.outputs["steps"] = graph.softmax(y)
    # a dense layer over two things side by side is the sum of two dense layers
    first, second = model.look.weight.split((SUMMARY, FEATURES), 1)
    from_summary = graph.dense(summary, first, model.look.bias)
    look = graph.add(from_summary, graph.dense(graph.mean(features), second, model.look.bias * 0), relu=True)
    country = graph.dense(look, model.country.weight, model.country.bias)
    graph.outputs["country"] = graph.reshape(country, (1, graph.shape(country)[3]))
    return graph


def calibration(material: Material, seed: int) -> U8:
    """About 560 network pictures whose ranges count: at least 6 of every real set, half of them clean, and 250 rendered ones."""
    rng = random.Random(seed)
    augment = augmenter(material, seed)
    crops, clean = [], []
    for name in dict.fromkeys(material.real.sets):
        places = [i for i, each in enumerate(material.real.sets) if each == name]
        for turn in range(max(6, round(300 * SHARES[name]))):
            crop = material.real.pictures[rng.choice(places)]
            if turn % 2:
                clean.append(network_picture(crop))
            else:
                crops.append(crop)
    drawn = [plate.grey for number in range(4) for plate in drawn_chunk((seed, number, frozenset()))][:250]
    plates = torch.from_numpy(np.stack([*drawn, *crops]))
    augmented = augment(plates, torch.arange(len(plates)) < len(drawn))[0].numpy()
    return np.concatenate([augmented, np.stack(clean)]) if clean else augmented


def augmenter(material: Material, seed: int) -> Augmenter:
    """On the CPU, from a seed of its own."""
    generator = torch.Generator()
    generator.manual_seed(seed)
    pieces = torch.from_numpy(background_pieces(material.backgrounds, 300, seed))
    return Augmenter(generator, Margins(), pieces, torch.from_numpy(lettering_strips(60, seed)))
