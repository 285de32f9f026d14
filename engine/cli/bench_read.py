"""`engine bench-read`: milliseconds of each step of a read on one frame, of the gates before it, its memory, the models' size."""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from board.kit.dataclass import dataclass
from board.pictures import load_rgb
from board.types import Frame
from engine.cli.read import add_model_options, recogniser_of
from engine.reading.modes import mode_kind
from engine.reading.passages.filters import ReadFilter
from engine.reading.passages.sights import NOTHING_KNOWN
from engine.recognise.detect import letterbox
from engine.recognise.interpreter import read_card
from engine.recognise.pipeline import FIRST_LOOK, Recogniser
from engine.recognise.rectify import rectify
from engine.settings import LprSettings
from engine.types import CharRead, PlateBox, PlateRead, Trigger

WIDTH, HEIGHT = 1280, 960
PLATE = (540, 600, 200, 44)
TEXT = "BL 482 KD"
FRAME_NS = 33_000_000


READ_AND_TELL = """
import sys
from engine.__main__ import main
main(sys.argv[1:])
with open("/proc/self/status") as status:
    print(next(line for line in status if line.startswith("VmHWM")).split()[1])
"""
"""`engine read`, then its own peak memory in KiB: the parent's figure (ru_maxrss) would include the parent's own size."""


@dataclass(frozen=True, slots=True)
class ReadTimes:
    """Median milliseconds per frame, pictures already decoded; `ocr_ms` (one crop, by both readers where the first is unsure) and
    `rectify_ms` are of one plate."""

    width: int
    height: int
    frames: int
    threads: int
    runtime: str
    resize_ms: float
    detect_ms: float
    rectify_ms: float
    ocr_ms: float
    whole_ms: float
    plates: int
    """Found in the frame, and read within `whole_ms`."""


def drawn_frame() -> NDArray[np.uint8]:
    """A 1280x960 frame with one plate on a plain car front: what the bench measures when no picture is given."""
    across, down = np.meshgrid(np.linspace(60, 120, WIDTH), np.linspace(0, 60, HEIGHT))
    grain = np.random.default_rng(1).normal(0, 4, (HEIGHT, WIDTH))
    image = Image.fromarray(np.clip(across + down + grain, 0, 255).astype(np.uint8)).convert("RGB")
    draw = ImageDraw.Draw(image)
    x, y, w, h = PLATE
    draw.rectangle((340, 420, 940, 720), fill=(52, 56, 66))
    draw.rectangle((x, y, x + w, y + h), fill=(236, 236, 232), outline=(20, 20, 20), width=2)
    draw.rectangle((x + 2, y + 2, x + 18, y + h - 2), fill=(20, 50, 150))
    draw.text((x + w / 2 + 8, y + h / 2), TEXT, fill=(16, 16, 16), font=ImageFont.load_default(36), anchor="mm")
    return np.asarray(image)


def median_ms(work: Callable[[], object], frames: int) -> float:
    """Median of `frames` calls after two that warm up."""
    times = []
    for _ in range(frames + 2):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(times[2:]), 3)


def measure(recogniser: Recogniser, rgb: NDArray[np.uint8], frames: int, threads: int = 1) -> ReadTimes:
    """Times each step on its own over `frames` repetitions, then the whole."""
    front = letterbox(rgb)
    found = recogniser.detector.look(rgb, None, front)
    x, y, w, h = PLATE
    drawn = PlateBox(((x, y), (x + w, y), (x + w, y + h), (x, y + h)), 1.0)
    plate = found[0] if found else drawn
    crop = rectify(rgb, plate, FIRST_LOOK)
    return ReadTimes(
        width=rgb.shape[1],
        height=rgb.shape[0],
        frames=frames,
        threads=threads,
        runtime=recogniser.runtime,
        resize_ms=median_ms(lambda: letterbox(rgb), frames),
        detect_ms=median_ms(lambda: recogniser.detector.look(rgb, None, front), frames),
        rectify_ms=median_ms(lambda: rectify(rgb, plate, FIRST_LOOK), frames),
        ocr_ms=median_ms(lambda: recogniser.read_looks([(crop, (0, 1))], plate), frames),
        whole_ms=median_ms(lambda: recogniser.read(rgb), frames),
        plates=len(found),
    )


def gate_ms(rgb: NDArray[np.uint8], frames: int) -> dict[str, float]:
    """Median milliseconds of what every camera frame costs before it is read: the motion check with a car passing (two frames in
    turn), the trigger gate idle and with a trigger running, and the vote with the read filters over a frame's reads."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    moved = np.roll(rgb, 24, axis=1)

    def stream() -> Iterator[Frame]:
        for number in itertools.count(1):
            at_ns = number * FRAME_NS
            yield Frame(number, start + timedelta(microseconds=at_ns / 1000), at_ns, moved if number % 2 else rgb)

    settings = LprSettings()
    motion, trigger = mode_kind("MOTION").open(settings, NOTHING_KNOWN), mode_kind("TRIGGER").open(settings, NOTHING_KNOWN)
    coming = stream()
    times = {"motion_check_ms": median_ms(lambda: motion.wanted(next(coming)), frames)}
    times["trigger_idle_ms"] = median_ms(lambda: trigger.wanted(next(coming)), frames)
    trigger.start(Trigger("bench", "bench", start, 0), 0)
    times["trigger_running_ms"] = median_ms(lambda: trigger.wanted(next(coming)), frames)
    x, y, w, h = PLATE
    chars = tuple(CharRead(symbol, 0.95) for symbol in "BL482KD")
    read = PlateRead("BL482KD", chars, 95.0, "SK", (x, y, w, h), 30.0)
    flow, reads = mode_kind("FREEFLOW").open(settings, NOTHING_KNOWN), ReadFilter(settings)

    def vote() -> None:
        frame = next(coming)
        flow.see(frame, *reads.sort(frame, [read]))

    times["filter_and_vote_ms"] = median_ms(vote, frames)
    return times


def model_size(files: Iterable[Path]) -> dict[str, object]:
    """Bytes of the model files together, and the multiply-adds of one run of each in millions, as their cards say."""
    files = tuple(files)
    return {
        "model_bytes": sum(file.stat().st_size for file in files),
        **{f"{file.stem}_mmac": read_card(file).get("mmac") for file in files},
    }


def peak_rss_mb(picture: Path, arguments: list[str]) -> float:
    """Peak resident memory of `engine read` on a picture, in a process of its own, in MB (10^6 bytes)."""
    command = [sys.executable, "-c", READ_AND_TELL, "read", *arguments, str(picture)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=True)
    return round(int(done.stdout.split()[-1]) * 1024 / 1e6, 1)


def bench(recogniser: Recogniser, picture: Path | None = None, frames: int = 100, threads: int = 1) -> dict[str, object]:
    """Times and memory as one JSON-able table; of the drawn frame when no picture is given."""
    rgb = load_rgb(picture) if picture else drawn_frame()
    times = measure(recogniser, rgb, frames, threads)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "frame.bmp"
        Image.fromarray(rgb).save(file)
        memory = peak_rss_mb(file, ["--models", str(recogniser.models), "--threads", str(threads)])
    return {**asdict(times), **gate_ms(rgb, frames), "peak_rss_mb": memory, **model_size(recogniser.files)}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m engine bench-read", description=__doc__)
    parser.add_argument("--picture", type=Path, help="measure on this picture instead of a drawn 1280x960 frame")
    parser.add_argument("--frames", type=int, default=100, help="repetitions (default 100)")
    parser.add_argument("--json", action="store_true")
    add_model_options(parser)
    options = parser.parse_args(arguments)
    table = bench(recogniser_of(options), options.picture, max(1, options.frames), max(1, options.threads))
    if options.json:
        print(json.dumps(table))
    else:
        print(*(f"{name:<18} {value}" for name, value in table.items()), sep="\n")
    return 0
