#!/usr/bin/env python3
"""Trains the plate detector and writes models/detector.tflite (int8) with its card: see docs/training.md.

Stages: `main` (256x192 windows), `mine`, `fine` (288x384 windows from main's weights, more plate-free ones), `corners` (256x192
windows: plates turned in space, their corners; frames, lettering), `settle` (the same at 288x384), `export`. Every stage starts
from the weights of the one before; `fine` and the later ones first mine its false boxes on the plate-free pictures.
    .venv-train/bin/python scripts/training/train_detector.py --data ../shared/data/plates all
A stage that was interrupted goes on from its last checkpoint under .train/detector when started again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import cv2
import numpy as np

from engine.cli.labels import HELD_OUT_NEGATIVES
from scripts.training.detector import material as material_of
from scripts.training.detector.material import Material
from scripts.training.detector.scenes import WindowMaker, WindowPlan

Batch = tuple[np.ndarray, ...]
THRESHOLD = 0.3
THRESHOLDS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)
EMA = 0.999
SAVE_EVERY_S = 120


@dataclass(frozen=True)
class Stage:
    """One stretch of training: its windows, batch, peak learning rate, default budget and the stage it starts from."""

    plan: WindowPlan
    batch: int
    peak: float
    minutes: float
    start: str = ""


# fmt: off
STAGES = {
    "main": Stage(WindowPlan(256, 192, plate_free=0.22, lures=0.0, widest=230, paste=0.22), 32, 2.5e-3, 48),
    "fine": Stage(WindowPlan(384, 288, plate_free=0.40, lures=0.5, widest=330, paste=0.40), 16, 6e-4, 18, start="main"),
    "corners": Stage(
        WindowPlan(256, 192, plate_free=0.25, lures=0.5, widest=230, paste=0.35,
                   turned=0.55, covered=0.4, framed=0.3, lettered=0.3),
        32, 1.4e-3, 25, start="fine",
    ),
    "settle": Stage(
        WindowPlan(384, 288, plate_free=0.40, lures=0.5, widest=330, paste=0.40,
                   turned=0.4, covered=0.4, framed=0.3, lettered=0.3),
        16, 7e-4, 27, start="corners",
    ),
}
# fmt: on
PARTS = ("grey", "heat", "weight", "box", "corner_weight", "corners")


def generate(material: Material, stage: Stage, seed: int, queue: mp.Queue[Batch]) -> None:
    """A generator process: batches of windows into the queue, for as long as it lives."""
    maker = WindowMaker(material, stage.plan, seed)
    while True:
        windows = [maker.make() for _ in range(stage.batch)]
        queue.put(tuple(np.stack([getattr(w, part) for w in windows]) for part in PARTS))


def train(name: str, material: Material, args: argparse.Namespace) -> None:
    """Runs a stage to the end of its budget; progress, checkpoints and the averaged weights lie in .train/detector/NAME."""
    stage = STAGES[name]
    folder = args.work / name
    folder.mkdir(parents=True, exist_ok=True)
    state = json.loads((folder / "state.json").read_text()) if (folder / "state.json").exists() else {}
    if state.get("finished"):
        print(f"{name}: finished before", flush=True)
        return
    context = mp.get_context("fork")
    queue: mp.Queue[Batch] = context.Queue(12)
    # after a resume the generators go on with other windows than those already seen
    seeds = [args.seed + 1000 * k + 7919 * int(state.get("step", 0)) for k in range(args.generators)]
    workers = [context.Process(target=generate, args=(material, stage, seed, queue), daemon=True) for seed in seeds]
    for worker in workers:
        worker.start()

    # TensorFlow only after the fork: its threads do not survive one
    import tensorflow as tf

    from scripts.training.detector import network, score
    from scripts.training.detector.export import float_network

    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.keras.utils.set_random_seed(args.seed)
    if args.bf16:
        tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    model = network.build(None, None)
    averaged = network.build(None, None)
    optimizer = tf.keras.optimizers.AdamW(stage.peak, weight_decay=2e-3, clipnorm=5.0)
    optimizer.build(model.trainable_variables)
    checkpoint = tf.train.Checkpoint(model=model, averaged=averaged, optimizer=optimizer)
    manager = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=2)
    if manager.latest_checkpoint:
        checkpoint.restore(manager.latest_checkpoint).expect_partial()
    elif stage.start:
        model.set_weights(with_corners(load_weights(args.work, stage.start), model))
        averaged.set_weights(model.get_weights())

    @tf.function  # type: ignore[untyped-decorator]
    def step(
        grey: tf.Tensor, heat: tf.Tensor, weight: tf.Tensor, box: tf.Tensor, corner_weight: tf.Tensor, corners: tf.Tensor,
        keep: tf.Tensor,
    ) -> tf.Tensor:  # fmt: skip
        with tf.GradientTape() as tape:
            logits, wh, xy, moved = model(tf.cast(grey, tf.float32)[..., None] / 127.5 - 1, training=True)
            heat_part = network.heat_loss(logits[..., 0], heat)
            box_part = network.box_loss(wh, xy, weight, box)
            corner_part = network.corner_loss(moved, corner_weight, corners)
            loss = heat_part + box_part + corner_part
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        for mean, now in zip(averaged.weights, model.weights, strict=True):
            mean.assign(keep * mean + (1 - keep) * now)
        return tf.stack([heat_part, box_part, corner_part])

    sets = score.scored_sets(args.data)
    steps, spent = int(state.get("step", 0)), float(state.get("elapsed_s", 0.0))
    budget_s = (args.minutes or stage.minutes) * 60
    begun = shown = saved = scored = time.monotonic()
    waited, losses = 0.0, []
    print(f"{name}: {material.counts()} from step {steps}, {spent:.0f} of {budget_s:.0f} s done", flush=True)

    def save(finished: bool) -> None:
        manager.save(steps)
        np.savez(folder / "new.npz", *averaged.get_weights())
        (folder / "new.npz").replace(folder / "averaged.npz")
        record = {"step": steps, "elapsed_s": round(elapsed, 1), "windows": steps * stage.batch, "finished": finished}
        (folder / "state.json").write_text(json.dumps(record))

    while True:
        elapsed = spent + time.monotonic() - begun
        done = steps / args.steps if args.steps else elapsed / budget_s
        if done >= 1:
            break
        optimizer.learning_rate.assign(network.learning_rate(done, elapsed, stage.peak))
        asked = time.monotonic()
        batch = queue.get()
        waited += time.monotonic() - asked
        keep = min(EMA, (1 + steps) / (10 + steps))
        losses.append(step(*batch, tf.constant(keep, tf.float32)).numpy())
        steps += 1
        now = time.monotonic()
        if now - shown > 20:
            heat_part, box_part, corner_part = np.mean(losses, axis=0)
            rate = len(losses) * stage.batch / (now - shown)
            print(f"{name} {elapsed:6.0f} s  step {steps}  heat {heat_part:.3f} box {box_part:.3f} corners {corner_part:.3f}  "
                  f"{rate:.0f} windows/s  waited {waited:.1f} s", flush=True)  # fmt: skip
            shown, waited, losses = now, 0.0, []
        if now - saved > SAVE_EVERY_S:
            save(False)
            saved = time.monotonic()
        if now - scored > args.score_minutes * 60:
            print(
                f"{name} {elapsed:6.0f} s  {score.line(score.score(sets, score.look(sets, float_network(averaged)), THRESHOLD))}",
                flush=True,
            )
            scored = shown = time.monotonic()
            losses = []
    save(True)
    for worker in workers:
        worker.terminate()
    print(f"{name} done: {steps * stage.batch} windows in {elapsed:.0f} s", flush=True)
    print(f"{name} end  {score.line(score.score(sets, score.look(sets, float_network(averaged)), THRESHOLD))}", flush=True)


def load_weights(work: Path, name: str) -> list[np.ndarray]:
    """The averaged weights of a stage, in the order of the model's weights."""
    with np.load(work / name / "averaged.npz") as stored:
        return [stored[f"arr_{i}"] for i in range(len(stored.files))]


def with_corners(weights: list[np.ndarray], model: Any) -> list[np.ndarray]:
    """Weights of a network that had no corners yet: these start near nought, where every plate is upright."""
    return weights + [0.1 * weight for weight in model.get_weights()[len(weights) :]]


def mine(material: Material, args: argparse.Namespace, source: str) -> None:
    """False boxes of a stage's weights on the training's plate-free pictures, whole and by quarters: lures for the next stage."""
    import tensorflow as tf

    from engine.recognise.detect import boxes_of, letterbox
    from engine.types import Roi
    from scripts.training.detector import network
    from scripts.training.detector.export import float_network

    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    model = network.build(None, None)
    model.set_weights(with_corners(load_weights(args.work, source), model))
    run = float_network(model)
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
    from scripts.training.detector import network, score
    from scripts.training.detector.export import card, float_network, int8_network, proved_roles, to_int8

    weights = load_weights(args.work, name)
    maker = WindowMaker(material, replace(STAGES[name].plan, width=INPUT_WIDTH, height=INPUT_HEIGHT), args.seed + 99)
    content = to_int8(weights, material, maker, args.seed)
    roles = proved_roles(content, weights, material.scenes["ro-lucian"][0].levels[1][:288, :384])
    model = network.build(None, None)
    model.set_weights(weights)
    sets, tilted = score.scored_sets(args.data), score.tilted_windows(args.data, args.seed)
    found: dict[str, object] = {}
    for kind, run in (("float", float_network(model)), ("int8", int8_network(content, roles))):
        seen = score.look(sets, run)
        for threshold in THRESHOLDS:
            scores = score.score(sets, seen, threshold)
            found[f"{kind} at {threshold}"] = {set_name: value.card() for set_name, value in scores.items()}
            print(f"{kind} {threshold}: {score.line(scores)}", flush=True)
        widths, corners = score.recall_by_width(sets, seen, args.threshold), score.score_corners(tilted, run, args.threshold)
        found[f"{kind}, by width of the plate in the input at {args.threshold}"] = widths
        found[f"{kind}, corners of tilted plates at {args.threshold}"] = {part: value.card() for part, value in corners.items()}
        print(f"{kind} by width: {widths}\n{kind} {corners}", flush=True)
    stages = [part for part in STAGES if (args.work / part / "state.json").exists()]
    done = {part: json.loads((args.work / part / "state.json").read_text()) for part in stages}
    facts: dict[str, object] = {
        "training": {
            "script": "scripts/training/train_detector.py", "seed": args.seed, "threads": args.threads, "stages": done,
            "never trained on": list(material_of.DEV_SETS),
            "held out": f"{HELD_OUT_NEGATIVES} of negatives-openalpr, one scene in eight by the SHA-256 of set/file, "
                        "one crop in eight by the SHA-256 of its text",
            **({"remark": args.remark} if args.remark else {}),
        },
        "scores": {"command": "scripts/training/train_detector.py --data DATA export",
                   "columns": "recall in percent, false boxes a picture",
                   **found},
        "weak_spots": WEAK_SPOTS,
        "weak_spots_picture": "detector-weak-spots.png, drawn by python -m scripts.training.detector.weak_spots",
    }  # fmt: skip
    args.models.mkdir(parents=True, exist_ok=True)
    (args.models / "detector.tflite").write_bytes(content)
    text = card(content, roles, args.threshold, material.counts(), facts)
    (args.models / "detector.json").write_text(text, encoding="utf-8")
    print(f"{args.models / 'detector.tflite'}: {len(content)} bytes, outputs {roles}", flush=True)


WEAK_SPOTS = [
    "plates under 20 px wide in the 384 px wide input (65 px in a 1280 px frame), most of all on lettered trucks and buses: one in "
    "three is missed or boxed too large at the first look; the engine's nearer look mends boxes, it finds nothing that was missed",
    "plates that roll by more than 8 degrees, pasted into pictures without a car: three in ten are not found",
    "bays, bumpers and licence frames around a small plate may be taken into the box (1.4 times too large) at the first look",
    "false boxes: iron fences, wing mirrors at the picture's edge, lettering on signs and tailgates, head lamps, air vents",
]


def in_child(work: object, *args: object) -> None:
    """Runs one stage in a process of its own: TensorFlow's settings and memory end with it."""
    process = mp.get_context("fork").Process(target=work, args=args)  # type: ignore[arg-type]
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{getattr(work, '__name__', work)} failed (exit status {process.exitcode})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["all", *STAGES, "export"], help="one stage, or all in turn")
    parser.add_argument("--data", type=Path, required=True, help="the folder of plate picture sets")
    parser.add_argument("--work", type=Path, default=Path(".train/detector"), help="checkpoints")
    parser.add_argument("--models", type=Path, default=Path("models"), help="where detector.tflite and detector.json go")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, help="budget of each stage in minutes of wall clock (default 48, 18, 25 and 27)")
    parser.add_argument("--steps", type=int, help="budget in steps instead: with --generators 1 two runs see the same windows")
    parser.add_argument("--threads", type=int, default=2, help="TensorFlow threads")
    parser.add_argument("--generators", type=int, default=2, help="processes that make windows")
    parser.add_argument("--score-minutes", type=float, default=4.0, help="how often the dev sets are scored")
    parser.add_argument("--threshold", type=float, default=THRESHOLD, help="working threshold written into the card")
    parser.add_argument("--from-stage", default="settle", choices=list(STAGES), help="whose weights are exported")
    parser.add_argument("--remark", help="a sentence for the card's training part")
    parser.add_argument("--bf16", action="store_true", help="bfloat16 arithmetic (processors with AVX512-BF16 or AMX, or a GPU)")
    args = parser.parse_args()
    # no thread pool of OpenCV in this process: it would not survive the forks
    cv2.setNumThreads(0)
    material = material_of.load(args.data, args.seed)
    args.work.mkdir(parents=True, exist_ok=True)
    for name, stage in STAGES.items():
        lures = args.work / f"lures-{stage.start}.json"
        if stage.start and args.what in ("all", name) and not lures.exists():
            in_child(mine, material, args, stage.start)
        if lures.exists():
            material.lures = [(index, tuple(box)) for index, box in json.loads(lures.read_text())]
        if args.what in ("all", name):
            in_child(train_alone, name, material, args)
    if args.what in ("all", "export"):
        in_child(export, args.from_stage, material, args)


def train_alone(name: str, material: Material, args: argparse.Namespace) -> None:
    """`train`, then out without waiting for what the generators still have in the queue."""
    train(name, material, args)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
