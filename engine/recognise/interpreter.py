"""Interpreter: the one file that knows which TFLite runtime is installed; loads a model and checks it against its card."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from board.kit.errors import ModelError
from board.kit.words import Text

RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")
"""LiteRT first; tflite-runtime (no wheel above Python 3.11) reads the same files."""


def runtime() -> tuple[str, Any]:
    """Name and Interpreter class of the installed runtime; ModelError when there is none."""
    import importlib

    for name in RUNTIMES:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        return name.partition(".")[0], module.Interpreter
    raise ModelError("no TFLite runtime is installed: install ai-edge-litert (or tflite-runtime on Python 3.11)")


def read_card(model: Path) -> dict[str, Any]:
    """The model card beside a model file (same name, .json); ModelError when it is missing or no JSON object."""
    path = model.with_suffix(".json")
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as why:
        raise ModelError(
            "{path}: the model card is missing: install the model again with its card (a checkout and a package have both;"
            " `pip install` brings none)",
            path=path,
        ) from why
    except (OSError, ValueError) as why:
        raise ModelError("{path}: the model card cannot be read ({why})", path=path, why=why) from why
    if not isinstance(card, dict):
        raise ModelError("{path}: the model card is not a JSON object", path=path)
    return card


def beside(card: Mapping[str, Any], key: str, model: Path) -> Path | None:
    """The model file that the card of `model` names under this key, in the same folder; None when it names none. ModelError when
    that is no name of a model file."""
    told = card.get(key, "")
    if not isinstance(told, str) or not re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9_-]*\.tflite)?", told):
        raise ModelError("{path}: {key!r} of its card must be the name of a .tflite file beside it", path=model, key=key)
    return model.with_name(told) if told else None


class Network:
    """One int8 model, ready to run: grey pictures in, raw int8 outputs out. Not for two threads at once."""

    def __init__(self, path: Path, kind: str, threads: int = 1) -> None:
        """Loads `path` and checks it: the card's kind and SHA-256, then shapes and types of the file against the card.

        ModelError says what differs; nothing of a file whose SHA-256 is wrong reaches the runtime."""
        self.path = path
        self.card = read_card(path)
        if self.card.get("kind") != kind:
            raise ModelError(
                "{path}: its card says it is a {found!r} model, but a {wanted!r} model is needed here",
                path=path,
                found=self.card.get("kind"),
                wanted=kind,
            )
        try:
            content = path.read_bytes()
        except OSError as why:
            raise ModelError("{path}: the model file cannot be read ({reason})", path=path, reason=why.strerror or why) from why
        if hashlib.sha256(content).hexdigest() != self.card.get("sha256"):
            raise ModelError(
                "{path}: the model file is damaged or not the one of its card (SHA-256 differs): install it again", path=path
            )
        self.runtime, interpreter_class = runtime()
        try:
            self._interpreter = interpreter_class(model_content=content, num_threads=threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as why:
            raise ModelError("{path}: {runtime} cannot load the model ({why})", path=path, runtime=self.runtime, why=why) from why
        self._content = content  # older runtimes read the weights from here for as long as they run
        self._input, self._outputs = self._checked_ends()

    def _checked_ends(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if len(inputs) != 1:
            raise ModelError("{path}: the model has {inputs} inputs, but one is needed", path=self.path, inputs=len(inputs))
        described = self.card.get("outputs") or [self.card.get("output")]
        if self.card.get("outputs") and not (isinstance(described, list) and all(_named(told) for told in described)):
            raise ModelError(
                "{path}: the outputs of its card must be a list of tables, each with a name, a shape and a type", path=self.path
            )
        if len(outputs) != len(described):
            raise ModelError(
                "{path}: the model has {outputs} outputs, but its card names {described}",
                path=self.path,
                outputs=len(outputs),
                described=len(described),
            )
        ends = [(Text("input"), inputs[0], self.card.get("input"))]
        ends += [
            (Text("output {number}", {"number": i}), found, told)
            for i, (found, told) in enumerate(zip(outputs, described, strict=True))
        ]
        for end, found, told in ends:
            shape = [int(n) for n in found["shape"]]
            told = told if isinstance(told, dict) else {}
            if shape != told.get("shape") or found["dtype"] is not np.int8 or told.get("type") != "int8":
                is_now = f"{np.dtype(found['dtype']).name} {shape}"
                card_says = f"{told.get('type')} {told.get('shape')}"
                raise ModelError(
                    "{path}: {end} is {found}, but its card says {told}; int8 is needed",
                    path=self.path,
                    end=end,
                    found=is_now,
                    told=card_says,
                )
        return inputs[0], outputs

    @property
    def input_shape(self) -> tuple[int, int]:
        """Height and width of the input picture."""
        _, height, width, _ = self._input["shape"]
        return int(height), int(width)

    def output_shape(self, index: int) -> list[int]:
        """The shape of an output, the batch axis included."""
        return [int(n) for n in self._outputs[index]["shape"]]

    def output(self, name: str) -> int:
        """The index of an output by the name its card gives it: converters sort outputs, so their order means nothing."""
        for index, told in enumerate(self.card.get("outputs", ())):
            if told.get("name") == name:
                return index
        raise ModelError("{path}: its card names no output {name!r}", path=self.path, name=name)

    def run(self, grey: NDArray[np.uint8]) -> list[NDArray[np.int8]]:
        """One picture (H, W) uint8 through the network (which takes grey - 128): its raw outputs without the batch axis."""
        # flipping the top bit is subtracting 128
        self._interpreter.set_tensor(self._input["index"], (grey ^ 0x80).view(np.int8)[None, :, :, None])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(output["index"])[0] for output in self._outputs]

    def quantised(self, raw: list[NDArray[np.int8]], index: int) -> tuple[NDArray[np.int8], float, int]:
        """An output as it is with its scale and zero point: value = (q - zero) * scale."""
        scale, zero = self._outputs[index]["quantization"]
        return raw[index], float(scale), int(zero)

    def values(self, raw: list[NDArray[np.int8]], index: int, where: Any = ...) -> NDArray[np.float32]:
        """An output, or its cells `where`, as real numbers."""
        chosen, scale, zero = self.quantised(raw, index)
        real: NDArray[np.float32] = (chosen[where].astype(np.float32) - zero) * np.float32(scale)
        return real


def _named(told: object) -> bool:
    return isinstance(told, dict) and isinstance(told.get("name"), str)
