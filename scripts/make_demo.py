"""Renders the demo clip: cars with plates of several countries stop at a barrier one after another.

    .venv/bin/python -m scripts.make_demo        # firmware/demo/street.mp4 and street.json (the plates in their order)

Everything is drawn: no photograph, no real plate. Fonts: the free ones of scripts/plates/fonts.py; without them
(fonts-dejavu-core at least must be there) another face is drawn in their place.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from scripts.demo.car import HALF_M, TALL_M, CarShape, draw_car
from scripts.demo.street import FOCAL_PX, HEIGHT_PX, WIDTH_PX, draw_barrier, empty_street, project
from scripts.plates.colour import STYLES, draw_colour_plate
from scripts.plates.fonts import load_fonts

FOLDER = Path(__file__).resolve().parents[1] / "firmware" / "demo"
FPS = 8
EMPTY_S, APPROACH_S, WAIT_S, LEAVE_S = 1.5, 2.0, 2.5, 1.4
BOOM_S = 0.7  # opens during the last part of the wait, shuts when the car has gone
FAR_M, GONE_M = 26.0, 1.15


@dataclass(frozen=True, slots=True)
class Visit:
    """One car of the clip: its plate (blanks between groups), how it looks, where it stops."""

    country: str
    plate: str
    shape: CarShape
    stop_m: float = 4.5
    offset_m: float = 0.0
    tilt_deg: float = 0.0


VISITS = (
    Visit("SK", "BL 482 KD", CarShape((178, 30, 34)), 4.5, 0.05),
    Visit("DE", "B GW 2847", CarShape((196, 200, 204), roof_m=1.5, grille_half_m=0.3), 4.7, -0.08, 0.6),
    Visit("US", "7GTW386", CarShape((36, 62, 122), roof_m=1.54, bonnet_m=1.0, plate_m=0.5, grille_half_m=0.5), 4.4, 0.1),
    Visit("BR", "GWT4E27", CarShape((232, 232, 228), lamp_round=True, plate_m=0.46), 4.3, -0.04, -0.5),
    Visit("GB", "KV23 XTM", CarShape((30, 84, 58), roof_m=1.42, lamp_round=True, grille_half_m=0.34), 4.6, 0.02),
    Visit("ES", "4821 KLM", CarShape((212, 146, 32)), 4.8, 0.12, 0.8),
    Visit("NL", "RT 482 K", CarShape((62, 66, 72), roof_m=1.5, bonnet_m=0.96), 4.4, -0.1),
    Visit("CZ", "4AZ 2938", CarShape((104, 148, 190), grille_half_m=0.36), 4.6, 0.06, -0.7),
)  # fmt: skip


def distance_m(visit: Visit, t: float) -> float | None:
    """How far the car's front is from the camera, `t` seconds into its visit; None while the lane is empty."""
    t -= EMPTY_S
    if t < 0:
        return None
    if t < APPROACH_S:  # brakes to a stop: speed falls evenly
        left = 1 - t / APPROACH_S
        return visit.stop_m + (FAR_M - visit.stop_m) * left**2
    t -= APPROACH_S + WAIT_S
    if t < 0:
        return visit.stop_m
    return visit.stop_m - (visit.stop_m - GONE_M) * (t / LEAVE_S) ** 2 if t < LEAVE_S else None


def boom(t: float) -> float:
    """How far the barrier is open (0..1), `t` seconds into a visit: it is still shutting when the next one begins."""
    if t < BOOM_S:
        return 1 - t / BOOM_S
    opens = EMPTY_S + APPROACH_S + WAIT_S - BOOM_S
    return min(1.0, max(0.0, (t - opens) / BOOM_S))


def _place(scene: Image.Image, car: Image.Image, visit: Visit, z_m: float) -> None:
    """Put the car into the scene at a distance, with its shadow on the road."""
    scale = FOCAL_PX / z_m  # pixels per metre
    x, ground = project(visit.offset_m + 0.25 * max(0.0, visit.stop_m - z_m), 0.0, z_m)
    shadow = Image.new("L", scene.size, 0)
    box = (x - 0.98 * scale, ground - 0.10 * scale, x + 0.98 * scale, ground + 0.07 * scale)
    ImageDraw.Draw(shadow).ellipse(box, fill=170)
    scene.paste((28, 28, 32), (0, 0), shadow.filter(ImageFilter.GaussianBlur(max(1.0, 0.03 * scale))))
    width, height = round(2 * HALF_M * scale), round(TALL_M * scale)
    near = car.resize((width, height), Image.Resampling.BOX if width < car.width else Image.Resampling.BICUBIC)
    if visit.tilt_deg:
        near = near.rotate(visit.tilt_deg, Image.Resampling.BICUBIC)
    scene.paste(near, (round(x - width / 2), round(ground - height)), near)


def frames(seed: int) -> Iterator[Image.Image]:
    """The clip's pictures in order, RGB."""
    fonts = load_fonts(with_shared=False)
    noise = np.random.default_rng(seed)
    street = empty_street(seed)
    for index, visit in enumerate(VISITS):
        width_m = STYLES[visit.country].width_mm / 1000
        plate = draw_colour_plate(visit.country, visit.plate, fonts, px_per_mm=1.6, seed=seed + index)
        car = draw_car(visit.shape, plate, width_m)
        for step in range(round((EMPTY_S + APPROACH_S + WAIT_S + LEAVE_S) * FPS)):
            t = step / FPS
            scene = street.copy()
            z_m = distance_m(visit, t)
            if z_m is not None:
                _place(scene, car, visit, z_m)
            draw_barrier(scene, boom(t) if index or t >= EMPTY_S else 0.0)
            pixels = np.asarray(scene, np.int16) + noise.normal(0, 1.2, (HEIGHT_PX, WIDTH_PX, 1)).astype(np.int16)
            yield Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def encode(path: Path, pictures: Iterator[Image.Image], *, crf: int) -> int:
    """Write the pictures as H.264; returns how many. A key frame every four seconds, so that a replay can seek."""
    count = 0
    with av.open(str(path), "w", options={"movflags": "faststart"}) as clip:
        stream = clip.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        stream.options = {"crf": str(crf), "preset": "medium", "g": str(4 * FPS), "threads": "1"}
        for picture in pictures:
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")):
                clip.mux(packet)
            count += 1
        for packet in stream.encode(None):
            clip.mux(packet)
    return count


def describe() -> list[dict[str, object]]:
    """What the clip shows: plate as read, country, and the second at which the car stands."""
    visit_s = EMPTY_S + APPROACH_S + WAIT_S + LEAVE_S
    return [
        {
            "plate": visit.plate.replace(" ", ""),
            "country": visit.country,
            "stands_s": [
                round(index * visit_s + EMPTY_S + APPROACH_S, 1),
                round(index * visit_s + EMPTY_S + APPROACH_S + WAIT_S, 1),
            ],
            "character_px": round(STYLES[visit.country].character_mm / 1000 * FOCAL_PX / visit.stop_m),
        }
        for index, visit in enumerate(VISITS)
    ]


def main(arguments: list[str]) -> int:
    """Render, encode, write the list of plates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--crf", type=int, default=29)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    clip = options.out / "street.mp4"
    count = encode(clip, frames(options.seed), crf=options.crf)
    facts = {"clip": clip.name, "fps": FPS, "size_px": [WIDTH_PX, HEIGHT_PX], "seconds": count / FPS, "plates": describe()}
    (options.out / "street.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(f"{count} pictures, {count / FPS:.0f} s, {clip.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
