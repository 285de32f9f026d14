"""Reads the pictures named on stdin with one plate reader and prints one JSON line for each: what `scripts/bench` compares.

Runs in any Python 3.10 or newer that has numpy, Pillow or OpenCV, and the reader. Stdin:
[[file, "scene" or "crop"], ...]. A line: {"file", "ms", "boxes": [[x, y, w, h]], "reads": [{"plate", "confidence", "box"}]},
decoding not counted; the last line: {"peer", "runtime", "model_bytes", "peak_rss_mb"}. One thread.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

Box = list[int]
ROOT = Path(__file__).resolve().parents[2]


class Gatewright:
    """This repository's own models, on whichever TFLite runtime this Python has."""

    name = "gatewright"

    def __init__(self, models: Path | None) -> None:
        sys.path.insert(0, str(ROOT))
        pipeline = importlib.import_module("engine.recognise.pipeline")
        folder = models or pipeline.MODELS
        self._recogniser = pipeline.Recogniser(folder, threads=1)
        self.runtime = self._recogniser.runtime
        self.model_bytes = sum(file.stat().st_size for file in self._recogniser.files)

    def scene(self, rgb: Any) -> tuple[list[Box], list[tuple[str, float, Box]]]:
        return [], [(read.text, read.confidence, list(read.box)) for read in self._recogniser.read(rgb)]

    def boxes(self, rgb: Any) -> list[Box]:
        return [list(plate.box) for plate in self._recogniser.find(rgb)]

    def crop(self, rgb: Any) -> tuple[str, float]:
        read = self._recogniser.read_crop(rgb)
        return read.text, read.confidence


class FastAlpr:
    """fast-alpr with its default models (YOLOv9-t 384 and CCT-xs), which it fetches from the network at its first start."""

    name = "fast-alpr"

    def __init__(self, models: Path | None) -> None:
        ort = importlib.import_module("onnxruntime")
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        importlib.import_module("cv2").setNumThreads(1)
        fast_alpr = importlib.import_module("fast_alpr")
        self._alpr = fast_alpr.ALPR(detector_sess_options=options, ocr_sess_options=options)
        self.runtime = f"onnxruntime {ort.__version__}"
        cache = Path.home() / ".cache"
        used = [*cache.glob("open-image-models/yolo-v9-t-384-*/*.onnx"), *cache.glob("fast-plate-ocr/cct-xs-v2-*/*.onnx")]
        self.model_bytes = sum(file.stat().st_size for file in used)

    def scene(self, rgb: Any) -> tuple[list[Box], list[tuple[str, float, Box]]]:
        boxes, reads = [], []
        for found in self._alpr.predict(np.ascontiguousarray(rgb[:, :, ::-1])):
            at = found.detection.bounding_box
            boxes.append([int(at.x1), int(at.y1), int(at.x2 - at.x1), int(at.y2 - at.y1)])
            if found.ocr and found.ocr.text:
                reads.append((found.ocr.text, certainty(found.ocr.confidence), boxes[-1]))
        return boxes, reads

    def boxes(self, rgb: Any) -> list[Box]:
        return []

    def crop(self, rgb: Any) -> tuple[str, float]:
        read = self._alpr.ocr.predict(np.ascontiguousarray(rgb[:, :, ::-1]))
        return (read.text, certainty(read.confidence)) if read else ("", 0.0)


def certainty(confidence: Any) -> float:
    """Per cent, of the least sure character."""
    return round(100 * float(min(confidence, default=0.0) if isinstance(confidence, list) else confidence or 0.0), 1)


class Folder:
    """Any detector and OCR in ONNX or TFLite files, as a folder's peer.json describes them.

    {"name", "detector": {"file", ...input...}, "ocr": {"file", "alphabet", "blank", ...input...}}; input: "layout" NHWC or NCHW,
    "colour" "rgb", "bgr" or "grey", "divide" (255 for 0..1), "subtract" (after it). The detector takes the picture letterboxed
    ("fill", 114) and gives rows [picture, left, top, right, bottom, class, score] in input pixels ("threshold", 0.4); the OCR
    takes a crop stretched to its input and gives one probability for each slot and symbol of the alphabet."""

    def __init__(self, models: Path | None) -> None:
        if models is None:
            raise ValueError("a folder of model files is needed")
        told = json.loads((models / "peer.json").read_text(encoding="utf-8"))
        self.name = str(told["name"])
        self._detector_card, self._ocr_card = told["detector"], told["ocr"]
        self._detector, self._ocr = (open_model(models / card["file"]) for card in (self._detector_card, self._ocr_card))
        self.runtime = self._detector.runtime
        self.model_bytes = sum((models / card["file"]).stat().st_size for card in (self._detector_card, self._ocr_card))

    def scene(self, rgb: Any) -> tuple[list[Box], list[tuple[str, float, Box]]]:
        height, width = self._detector.size(self._detector_card)
        scale = min(width / rgb.shape[1], height / rgb.shape[0])
        pil = importlib.import_module("PIL.Image")
        small = pil.fromarray(rgb).resize((round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)), pil.Resampling.BILINEAR)
        fill = int(self._detector_card.get("fill", 114))
        canvas = pil.new("RGB", (width, height), (fill, fill, fill))
        left, top = (width - small.width) // 2, (height - small.height) // 2
        canvas.paste(small, (left, top))
        rows = self._detector.run(prepared(canvas, self._detector_card)).reshape(-1, 7)
        boxes: list[Box] = []
        reads = []
        for row in rows[rows[:, 6] >= float(self._detector_card.get("threshold", 0.4))]:
            x0, x1 = (min(max((side - left) / scale, 0), rgb.shape[1]) for side in (row[1], row[3]))
            y0, y1 = (min(max((side - top) / scale, 0), rgb.shape[0]) for side in (row[2], row[4]))
            box = [round(x0), round(y0), round(x1 - x0), round(y1 - y0)]
            boxes.append(box)
            if box[2] > 1 and box[3] > 1:
                text, sure = self.crop(rgb[box[1] : box[1] + box[3], box[0] : box[0] + box[2]])
                if text:
                    reads.append((text, sure, box))
        return boxes, sorted(reads, key=lambda read: -read[1])

    def boxes(self, rgb: Any) -> list[Box]:
        return []

    def crop(self, rgb: Any) -> tuple[str, float]:
        height, width = self._ocr.size(self._ocr_card)
        pil = importlib.import_module("PIL.Image")
        picture = pil.fromarray(np.ascontiguousarray(rgb)).resize((width, height), pil.Resampling.BILINEAR)
        alphabet = self._ocr_card["alphabet"]
        slots = self._ocr.run(prepared(picture, self._ocr_card)).reshape(-1, len(alphabet))
        best = slots.argmax(axis=1)
        blank = self._ocr_card.get("blank", "")
        kept = [
            (alphabet[symbol], float(slot[symbol])) for slot, symbol in zip(slots, best, strict=True) if alphabet[symbol] != blank
        ]
        return "".join(symbol for symbol, _ in kept), round(100 * min((sure for _, sure in kept), default=0.0), 1)


def prepared(picture: Any, card: dict[str, Any]) -> Any:
    """A picture as a network's input by its card, as real numbers, with the batch axis."""
    colour = card.get("colour", "rgb")
    pixels = np.asarray(picture.convert("L"))[:, :, None] if colour == "grey" else np.asarray(picture)
    values = (pixels[:, :, ::-1] if colour == "bgr" else pixels).astype(np.float32)
    values = values / float(card.get("divide", 1)) - float(card.get("subtract", 0))
    return (values.transpose(2, 0, 1) if card.get("layout", "NHWC") == "NCHW" else values)[None]


class OnnxModel:
    def __init__(self, path: Path) -> None:
        ort = importlib.import_module("onnxruntime")
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0]
        self.runtime = f"onnxruntime {ort.__version__}"

    def size(self, card: dict[str, Any]) -> tuple[int, int]:
        height, width = self._input.shape[2:4] if card.get("layout", "NHWC") == "NCHW" else self._input.shape[1:3]
        return int(card.get("height", height)), int(card.get("width", width))

    def run(self, values: Any) -> Any:
        kind = np.uint8 if "uint8" in self._input.type else np.float32
        return self._session.run(None, {self._input.name: values.astype(kind)})[0]


class TfliteModel:
    def __init__(self, path: Path) -> None:
        module = first_module("ai_edge_litert.interpreter", "tflite_runtime.interpreter")
        self.runtime = module.__name__.partition(".")[0]
        self._interpreter = module.Interpreter(str(path), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input, self._output = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()[0]

    def size(self, card: dict[str, Any]) -> tuple[int, int]:
        shape = self._input["shape"]
        height, width = shape[2:4] if card.get("layout", "NHWC") == "NCHW" else shape[1:3]
        return int(height), int(width)

    def run(self, values: Any) -> Any:
        kind = self._input["dtype"]
        if np.issubdtype(kind, np.integer):
            scale, zero = self._input["quantization"]
            limits = np.iinfo(kind)
            values = np.clip(np.round(values / scale + zero), limits.min, limits.max)
        self._interpreter.set_tensor(self._input["index"], values.astype(kind))
        self._interpreter.invoke()
        found = self._interpreter.get_tensor(self._output["index"])
        if not np.issubdtype(found.dtype, np.integer):
            return found
        scale, zero = self._output["quantization"]
        return (found.astype(np.float32) - zero) * scale


def open_model(path: Path) -> Any:
    return OnnxModel(path) if path.suffix == ".onnx" else TfliteModel(path)


def first_module(*names: str) -> Any:
    for name in names[:-1]:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return importlib.import_module(names[-1])


PEERS: dict[str, Any] = {"gatewright": Gatewright, "fast-alpr": FastAlpr, "folder": Folder}


def peak_rss_mb() -> float:
    """Peak resident memory of this process in MB of 10^6 bytes."""
    status = Path("/proc/self/status").read_text()
    return round(int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))) * 1024 / 1e6, 1)


def decoded(file: str) -> Any:
    """A picture file as (H, W, 3) uint8 RGB, by Pillow or, where only that is there, by OpenCV."""
    reader = first_module("PIL.Image", "cv2")
    if reader.__name__ == "cv2":
        return np.ascontiguousarray(reader.imread(file)[:, :, ::-1])
    with reader.open(file) as image:
        return np.asarray(importlib.import_module("PIL.ImageOps").exif_transpose(image).convert("RGB"))


def read_all(peer: Any, pictures: list[list[str]]) -> None:
    for number, (file, kind) in enumerate(pictures):
        rgb = decoded(file)
        work = peer.crop if kind == "crop" else peer.scene
        for _ in range(2 if number == 0 else 0):
            work(rgb)
        begun = time.perf_counter()
        found = work(rgb)
        ms = (time.perf_counter() - begun) * 1000
        if kind == "crop":
            boxes, reads = [], [(*found, [0, 0, rgb.shape[1], rgb.shape[0]])]
        else:
            boxes, reads = found[0] or peer.boxes(rgb), found[1]
        told = [{"plate": text, "confidence": sure, "box": box} for text, sure, box in reads if text]
        line = {"file": file, "ms": round(ms, 3), "width": int(rgb.shape[1]), "boxes": boxes, "reads": told}
        print(json.dumps(line), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=sorted(PEERS))
    parser.add_argument("--models", type=Path, help="folder of model files")
    options = parser.parse_args()
    pictures = json.load(sys.stdin)
    peer = PEERS[options.peer](options.models)
    read_all(peer, pictures)
    about = {"peer": peer.name, "runtime": peer.runtime, "model_bytes": peer.model_bytes, "peak_rss_mb": peak_rss_mb()}
    print(json.dumps(about), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
