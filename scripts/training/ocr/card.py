"""Model card of the plate OCR: models/ocr.json, everything a reader of the model must know, and what it was made from."""

from __future__ import annotations

import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np

from scripts.training.ocr import network
from scripts.training.ocr.evaluate import Score, evaluate, open_model, score, scored_crops, tflite_reader
from scripts.training.ocr.feed import RealSet
from scripts.training.ocr.quantise import write_atomically

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
}
WEAK_SPOTS = [
    "O/0 and I/1 look alike on many plates: only a country's format can tell (figures are given folded too)",
    "M/W/H/N, 8/B, V/U, C/L on small blurred characters; lettering or graphics that touch the first or last character",
    "characters under about 12 px high in the frame; light characters on a dark, worn plate",
    "Korean, Thai, Japanese, Persian and most Chinese provinces were learned from rendered plates alone: no photograph tells how"
    " well they are read",
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


def _multiply_adds(model: Any) -> int:
    """Multiply-adds of one picture: convolutions, dense layers and the attention's product."""
    total = network.SLOTS * 256 * 80
    for layer in model.layers:
        if layer.__class__.__name__ == "Conv2D":
            total += int(np.prod(layer.output_shape[1:])) * int(np.prod(layer.kernel.shape[:3]))
        elif layer.__class__.__name__ == "Dense":
            total += int(np.prod(layer.kernel.shape))
    return total


def write_card(
    model: Path, weights: list[Any], real: list[RealSet], stages: list[Path], plates: Path, *, calibration_pictures: int
) -> str:
    """Measure the int8 model and the float weights on the scored sets, write the card beside the model, return its text.

    `stages`: the checkpoint folders of the runs that led to these weights, in their order."""
    floats = network.build()
    floats.set_weights(weights)
    float_scores = []
    for name, (pictures, labels) in scored_crops(plates, 0.10).items():
        slots, country = floats.predict_on_batch(pictures.astype(np.float32)[..., None] / 127.5 - 1)
        float_scores.append(score(name, slots, country, labels))
    reader = tflite_reader(model)
    source, outputs = _ends(model)
    content = model.read_bytes()
    card = {
        "name": "gatewright-plate-ocr",
        "kind": "ocr",
        "file": model.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "input": {
            "shape": [1, network.HEIGHT_PX, network.WIDTH_PX, 1],
            "type": "int8",
            "value": "grey - 128",
            "preprocess": "grey crop of the plate stretched to 64 high x 128 wide whatever its aspect (area filter where both sides"
            " shrink, else bilinear); then the grey levels at the 1 % and 99 % points of its histogram (at least 24 apart)"
            " go to 0 and 255, clipped",
            **source,
        },
        "outputs": outputs,
        "slots": "softmax over the alphabet for each slot, left to right, top row first; symbol 0 is an empty slot",
        "country": "a logit for each of the countries",
        "alphabet": list(network.ALPHABET),
        "countries": list(network.COUNTRIES),
        "parameters": int(floats.count_params()),
        "mmac": round(_multiply_adds(floats) / 1e6, 1),
        "training": {
            "command": "python -m scripts.training.train_ocr train, then python -m scripts.training.train_ocr export",
            "stages": [json.loads((stage / "progress.json").read_text()) for stage in stages],
            "batch": 128,
            "exported": "moving average of the weights, full-integer post-training quantisation",
            "calibration_pictures": calibration_pictures,
            "real_sets": [
                {"set": s.name, "plates": len(s.texts), "share_of_real": round(s.share, 3), "rights": RIGHTS[s.name]} for s in real
            ],
            "rendered": "scripts/plates, about half of all samples, fonts as listed in scripts/plates/fonts.py",
            "held_out": "openalpr-us, openalpr-eu, openalpr-br: none of their pictures, no training plate with one of their texts;"
            " of the other sets one text in eight (engine/cli/labels.py)",
        },
        "accuracy": {
            "command": "python -m scripts.training.ocr.evaluate --model models/ocr.tflite",
            "what": "share of plates read right; scenes in the labels' boxes widened by the margin on every side, crop sets whole"
            " and only their held-out texts (at most about 120 a set); folded: O = 0 and I = 1; country: the head alone."
            " One plate is 0.9 points of openalpr-us, 2 of -eu, 1.8 of -br. The sets were watched during training",
            "int8": {f"{margin:.0%}": _figures(evaluate(reader, plates, margin)) for margin in MARGINS},
            "float": {"10%": _figures(float_scores)},
        },
        "weak_spots": WEAK_SPOTS,
        "weak_spots_picture": "ocr-weak-spots.png: rendered plates that this model misreads, wanted above read",
    }
    text = json.dumps(card, indent=1, ensure_ascii=False)
    # innermost lists and tables on one line each, so that a person can read the card
    text = re.sub(r"([\[{])\s+([^\[\]{}]*?)\s+([\]}])", lambda m: m[1] + re.sub(r"\n\s+", " ", m[2]) + m[3], text) + "\n"
    write_atomically(model.with_suffix(".json"), text.encode())
    return text


def _ends(model: Path) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """Scale and zero point of the input; the outputs in the file's order, told apart by their shapes."""
    interpreter = open_model(model)
    scale, zero = interpreter.get_input_details()[0]["quantization"]
    names = {3: "slots", 2: "country"}
    outputs = []
    for detail in interpreter.get_output_details():
        shape = [int(n) for n in detail["shape"]]
        quantised = {"scale": float(detail["quantization"][0]), "zero_point": int(detail["quantization"][1])}
        outputs.append({"name": names[len(shape)], "shape": shape, "type": "int8", **quantised})
    return {"scale": float(scale), "zero_point": int(zero)}, outputs
