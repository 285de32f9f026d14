"""Trains the plate detector with PyTorch, writes models/detector.tflite (int8) and its card: see docs/training.md.

Stages: `main` (256x192 windows), `mine`, `fine` (288x384 windows from main's weights, more plate-free ones), `corners` (256x192
windows: plates turned in space, their corners; frames, lettering), `settle` (the same at 288x384), `export`. Every stage starts
from the weights of the one before; `fine` and the later ones first mine its false boxes on the plate-free pictures.
    .venv-train/bin/python -m scripts.training.detector.material     # photographs -> .train/detector.pack
    .venv-train/bin/python -m scripts.training.train_detector all
`tune` is no part of `all`: it goes on from a finished file (`--from-model`) with new kinds of pictures.
    .venv-train/bin/python -m scripts.training.train_detector tune
    .venv-train/bin/python -m scripts.training.train_detector export --from-stage tune
A stage that was interrupted goes on from its last checkpoint under .train/detector when started again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from engine.cli.labels import HELD_OUT_NEGATIVES
from scripts.training.detector import material as material_of
from scripts.training.detector import near, network, score
from scripts.training.detector.material import Material
from scripts.training.detector.scenes import WindowMaker, WindowPlan
from scripts.training.detector.shipped import from_file
from scripts.training.ocr.evaluate import PLATES
from scripts.training.run import averaged_over, fast_bf16, load_state, save_state

Batch = tuple[np.ndarray, ...]
THRESHOLD = 0.3
THRESHOLDS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)
AVERAGE_DECAY = 0.999
SAVE_EVERY_S = 120
SAY_EVERY_S = 20
MODEL = "model"
"""The start of `tune`: not a stage, the file of `--from-model`."""
STARTED_FROM = "model.json"
"""The card of that file, kept for the next card."""


@dataclass(frozen=True)
class Stage:
    """One stretch of training: what its windows show, batch, peak learning rate, how many windows, and the stage it starts from;
    whether its network's weights are standardised (those of a model file are not)."""

    plan: WindowPlan
    batch: int
    peak: float
    windows: int
    start: str = ""
    standardised: bool = True


# fmt: off
STAGES = {
    "main": Stage(
        WindowPlan(256, 192, plate_free=0.25, lures=0.0, widest=245, paste=0.25, lettered=0.15, overlaid=0.25),
        32, 2.5e-3, 600_000,
    ),
    "fine": Stage(
        WindowPlan(384, 288, plate_free=0.40, lures=0.5, widest=370, paste=0.40, lettered=0.2, overlaid=0.3),
        16, 6e-4, 100_000, start="main",
    ),
    "corners": Stage(
        WindowPlan(256, 192, plate_free=0.25, lures=0.5, widest=245, paste=0.35,
                   turned=0.55, covered=0.4, framed=0.3, lettered=0.3, overlaid=0.3),
        32, 1.4e-3, 300_000, start="fine",
    ),
    "settle": Stage(
        WindowPlan(384, 288, plate_free=0.40, lures=0.5, widest=370, paste=0.40,
                   turned=0.4, covered=0.4, framed=0.3, lettered=0.3, overlaid=0.35),
        16, 7e-4, 160_000, start="corners",
    ),
    "tune": Stage(
        WindowPlan(384, 288, plate_free=0.40, lures=0.5, widest=370, paste=0.40,
                   turned=0.4, covered=0.4, framed=0.3, lettered=0.3, overlaid=0.5, printed=0.25),
        16, 3e-4, 120_000, start=MODEL, standardised=False,
    ),
}
# fmt: on
FROM_NOTHING = ("main", "fine", "corners", "settle")
"""The stages of `all`."""
PARTS = ("grey", "heat", "weight", "box", "corner_weight", "corners")


def generate(material: Material, stage: Stage, seed: int, queue: mp.Queue[Batch]) -> None:
    """A generator process: batches of windows into the queue, for as long as it lives."""
    maker = WindowMaker(material, stage.plan, seed)
    while True:
        queue.put(made(maker, stage.batch))


def made(maker: WindowMaker, batch: int) -> Batch:
    windows = [maker.make() for _ in range(batch)]
    return tuple(np.stack([getattr(w, part) for w in windows]) for part in PARTS)


def batches(material: Material, stage: Stage, seed: int, generators: int) -> Iterator[Batch]:
    """Batches without end, from so many processes; made here, the same ones for a seed, when there are none."""
    if not generators:
        maker = WindowMaker(material, stage.plan, seed)
        while True:
            yield made(maker, stage.batch)
    context = mp.get_context("fork")
    queue: mp.Queue[Batch] = context.Queue(12)
    workers = [
        context.Process(target=generate, args=(material, stage, seed + 1000 * k, queue), daemon=True) for k in range(generators)
    ]
    for worker in workers:
        worker.start()
    try:
        while True:
            yield queue.get()
    finally:
        for worker in workers:
            worker.terminate()


class Trainer:
    """Network, optimiser and moving average of one stage, with its checkpoint folder."""

    def __init__(self, name: str, args: argparse.Namespace) -> None:
        self.name, self.stage, self.args = name, STAGES[name], args
        self.file: Path = args.work / name / "last.pt"
        torch.manual_seed(args.seed)
        self.model, self.average = (network.Detector(self.stage.standardised) for _ in range(2))
        for model in (self.model, self.average):
            model.to(args.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = torch.optim.AdamW(self.model.parameters(), self.stage.peak, weight_decay=2e-3, foreach=True)
        self.windows, self.elapsed_s = 0, 0.0
        saved = load_state(self.file, model=self.model, average=self.average, optimiser=self.optimiser)
        if saved:
            self.windows, self.elapsed_s = int(saved["windows"]), float(saved["elapsed_s"])
        else:
            if self.stage.start:
                self.model.load_state_dict(loaded(args, self.stage.start).state_dict())
            self.average.load_state_dict(self.model.state_dict())
            if self.stage.start == MODEL:
                args.work.mkdir(parents=True, exist_ok=True)
                (args.work / STARTED_FROM).write_text(
                    args.from_model.with_suffix(".json").read_text(encoding="utf-8"), encoding="utf-8"
                )

    def run(self, material: Material) -> None:
        """Train to the end of the stage's budget; progress, checkpoints and the averaged weights lie in .train/detector/NAME."""
        args, stage = self.args, self.stage
        budget = args.windows or stage.windows
        if self.windows >= budget:
            print(f"{self.name}: finished before", flush=True)
            return
        print(f"{self.name}: {material.counts()} from window {self.windows} of {budget}", flush=True)
        # after a resume the generators go on with other windows than those already seen
        source = batches(material, stage, args.seed + 7919 * self.windows, args.generators)
        sets = score.scored_sets(args.data) if args.data.is_dir() else {}
        losses: list[list[float]] = []
        last = said = saved = time.monotonic()
        scored = said_windows = self.windows
        while self.windows < budget:
            for group in self.optimiser.param_groups:
                group["lr"] = network.learning_rate(self.windows, budget, stage.peak)
            losses.append(self.step(next(source)))
            self.windows += stage.batch
            now = time.monotonic()
            self.elapsed_s, last = self.elapsed_s + now - last, now
            if now - said > SAY_EVERY_S:
                heat, box, corners = np.mean(losses, axis=0)
                rate = (self.windows - said_windows) / (now - said)
                print(f"{self.name} {self.windows}  heat {heat:.3f} box {box:.3f} corners {corners:.3f}  {rate:.0f}/s", flush=True)
                said, said_windows, losses = now, self.windows, []
            if now - saved > SAVE_EVERY_S:
                self.save()
                saved = now
            if self.windows - scored >= args.score_every or self.windows >= budget:
                self.save()
                seen = score.look(sets, float_network(self.average, args.device))
                print(f"{self.name} {self.windows}  {score.line(score.score(sets, seen, THRESHOLD))}", flush=True)
                scored, last = self.windows, time.monotonic()

    def step(self, batch: Batch) -> list[float]:
        """One batch; returns its losses: heat, box, corners."""
        device = self.args.device
        grey, heat, weight, box, corner_weight, corners = (torch.from_numpy(part).to(device, non_blocking=True) for part in batch)
        x = (grey.float() / 128 - 1)[:, None].contiguous(memory_format=torch.channels_last)
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=self.args.bf16):
            maps = self.model(x)
        maps = {role: each.float() for role, each in maps.items()}
        parts = (
            network.heat_loss(maps["heat"][:, 0], heat),
            network.box_loss(maps["wh"], maps["xy"], weight, box),
            network.corner_loss(maps["corners"], corner_weight, corners),
        )
        self.optimiser.zero_grad(set_to_none=True)
        sum(parts).backward()  # type: ignore[union-attr]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        averaged_over(self.average, self.model, self.windows // self.stage.batch, AVERAGE_DECAY)
        return [float(part.detach()) for part in parts]

    def save(self) -> None:
        progress = {"stage": self.name, "windows": self.windows, "elapsed_s": round(self.elapsed_s, 1)}
        save_state(self.file, progress, model=self.model, average=self.average, optimiser=self.optimiser)


def averaged(work: Path, name: str) -> dict[str, Any]:
    """The averaged weights that a stage has saved last."""
    state: dict[str, Any] = torch.load(work / name / "last.pt", map_location="cpu", weights_only=True)["average"]
    return state


def loaded(args: argparse.Namespace, name: str) -> network.Detector:
    """What a stage has learnt so far, or the model file to start from."""
    if name == MODEL:
        return from_file(args.from_model)
    model = network.Detector(STAGES[name].standardised).eval()
    weights = averaged(args.work, name)
    if args.blend and name == args.from_stage:
        other, share = averaged(Path(args.blend[0]), name), float(args.blend[1])
        weights = {key: each + share * (other[key] - each) if each.is_floating_point() else each for key, each in weights.items()}
    model.load_state_dict(weights)
    return model


def float_network(model: network.Detector, device: str = "cpu") -> score.Network:
    """The network as the scores want it."""

    def run(greys: np.ndarray) -> score.Maps:
        parts: list[dict[str, np.ndarray]] = []
        with torch.no_grad():
            for i in range(0, len(greys), 8):
                x = (torch.from_numpy(greys[i : i + 8]).to(device).float() / 128 - 1)[:, None]
                maps = model(x.contiguous(memory_format=torch.channels_last))
                parts.append({role: each.permute(0, 2, 3, 1).float().cpu().numpy() for role, each in maps.items()})
        heat, wh, xy, corners = (np.concatenate([part[role] for part in parts]) for role in network.ROLES)
        return heat[..., 0], wh, xy, corners

    return run


def lure(material: Material, args: argparse.Namespace, source: str) -> None:
    """Gives the material the false boxes of a stage's weights, mined when that was not done before; nothing for the first stage."""
    mined = args.work / f"lures-{source}.json"
    if source and not mined.exists():
        mine(material, args, source)
    if source:
        material.lures = [(index, tuple(box)) for index, box in json.loads(mined.read_text())]


def mine(material: Material, args: argparse.Namespace, source: str) -> None:
    """False boxes of a stage's weights on the training's plate-free pictures, whole and by quarters: lures for the next stage."""
    from engine.recognise.detect import boxes_of, letterbox
    from engine.types import Roi

    run = float_network(loaded(args, source))
    lures = []
    views = [None, *(Roi(x, y, x + 0.5, y + 0.5) for x in (0.0, 0.5) for y in (0.0, 0.5))]
    for index, scene in enumerate(material.negatives):
        for view in views:
            grey, place = letterbox(scene.levels[0], view)
            heat, wh, xy, _ = run(grey[None])
            for box in boxes_of(heat[0], wh[0], xy[0], 0.15)[0]:
                left, top = place.to_frame(float(box[0]), float(box[1]))
                right, bottom = place.to_frame(float(box[2]), float(box[3]))
                if right - left >= 8 and bottom - top >= 4:
                    lures.append((index, (left, top, right - left, bottom - top)))
    (args.work / f"lures-{source}.json").write_text(json.dumps(lures))
    print(f"mined {len(lures)} false boxes", flush=True)


def export(name: str, material: Material, args: argparse.Namespace) -> None:
    """The stage's averaged weights as int8 TFLite with its card; prints the scores of float and int8 side by side."""
    from engine.recognise.detect import INPUT_HEIGHT, INPUT_WIDTH
    from scripts.training.detector.export import calibration, card, int8_network
    from scripts.training.tflite import to_int8

    model = loaded(args, name)
    graph = network.graph_of(model, INPUT_HEIGHT, INPUT_WIDTH)
    maker = WindowMaker(material, replace(STAGES[name].plan, width=INPUT_WIDTH, height=INPUT_HEIGHT), args.seed + 99)
    content = to_int8(graph, graph.ranges(calibration(material, maker, args.seed)))
    sets, tilted = score.scored_sets(args.data), score.tilted_windows(args.data, args.seed)
    found: dict[str, object] = {}
    for kind, run in (("float", float_network(model)), ("int8", int8_network(content))):
        seen = score.look(sets, run)
        for threshold in THRESHOLDS:
            scores = score.score(sets, seen, threshold)
            found[f"{kind} at {threshold}"] = {set_name: value.card() for set_name, value in scores.items()}
            print(f"{kind} {threshold}: {score.line(scores)}", flush=True)
        widths, corners = score.recall_by_width(sets, seen, args.threshold), score.score_corners(tilted, run, args.threshold)
        found[f"{kind}, by width of the plate in the input at {args.threshold}"] = widths
        found[f"{kind}, corners of tilted plates at {args.threshold}"] = {part: value.card() for part, value in corners.items()}
        print(f"{kind} by width: {widths}\n{kind} {corners}", flush=True)
    stages = [part for part in STAGES if (args.work / part / "progress.json").exists()]
    done = {part: json.loads((args.work / part / "progress.json").read_text()) for part in stages}
    facts: dict[str, object] = {
        "training": {
            "command": "python -m scripts.training.train_detector", "seed": args.seed, "stages": done,
            "never trained on": list(material_of.DEV_SETS),
            "held out": f"{HELD_OUT_NEGATIVES} of negatives-openalpr, one scene in eight by the SHA-256 of set/file, "
                        "one crop in eight by the SHA-256 of its text",
            **({"from": started_from(args)} if STAGES[name].start == MODEL else {}),
            **({"remark": args.remark} if args.remark else {}),
        },
        "scores": {"command": "python -m scripts.training.train_detector export",
                   "columns": "recall in percent, false boxes a picture",
                   **found},
        "weak_spots": WEAK_SPOTS,
        "weak_spots_picture": "detector-weak-spots.png, drawn by python -m scripts.training.detector.weak_spots",
    }  # fmt: skip
    args.models.mkdir(parents=True, exist_ok=True)
    (args.models / "detector.tflite").write_bytes(content)
    text = card(content, graph, args.threshold, material.counts(), facts)
    (args.models / "detector.json").write_text(text, encoding="utf-8")
    near.write(args.models)
    print(f"{args.models / 'detector.tflite'}: {len(content)} bytes", flush=True)


def started_from(args: argparse.Namespace) -> dict[str, object]:
    """Of the file that `tune` started from: its sum, its data and its own training."""
    card = json.loads((args.work / STARTED_FROM).read_text(encoding="utf-8"))
    return {key: card[key] for key in ("sha256", "training", "data") if key in card}


WEAK_SPOTS = [
    "plates under 20 px wide in the 384 px wide input (65 px in a 1280 px frame), most of all on lettered trucks and buses: one in "
    "three is missed or boxed too large at the first look; the engine's nearer look mends boxes, it finds nothing that was missed",
    "plates that roll by more than 8 degrees, pasted into pictures without a car: three in ten are not found",
    "bays, bumpers and licence frames around a small plate may be taken into the box (1.4 times too large) at the first look",
    "false boxes: iron fences, wing mirrors at the picture's edge, lettering on signs and tailgates, head lamps, air vents",
]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["all", *STAGES, "export"], help="one stage, or all in turn")
    parser.add_argument("--pack", type=Path, default=material_of.PACK, help="made by scripts.training.detector.material")
    parser.add_argument("--data", type=Path, default=PLATES, help="the folder of plate picture sets, to score; none: no scores")
    parser.add_argument("--work", type=Path, default=Path(".train/detector"), help="checkpoints")
    parser.add_argument("--from-model", type=Path, default=Path("models/detector.tflite"), help="whose weights `tune` starts from")
    parser.add_argument("--models", type=Path, default=Path("models"), help="where detector.tflite and detector.json go")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--windows", type=int, help="budget of each stage (by default its own)")
    parser.add_argument("--threads", type=int, default=1, help="PyTorch threads")
    parser.add_argument(
        "--generators", type=int, default=1, help="processes that make windows; 0: made between the steps, the same ones for a seed"
    )
    parser.add_argument("--score-every", type=int, default=50_000, help="windows between two scores of the dev sets")
    parser.add_argument("--threshold", type=float, default=THRESHOLD, help="working threshold written into the card")
    parser.add_argument("--from-stage", default="settle", choices=list(STAGES), help="whose weights are exported")
    parser.add_argument(
        "--blend",
        nargs=2,
        metavar=("WORK", "SHARE"),
        help="export: weights go this share of the way to those of another --work",
    )
    parser.add_argument("--remark", help="a sentence for the card's training part")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--bf16", action=argparse.BooleanOptionalAction, help="train in halves; left out: where that is quicker")
    args = parser.parse_args(arguments)
    torch.set_num_threads(args.threads)
    if args.bf16 is None:
        args.bf16 = fast_bf16(args.device)
    # no thread pool of OpenCV in this process: it would not survive the forks
    cv2.setNumThreads(0)
    material = material_of.read(args.pack, args.seed)
    args.work.mkdir(parents=True, exist_ok=True)
    for name in FROM_NOTHING if args.what == "all" else [args.what] * (args.what in STAGES):
        lure(material, args, STAGES[name].start)
        Trainer(name, args).run(material)
    if args.what in ("all", "export"):
        lure(material, args, STAGES[args.from_stage].start)
        export(args.from_stage, material, args)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
