"""Focus aid: sharper pictures have higher figures, whatever the light; a flat picture has none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from engine.types import Roi
from webui.focus import sharpness


def view(blur_px: float = 0.0, light: float = 1.0, noise: float = 0.0) -> NDArray[np.uint8]:
    """A white plate with black strokes in a grey street, 640x480."""
    image = Image.new("RGB", (640, 480), (110, 110, 110))
    draw = ImageDraw.Draw(image)
    draw.rectangle((200, 200, 440, 260), fill=(230, 230, 230))
    for x in range(215, 430, 20):
        draw.rectangle((x, 210, x + 6, 250), fill=(20, 20, 20))
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(blur_px))).astype(np.float32) * light
    pixels += np.random.default_rng(1).normal(0, noise, pixels.shape) if noise else 0
    taken: NDArray[np.uint8] = np.clip(pixels, 0, 255).astype(np.uint8)
    return taken


PLATE = Roi(0.3, 0.4, 0.7, 0.56)


@pytest.mark.parametrize("roi", [Roi(0, 0, 1, 1), PLATE])
def test_the_figure_falls_with_every_step_out_of_focus(roi: Roi) -> None:
    figures = [sharpness(view(blur), roi) for blur in (0, 1, 2, 4, 8)]
    assert figures == sorted(figures, reverse=True) and len(set(figures)) == 5
    assert 0 < figures[-1] < figures[0] / 2 and figures[0] <= 100


def test_light_does_not_count_and_noise_does_not_hide_the_best_point() -> None:
    assert sharpness(view(1, light=0.4), PLATE) == pytest.approx(sharpness(view(1), PLATE), rel=0.03)
    noisy = [sharpness(view(blur, noise=6), PLATE) for blur in (0, 2, 4)]
    assert noisy == sorted(noisy, reverse=True)


def test_an_empty_picture_and_a_region_of_a_few_pixels_are_zero() -> None:
    assert sharpness(np.full((480, 640, 3), 90, np.uint8)) == 0.0
    assert sharpness(view(), Roi(0.999, 0.999, 1.0, 1.0)) == 0.0
