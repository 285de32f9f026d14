"""Augmentation in batches on the training device: stored 96x192 plates as some camera might have seen them, 64x128.

Order: other gaps between the characters, a small second line, a crop with uneven margins, tilted, on a background; low resolution;
light; blur, noise and JPEG. All chance comes from one generator: the same seed gives the same pictures on the same device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from scripts.training.ocr.alphabet import HEIGHT_PX, WIDTH_PX
from scripts.training.ocr.picture import SMALLEST_SPREAD

GROUP = 16
"""Plates that share one low resolution: pictures of one size go through the camera together."""
PLACES = 384
"""Steps of the map from a place across the widened plate to a place across the stored one."""
KERNEL_PX = 9


@dataclass(frozen=True, slots=True)
class Margins:
    """How much of its size a crop takes in beyond the plate on each side: uniform ranges for rendered and real plates, how often
    these hold (else the crop is almost exact), and the range of the few that are cut by a bad box."""

    rendered: tuple[float, float] = (-0.05, 0.18)
    real: tuple[float, float] = (-0.04, 0.16)
    share: float = 0.8
    bad: tuple[float, float] = (-0.07, 0.25)
    bad_share: float = 0.15


class Augmenter:
    """Turns stored plates into training pictures."""

    def __init__(self, generator: torch.Generator, margins: Margins, backgrounds: Tensor, strips: Tensor) -> None:
        """`backgrounds`: (k, 64, 128) uint8 pieces of plate-free pictures; `strips`: (k, 24, 192) uint8 masks of small words."""
        self.generator, self.margins = generator, margins
        self.device = generator.device
        self.backgrounds, self.strips = backgrounds.to(self.device), strips.to(self.device)
        self.xs = torch.arange(WIDTH_PX, device=self.device)[None, None, :] + 0.5
        self.ys = torch.arange(HEIGHT_PX, device=self.device)[None, :, None] + 0.5
        rows = torch.arange(8, dtype=torch.float32)
        cosines = torch.cos((2 * rows[None, :] + 1) * rows[:, None] * math.pi / 16) * 0.5
        cosines[0] /= math.sqrt(2)
        self.cosines = torch.kron(cosines, cosines).to(self.device)
        self.quantisers = torch.tensor(LUMINANCE, dtype=torch.float32, device=self.device)

    # --- chance -----------------------------------------------------------------------------------------------------

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator, device=self.device) * (high - low) + low

    def normal(self, deviation: float, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.device) * deviation

    def chance(self, probability: float | Tensor, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator, device=self.device) < probability

    def some(self, kinds: int, *shape: int) -> Tensor:
        return torch.randint(kinds, shape, generator=self.generator, device=self.device)

    # --- the whole ----------------------------------------------------------------------------------------------------

    def __call__(self, plates: Tensor, rendered: Tensor, views: int = 1) -> tuple[Tensor, Tensor]:
        """Stored plates (n, 96, 192) uint8, `rendered` (n,) bool, as training pictures (views * n, 64, 128) uint8, first one
        of each plate, then another of each; and where the plates begin and end in them, half-way down: (views * n, 2) in pixels.

        All views of a plate have the same gaps between characters, so that what one shows can be found in another."""
        tables = self.gaps(plates.float()).repeat(views, 1)
        rendered = rendered.repeat(views)
        placed, ends = self.place(plates.repeat(views, 1, 1).float(), rendered, tables)
        seen = [self.camera(placed[i : i + GROUP], rendered[i : i + GROUP]) for i in range(0, len(placed), GROUP)]
        pictures = torch.cat(seen)
        sharpened = self.chance(0.1, len(pictures)).nonzero()[:, 0]
        if len(sharpened):
            one = pictures[sharpened]
            pictures[sharpened] = 2 * one - blurred(one, self.bells(torch.full((len(one),), 1.2, device=self.device)))
        sign = torch.where(self.chance(0.2, len(pictures), 1, 1), -1.0, 1.0)
        pictures = pictures * sign + (1 - sign) * 127.5
        return stretched(self.erased(pictures).clamp(0, 255).to(torch.uint8)), ends

    # --- where the plate is ---------------------------------------------------------------------------------------------

    def place(self, plates: Tensor, rendered: Tensor, tables: Tensor) -> tuple[Tensor, Tensor]:
        """Plates (n, 96, 192) as crops (n, 64, 128): widened, with a small line, tilted, on a background; and their ends."""
        n = len(plates)
        soft = self.chance(0.5, n).nonzero()[:, 0]
        one = plates[soft]
        one[:, :, 1:] = one[:, :, 1:] * 0.5 + one[:, :, :-1] * 0.5
        one[:, 1:] = one[:, 1:] * 0.5 + one[:, :-1] * 0.5
        plates[soft] = one
        # u, v (n, 8192): places in the plate, 0..1 within it
        corners = self.corners(rendered)
        ends = (corners[:, [0, 1], 0] + corners[:, [3, 2], 0]) / 2
        back = torch.linalg.inv(square_to(corners))[..., None, None]
        depth = 1 / (back[:, 2, 0] * self.xs + (back[:, 2, 1] * self.ys + back[:, 2, 2]))
        u = ((back[:, 0, 0] * self.xs + (back[:, 0, 1] * self.ys + back[:, 0, 2])) * depth).flatten(1)
        v = ((back[:, 1, 0] * self.xs + (back[:, 1, 1] * self.ys + back[:, 1, 2])) * depth).flatten(1)
        outside = (u < 0) | (u > 1) | (v < 0) | (v > 1)
        # a small line of text above or below: the plate takes the rest of its height
        lined = self.chance(0.12, n, 1)
        high = torch.where(lined, self.uniform(0.15, 0.32, n, 1), torch.zeros(n, 1, device=self.device))
        above = self.chance(0.5, n, 1)
        down = torch.where(above, (v - high) / (1 - high), v / (1 - high))
        in_strip = lined & ~outside & ((down < 0) | (down > 1))
        along = spaced(u, tables)
        grid = torch.stack([along, down], -1).view(n, HEIGHT_PX, WIDTH_PX, 2) * 2 - 1
        seen = functional.grid_sample(plates[:, None], grid, mode="bilinear", padding_mode="border", align_corners=False)[:, 0]
        seen = self.with_lines(seen, plates, u, torch.where(above, v, v - 1 + high) / high.clamp_min(0.01), in_strip, lined[:, 0])
        # beyond the plate: its border goes on, plain grey, or a street
        kind = self.uniform(0, 1, n, 1, 1)
        replicated = torch.where(rendered, 0.30, 0.50)[:, None, None]
        plain = torch.where(rendered, 0.55, 0.65)[:, None, None]
        streets = self.backgrounds[self.some(len(self.backgrounds), n)].float()
        beyond = torch.where(kind < plain, self.uniform(0, 255, n, 1, 1), streets)
        return torch.where(outside.view(n, HEIGHT_PX, WIDTH_PX) & (kind >= replicated), beyond, seen), ends

    def corners(self, rendered: Tensor) -> Tensor:
        """Where the plates' corners lie in their crops: (n, 4, 2) pixels, clockwise from the top left."""
        n, margins = len(rendered), self.margins
        tilted = self.chance(0.7, n)
        slope = torch.where(tilted, self.normal(1, n) * torch.where(rendered, 0.05, 0.03), 0.0)[:, None]
        slant = torch.where(tilted, self.normal(1, n) * torch.where(rendered, 0.10, 0.06), 0.0)[:, None]
        jitter = torch.where(self.chance(0.6, n), 1.6, 0.4)[:, None] / WIDTH_PX
        x = torch.tensor([-0.5, 0.5, 0.5, -0.5], device=self.device).expand(n, 4)
        y = torch.tensor([-0.5, -0.5, 0.5, 0.5], device=self.device).expand(n, 4)
        quad = torch.stack(
            [
                x + slant * y * 0.5 + self.normal(1, n, 4) * jitter,
                y + slope * x * 2.0 + self.normal(1, n, 4) * jitter * 2,
            ],
            -1,
        )
        # the crop is an upright box around the tilted plate: bring the quadrangle's box to 0..1, then add margins
        quad = (quad - quad.amin(1, keepdim=True)) / (quad.amax(1, keepdim=True) - quad.amin(1, keepdim=True))
        low, high = (torch.where(rendered, a, b)[:, None] for a, b in zip(margins.rendered, margins.real, strict=True))
        reach = low + (high - low) * self.uniform(0, 1, n, 4)
        reach = torch.where(self.chance(margins.share, n, 1), reach, self.uniform(-0.01, 0.02, n, 4))
        reach = torch.where(self.chance(margins.bad_share, n, 1), self.uniform(*margins.bad, n, 4), reach)
        left, top, right, bottom = reach.T[..., None]
        wide = (quad[..., 0] + left) / (1 + left + right) * WIDTH_PX
        return torch.stack([wide, (quad[..., 1] + top) / (1 + top + bottom) * HEIGHT_PX], -1)

    def gaps(self, plates: Tensor) -> Tensor:
        """Where even steps across the widened plates lie across the stored ones (n, PLACES + 1): on 70 % of them gaps between
        characters grow (by 3 to 22 % of the width at one to three inkless columns), or parts are wider than others."""
        n, _, width = plates.shape
        kind = self.uniform(0, 1, n, 1)
        middle = plates[:, plates.shape[1] // 5 : -(plates.shape[1] // 5) : 2]
        ink = (middle**2).mean(1) - middle.mean(1) ** 2
        empty = ink <= torch.kthvalue(ink, int(0.18 * width), 1, keepdim=True).values
        score = torch.where(empty, self.uniform(0, 1, n, width), -1.0)
        chosen = score.topk(3, 1).indices
        wider = self.uniform(0.03, 0.22, n, 3) * width
        wider[:, 1:] *= self.chance(0.5, n, 2)
        gaps = torch.ones(n, width, device=self.device).scatter_add_(1, chosen, wider)
        cuts = self.uniform(0, 1, n, 4).sort(1).values
        cuts = torch.where(self.chance(0.6, n, 4), cuts, 2.0)
        part = (torch.arange(width, device=self.device)[None, :, None] / width > cuts[:, None]).sum(2)
        factors = torch.exp(self.normal(0.28, n, 5)).gather(1, part)
        density = torch.where(kind < 0.35, gaps, torch.where(kind < 0.70, factors, torch.ones_like(factors)))
        reached = functional.pad(density.cumsum(1), (1, 0))
        reached = reached / reached[:, -1:]
        # the inverse as a table over even steps, then between its entries
        steps = torch.linspace(0, 1, PLACES + 1, device=self.device).expand(n, -1).contiguous()
        after = torch.searchsorted(reached, steps).clamp(1, width)
        low, high = reached.gather(1, after - 1), reached.gather(1, after)
        return (after - 1 + (steps - low) / (high - low).clamp_min(1e-6)) / width

    def with_lines(self, seen: Tensor, plates: Tensor, u: Tensor, v: Tensor, inside: Tensor, lined: Tensor) -> Tensor:
        """The crops with a line of small lettering where `inside`; `v`: how far down the line."""
        which = lined.nonzero()[:, 0]
        if not len(which):
            return seen
        grid = torch.stack([u[which], v[which]], -1).view(-1, HEIGHT_PX, WIDTH_PX, 2) * 2 - 1
        words = self.strips[self.some(len(self.strips), len(which))].float()[:, None]
        mask = functional.grid_sample(words, grid, padding_mode="zeros", align_corners=False)[:, 0] / 255
        ground = torch.cat([plates[which, :4], plates[which, -4:]], 1).flatten(1).median(1).values[:, None, None]
        ink = ground + torch.where(ground > 110, -1.0, 1.0) * self.uniform(40, 170, len(which), 1, 1)
        lines = ground + mask * (ink.clamp(0, 255) - ground)
        seen[which] = torch.where(inside[which].view(-1, HEIGHT_PX, WIDTH_PX), lines, seen[which])
        return seen

    # --- light and camera -----------------------------------------------------------------------------------------------

    def camera(self, pictures: Tensor, rendered: Tensor) -> Tensor:
        """A group of crops (n, 64, 128) through one camera: maybe at low resolution, then back at full size."""
        small = bool(self.chance(0.65 if bool(rendered[0]) else 0.45, 1))
        if small:
            width = int(self.some(14, 1)) + 36 if bool(self.chance(0.1, 1)) else int(self.some(62, 1)) + 48
            height = max(14, round(width * float(self.uniform(0.32, 0.6, 1))))
            pictures = functional.interpolate(pictures[:, None], (height, width), mode="area")[:, 0]
        lit, contrast = self.light(pictures)
        pictures = self.lens(lit, contrast, small)
        if small:
            cubic = bool(self.chance(0.2, 1))
            pictures = functional.interpolate(
                pictures[:, None], (HEIGHT_PX, WIDTH_PX), mode="bicubic" if cubic else "bilinear", align_corners=False
            )[:, 0]
        return pictures

    def light(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Gamma, contrast, over-exposure, side light, glare; and the contrast factors (n, 1, 1)."""
        n, height, width = pictures.shape
        which = self.chance(0.5, n).nonzero()[:, 0]
        gamma = torch.exp(self.normal(0.4, len(which), 1, 1))
        pictures[which] = 255.0 * (pictures[which].clamp(0, 255) * (1 / 255.0)).pow(gamma)
        contrast = torch.where(self.chance(0.7, n, 1, 1), self.uniform(0.25, 1.05, n, 1, 1), 1.0)
        bright = self.chance(0.15, n, 1, 1) & (pictures.mean((1, 2), keepdim=True) < 150)  # a bright plate would be white all over
        gain = torch.where(bright, 1.5, 1.0)
        level = self.uniform(0, 255, n, 1, 1) * (1 - contrast) * gain + torch.where(bright, self.uniform(0, 60, n, 1, 1), 0.0)
        pictures = pictures * (contrast * gain) + level
        which = self.chance(0.2, n).nonzero()[:, 0]
        ends = self.uniform(0.5, 1.2, len(which), 1, 2)
        side = torch.linspace(0, 1, width, device=self.device)
        pictures[which] *= ends[..., :1] * (1 - side) + ends[..., 1:] * side
        # a lamp mirrored in the plate
        which = self.chance(0.06, n).nonzero()[:, 0]
        k = len(which)
        size = height * self.uniform(0.1, 0.35, k, 1)
        down = (torch.arange(height, device=self.device) - self.uniform(0, height, k, 1)) / size
        across = (torch.arange(width, device=self.device) - self.uniform(0, width, k, 1)) / size
        spot = torch.exp(-(down**2))[:, :, None] * torch.exp(-(across**2))[:, None, :]
        pictures[which] += spot * self.uniform(40, 170, k, 1, 1)
        return pictures, contrast

    def lens(self, pictures: Tensor, contrast: Tensor, small: bool) -> Tensor:
        """Lens blur, motion, sensor noise, JPEG."""
        n = len(pictures)
        which = self.chance(0.42, n).nonzero()[:, 0]
        if k := len(which):
            # three in ten of these move, the others and some of them are out of focus
            moved = self.chance(0.29, k)
            sharp = moved & self.chance(0.65, k)
            sigma = torch.where(sharp, 0.05, self.uniform(0.4, 0.9, k) if small else self.uniform(0.5, 1.7, k))
            length = self.some(2, k) + 2 if small else self.some(3, k) + 3
            offset = torch.arange(KERNEL_PX, device=self.device) - KERNEL_PX // 2
            box = ((offset >= -((length - 1) // 2)[:, None]) & (offset <= (length // 2)[:, None])).float()
            box = torch.where(moved[:, None], box / box.sum(1, keepdim=True), (offset == 0).float())
            pictures[which] = blurred(pictures[which], self.bells(sigma), box, self.chance(0.6, k))
        which = self.chance(0.5, n).nonzero()[:, 0]
        k, height, width = len(which), *pictures.shape[1:]
        pictures[which] += self.normal(1, k, height, width) * (self.uniform(1, 10, k, 1, 1) * contrast[which].clamp_max(1.0))
        pictures = pictures.clamp_(0, 255).floor_()
        packed = self.chance(0.35, n).nonzero()[:, 0]
        if len(packed):
            pictures[packed] = self.jpeg(pictures[packed])
        return pictures

    def bells(self, sigma: Tensor) -> Tensor:
        """Gaussian kernels (n, 9) of these sigmas in pixels."""
        offset = torch.arange(KERNEL_PX, device=self.device) - KERNEL_PX // 2
        bells = torch.exp(-0.5 * (offset / sigma[:, None]) ** 2)
        return bells / bells.sum(1, keepdim=True)

    def jpeg(self, pictures: Tensor) -> Tensor:
        """What is left of grey pictures after JPEG of quality 20 to 80 (ITU-T T.81: 8x8 cosine transform and its table K.1)."""
        n, height, width = pictures.shape
        padded = functional.pad(pictures[:, None], (0, -width % 8, 0, -height % 8), "replicate")[:, 0] - 128
        rows, columns = padded.shape[1] // 8, padded.shape[2] // 8
        blocks = padded.view(n, rows, 8, columns, 8).permute(0, 1, 3, 2, 4).reshape(n, rows * columns, 64)
        quality = self.uniform(20, 80, n, 1, 1)
        scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
        table = (self.quantisers * scale).round().clamp_min(1)
        coded = ((blocks @ self.cosines.T) / table).round() * table
        back = (coded @ self.cosines).view(n, rows, columns, 8, 8)
        whole = back.permute(0, 1, 3, 2, 4).reshape(n, rows * 8, columns * 8) + 128
        return whole[:, :height, :width].clamp(0, 255)

    def erased(self, pictures: Tensor) -> Tensor:
        """6 % of the pictures with a spot of one grey."""
        which = self.chance(0.06, len(pictures)).nonzero()[:, 0]
        n = len(which)
        side = self.uniform(3, 14, n, 1)
        top, left = self.uniform(0, 1, n, 1) * (HEIGHT_PX - side), self.uniform(0, 1, n, 1) * (WIDTH_PX - side)
        ys, xs = torch.arange(HEIGHT_PX, device=self.device), torch.arange(WIDTH_PX, device=self.device)
        rows, columns = (ys >= top) & (ys < top + side), (xs >= left) & (xs < left + side)
        spot = rows[:, :, None] & columns[:, None, :]
        pictures[which] = torch.where(spot, self.uniform(0, 255, n, 1, 1), pictures[which])
        return pictures


# fmt: off
LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61,      12, 12, 14, 19, 26, 58, 60, 55,      14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62,      18, 22, 37, 56, 68, 109, 103, 77,    24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101,  72, 92, 95, 98, 112, 100, 103, 99,
)
# fmt: on


def spaced(u: Tensor, tables: Tensor) -> Tensor:
    """Places across widened plates (n, k) as places across the stored ones, by tables of `gaps`; beyond the plate they stay."""
    inside = u.clamp(0, 1) * PLACES
    left = inside.floor().clamp(0, PLACES - 1)
    share = inside - left
    at = left.long()
    there = tables.gather(1, at) * (1 - share) + tables.gather(1, at + 1) * share
    return torch.where((u < 0) | (u > 1), u, there)


def blurred(pictures: Tensor, kernels: Tensor, box: Tensor | None = None, level: Tensor | None = None) -> Tensor:
    """Pictures (n, h, w), each blurred by its own kernel (n, 9) both ways, and by its `box` along (`level`) or down."""
    n, half = len(pictures), KERNEL_PX // 2
    along, down = kernels, kernels
    if box is not None and level is not None:
        both = functional.conv1d(functional.pad(kernels, (half, half))[None], box.flip(1)[:, None], groups=n, padding=0)[0]
        along = torch.where(level[:, None], both, kernels)
        down = torch.where(level[:, None], kernels, both)
    padded = functional.pad(pictures[None], (half, half, half, half), "replicate")
    once = functional.conv2d(padded, along[:, None, None], groups=n)
    return functional.conv2d(once, down[:, None, :, None], groups=n)[0]


def square_to(corners: Tensor) -> Tensor:
    """The projective maps (n, 3, 3) that take the unit square to these corners (n, 4, 2) (Heckbert 1989, section 2.2.2)."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = (corner.unbind(1) for corner in corners.unbind(1))
    ax, ay, bx, by = x1 - x2, y1 - y2, x3 - x2, y3 - y2
    sx, sy = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    area = ax * by - ay * bx
    g, h = (sx * by - sy * bx) / area, (ax * sy - ay * sx) / area
    rows: Sequence[Tensor] = (
        x1 - x0 + g * x1,
        x3 - x0 + h * x3,
        x0,
        y1 - y0 + g * y1,
        y3 - y0 + h * y3,
        y0,
        g,
        h,
        torch.ones_like(g),
    )
    return torch.stack(list(rows), 1).view(-1, 3, 3)


def stretched(pictures: Tensor) -> Tensor:
    """Pictures (n, h, w) uint8 with their contrast stretched exactly as the product does (`picture.stretch_contrast`)."""
    n, size = len(pictures), pictures[0].numel()
    flat = pictures.reshape(n, -1).long()
    counts = torch.bincount((flat + 256 * torch.arange(n, device=flat.device)[:, None]).flatten(), minlength=256 * n)
    filled = counts.view(n, 256).cumsum(1).double()
    low = (filled < 0.01 * size).sum(1).double()
    high = (filled < 0.99 * size).sum(1).double()
    middle = (high + low) / 2
    flat_ones = high - low < SMALLEST_SPREAD
    low = torch.where(flat_ones, torch.trunc(middle - SMALLEST_SPREAD / 2), low)
    high = torch.where(flat_ones, torch.trunc(middle + SMALLEST_SPREAD / 2), high)
    greys = torch.arange(256, device=flat.device, dtype=torch.float64)
    table = ((greys - low[:, None]) * 255.0 / (high - low)[:, None] + 0.5).clamp(0, 255).to(torch.uint8)
    return table.gather(1, flat).view_as(pictures)
