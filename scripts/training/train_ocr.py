"""Trains the plate OCR on the CPU: main run, fine-tune with wider margins, int8 export and model card.

    .venv-train/bin/python -m scripts.training.train_ocr train --minutes 70 --finetune-minutes 10
    .venv-train/bin/python -m scripts.training.train_ocr export          # last weights -> models/ocr.tflite, models/ocr.json

The learning rate follows a cosine over the TIME budget, so the end is certain on any machine. Checkpoints lie in
`.train/ocr`: the same command takes up an interrupted run. `--fresh` starts over. What is exported and evaluated is
the moving average of the weights. The dev sets (openalpr-us, -eu, -br) and every text in them stay out of training.
Fonts: see scripts/plates/fonts.py.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scripts.training.ocr import network
from scripts.training.ocr.augment import MAIN, WIDE
from scripts.training.ocr.evaluate import PLATES, REPOSITORY, score, scored_crops, tflite_reader
from scripts.training.ocr.feed import Recipe, batches, load_backgrounds, load_real

WORK = REPOSITORY / ".train" / "ocr"
BATCH = 128
WARM_UP_S = 20.0
LAST_RATE = 1e-5
AVERAGE_DECAY = 0.998
LABEL_SMOOTHING = 0.02
COUNTRY_WEIGHT = 0.08
MORE_AMERICAN = (("us-plates-openalpr", 2.2), ("global-mixed-300", 1.5))
"""After the main run the held-out US crops were behind the others (88 % against 90 to 95): their layouts vary most."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One run of the optimiser: its time, peak learning rate and what it draws from."""

    name: str
    budget_s: float
    peak_rate: float
    recipe: Recipe


def learning_rate(stage: Stage, elapsed_s: float) -> float:
    """Linear warm-up, then a cosine over the time budget."""
    if elapsed_s < WARM_UP_S:
        return stage.peak_rate * max(0.02, elapsed_s / WARM_UP_S)
    turn = min(1.0, (elapsed_s - WARM_UP_S) / max(1.0, stage.budget_s - WARM_UP_S))
    return LAST_RATE + (stage.peak_rate - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * turn))


class Trainer:
    """Network, optimiser and moving average of one stage, with its checkpoint folder."""

    def __init__(self, stage: Stage, folder: Path, plates: Path) -> None:
        import tensorflow as tf

        self.tf, self.stage, self.folder = tf, stage, folder / stage.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.model = network.build()
        self.optimizer = tf.keras.optimizers.AdamW(stage.peak_rate, weight_decay=5e-3, clipnorm=5.0)
        self.optimizer.build(self.model.trainable_variables)  # its variables must exist before a checkpoint is restored
        self.average = [tf.Variable(w, trainable=False) for w in self.model.weights]
        self.samples = tf.Variable(0, dtype=tf.int64)
        self.elapsed_s = tf.Variable(0.0, dtype=tf.float64)
        self.saved = tf.train.Checkpoint(
            model=self.model, optimizer=self.optimizer, average=self.average, samples=self.samples, elapsed_s=self.elapsed_s
        )
        self.manager = tf.train.CheckpointManager(self.saved, str(self.folder), max_to_keep=2)
        self.scored = scored_crops(plates, 0.10)
        self.step = tf.function(self._step)

    def _step(self, pictures: Any, classes: Any, possible: Any, decay: Any) -> Any:
        tf = self.tf
        x = tf.cast(pictures[..., None], tf.float32) / 127.5 - 1.0
        wanted = tf.one_hot(tf.cast(classes, tf.int32), len(network.ALPHABET))
        wanted = wanted * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / len(network.ALPHABET)
        with tf.GradientTape() as tape:
            found, country = self.model(x, training=True)
            loss = -tf.reduce_mean(tf.reduce_sum(wanted * tf.math.log(found + 1e-7), -1))
            # a label may allow several countries ("EU"): their probabilities count together; all of them: no loss
            right = tf.reduce_logsumexp(tf.where(possible, country, -1e9), -1) - tf.reduce_logsumexp(country, -1)
            loss -= COUNTRY_WEIGHT * tf.reduce_mean(right)
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables, strict=True))
        for kept, weight in zip(self.average, self.model.weights, strict=True):
            kept.assign_add((weight - kept) * (1 - decay))
        return loss

    def averaged_weights(self) -> list[Any]:
        return [v.numpy() for v in self.average]

    def start_from(self, weights: list[Any]) -> None:
        """Begin this stage from another stage's averaged weights."""
        self.model.set_weights(weights)
        for kept, weight in zip(self.average, weights, strict=True):
            kept.assign(weight)

    def dev_line(self) -> str:
        """Accuracy of the averaged weights on the dev sets (labels' boxes + 10 %)."""
        current = self.model.get_weights()
        self.model.set_weights(self.averaged_weights())
        scores = []
        for name, (pictures, labels) in self.scored.items():
            slots, country = self.model.predict_on_batch(pictures.astype(np.float32)[..., None] / 127.5 - 1)
            scores.append(score(name, slots, country, labels))
        self.model.set_weights(current)
        return "  ".join(map(str, scores))

    def save(self) -> None:
        self.manager.save()
        part = self.folder / "average.part.npz"
        np.savez(part, *self.averaged_weights())
        part.replace(self.folder / "average.npz")
        progress = {"stage": self.stage.name, "samples": int(self.samples), "elapsed_s": round(float(self.elapsed_s), 1)}
        (self.folder / "progress.json").write_text(json.dumps(progress))

    def run(self, plates: Path, *, seed: int, processes: int, say_every_s: float) -> None:
        """Train until the time budget is used up; resumes from the last checkpoint of this stage."""
        if self.manager.latest_checkpoint:
            self.saved.restore(self.manager.latest_checkpoint)
            print(f"{self.stage.name}: resumed after {float(self.elapsed_s):.0f} s, {int(self.samples)} samples", flush=True)
        if float(self.elapsed_s) >= self.stage.budget_s:
            return
        source = batches(plates, seed=seed + int(self.samples), batch=BATCH, recipe=self.stage.recipe, processes=processes)
        next(source)  # the generators have started: waiting for them is not training time
        tf, losses, waited = self.tf, [], 0.0
        last = said = time.monotonic()
        elapsed, samples, said_samples = float(self.elapsed_s), int(self.samples), int(self.samples)
        while elapsed < self.stage.budget_s:
            self.optimizer.learning_rate.assign(learning_rate(self.stage, elapsed))
            asked = time.monotonic()
            pictures, classes, possible = next(source)
            waited += time.monotonic() - asked
            steps = samples / BATCH
            decay = tf.constant(min(AVERAGE_DECAY, (1 + steps) / (10 + steps)), tf.float32)
            losses.append(float(self.step(tf.constant(pictures), tf.constant(classes), tf.constant(possible), decay)))
            samples += BATCH
            now = time.monotonic()
            elapsed, last = elapsed + now - last, now
            if now - said >= say_every_s or elapsed >= self.stage.budget_s:
                self.samples.assign(samples)
                self.elapsed_s.assign(elapsed)
                rate = (samples - said_samples) / (now - said)
                print(
                    f"{time.strftime('%H:%M:%S')} {self.stage.name} {elapsed:6.0f} s  {samples / 1000:.0f} k  {rate:.0f}/s"
                    f"  waited {100 * waited / (now - said):.0f} %  loss {np.mean(losses):.4f}  dev exact/folded {self.dev_line()}",
                    flush=True,
                )
                self.save()
                losses, waited = [], 0.0
                last = said = time.monotonic()  # evaluation is not training time
                said_samples = samples


def load_average(folder: Path, stage: str) -> list[Any]:
    """The averaged weights a stage has saved last."""
    with np.load(folder / stage / "average.npz") as stored:
        return [stored[f"arr_{i}"] for i in range(len(stored.files))]


def limit_threads(threads: int) -> None:
    """Before TensorFlow's first use."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def train(options: argparse.Namespace) -> None:
    """Both stages, one after the other."""
    import tensorflow as tf

    if options.fresh:
        shutil.rmtree(options.work, ignore_errors=True)
    tf.keras.utils.set_random_seed(options.seed)
    left_out = frozenset(options.leave_out.split(",")) - {""}
    stages = (
        Stage("main", options.minutes * 60, 2.5e-3, Recipe(0.5, MAIN, left_out)),
        Stage("finetune", options.finetune_minutes * 60, 1e-3, Recipe(0.45, WIDE, left_out, american=0.25, more=MORE_AMERICAN)),
    )
    for index, stage in enumerate(stages):
        trainer = Trainer(stage, options.work, options.plates)
        if index:
            trainer.start_from(load_average(options.work, stages[index - 1].name))
        trainer.run(
            options.plates,
            seed=options.seed + 100_000 * index,
            processes=options.generators,
            say_every_s=options.say_every_s,
        )


def export(options: argparse.Namespace) -> None:
    """Quantise the last stage's averaged weights; write the model, its card and the picture of its weak spots."""
    from scripts.training.ocr.card import write_card
    from scripts.training.ocr.quantise import calibration, to_int8, write_atomically
    from scripts.training.ocr.weak_spots import draw_weak_spots

    stage = options.stage or ("finetune" if (options.work / "finetune" / "average.npz").exists() else "main")
    weights = load_average(options.work, stage)
    real = load_real(options.plates)
    backgrounds = load_backgrounds(options.plates)
    pictures = calibration(real, backgrounds, WIDE, options.seed)
    model = options.models / "ocr.tflite"
    write_atomically(model, to_int8(weights, pictures))
    stages = [options.work / "main"] + ([options.work / "finetune"] if stage == "finetune" else [])
    print(write_card(model, weights, real, stages, options.plates, calibration_pictures=len(pictures)))
    right = draw_weak_spots(tflite_reader(model), options.models / "ocr-weak-spots.png", options.seed + 7)
    print(f"augmented rendered plates read right (folded): {100 * right:.1f} %; the others: ocr-weak-spots.png")


def main(arguments: list[str]) -> int:
    """Command line, see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (("train", train), ("export", export)):
        command = commands.add_parser(name)
        command.set_defaults(what=what)
        command.add_argument("--plates", type=Path, default=PLATES)
        command.add_argument("--work", type=Path, default=WORK, help="checkpoints")
        command.add_argument("--seed", type=int, default=1)
        command.add_argument("--threads", type=int, default=1, help="TensorFlow threads")
        if name == "train":
            command.add_argument("--minutes", type=float, default=70.0)
            command.add_argument("--finetune-minutes", type=float, default=10.0)
            command.add_argument("--generators", type=int, default=1, help="processes that draw and augment")
            command.add_argument("--say-every-s", type=float, default=120.0)
            command.add_argument("--fresh", action="store_true")
            command.add_argument("--leave-out", default="", metavar="XX,YY", help="countries that are neither drawn nor learned")
        else:
            command.add_argument("--stage", choices=("main", "finetune"))
            command.add_argument("--models", type=Path, default=REPOSITORY / "models")
    options = parser.parse_args(arguments)
    limit_threads(options.threads)
    options.what(options)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
