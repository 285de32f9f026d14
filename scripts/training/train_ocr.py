"""Trains the plate reader with PyTorch, writes models/ocr.tflite (int8) and its card: see docs/training.md.

    .venv-train/bin/python -m scripts.training.ocr.material                 # photographs -> .train/ocr.pack
    .venv-train/bin/python -m scripts.training.train_ocr train --main 4000000 --settle 1000000
    .venv-train/bin/python -m scripts.training.train_ocr export             # last weights -> models/ocr.tflite, models/ocr.json
    .venv-train/bin/python -m scripts.training.train_ocr tune --from-model models/ocr-rows.tflite   # goes on from a finished file
    .venv-train/bin/python -m scripts.training.train_ocr export --stage tune --from-model models/ocr-rows.tflite --models DIR

`main` keeps its learning rate, so that it may be as long as there is time; `settle` starts from its averaged weights and lowers
the rate to nothing. Both are counted in samples: the same seed sees the same pictures on the same device. Checkpoints lie in
`.train/ocr`; the same command takes up an interrupted run (its pictures differ from there on). The dev sets and every text in
them stay out of training.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from board.kit.files import write_whole
from scripts.training.ocr import material as material_of
from scripts.training.ocr.alphabet import ROWS, WIDTH_PX
from scripts.training.ocr.augment import Augmenter, Margins
from scripts.training.ocr.evaluate import PLATES, REPOSITORY, Read, Score, model_reader, read_steps, score
from scripts.training.ocr.feed import STRIPS, Feed, background_pieces, lettering_strips
from scripts.training.ocr.network import STEPS, PlateReader
from scripts.training.ocr.shipped import from_file
from scripts.training.run import averaged_over, fast_bf16, load_state, save_state

U8 = NDArray[np.uint8]

WORK = REPOSITORY / ".train" / "ocr"
BATCH = 128
PIECES = 3000
WARM_UP = 40_000
PEAK_RATE = 2e-3
DOWN_FROM = {"settle": 1e-3, "tune": 1.5e-4}
"""Averaged weights stand where a lower rate would have led: going back to the peak would waste part of the way down."""
LAST_RATE = 1e-5
WEIGHT_DECAY = 5e-3
STEEPEST = 5.0
AVERAGE_DECAY = 0.9995
COUNTRY_WEIGHT = 0.08
BEYOND = 0.001
"""Share of a tensor's values that the int8 model cuts off at either end: of the scored plates it then reads 93.6 % right, 91.0 %
with every outlier kept; the network in float reads 93.4 %."""
VIEWS = {"main": 1, "settle": 2, "tune": 1}
"""Crops of each plate in a batch: main and tune see more plates, settle has two crops of each agree.

In accuracy that has not paid: two crops from 211 k samples on gained nothing in 80 k, where one crop had gained 3 points in 40 k;
and from 1.12 M on settle ended at 89.3 % of the scored plates after 145 k samples with two crops, at 92.7 % after 36 k with one.
Main's average had 93.2 %, 35 % of the way to the settle with two crops 93.4 % (`--settled`). In certainty it has: those weights,
which are shipped, read 7.7 % of views of approaches wrong, main at 1.52 M samples (93.5 %) 9.8 %, settled with one crop 9.9 %."""
AGREEMENT_WEIGHT = 0.2


@dataclass(slots=True)
class Progress:
    """Where a stage is: samples seen, and the time it took without the evaluations."""

    stage: str
    samples: int = 0
    elapsed_s: float = 0.0
    left_out: list[str] = field(default_factory=list)
    """Countries that are neither drawn nor learned, and sets of photographs that are not learned."""


def learning_rate(stage: str, samples: int, budget: int) -> float:
    """Main: a warm-up, then the peak; the others: straight down to almost nothing."""
    if stage == "main":
        return PEAK_RATE * min(1.0, (samples + BATCH) / WARM_UP)
    return LAST_RATE + (DOWN_FROM[stage] - LAST_RATE) * max(0.0, 1 - samples / budget)


class Trainer:
    """Network, optimiser and moving average of one stage, with its checkpoint folder."""

    def __init__(self, stage: str, options: argparse.Namespace, material: material_of.Material) -> None:
        self.folder: Path = options.work / stage
        self.folder.mkdir(parents=True, exist_ok=True)
        self.options, self.material = options, material
        self.device = torch.device(options.device)
        torch.manual_seed(options.seed)
        self.model = PlateReader().to(self.device, memory_format=torch.channels_last)
        self.average = PlateReader().to(self.device, memory_format=torch.channels_last)
        self.average.load_state_dict(self.model.state_dict())
        # no decay on gains, biases and the country's few numbers
        decayed = [p for p in self.model.parameters() if p.ndim > 1]
        others = [p for p in self.model.parameters() if p.ndim <= 1]
        groups = [{"params": decayed}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, PEAK_RATE, betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY, foreach=True)
        self.file = self.folder / "last.pt"
        saved = load_state(self.file, model=self.model, average=self.average, optimiser=self.optimiser)
        self.progress = Progress(**saved) if saved else Progress(stage, left_out=sorted(options.left_out))
        if set(self.progress.left_out) != options.left_out:
            raise ValueError(f"{self.file} was trained without {self.progress.left_out}: --fresh starts over")

    def start_from(self, weights: dict[str, Any]) -> None:
        """Begin this stage from another stage's averaged weights."""
        for model in (self.model, self.average):
            model.load_state_dict(weights)

    def save(self) -> None:
        save_state(self.file, asdict(self.progress), model=self.model, average=self.average, optimiser=self.optimiser)

    def run(self, budget: int) -> None:
        """Train until so many samples were seen; goes on from the last checkpoint of this stage."""
        options, progress = self.options, self.progress
        if progress.samples >= budget:
            return
        seed = options.seed + 100_000 * (progress.stage != "main")
        views = VIEWS[progress.stage]
        plates, seen = BATCH // views, progress.samples // BATCH
        feed = Feed(self.material, seed, plates, processes=options.processes, left_out=options.left_out, seen=seen)
        generator = torch.Generator(self.device)
        generator.manual_seed(seed + progress.samples)
        pieces = torch.from_numpy(background_pieces(self.material.backgrounds, PIECES, options.seed))
        augment = Augmenter(generator, Margins(), pieces, torch.from_numpy(lettering_strips(STRIPS, options.seed)))
        losses: list[float] = []
        scored = progress.samples
        last = saved = time.monotonic()
        while progress.samples < budget:
            for group in self.optimiser.param_groups:
                group["lr"] = learning_rate(progress.stage, progress.samples, budget)
            losses.append(self.step(feed, augment, views))
            progress.samples += BATCH
            now = time.monotonic()
            progress.elapsed_s, last = progress.elapsed_s + now - last, now
            if now - saved > options.save_every_s:
                self.save()
                saved = now
                print(
                    f"{progress.stage} {progress.samples} {progress.elapsed_s:.0f} s loss {np.mean(losses[-100:]):.3f}", flush=True
                )
            if progress.samples - scored >= options.score_every or progress.samples >= budget:
                self.report(float(np.mean(losses)))
                self.save()
                losses, scored = [], progress.samples
                last = time.monotonic()  # evaluation is not training time

    def step(self, feed: Feed, augment: Augmenter, views: int) -> float:
        """One batch of so many crops of each plate; returns its loss."""
        batch = feed.next()
        plates, rendered, symbols, lengths, possible = (
            torch.from_numpy(part).to(self.device, non_blocking=True)
            for part in (batch.plates, batch.rendered, batch.symbols, batch.lengths, batch.possible)
        )
        with torch.no_grad():
            pictures, ends = augment(plates, rendered, views)
        steps, country = self.forward(self.model, pictures)
        logs = functional.log_softmax(steps.float(), 2).transpose(0, 1)
        symbols, lengths, possible = symbols.repeat(views), lengths.repeat(views), possible.repeat(views, 1)
        lasting = torch.full_like(lengths, STEPS)
        read = functional.ctc_loss(logs, symbols, lasting, lengths, reduction="sum", zero_infinity=True) / len(lengths)
        apart = disagreement(logs.transpose(0, 1), ends) if views == 2 else logs.new_zeros(())
        # a label may allow several countries ("EU"): their probabilities count together; all of them: no loss
        country = country.float()
        right = torch.logsumexp(torch.where(possible, country, -1e9), 1) - torch.logsumexp(country, 1)
        loss = read + AGREEMENT_WEIGHT * apart - COUNTRY_WEIGHT * right.mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), STEEPEST)
        self.optimiser.step()
        averaged_over(self.average, self.model, self.progress.samples // BATCH, AVERAGE_DECAY)
        return float(read.detach())

    def forward(self, model: PlateReader, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of network pictures (n, 64, 128) uint8."""
        x = (pictures.float() / 128 - 1)[:, None].contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.options.bf16):
            steps, country = model(x)
        return steps, country

    def read(self, model: PlateReader, pictures: U8) -> list[Read]:
        """What a model reads in network pictures (n, 64, 128)."""
        reads: list[Read] = []
        with torch.no_grad():
            for part in torch.from_numpy(pictures).split(BATCH):
                steps, country = self.forward(model, part.to(self.device))
                reads += read_steps(torch.softmax(steps.float(), 2).cpu().numpy(), country.float().cpu().numpy())
        return reads

    def report(self, loss: float) -> None:
        """A line of log.jsonl: accuracy of the averaged weights on the scored crops."""
        scored = self.material.scored
        scores = score_sets(scored, self.read(self.average, scored.pictures)) if len(scored.pictures) else []
        line = {**asdict(self.progress), "loss": round(loss, 4), "at": time.strftime("%H:%M:%S")}
        line["folded"] = {each.name: round(100 * each.folded / each.plates, 1) for each in scores}
        line["all"] = round(100 * sum(each.folded for each in scores) / max(1, sum(each.plates for each in scores)), 2)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)


def disagreement(logs: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
    """How far two crops of one plate are read differently, place by place: log probabilities (2 n, steps, symbols), the second half
    of the same plates as the first, and where the plates begin and end in them (2 n, 2) in pixels.

    Each crop learns what the other says at the same place of the plate, summed over the steps, a mean over the crops: consistency
    regularisation as in CR-CTC (Yao and others 2024), with crops in the place of masks."""
    n, steps, symbols = len(logs) // 2, logs.shape[1] // ROWS, logs.shape[2]
    logs = logs.reshape(2, n, ROWS, steps, symbols)
    begin, end = ends.view(2, n, 2, 1).unbind(2)
    centres = (torch.arange(steps, device=logs.device) + 0.5) * (WIDTH_PX / steps)
    total = logs.new_zeros(())
    for here, there in ((0, 1), (1, 0)):
        along = (centres - begin[here]) / (end[here] - begin[here])
        place = (begin[there] + along * (end[there] - begin[there])) * (steps / WIDTH_PX) - 0.5
        seen = ((place > -0.5) & (place < steps - 0.5))[:, None, :].expand(n, ROWS, steps)
        left = place.floor().clamp(0, steps - 2)
        share = (place - left).clamp(0, 1)[:, None, :, None]
        at = left.long()[:, None, :, None].expand(n, ROWS, steps, symbols)
        other = logs[there].detach().exp()
        told = other.gather(2, at) * (1 - share) + other.gather(2, at + 1) * share
        total = total + (functional.kl_div(logs[here], told, reduction="none").sum(3) * seen).sum()
    return total / (2 * n)


def score_sets(scored: material_of.Crops, reads: Sequence[Read]) -> list[Score]:
    """The scores of what was read in the scored crops, in the order of their sets."""
    found = []
    for name in dict.fromkeys(scored.sets):
        which = [i for i, each in enumerate(scored.sets) if each == name]
        found.append(score(name, [reads[i] for i in which], [(scored.texts[i], scored.countries[i]) for i in which]))
    return found


def averaged(folder: Path, stage: str) -> dict[str, Any]:
    """The averaged weights that a stage has saved last."""
    state: dict[str, Any] = torch.load(folder / stage / "last.pt", map_location="cpu", weights_only=True)["average"]
    return state


def between(begun: dict[str, Any], ended: dict[str, Any], share: float) -> dict[str, Any]:
    """The weights of `share` a stage's end and the rest its beginning: settle begins where main's average stands, tune with a file,
    and on the straight line from there both kinds of errors cancel out (Wortsman and others 2022, "Robust fine-tuning")."""
    return {name: torch.lerp(begun[name], ended[name], share) for name in begun}


def train(options: argparse.Namespace) -> None:
    """Both stages, one after the other."""
    if options.fresh:
        shutil.rmtree(options.work, ignore_errors=True)
    material = material_of.read(options.pack)
    main_stage = Trainer("main", options, material)
    main_stage.run(options.main)
    if options.settle:
        settle = Trainer("settle", options, material)
        if not settle.progress.samples:
            settle.start_from(averaged(options.work, "main"))
        settle.run(options.settle)


def tune(options: argparse.Namespace) -> None:
    """Goes on from a finished file."""
    trainer = Trainer("tune", options, material_of.read(options.pack))
    if not trainer.progress.samples:
        trainer.start_from(from_file(options.from_model).state_dict())
    trainer.run(options.samples)


def export(options: argparse.Namespace) -> None:
    """Quantise the last stage's averaged weights; write the model, its card and the picture of its weak spots."""
    from scripts.training.ocr.card import write_card
    from scripts.training.ocr.export import calibration, graph_of
    from scripts.training.ocr.weak_spots import draw_weak_spots
    from scripts.training.tflite import to_int8

    stage = options.stage or ("settle" if (options.work / "settle" / "last.pt").exists() else "main")
    model = PlateReader().eval()
    begun = from_file(options.from_model).state_dict() if stage == "tune" else averaged(options.work, "main")
    model.load_state_dict(begun if stage == "main" else between(begun, averaged(options.work, stage), options.settled))
    material = material_of.read(options.pack)
    graph = graph_of(model)
    pictures = calibration(material, options.seed)
    path = options.models / "ocr.tflite"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, to_int8(graph, graph.ranges(np.array_split(pictures, -(-len(pictures) // 64)), BEYOND)))
    stages = [options.work / name for name in (("tune",) if stage == "tune" else ("main", "settle")[: 1 + (stage == "settle")])]
    print(write_card(path, graph, material, stages, options.plates, settled=options.settled, calibration_pictures=len(pictures)))
    right = draw_weak_spots(model_reader(path), options.models / "ocr-weak-spots.png", options.seed + 7)
    print(f"augmented rendered plates read right (folded): {100 * right:.1f} %; the others: ocr-weak-spots.png")


def main(arguments: list[str]) -> int:
    """Command line, see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (("train", train), ("tune", tune), ("export", export)):
        command = commands.add_parser(name)
        command.set_defaults(what=what)
        command.add_argument("--pack", type=Path, default=material_of.PACK, help="made by scripts.training.ocr.material")
        command.add_argument("--work", type=Path, default=WORK, help="checkpoints")
        command.add_argument("--seed", type=int, default=1)
        command.add_argument("--threads", type=int, default=1, help="PyTorch threads")
        if name != "train":
            command.add_argument(
                "--from-model", type=Path, default=REPOSITORY / "models" / "ocr-rows.tflite", help="tune's beginning"
            )
        if name == "export":
            command.add_argument("--stage", choices=("main", "settle", "tune"))
            command.add_argument(
                "--settled", type=float, default=1.0, help="share of the stage's weights; the rest are those it began with"
            )
            command.add_argument("--plates", type=Path, default=PLATES, help="sets to score")
            command.add_argument("--models", type=Path, default=REPOSITORY / "models")
            continue
        if name == "tune":
            command.add_argument("--samples", type=int, default=500_000)
        else:
            command.add_argument("--main", type=int, default=4_000_000, help="samples")
            command.add_argument("--settle", type=int, default=1_000_000, help="samples; 0: not yet")
        command.add_argument("--processes", type=int, default=1, help="processes that draw plates; 0: drawn between the steps")
        command.add_argument("--score-every", type=int, default=100_000, help="samples")
        command.add_argument("--save-every-s", type=float, default=300.0)
        command.add_argument("--fresh", action="store_true")
        command.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
        command.add_argument(
            "--bf16", action=argparse.BooleanOptionalAction, help="train in halves; left out: where that is quicker"
        )
        command.add_argument(
            "--leave-out", dest="left_out", type=lambda text: frozenset(text.split(",")) - {""}, default=frozenset(),
            metavar="XX,SET", help="countries that are neither drawn nor learned, and sets of photographs that are not learned",
        )  # fmt: skip
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    if options.what is not export and options.bf16 is None:
        options.bf16 = fast_bf16(options.device)
    options.what(options)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
