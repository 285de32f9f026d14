"""Model card of the plate OCR: models/ocr.json, everything a reader of the model must know, and what it was made from."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from board.kit.files import write_whole
from scripts.training.ocr.alphabet import ALPHABET, COUNTRIES, HEIGHT_PX, ROWS, WIDTH_PX
from scripts.training.ocr.evaluate import Read, Score, evaluate, model_reader, read_steps, scored_crops
from scripts.training.ocr.material import SHARES, Material
from scripts.training.tflite import INPUT_SCALE, INPUT_ZERO, Graph, multiply_adds

MARGINS = (0.0, 0.05, 0.10, 0.15, 0.20)
# what the source of every set states (the sets' own table); "not stated": used for training only, never passed on
RIGHTS = {
    "us-plates-openalpr": "AGPL-3.0 (repository openalpr/benchmarks)",
    "eu-plates-agreed": "AGPL-3.0 (repository openalpr/train-detector); texts by two agreeing readers",
    "eu-tworow-agreed": "AGPL-3.0 (repository openalpr/train-detector); texts by two agreeing readers",
    "br-plates-agreed": "AGPL-3.0 (repository openalpr/train-detector); texts by two agreeing readers",
    "br-plates-openalpr": "AGPL-3.0 (repository openalpr/train-detector)",
    "vn-crops": "not stated",
    "global-mixed-300": "Apache-2.0 (repository); images: not stated; texts by two agreeing readers",
    "global-openlpr": "Apache-2.0; texts by our two readers where they agree (scripts/training/ocr/agreed.py)",
    "tn-crops": "not stated",
    "ar-cnnocr": "GPL-3.0 (repository ankandrew/cnn-ocr-lp)",
    "cn-rodney": "not stated",
    "cn-lprnet": "Apache-2.0 (repository sirius-ai/LPRNet_Pytorch)",
    "kaggle-car-plate-433": "MIT (repository); images said to be CC0; texts by two agreeing readers",
    "ro-lucian": "MIT (repository RobertLucian/license-plate-dataset); texts by two agreeing readers",
    "tn-rlpr": "MIT (repository); images: not stated",
    "eg-ealpr-crops": "not stated (its paper asks for citation)",
    "eg-ealpr-scenes": "not stated (its paper asks for citation)",
    "cn-easypr": "Apache-2.0 (repository liuruoze/EasyPR)",
    "in-nanonets": "not stated",
    "ir-rajabi-crops": "not stated (asks for citation)",
    "vn-tworow-agreed": "not stated; texts of two agreeing readers",
    "vn-mixed-agreed": "not stated; texts of two agreeing readers",
    "cz-iwt-agreed": "not stated; texts of two agreeing readers",
}
WEAK_SPOTS = [
    "O/0 and I/1 look alike on many plates: only a country's format can tell (figures are given folded too)",
    "M/W/H/N, 8/B, V/U, C/L on small blurred characters; lettering or graphics that touch the first or last character",
    "characters under about 12 px high in the frame; light characters on a dark, worn plate",
    "Korean, Thai and Japanese are untested: they were learned from rendered plates alone, and what was learned so from Persian"
    " did not read photographs; of most Chinese provinces there were hardly any photographs",
    "small stacked prefix letters of some US plates, region words and province names above the number are left out on purpose",
]


def _figures(scores: list[Score]) -> dict[str, dict[str, float]]:
    return {
        s.name: {
            "plates": s.plates,
            "exact_pct": round(100 * s.exact / max(1, s.plates), 1),
            "folded_pct": round(100 * s.folded / max(1, s.plates), 1),
            **({"country_pct": round(100 * s.right_countries / s.known_countries, 1)} if s.known_countries else {}),
        }
        for s in scores
    }


def write_card(
    path: Path, graph: Graph, material: Material, stages: list[Path], plates: Path, *, settled: float, calibration_pictures: int
) -> str:
    """Measure the int8 model and the float graph on the scored sets, write the card beside the model, return its text.

    `stages`: the checkpoint folders of the runs that led to these weights, in their order; `settled`: the last one's share."""
    content = path.read_bytes()
    card: dict[str, Any] = {
        "name": "gatewright-plate-ocr",
        "kind": "ocr",
        "file": path.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "input": {
            "shape": [1, HEIGHT_PX, WIDTH_PX, 1],
            "type": "int8",
            "value": "grey - 128",
            "preprocess": "grey crop of the plate stretched to 64 high x 128 wide whatever its aspect (area filter where both sides"
            " shrink, else bilinear); then the grey levels at the 1 % and 99 % points of its histogram (at least 24 apart)"
            " go to 0 and 255, clipped",
            "scale": INPUT_SCALE,
            "zero_point": INPUT_ZERO,
        },
        "outputs": [{"name": name, "shape": list(graph.shape(at)), "type": "int8"} for name, at in graph.outputs.items()],
        "rows": ROWS,
        "steps": "softmax over the alphabet at each step along the rows, upper row first, left to right; symbol 0 is nothing;"
        " neighbouring steps of one symbol are one character (connectionist temporal classification)",
        "country": "a logit for each of the countries",
        "alphabet": list(ALPHABET),
        "countries": list(COUNTRIES),
        "parameters": sum(values.size for node in graph.nodes if node.kind == "conv" for values in node.values),
        "mmac": round(multiply_adds(graph) / 1e6, 1),
        "training": {
            "command": "python -m scripts.training.train_ocr train, then python -m scripts.training.train_ocr export",
            "stages": [json.loads((stage / "progress.json").read_text()) for stage in stages],
            "settled": settled,
            "batch": 128,
            "exported": "moving average of the weights, full-integer post-training quantisation",
            "calibration_pictures": calibration_pictures,
            "real_sets": [
                {"set": name, "plates": count, "share_of_real": SHARES[name], "rights": RIGHTS[name]}
                for name, count in Counter(material.real.sets).items()
            ],
            "rendered": "scripts/plates, half of all samples, fonts as listed in scripts/plates/fonts.py",
            "held_out": "openalpr-us, openalpr-eu, openalpr-br: none of their pictures, no training plate with one of their texts;"
            " of the other sets one text in eight (engine/cli/labels.py)",
        },
    }
    # the reader below checks the model against its card
    _write(path, card)
    reader = model_reader(path)
    scored = {name: pictures for name, (pictures, _) in scored_crops(plates, 0.10).items()}
    card["accuracy"] = {
        "command": "python -m scripts.training.ocr.evaluate --model models/ocr.tflite",
        "what": "share of plates read right; scenes in the labels' boxes widened by the margin on every side, crop sets whole"
        " and only their held-out texts (at most about 120 a set); folded: O = 0 and I = 1; country: the head alone."
        " One plate is 0.9 points of openalpr-us, 2 of -eu, 1.8 of -br. The sets were watched during training",
        "int8": {f"{margin:.0%}": _figures(evaluate(reader, plates, margin)) for margin in MARGINS},
        "float": {"10%": _figures(evaluate(lambda pictures: float_reads(graph, pictures), plates, 0.10))},
        "int8 reads as float": {
            name: round(
                100 * float(np.mean([a[0] == b[0] for a, b in zip(reader(each), float_reads(graph, each), strict=True)])), 1
            )
            for name, each in scored.items()
        },
    }
    card["weak_spots"] = WEAK_SPOTS
    card["weak_spots_picture"] = "ocr-weak-spots.png: rendered plates that this model misreads, wanted above read"
    return _write(path, card)


def float_reads(graph: Graph, pictures: NDArray[np.uint8]) -> list[Read]:
    """What the graph reads before it is quantised."""
    outputs = [graph.run(part) for part in np.array_split(pictures, -(-len(pictures) // 64))]
    return [read for each in outputs for read in read_steps(each["steps"], each["country"])]


def _write(path: Path, card: dict[str, Any]) -> str:
    text = json.dumps(card, indent=1, ensure_ascii=False)
    # innermost lists and tables on one line each, so that a person can read the card
    text = re.sub(r"([\[{])\s+([^\[\]{}]*?)\s+([\]}])", lambda m: m[1] + re.sub(r"\n\s+", " ", m[2]) + m[3], text) + "\n"
    write_whole(path.with_suffix(".json"), text.encode())
    return text
