"""The street of the demo clip: camera geometry, the empty lane with its gate house, and the barrier's boom."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

WIDTH_PX, HEIGHT_PX = 1280, 960
FOCAL_PX = 1680.0
HORIZON_PX = 60.0
CAMERA_M = 2.2  # above the road
LANE_LEFT_M, LANE_RIGHT_M = -1.75, 1.75
BARRIER_Z_M = 3.75
PIVOT_M = (-1.27, 1.13)  # the boom's pivot: right of the middle, above the road


def project(x_m: float, y_m: float, z_m: float) -> tuple[float, float]:
    """A point (right, above the road, away from the camera) in picture pixels."""
    return WIDTH_PX / 2 + FOCAL_PX * x_m / z_m, HORIZON_PX + FOCAL_PX * (CAMERA_M - y_m) / z_m


def _ground(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [project(x, 0, z) for x, z in points]


def _noise(rng: np.random.Generator, rows: int, columns: int, spread: float) -> NDArray[np.float32]:
    coarse = rng.normal(0, spread, (rows, columns)).astype(np.float32)
    return np.asarray(Image.fromarray(coarse).resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BICUBIC), np.float32)


def empty_street(seed: int) -> Image.Image:
    """The scene without cars and boom, RGB 1280x960."""
    rng = np.random.default_rng(seed)
    rows = np.arange(HEIGHT_PX, dtype=np.float32)[:, None, None]
    sky_end = HORIZON_PX + 60
    sky = np.array([150, 186, 222], np.float32) + (np.array([214, 226, 236], np.float32) - [150, 186, 222]) * np.clip(
        rows / sky_end, 0, 1
    )
    scene = Image.fromarray(np.broadcast_to(sky, (HEIGHT_PX, WIDTH_PX, 3)).astype(np.uint8))
    draw = ImageDraw.Draw(scene)
    # trees and houses along the horizon
    for _ in range(90):
        x, size = rng.uniform(-40, WIDTH_PX + 40), rng.uniform(18, 52)
        green = int(rng.uniform(66, 112))
        y = HORIZON_PX + 34 - size * rng.uniform(0.2, 0.9)
        draw.ellipse((x - size, y - size * 0.7, x + size, y + size), fill=(int(green * 0.72), green, int(green * 0.5)))
    for left, right, top, wall in ((40, 190, 22, (186, 172, 150)), (1010, 1230, 12, (172, 160, 150))):
        draw.rectangle((left, top, right, HORIZON_PX + 40), fill=wall)
        draw.polygon([(left - 12, top), (right + 12, top), (right - 20, top - 26), (left + 20, top - 26)], fill=(126, 74, 60))
        for x in range(left + 16, right - 20, 40):
            draw.rectangle((x, top + 14, x + 18, top + 40), fill=(84, 98, 112))
    scene = scene.filter(ImageFilter.GaussianBlur(2.2))
    draw = ImageDraw.Draw(scene)
    # grass, pavement, road
    far, near = 60.0, 1.9
    draw.rectangle((0, HORIZON_PX + 28, WIDTH_PX, HEIGHT_PX), fill=(106, 126, 78))
    draw.polygon(_ground([(-3.4, far), (3.6, far), (3.6, near), (-3.4, near)]), fill=(168, 166, 160))
    draw.polygon(_ground([(-2.1, far), (2.1, far), (2.1, near), (-2.1, near)]), fill=(98, 100, 103))
    for x in (-2.1, 2.1):  # kerbs
        draw.polygon(_ground([(x - 0.08, far), (x + 0.08, far), (x + 0.08, near), (x - 0.08, near)]), fill=(196, 194, 188))
    for x in (LANE_LEFT_M, LANE_RIGHT_M):
        draw.polygon(_ground([(x - 0.05, far), (x + 0.05, far), (x + 0.05, near), (x - 0.05, near)]), fill=(220, 220, 214))
    # gate house on the right, fence on the left
    near_wall, far_wall = 6.2, 8.4
    side = [project(2.75, 0, near_wall), project(2.75, 2.5, near_wall), project(2.75, 2.5, far_wall), project(2.75, 0, far_wall)]
    draw.polygon(side, fill=(150, 156, 160))
    face = [project(2.75, 0, near_wall), project(2.75, 2.5, near_wall), project(5, 2.5, near_wall), project(5, 0, near_wall)]
    draw.polygon(face, fill=(196, 200, 202))
    window = [
        project(3.0, 1.1, near_wall),
        project(3.0, 2.1, near_wall),
        project(4.4, 2.1, near_wall),
        project(4.4, 1.1, near_wall),
    ]
    draw.polygon(window, fill=(74, 92, 108))
    for index in range(12):
        z = 4.4 * 1.24**index
        (x0, y0), (_, y1) = project(-3.7, 0, z), project(-3.7, 1.1, z)
        draw.line((x0, y0, x0, y1), fill=(92, 98, 96), width=max(1, round(60 / z)))
    for height in (0.5, 1.05):
        draw.line([project(-3.7, height, 4.4), project(-3.7, height, 50)], fill=(104, 110, 108), width=4)
    # asphalt and grass texture, finer with the distance; a soft vignette
    texture = _noise(rng, 480, 640, 5.0) + _noise(rng, 60, 90, 3.0)
    texture[: int(HORIZON_PX) + 30] *= 0.15
    pixels = np.asarray(scene, np.float32) + texture[..., None]
    across = np.linspace(-1, 1, WIDTH_PX, dtype=np.float32)[None, :, None]
    pixels *= 1 - 0.10 * across**2
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))


def draw_barrier(scene: Image.Image, open_share: float) -> None:
    """The barrier's post and its striped boom over the scene; 0 is shut, 1 stands up."""
    draw = ImageDraw.Draw(scene)
    angle = math.radians(86) * open_share
    length, half = 2.95, 0.042
    x0, y0 = PIVOT_M

    def along(distance: float, across: float) -> tuple[float, float]:
        return project(
            x0 + distance * math.cos(angle) - across * math.sin(angle),
            y0 + distance * math.sin(angle) + across * math.cos(angle),
            BARRIER_Z_M,
        )

    stripes = 14
    for index in range(stripes):
        start, end = length * index / stripes, length * (index + 1) / stripes
        red = index % 2 == 0
        draw.polygon(
            [along(start, half), along(end, half), along(end, 0), along(start, 0)], fill=(206, 44, 40) if red else (240, 240, 238)
        )
        draw.polygon(
            [along(start, 0), along(end, 0), along(end, -half), along(start, -half)], fill=(160, 28, 28) if red else (198, 198, 198)
        )
    left, top = project(x0 - 0.16, y0 + 0.14, BARRIER_Z_M)
    right, bottom = project(x0 + 0.08, 0, BARRIER_Z_M)
    draw.rectangle((left, top, right, bottom), fill=(226, 168, 36))
    draw.rectangle((left, top, left + 14, bottom), fill=(176, 128, 24))
    draw.rectangle((left, top - 10, right, top + 6), fill=(58, 60, 64))
    lamp = (60, 190, 80) if open_share > 0.6 else (220, 50, 40)
    x, y = (left + right) / 2, top - 22
    draw.ellipse((x - 12, y - 12, x + 12, y + 12), fill=lamp, outline=(40, 40, 42), width=3)
