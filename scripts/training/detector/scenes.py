"""Training windows: cuts, distorts and degrades scenes, pastes plates, and draws the network's targets for them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from engine.recognise.detect import FILL, STRIDE
from scripts.training.detector.material import CROP_SHARES, PRINTED, RENDERED, RENDERED_SHARE, SCENE_SHARES, Material, Scene

SIGNS_SHARE = 0.4
"""Of the lines of text that are no plate: boards in the street; the others are the camera's own."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in window pixels."""


@dataclass(frozen=True)
class WindowPlan:
    """What windows are made: size in pixels, share of plate-free ones, share of these that show an earlier false box, width of
    the widest plate, share of scenes that get pasted plates too.

    From `turned` on for the stage `corners`: share of views that are turned in space, share of scenes whose plate is covered by
    another one, share of pasted plates in a holder's frame, share of windows with lettering, share of windows with lines that a
    camera writes into its picture, or signs; `printed`: share of windows that show printed plates before a plain ground."""

    width: int
    height: int
    plate_free: float
    lures: float
    widest: float
    paste: float
    turned: float = 0.0
    covered: float = 0.0
    framed: float = 0.0
    lettered: float = 0.0
    overlaid: float = 0.0
    printed: float = 0.0


@dataclass(frozen=True)
class Shown:
    """A plate in a window: its box cut to the window, the share of it that is seen, how far its edges are to be believed;
    its corners (4, 2) clockwise from its own top left, uncut, and how far these are to be believed."""

    box: Box
    seen: float
    trust: float
    quad: np.ndarray
    corner_trust: float


@dataclass
class Window:
    """A finished window and its targets on the stride-8 grid.

    `heat` (h, w): 0..1, -1 where it is not to be judged; `weight` (h, w): share of the box loss, 1 a plate;
    `box` (h, w, 4): left, top, right, bottom in window pixels where the weight is positive; `corner_weight` (h, w) and
    `corners` (h, w, 8): how far each corner lies from the box's, in shares of its width and height."""

    grey: np.ndarray
    heat: np.ndarray
    weight: np.ndarray
    box: np.ndarray
    corner_weight: np.ndarray
    corners: np.ndarray


class WindowMaker:
    """An endless supply of windows from one random generator: the same seed gives the same windows."""

    def __init__(self, material: Material, plan: WindowPlan, seed: int) -> None:
        self.material = material
        self.plan = plan
        self.rng = np.random.default_rng(seed)
        self.scene_sets, self.scene_shares = cumulated(SCENE_SHARES, material.scenes)
        self.crop_sets, self.crop_shares = cumulated(CROP_SHARES, material.crops)

    # --- chance -----------------------------------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def log_uniform(self, low: float, high: float) -> float:
        return math.exp(self.rng.uniform(math.log(low), math.log(high)))

    # --- the window -------------------------------------------------------------------------------------------------

    def make(self) -> Window:
        """One window: a scene around one of its plates, or a plate-free picture; plates pasted; light and lens; targets."""
        if self.plan.printed and self.chance(self.plan.printed):
            return self.with_targets(*self.printed_window())
        plate_free = self.chance(self.plan.plate_free)
        grey, plates = self.plate_free_window() if plate_free else self.scene_window()
        if not plate_free and self.chance(self.plan.covered):
            self.cover_plate(grey, plates)
        if self.chance(0.60 if plate_free else self.plan.paste):
            for _ in range(1 if self.chance(0.7) else 2):
                self.paste_plate(grey, plates)
        if self.chance(self.plan.lettered):
            for _ in range(int(self.rng.integers(1, 5))):
                self.write_word(grey, plates)
        if self.chance(0.35):
            grey = np.ascontiguousarray(grey[:, ::-1])
            plates = [mirrored(plate, self.plan.width) for plate in plates]
        lines = int(self.rng.integers(1, 4)) if self.plan.overlaid and self.chance(self.plan.overlaid) else 0
        signs = int(self.rng.binomial(lines, SIGNS_SHARE))
        for _ in range(signs):
            self.write_sign(grey, plates)
        grey = self.degrade(grey)
        # no lens and no sensor stands before a line that the camera writes
        for _ in range(lines - signs):
            self.write_line(grey, plates)
        return self.with_targets(grey, plates)

    def scene_window(self) -> tuple[np.ndarray, list[Shown]]:
        plan = self.plan
        pictures = self.material.scenes[self.scene_sets[int(np.searchsorted(self.scene_shares, self.rng.random()))]]
        scene = pictures[self.rng.integers(len(pictures))]
        chosen = scene.boxes[self.rng.integers(len(scene.boxes))]
        if self.plan.turned and self.chance(0.15):
            wanted = self.log_uniform(11, 27)
        elif self.chance(0.92):
            wanted = self.log_uniform(12, 150)
        else:
            wanted = self.log_uniform(150, plan.widest)
        return self.view(scene, chosen, wanted / chosen[2])

    def plate_free_window(self) -> tuple[np.ndarray, list[Shown]]:
        pictures, lures = self.material.negatives, self.material.lures
        if lures and self.chance(self.plan.lures):
            index, (x, y, w, h) = lures[self.rng.integers(len(lures))]
            return self.view(pictures[index], (x, y, w, h), self.log_uniform(14, 150) / w)
        scene = pictures[self.rng.integers(len(pictures))]
        width, height = scene.size
        fit = min(self.plan.width / width, self.plan.height / height)
        point = (self.rng.uniform(0, width), self.rng.uniform(0, height), 1.0, 1.0)
        return self.view(scene, point, fit * self.log_uniform(0.8, 4.0), 0.0)

    def printed_window(self) -> tuple[np.ndarray, list[Shown]]:
        """What a technician holds before the lens: printed plates before a wall, on a sheet of paper or on none, framed or not.

        No signs here: before a wall nothing but its text tells a plate from a sign."""
        plan, rng = self.plan, self.rng
        across, down = np.meshgrid(np.linspace(-1, 1, plan.width), np.linspace(-1, 1, plan.height))
        wall = rng.uniform(20, 250) + rng.normal(0, 25) * across + rng.normal(0, 25) * down
        grey = np.clip(wall, 0, 255).astype(np.uint8)
        plates: list[Shown] = []
        for _ in range(int(rng.integers(0, 3))):
            ends = rng.uniform(0, plan.width, 2), rng.uniform(0, plan.height, 2)
            (left, right), (top, bottom) = (sorted(int(end) for end in pair) for pair in ends)
            grey[top:bottom, left:right] = rng.integers(20, 256)
        for _ in range(int(rng.integers(1, 4))):
            self.paste_plate(grey, plates, PRINTED if self.chance(0.7) else RENDERED)
        return self.degrade(grey), plates

    def view(self, scene: Scene, target: Box, scale: float, least_fit: float = 0.45) -> tuple[np.ndarray, list[Shown]]:
        """The scene at a scale with `target` (x, y, w, h) somewhere in the window; boxes cut to it and how much of each is seen."""
        plan, rng = self.plan, self.rng
        width, height = scene.size
        fit = min(plan.width / width, plan.height / height)
        scale = min(max(scale, least_fit * fit), 3.0)
        scale_x, scale_y = scale * math.exp(rng.normal(0, 0.07)), scale * math.exp(rng.normal(0, 0.07))
        angle = math.radians(rng.normal(0, 2.0)) if self.chance(0.6) else 0.0
        x, y, w, h = target
        place = (rng.uniform(0.08, 0.92) * plan.width, rng.uniform(0.08, 0.92) * plan.height)
        left, top = place[0] - scale_x * (x + w / 2), place[1] - scale_y * (y + h / 2)
        if self.chance(0.8):
            left, top = inside(left, plan.width - scale_x * width), inside(top, plan.height - scale_y * height)
        matrix = np.array([[scale_x, 0, left], [0, scale_y, top], [0, 0, 1]], np.float64)
        middle = scale_x * (x + w / 2) + left, scale_y * (y + h / 2) + top
        turned = self.chance(plan.turned)
        if turned:
            matrix = turn_in_space(*self.angles(), 2.5 * plan.width, middle) @ matrix
        elif angle:
            matrix = turn(angle, middle) @ matrix
        level = min(max(math.floor(-math.log2(max(scale, 1e-3))), 0), len(scene.levels) - 1)
        source = scene.levels[level]
        to_level = np.diag([width / source.shape[1], height / source.shape[0], 1.0])
        grey = self.backdrop(scale_x * width, scale_y * height, turned or angle != 0)
        # pixel centres: level pixel u covers level coordinates u .. u + 1
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        warp = np.linalg.inv(half) @ matrix @ to_level @ half
        cv2.warpPerspective(source, warp, (plan.width, plan.height), grey, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
        plates: list[Shown] = []
        for bx, by, bw, bh in scene.boxes:
            corners = np.array([[bx, by, 1], [bx + bw, by, 1], [bx + bw, by + bh, 1], [bx, by + bh, 1]]) @ matrix.T
            # behind the eye: what lies so far off a turned view is not in the window
            if corners[:, 2].min() > 0.1:
                # a loose box turned is looser still
                trust = scene.trust ** (2 if turned else 1)
                self.add_plate(corners[:, :2] / corners[:, 2:], trust, 0.3 * scene.trust * trust, plates)
        for bx, by, bw, bh in scene.unsure:
            corners = np.array([[bx, by, 1], [bx + bw, by, 1], [bx + bw, by + bh, 1], [bx, by + bh, 1]]) @ matrix.T
            if corners[:, 2].min() > 0.1:
                self.add_plate(corners[:, :2] / corners[:, 2:], 0.0, 0.0, plates)
        return grey, plates

    def angles(self) -> tuple[float, float, float]:
        """Roll, yaw and pitch in radians: mostly small, up to 28, 40 and 30 degrees."""
        most = (28, 40, 30)
        return tuple(math.radians(self.log_uniform(1.5, top)) * self.rng.choice((-1, 1)) * self.chance(0.75) for top in most)

    def backdrop(self, width: float, height: float, turned: bool) -> np.ndarray:
        """What shows where the picture does not fill the window: another plate-free picture or plain grey."""
        plan, rng = self.plan, self.rng
        filled = width >= plan.width and height >= plan.height and not turned
        if not filled and self.chance(0.6):
            scene = self.material.negatives[rng.integers(len(self.material.negatives))]
            level = scene.levels[rng.integers(min(2, len(scene.levels)))]
            filling: np.ndarray = cv2.resize(level, (plan.width, plan.height), interpolation=cv2.INTER_AREA)
            return filling
        return np.full((plan.height, plan.width), FILL if self.chance(0.7) else rng.integers(256), np.uint8)

    def add_plate(self, corners: np.ndarray, trust: float, corner_trust: float, plates: list[Shown]) -> None:
        left, top = corners.min(0)
        right, bottom = corners.max(0)
        cut = (max(left, 0.0), max(top, 0.0), min(right, float(self.plan.width)), min(bottom, float(self.plan.height)))
        if cut[2] - cut[0] < 1 or cut[3] - cut[1] < 1:
            return
        seen = (cut[2] - cut[0]) * (cut[3] - cut[1]) / ((right - left) * (bottom - top))
        box = (float(cut[0]), float(cut[1]), float(cut[2]), float(cut[3]))
        plates.append(Shown(box, float(seen), trust, corners, corner_trust if seen > 0.999 else 0.0))

    # --- pasted plates ------------------------------------------------------------------------------------------------

    def some_crop(self, name: str | None = None) -> np.ndarray:
        """A plate of this set, or a real plate crop or a drawn plate; some with light characters on a dark ground."""
        rng = self.rng
        if name is None:
            drawn = self.chance(RENDERED_SHARE) and RENDERED in self.material.crops
            name = RENDERED if drawn else self.crop_sets[int(np.searchsorted(self.crop_shares, rng.random()))]
        crops = self.material.crops[name]
        crop = crops[rng.integers(len(crops))]
        return 255 - crop if self.chance(0.2) else crop

    def paste_plate(self, grey: np.ndarray, plates: list[Shown], name: str | None = None) -> None:
        """A plate (of this set) in perspective somewhere in the window, never over a plate that is there already."""
        plan, rng = self.plan, self.rng
        crop = self.some_crop(name)
        w = self.log_uniform(12, min(plan.widest, 0.9 * plan.width)) if self.chance(0.25) else self.log_uniform(12, 170)
        h = w * crop.shape[0] / crop.shape[1] * math.exp(rng.normal(0, 0.05))
        if h > 0.8 * plan.height or w < 8:
            return
        middle = (rng.uniform(0.04, 0.96) * plan.width, rng.uniform(0.04, 0.96) * plan.height)
        corners = self.plate_corners(w, h, middle, self.chance(plan.turned))
        spot = (*corners.min(0), *corners.max(0))
        if any(meet(spot, plate.box) for plate in plates):
            return
        if self.chance(0.4 if name is None else 0.2):
            self.surround(grey, corners)
        self.paint(grey, crop, corners)
        self.add_plate(corners, 1.0, 1.0, plates)

    def plate_corners(self, w: float, h: float, middle: tuple[float, float], turned: bool) -> np.ndarray:
        """The corners (4, 2) of a plate of a size about a point, a little askew or turned in space."""
        rng = self.rng
        corners = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) / 2
        if turned:
            points = np.column_stack([corners, np.ones(4)]) @ turn_in_space(*self.angles(), 6 * w, (0.0, 0.0)).T
            corners = points[:, :2] / points[:, 2:]
        else:
            slope, slant = rng.normal(0, 0.06, 2)
            corners = corners + np.stack([slant * corners[:, 1], slope * corners[:, 0]], 1)
        shaken: np.ndarray = corners + rng.normal(0, 1, (4, 2)) * (0.006 * w, 0.012 * h) + middle
        return shaken

    def cover_plate(self, grey: np.ndarray, plates: list[Shown]) -> None:
        """Another plate in the place of one that is seen: its country in a street it was never photographed in."""
        whole = [i for i, plate in enumerate(plates) if plate.seen > 0.999 and plate.trust and plate.box[2] - plate.box[0] >= 12]
        if not whole:
            return
        index = whole[self.rng.integers(len(whole))]
        old = plates[index]
        wide, high = old.box[2] - old.box[0], old.box[3] - old.box[1]
        crop = self.some_crop()
        aspect = crop.shape[1] / crop.shape[0] * math.exp(self.rng.normal(0, 0.05))
        w = max(wide, high * aspect) * self.rng.uniform(0.98, 1.15)
        middle = ((old.box[0] + old.box[2]) / 2, (old.box[1] + old.box[3]) / 2)
        corners = self.plate_corners(w, w / aspect, middle, self.chance(0.5 * self.plan.turned))
        others = [plate for i, plate in enumerate(plates) if i != index]
        spot = (*corners.min(0), *corners.max(0))
        if w > 2 * wide or w / aspect > 0.8 * self.plan.height or any(meet(spot, plate.box) for plate in others):
            return
        # nothing of the old plate may look out from under the new one
        bay = (old.quad - middle) * 1.1 + middle
        near = grey[max(int(old.box[1]) - 6, 0) : int(old.box[3]) + 6, max(int(old.box[0]) - 6, 0) : int(old.box[2]) + 6]
        tone = self.rng.uniform(10, 90) if self.chance(0.5) else float(np.percentile(near, self.rng.uniform(5, 60)))
        cv2.fillConvexPoly(grey, np.round(bay).astype(np.int32), tone, cv2.LINE_AA)
        self.paint(grey, crop, corners)
        plates[:] = others
        self.add_plate(corners, 1.0, 1.0, plates)

    def paint(self, grey: np.ndarray, crop: np.ndarray, corners: np.ndarray) -> None:
        """The crop into the picture with its corners at these points; some in a holder's frame that reaches beyond them."""
        rng = self.rng
        w = float(np.linalg.norm(corners[1] - corners[0]) + np.linalg.norm(corners[2] - corners[3])) / 2
        h = float(np.linalg.norm(corners[3] - corners[0]) + np.linalg.norm(corners[2] - corners[1])) / 2
        if w < crop.shape[1] * 0.7:
            crop = cv2.resize(crop, (max(int(w * 1.2), 8), max(int(h * 1.2), 5)), interpolation=cv2.INTER_AREA)
        ink = np.clip(crop.astype(np.float32) * rng.uniform(0.45, 1.1), 0, 255)
        rows, columns = ink.shape
        left = top = 0
        if self.chance(self.plan.framed):
            ink, left, top = self.framed(ink)
        if self.chance(0.35):
            ink = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.4, 1.0) * max(1.0, columns / w))
        source = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32) - 0.5 + (left, top)
        warp = cv2.getPerspectiveTransform(source.astype(np.float32), (corners - 0.5).astype(np.float32))
        outer = np.array([[0, 0], [ink.shape[1], 0], [ink.shape[1], ink.shape[0]], [0, ink.shape[0]]], np.float32) - 0.5
        spot = cv2.perspectiveTransform(outer[None].astype(np.float32), warp)[0]
        x0, y0 = max(int(spot[:, 0].min()) - 2, 0), max(int(spot[:, 1].min()) - 2, 0)
        x1, y1 = min(int(spot[:, 0].max()) + 3, self.plan.width), min(int(spot[:, 1].max()) + 3, self.plan.height)
        if x1 - x0 < 2 or y1 - y0 < 2:
            return
        warp = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]]) @ warp
        size = (x1 - x0, y1 - y0)
        mask = cv2.warpPerspective(np.ones_like(ink), warp, size)
        plate = cv2.warpPerspective(ink, warp, size, borderMode=cv2.BORDER_REPLICATE)
        under = grey[y0:y1, x0:x1]
        under[:] = np.clip(under * (1 - mask) + plate * mask, 0, 255)

    def framed(self, ink: np.ndarray) -> tuple[np.ndarray, int, int]:
        """A plate in a holder: its picture, and where the plate's top left pixel is in it."""
        rng = self.rng
        rows, columns = ink.shape
        sides = rng.uniform(0.01, 0.09) * columns
        over, under = rng.uniform(0.03, 0.32, 2) * rows
        left, top = max(int(sides), 1), max(int(over), 1)
        tone = rng.uniform(5, 80) if self.chance(0.65) else rng.uniform(100, 255)
        frame = np.full((rows + top + max(int(under), 1), columns + 2 * left), tone, np.float32)
        frame += rng.normal(0, 2)
        for y, high in ((0, top), (top + rows, frame.shape[0] - top - rows)):
            if high >= 5 and self.material.words and self.chance(0.6):
                word = self.material.words[rng.integers(len(self.material.words))]
                wide = min(int(word.shape[1] * high * 0.8 / word.shape[0] * rng.uniform(1, 2)), columns)
                small = cv2.resize(word, (max(wide, 4), max(int(high * 0.8), 3)), interpolation=cv2.INTER_AREA)
                x = int(rng.integers(0, frame.shape[1] - small.shape[1] + 1))
                part = frame[y : y + small.shape[0], x : x + small.shape[1]]
                part += small.astype(np.float32) / 255 * ((255 if tone < 128 else 0) - part) * rng.uniform(0.4, 1.0)
        frame[top : top + rows, left : left + columns] = ink
        return frame, left, top

    def write_word(self, grey: np.ndarray, plates: list[Shown]) -> None:
        """Lettering on the body, half of it beside a plate, never on one."""
        plan, rng = self.plan, self.rng
        word = self.material.words[rng.integers(len(self.material.words))]
        h = self.log_uniform(5, 45)
        w = h * word.shape[1] / word.shape[0] * math.exp(rng.normal(0.1, 0.25))
        place = np.array([rng.uniform(0, plan.width), rng.uniform(0, plan.height)])
        if plates and self.chance(0.5):
            left, top, right, bottom = plates[rng.integers(len(plates))].box
            place = np.array([rng.normal((left + right) / 2, right - left), rng.normal((top + bottom) / 2, 3 * (bottom - top))])
        corners = self.plate_corners(w, h, (float(place[0]), float(place[1])), self.chance(plan.turned))
        spot = np.concatenate([corners.min(0), corners.max(0)])
        if w > 0.9 * plan.width or any(meet(spot, plate.box) for plate in plates):
            return
        x0, y0 = max(int(spot[0]) - 1, 0), max(int(spot[1]) - 1, 0)
        x1, y1 = min(int(spot[2]) + 2, plan.width), min(int(spot[3]) + 2, plan.height)
        if x1 - x0 < 3 or y1 - y0 < 3:
            return
        small = cv2.resize(word, (max(int(w), 4), max(int(h), 4)), interpolation=cv2.INTER_AREA)
        rows, columns = small.shape
        source = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32) - np.float32(0.5)
        warp = cv2.getPerspectiveTransform(source, (corners - 0.5 - (x0, y0)).astype(np.float32))
        mask = cv2.warpPerspective(small, warp, (x1 - x0, y1 - y0)).astype(np.float32) / 255
        under = grey[y0:y1, x0:x1]
        tone = float(under.mean()) + rng.uniform(50, 170) * (1 if under.mean() < 110 or self.chance(0.25) else -1)
        under[:] = np.clip(under + mask * (tone - under), 0, 255)

    def write_line(self, grey: np.ndarray, plates: list[Shown]) -> None:
        """A line that a camera writes into its picture, mostly along the upper or lower edge: in a box, some half transparent, or
        outlined, or bare."""
        rng = self.rng
        found = self.overlay_spot(grey, plates, tallest=30, at_edge=0.7)
        if found is None:
            return
        ink, part = found
        under = part.astype(np.float32)
        kind = rng.random()
        light = self.chance(0.75)
        tone = rng.uniform(220, 256) if light else rng.uniform(0, 60)
        if kind < 0.65:
            box = rng.uniform(0, 50) if light else rng.uniform(180, 255)
            opaque = 1.0 if kind < 0.4 else rng.uniform(0.3, 0.85)
            under = under * (1 - opaque) + box * opaque
        elif kind < 0.88:
            outline = cv2.dilate(ink, np.ones((3, 3), np.uint8))
            under = under * (1 - outline) + (255 - tone) * outline
        part[:] = np.clip(under * (1 - ink) + tone * ink, 0, 255)

    def write_sign(self, grey: np.ndarray, plates: list[Shown]) -> None:
        """A board with lettering somewhere in the street, light, or dark, some of these with a rim."""
        rng = self.rng
        found = self.overlay_spot(grey, plates, tallest=60, at_edge=0.0)
        if found is None:
            return
        ink, part = found
        light = self.chance(0.6)
        ground = rng.uniform(130, 255) if light else rng.uniform(5, 90)
        tone = rng.uniform(0, max(ground - 90, 1)) if light else rng.uniform(min(ground + 90, 254), 255)
        # a light board with a dark rim is what printed plates are
        if not light and self.chance(0.6):
            rim = max(int(0.04 * ink.shape[0]), 1)
            ink[:rim] = ink[-rim:] = ink[:, :rim] = ink[:, -rim:] = 1.0
        part[:] = np.clip(ground * (1 - ink) + tone * ink, 0, 255)

    def overlay_spot(
        self, grey: np.ndarray, plates: list[Shown], tallest: float, at_edge: float
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Lettering with room around it, 0 to 1, and a part of `grey` of its size that meets no plate; None: no luck.

        `tallest`: of its letters, in pixels; `at_edge`: share along the upper and lower edge."""
        plan, rng = self.plan, self.rng
        if not self.material.overlays:
            return None
        mask = self.material.overlays[rng.integers(len(self.material.overlays))]
        h = max(int(self.log_uniform(5, tallest)), 5)
        w = int(h * mask.shape[1] / mask.shape[0] * math.exp(rng.normal(0, 0.15)))
        edge = max(int(h * rng.uniform(0.1, 0.5)), 1)
        wide, high = w + 2 * edge, h + 2 * edge
        if w < 5 or wide > plan.width - 2 or high > plan.height - 2:
            return None
        x = int(rng.integers(0, plan.width - wide))
        y = int(rng.integers(0, plan.height - high))
        if self.chance(at_edge):
            y = int(rng.integers(0, 8)) if self.chance(0.5) else max(plan.height - high - int(rng.integers(0, 8)), 0)
        if any(meet((x, y, x + wide, y + high), plate.box) for plate in plates):
            return None
        ink = np.pad(cv2.resize(mask, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) / 255, edge)
        return ink, grey[y : y + high, x : x + wide]

    def surround(self, grey: np.ndarray, corners: np.ndarray) -> None:
        """A darker or lighter bay around the plate's place: bumpers and frames differ from the plate, not from the scene."""
        middle = corners.mean(0)
        larger = (corners - middle) * self.rng.uniform(1.05, 1.5, 2) + middle
        spot = np.concatenate([larger.min(0), larger.max(0)])
        x0, y0, x1, y1 = (int(v) for v in np.clip(spot, 0, [grey.shape[1], grey.shape[0]] * 2))
        part = grey[y0:y1, x0:x1]
        part[:] = np.clip(part * self.rng.uniform(0.3, 0.9) + self.rng.uniform(0, 80) * self.chance(0.5), 0, 255)

    # --- light and lens -----------------------------------------------------------------------------------------------

    def degrade(self, grey: np.ndarray) -> np.ndarray:
        rng = self.rng
        table: np.ndarray = np.arange(256, dtype=np.float32)
        if self.chance(0.5):
            table = 255 * (table / 255) ** math.exp(rng.normal(0, 0.4))
        if self.chance(0.6):
            contrast = rng.uniform(0.35, 1.15)
            table = table * contrast + rng.uniform(0, 1) * max(0.0, 255 * (1 - contrast))
        if self.chance(0.1):
            table = table * 1.5 + rng.uniform(0, 60)
        if self.chance(0.03):
            table = 255 - table
        grey = cv2.LUT(grey, np.clip(table, 0, 255).astype(np.uint8))
        if self.chance(0.25):
            grey = cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.4, 1.1))
        if self.chance(0.08):
            steps = int(rng.integers(2, 5))
            kernel = np.full((1, steps), 1 / steps, np.float32)
            grey = cv2.filter2D(grey, -1, kernel if self.chance(0.7) else kernel.T)
        if self.chance(0.4):
            noise = np.empty(grey.shape, np.int16)
            cv2.setRNGSeed(int(rng.integers(2**31)))
            cv2.randn(noise, 0, rng.uniform(1, 9))
            grey = cv2.add(grey, noise, dtype=cv2.CV_8U)
        if self.chance(0.25):
            _, coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 86))])
            grey = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
        return grey

    # --- targets ------------------------------------------------------------------------------------------------------

    def with_targets(self, grey: np.ndarray, plates: list[Shown]) -> Window:
        rows, columns = self.plan.height // STRIDE, self.plan.width // STRIDE
        heat = np.zeros((rows, columns), np.float32)
        weight = np.zeros((rows, columns), np.float32)
        target = np.zeros((rows, columns, 4), np.float32)
        corner_weight = np.zeros((rows, columns), np.float32)
        corners = np.zeros((rows, columns, 8), np.float32)
        ys = (np.arange(rows, dtype=np.float32)[:, None] + 0.5) * STRIDE
        xs = (np.arange(columns, dtype=np.float32)[None, :] + 0.5) * STRIDE
        unsure = []
        for plate in plates:
            left, top, right, bottom = plate.box
            w, h = right - left, bottom - top
            if plate.seen < 0.6 or w < 9 or w > 380 or not plate.trust:
                unsure.append(plate.box)
                continue
            x, y = (left + right) / 2, (top + bottom) / 2
            bell = np.exp(-(((xs - x) / max(0.16 * w, 3)) ** 2 + ((ys - y) / max(0.2 * h, 3)) ** 2) / 2)
            row, column = min(int(y / STRIDE), rows - 1), min(int(x / STRIDE), columns - 1)
            np.maximum(heat, bell, out=heat)
            heat[row, column] = 1.0
            near = (np.abs(xs - x) <= 0.22 * w) & (np.abs(ys - y) <= 0.3 * h)
            near[row, column] = True
            share = np.where(near, np.maximum(bell, 1e-3), 0)
            share *= plate.trust / share.sum()
            better = share > weight
            weight = np.where(better, share, weight)
            target[better] = plate.box
            corner_weight[better] = share[better] * plate.corner_trust / plate.trust
            upright = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
            corners[better] = ((plate.quad - upright) / (w, h)).ravel() if plate.corner_trust else 0.0
        for left, top, right, bottom in unsure:
            inner = (xs >= left - 4) & (xs <= right + 4) & (ys >= top - 4) & (ys <= bottom + 4)
            heat = np.where(inner & (weight == 0), -1, heat)
        return Window(grey, heat.astype(np.float32), weight.astype(np.float32), target, corner_weight, corners)


def cumulated(shares: Mapping[str, float], there: Collection[str]) -> tuple[list[str], np.ndarray]:
    """The sets that are there, and their shares added up to 1."""
    names = [name for name in shares if name in there]
    added = np.cumsum([shares[name] for name in names])
    return names, added / added[-1] if names else added


def mirrored(plate: Shown, width: int) -> Shown:
    """A plate in the mirror of its window: its left corners are the right ones."""
    left, top, right, bottom = plate.box
    quad = plate.quad[[1, 0, 3, 2]]
    return replace(plate, box=(width - right, top, width - left, bottom), quad=np.stack([width - quad[:, 0], quad[:, 1]], 1))


def inside(offset: float, room: float) -> float:
    """An offset that keeps a picture inside the window: between 0 and the room left over (negative when it is larger)."""
    return min(max(offset, min(room, 0.0)), max(room, 0.0))


def turn(angle: float, middle: tuple[float, float]) -> np.ndarray:
    """A rotation about a point as a 3x3 matrix."""
    c, s = math.cos(angle), math.sin(angle)
    x, y = middle
    return np.array([[c, -s, x - c * x + s * y], [s, c, y - s * x - c * y], [0, 0, 1]])


def turn_in_space(roll: float, yaw: float, pitch: float, distance: float, middle: tuple[float, float]) -> np.ndarray:
    """The 3x3 homography of a plane turned about a point of it, seen from `distance` pixels away."""
    ca, sa, cb, sb, cc, sc = (f(angle) for angle in (roll, yaw, pitch) for f in (math.cos, math.sin))
    about_z = np.array([[ca, -sa, 0], [sa, ca, 0], [0, 0, 1]])
    about_y = np.array([[cb, 0, sb], [0, 1, 0], [-sb, 0, cb]])
    about_x = np.array([[1, 0, 0], [0, cc, -sc], [0, sc, cc]])
    turned = (about_z @ about_x @ about_y)[:, :2]
    plane = np.column_stack([turned, [0, 0, 0]])
    plane[2] /= distance
    plane[2, 2] = 1.0
    x, y = middle
    there, back = np.array([[1, 0, x], [0, 1, y], [0, 0, 1]]), np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]])
    homography: np.ndarray = there @ plane @ back
    return homography


def meet(a: Sequence[float] | np.ndarray, b: Box) -> bool:
    """Whether two boxes share any pixel (with a little room between)."""
    return a[0] < b[2] + 4 and a[2] > b[0] - 4 and a[1] < b[3] + 4 and a[3] > b[1] - 4
