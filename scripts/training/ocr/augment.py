"""Augmentation: a stored 96x192 plate as one camera might have seen it, 64x128, contrast stretched (OpenCV).

Order: placed in a crop with uneven margins, tilted, on a background; low resolution; light; blur, noise and JPEG.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.training.ocr.network import HEIGHT_PX, WIDTH_PX
from scripts.training.ocr.picture import stretch_contrast

U8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Margins:
    """How much of the plate's size a crop takes in beyond it on each side: uniform range, and how often."""

    synthetic: tuple[float, float]
    synthetic_share: float
    real: tuple[float, float]
    real_share: float


MAIN = Margins((-0.03, 0.14), 0.8, (-0.03, 0.12), 0.65)
WIDE = Margins((-0.06, 0.21), 0.85, (-0.04, 0.18), 0.75)


class Augmenter:
    """Turns stored plates into training pictures; one per generator process."""

    def __init__(self, seed: int, margins: Margins, backgrounds: list[U8]) -> None:
        self.rng = random.Random(seed)
        self.margins = margins
        self.backgrounds = backgrounds
        # ready-made noise: drawing normals for every sample would cost more than all the rest
        self.noise = np.random.default_rng(seed).normal(0, 1, (1 << 20) + HEIGHT_PX * WIDTH_PX).astype(np.float32)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def background(self) -> U8:
        """A 64x128 piece of a plate-free picture."""
        whole = self.rng.choice(self.backgrounds)
        height = self.rng.randint(20, min(100, whole.shape[0]))
        width = min(whole.shape[1], height * 2)
        top, left = self.rng.randint(0, whole.shape[0] - height), self.rng.randint(0, whole.shape[1] - width)
        return np.asarray(cv2.resize(whole[top : top + height, left : left + width], (WIDTH_PX, HEIGHT_PX)), np.uint8)

    def place(self, plate: U8, synthetic: bool) -> U8:
        """Tilt the plate and put it into the crop with its own margin on every side."""
        rng, (height, width) = self.rng, plate.shape
        slope = slant = 0.0
        if self.chance(0.7):
            slope = rng.gauss(0, 0.05 if synthetic else 0.03)
            slant = rng.gauss(0, 0.10 if synthetic else 0.06)
        jitter = 1.6 / WIDTH_PX if self.chance(0.6) else 0.4 / WIDTH_PX
        corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)], np.float32)
        quad = np.array(
            [
                (x + slant * y * 0.5 + rng.gauss(0, jitter), y + slope * x * 2.0 + rng.gauss(0, jitter * 2))
                for x, y in corners.tolist()
            ],
            np.float32,
        )
        # the crop is an upright box around the tilted plate: bring the quadrangle's box to 0..1, then add margins
        quad = (quad - quad.min(0)) / (quad.max(0) - quad.min(0))
        spread, share = (
            (self.margins.synthetic, self.margins.synthetic_share) if synthetic else (self.margins.real, self.margins.real_share)
        )
        wide = self.chance(share)
        left, top, right, bottom = (rng.uniform(*spread) if wide else rng.uniform(-0.01, 0.02) for _ in range(4))
        quad[:, 0] = (quad[:, 0] + left) / (1 + left + right) * WIDTH_PX
        quad[:, 1] = (quad[:, 1] + top) / (1 + top + bottom) * HEIGHT_PX
        source = (corners + 0.5) * (width, height)
        matrix = cv2.getPerspectiveTransform(source.astype(np.float32), quad.astype(np.float32))
        if self.chance(0.5):
            plate = np.asarray(cv2.blur(plate, (2, 2)), np.uint8)
        kind = rng.random()
        size = (WIDTH_PX, HEIGHT_PX)
        if kind < (0.30 if synthetic else 0.55):
            return np.asarray(cv2.warpPerspective(plate, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)
        if kind < (0.55 if synthetic else 0.70):
            grey = rng.randrange(256)
            return np.asarray(cv2.warpPerspective(plate, matrix, size, borderMode=cv2.BORDER_CONSTANT, borderValue=grey), np.uint8)
        behind = self.background()
        return np.asarray(cv2.warpPerspective(plate, matrix, size, dst=behind, borderMode=cv2.BORDER_TRANSPARENT), np.uint8)

    def light(self, picture: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
        """Gamma, contrast, over-exposure, side light, glare. Returns the picture and its contrast factor."""
        rng, contrast = self.rng, 1.0
        if self.chance(0.5):
            picture = 255.0 * np.power(picture * (1 / 255.0), math.exp(rng.gauss(0, 0.4)))
        if self.chance(0.7):
            contrast = rng.uniform(0.25, 1.05)
            picture = picture * contrast + rng.uniform(0, 1) * 255 * (1 - contrast)
        if self.chance(0.15) and picture.mean() < 150:  # a bright plate would be white all over
            picture = picture * 1.5 + rng.uniform(0, 60)
        if self.chance(0.2):
            side = np.linspace(rng.uniform(0.5, 1.2), rng.uniform(0.5, 1.2), picture.shape[1], dtype=np.float32)
            picture = picture * side[None, :]
        if self.chance(0.06):  # a lamp mirrored in the plate
            down = np.arange(picture.shape[0], dtype=np.float32) - rng.uniform(0, picture.shape[0])
            across = np.arange(picture.shape[1], dtype=np.float32) - rng.uniform(0, picture.shape[1])
            size = picture.shape[0] * rng.uniform(0.1, 0.35)
            spot = (np.exp(-((down / size) ** 2))[:, None] * np.exp(-((across / size) ** 2))[None, :]).astype(np.float32)
            picture = picture + spot * rng.uniform(40, 170)
        return picture, contrast

    def camera(self, picture: NDArray[np.float32], contrast: float, small: bool) -> U8:
        """Lens blur, motion, sensor noise, JPEG."""
        rng = self.rng
        if self.chance(0.35):
            sigma = rng.uniform(0.4, 0.9) if small else rng.uniform(0.5, 1.7)
            picture = cv2.GaussianBlur(picture, (0, 0), sigma)
        if self.chance(0.12):
            length = rng.randint(2, 3) if small else rng.randint(3, 5)
            kernel = np.zeros((length, length), np.float32)
            if self.chance(0.6):
                kernel[length // 2, :] = 1.0 / length
            else:
                kernel[:, length // 2] = 1.0 / length
            picture = cv2.filter2D(picture, -1, kernel)
        if self.chance(0.5):
            start = rng.randrange(1 << 20)
            noise = self.noise[start : start + picture.size].reshape(picture.shape)
            picture = picture + noise * (rng.uniform(1, 10) * min(1.0, contrast))
        result = np.clip(picture, 0, 255).astype(np.uint8)
        if self.chance(0.35):
            _, packed = cv2.imencode(".jpg", result, (cv2.IMWRITE_JPEG_QUALITY, rng.randint(20, 80)))
            result = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
        return result

    def __call__(self, plate: U8, *, synthetic: bool) -> U8:
        """A stored plate (96, 192) as a training picture (64, 128), both uint8."""
        rng = self.rng
        picture = self.place(plate, synthetic)
        small = self.chance(0.65 if synthetic else 0.4)
        if small:
            width = rng.randint(36, 50) if self.chance(0.1) else rng.randint(48, 110)
            size = (width, max(14, round(width * rng.uniform(0.32, 0.6))))
            picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        lit, contrast = self.light(picture.astype(np.float32))
        picture = self.camera(lit, contrast, small)
        if small:
            how = cv2.INTER_LINEAR if self.chance(0.8) else cv2.INTER_CUBIC
            picture = np.asarray(cv2.resize(picture, (WIDTH_PX, HEIGHT_PX), interpolation=how), np.uint8)
        if self.chance(0.1):
            soft = cv2.GaussianBlur(picture, (0, 0), 1.2)
            picture = np.asarray(cv2.addWeighted(picture, 2.0, soft, -1.0, 0), np.uint8)
        if self.chance(0.06):
            picture = 255 - picture
        if self.chance(0.06):
            side = rng.randint(3, 14)
            top, left = rng.randint(0, HEIGHT_PX - side), rng.randint(0, WIDTH_PX - side)
            picture[top : top + side, left : left + side] = rng.randrange(256)
        return stretch_contrast(picture)
