"""A car's front as a picture with transparency: body, windscreen, bonnet, lamps, grille and plate, drawn at PX_PER_M."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Points = list[tuple[float, float]]

PX_PER_M = 640
HALF_M = 1.08  # half the picture's width: the body and both mirrors
TALL_M = 1.62


@dataclass(frozen=True, slots=True)
class CarShape:
    """What makes one drawn car differ from the next; lengths in metres, heights above the ground."""

    paint: Colour
    roof_m: float = 1.46
    bonnet_m: float = 0.92  # front edge of the bonnet
    half_width_m: float = 0.88
    plate_m: float = 0.47  # the plate's middle
    grille_half_m: float = 0.42
    lamp_round: bool = False


def _shade(colour: Colour, factor: float) -> Colour:
    return tuple(min(255, max(0, round(c * factor))) for c in colour)  # type: ignore[return-value]


class Sheet:
    """The picture under the brush; coordinates are metres right of the middle and above the ground."""

    def __init__(self) -> None:
        self.size = round(2 * HALF_M * PX_PER_M), round(TALL_M * PX_PER_M)
        self.image = Image.new("RGBA", self.size, (0, 0, 0, 0))

    def at(self, x_m: float, y_m: float) -> tuple[float, float]:
        return (x_m + HALF_M) * PX_PER_M, (TALL_M - y_m) * PX_PER_M

    def polygon(self, points: Points, top: Colour, bottom: Colour, *, soft_px: float = 2.0, sides: float = 0.0) -> None:
        """A filled outline with a vertical blend; `sides` darkens it towards left and right like a bulging sheet."""
        mask = Image.new("L", self.size, 0)
        spots = [self.at(*p) for p in points]
        ImageDraw.Draw(mask).polygon(spots, fill=255)
        self._fill(mask.filter(ImageFilter.GaussianBlur(soft_px)), spots, top, bottom, sides)

    def mirrored(self, half: Points, top: Colour, bottom: Colour, *, sides: float = 0.0) -> None:
        """A shape given by its right half, from top to bottom."""
        self.polygon(half + [(-x, y) for x, y in reversed(half)], top, bottom, sides=sides)

    def rounded(self, x_m: float, y_m: float, half_x: float, half_y: float, radius_m: float, top: Colour, bottom: Colour) -> None:
        mask = Image.new("L", self.size, 0)
        left, upper = self.at(x_m - half_x, y_m + half_y)
        right, lower = self.at(x_m + half_x, y_m - half_y)
        ImageDraw.Draw(mask).rounded_rectangle((left, upper, right, lower), radius_m * PX_PER_M, fill=255)
        self._fill(mask.filter(ImageFilter.GaussianBlur(1.2)), [(left, upper), (right, lower)], top, bottom, 0.0)

    def _fill(self, mask: Image.Image, spots: Points, top: Colour, bottom: Colour, sides: float) -> None:
        first, last = min(y for _, y in spots), max(y for _, y in spots)
        place = np.clip((np.arange(self.size[1], dtype=np.float32) - first) / max(1.0, last - first), 0, 1)[:, None, None]
        rows = np.array(top, np.float32) * (1 - place) + np.array(bottom, np.float32) * place
        across = np.linspace(-1, 1, self.size[0], dtype=np.float32)[None, :, None]
        filled = np.clip(rows * (1 - sides * across**2), 0, 255).astype(np.uint8)
        filled = np.broadcast_to(filled, (self.size[1], self.size[0], 3))
        layer = Image.fromarray(np.ascontiguousarray(filled)).convert("RGBA")
        layer.putalpha(mask)
        self.image = Image.alpha_composite(self.image, layer)


def draw_car(shape: CarShape, plate: Image.Image, plate_width_m: float) -> Image.Image:
    """The car's front as RGBA, 2 * HALF_M wide and TALL_M high, standing on its lower edge."""
    s, w, paint = Sheet(), shape.half_width_m, shape.paint
    roof, bonnet = shape.roof_m, shape.bonnet_m
    cowl = bonnet + 0.12  # where bonnet and windscreen meet
    dark = (26, 27, 30)
    for side in (-1, 1):  # tyres and mirrors
        s.rounded(side * (w - 0.11), 0.17, 0.1, 0.17, 0.03, (34, 34, 36), (16, 16, 17))
        s.rounded(side * (w - 0.02), cowl + 0.03, 0.1, 0.018, 0.01, _shade(paint, 0.5), _shade(paint, 0.4))
        s.rounded(side * (w + 0.07), cowl + 0.07, 0.1, 0.065, 0.04, _shade(paint, 0.9), _shade(paint, 0.5))
    # cabin: roof, pillars, windscreen with a sky reflection, people as shadows
    s.mirrored([(0.56, roof), (0.64, roof - 0.06), (w - 0.05, cowl)], _shade(paint, 1.15), _shade(paint, 0.7), sides=0.25)
    s.mirrored([(0.53, roof - 0.07), (0.58, roof - 0.1), (w - 0.14, cowl + 0.01)], (128, 150, 168), (34, 42, 50))
    s.rounded(-0.33, cowl + 0.13, 0.11, 0.11, 0.09, (52, 56, 60), (38, 40, 44))
    s.rounded(-0.33, cowl + 0.02, 0.2, 0.08, 0.06, (44, 48, 54), (32, 34, 38))
    s.polygon(
        [(0.1, roof - 0.08), (0.34, roof - 0.09), (0.12, cowl + 0.03), (-0.2, cowl + 0.03)],
        (170, 188, 200),
        (72, 84, 94),
        soft_px=9,
    )
    s.polygon([(-0.55, cowl + 0.025), (0.05, cowl + 0.055), (0.05, cowl + 0.045), (-0.55, cowl + 0.01)], dark, dark, soft_px=1)
    # bonnet, then the front down to the sill
    s.mirrored(
        [(w - 0.1, cowl), (w - 0.02, bonnet - 0.02), (w - 0.02, bonnet - 0.1)], _shade(paint, 1.25), _shade(paint, 1.02), sides=0.3
    )
    front = [(w - 0.06, bonnet), (w, bonnet - 0.12), (w, 0.4), (w - 0.03, 0.24), (w - 0.12, 0.19)]
    s.mirrored(front, _shade(paint, 1.04), _shade(paint, 0.55), sides=0.32)
    for side in (-1, 1):  # creases of the bonnet
        crease = [
            (side * 0.45, cowl - 0.01),
            (side * 0.46, cowl - 0.01),
            (side * 0.5, bonnet - 0.05),
            (side * 0.485, bonnet - 0.05),
        ]
        s.polygon(crease, _shade(paint, 0.85), _shade(paint, 0.8), soft_px=2)
    # grille with bars and badge
    g = shape.grille_half_m
    middle = bonnet - 0.15
    s.rounded(0, middle, g, 0.085, 0.05, (24, 25, 27), (40, 41, 44))
    for bar in (-0.045, 0.0, 0.045):
        s.rounded(0, middle + bar, g - 0.03, 0.006, 0.005, (120, 123, 128), (70, 72, 76))
    s.rounded(0, middle, 0.055, 0.055, 0.055, (214, 217, 222), (110, 114, 120))
    # lamps
    for side in (-1, 1):
        x = side * (w - 0.2)
        if shape.lamp_round:
            s.rounded(x, middle + 0.01, 0.115, 0.115, 0.115, (60, 64, 70), (34, 36, 40))
            s.rounded(x, middle + 0.01, 0.085, 0.085, 0.085, (250, 250, 244), (178, 186, 196))
        else:
            outline = [
                (side * (w - 0.03), middle + 0.1), (side * (w - 0.36), middle + 0.05),
                (side * (w - 0.33), middle - 0.06), (side * (w - 0.02), middle - 0.04),
            ]  # fmt: skip
            s.polygon(outline, (76, 82, 90), (40, 43, 48))
            s.rounded(x - side * 0.04, middle + 0.005, 0.05, 0.045, 0.045, (252, 252, 246), (196, 204, 214))
            s.rounded(x + side * 0.08, middle + 0.02, 0.035, 0.035, 0.035, (240, 244, 248), (150, 160, 172))
        s.rounded(side * (w - 0.16), 0.36, 0.09, 0.035, 0.03, (54, 56, 60), (30, 31, 34))
        s.rounded(side * (w - 0.15), 0.36, 0.028, 0.024, 0.02, (236, 232, 214), (180, 176, 160))
    # bumper: lower intake, the plate's seat
    s.rounded(0, 0.29, w - 0.34, 0.045, 0.03, (30, 31, 33), (20, 20, 22))
    seat_m = plate_width_m * plate.height / plate.width
    s.rounded(0, shape.plate_m, plate_width_m / 2 + 0.018, seat_m / 2 + 0.018, 0.015, (36, 37, 40), (24, 24, 26))
    stretched = plate.resize((round(plate_width_m * PX_PER_M), round(seat_m * PX_PER_M)), Image.Resampling.LANCZOS)
    left, upper = s.at(-plate_width_m / 2, shape.plate_m + seat_m / 2)
    s.image.paste(stretched, (round(left), round(upper)))
    return s.image
