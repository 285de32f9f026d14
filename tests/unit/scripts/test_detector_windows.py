"""Corner targets of the detector's training windows; needs the training environment's OpenCV."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("cv2", reason="OpenCV is in the training environment only (scripts/setup --train)")

from scripts.training.detector.material import PRINTED, RENDERED, Material, Scene
from scripts.training.detector.scenes import Shown, WindowMaker, WindowPlan, mirrored, turn_in_space

PLAN = WindowPlan(384, 288, plate_free=1.0, lures=0.0, widest=330, paste=0.0, turned=1.0, framed=0.5)


def maker(seed: int) -> WindowMaker:
    rng = np.random.default_rng(seed)
    streets = [Scene("street", [rng.integers(0, 256, (480, 640)).astype(np.uint8)])]
    crops = {"us-plates-openalpr": [np.full((60, 120), 230, np.uint8)]}
    found = WindowMaker(Material({}, streets, crops), PLAN, seed)
    found.crop_sets, found.crop_shares = ["us-plates-openalpr"], np.array([1.0])
    return found


def test_a_plane_that_is_not_turned_stays() -> None:
    assert np.allclose(turn_in_space(0, 0, 0, 500, (30, 40)), np.eye(3))


def test_a_plane_turns_about_its_point_and_its_near_side_grows() -> None:
    matrix = turn_in_space(0.0, math.radians(30), 0.0, 400, (100, 50))
    ends = matrix @ np.array([[100, 0, 200], [50, 50, 50], [1, 1, 1]])
    points = (ends[:2] / ends[2]).T
    assert points[0] == pytest.approx((100, 50))
    assert 100 - points[1, 0] != pytest.approx(points[2, 0] - 100, abs=5)


def test_the_mirror_swaps_left_and_right_corners() -> None:
    quad = np.array([[10, 20], [50, 10], [52, 30], [12, 40]], float)
    seen = mirrored(Shown((10, 10, 52, 40), 1.0, 1.0, quad, 1.0), 100)
    assert seen.box == (48, 10, 90, 40)
    assert seen.quad.tolist() == [[50, 10], [90, 20], [88, 40], [48, 30]]


def test_corner_targets_lead_back_to_the_plate_s_corners() -> None:
    quad = np.array([[100, 120], [200, 90], [210, 130], [108, 160]], float)
    shown = Shown((100, 90, 210, 160), 1.0, 0.5, quad, 1.0)
    window = maker(1).with_targets(np.zeros((288, 384), np.uint8), [shown])
    row, column = 125 // 8, 155 // 8
    moved = window.corners[row, column].reshape(4, 2)
    upright = np.array([[100, 90], [210, 90], [210, 160], [100, 160]])
    assert np.allclose(upright + moved * (110, 70), quad, atol=1e-3)
    # the box is believed by half, its corners wholly
    assert window.weight.sum() == pytest.approx(0.5)
    assert window.corner_weight.sum() == pytest.approx(1.0)


def test_a_plate_cut_by_the_window_s_edge_has_no_corners_to_learn() -> None:
    plates: list[Shown] = []
    maker(1).add_plate(np.array([[-30.0, 10], [60, 10], [60, 40], [-30, 40]]), 1.0, 1.0, plates)
    assert plates[0].box == (0, 10, 60, 40)
    assert plates[0].corner_trust == 0


def test_a_pasted_plate_lies_within_its_corners() -> None:
    found = 0
    for seed in range(30):
        grey = np.zeros((288, 384), np.uint8)
        plates: list[Shown] = []
        worker = maker(seed)
        worker.paint(grey, np.full((60, 120), 230, np.uint8), worker.plate_corners(120, 60, (190, 140), True))
        worker.add_plate(worker.plate_corners(120, 60, (190, 140), False), 1.0, 1.0, plates)
        found += grey[140, 190] > 80
        assert plates[0].seen == pytest.approx(1.0)
    assert found == 30


def test_what_may_be_a_plate_too_is_neither_learnt_nor_unlearnt() -> None:
    window = maker(1).with_targets(np.zeros((288, 384), np.uint8), [Shown((100, 90, 210, 160), 1.0, 0.0, np.zeros((4, 2)), 0.0)])
    assert window.heat[125 // 8, 155 // 8] == -1
    assert window.heat.max() == 0 and window.weight.sum() == 0


def test_an_unboxed_plate_of_a_scene_goes_with_its_window() -> None:
    worker = maker(2)
    worker.plan = replace(PLAN, turned=0.0)
    street = Scene("street", [np.full((288, 384), 90, np.uint8)], [(20.0, 20.0, 60.0, 20.0)], unsure=[(200.0, 200.0, 60.0, 20.0)])
    seen = 0
    for _ in range(20):
        _, plates = worker.view(street, street.boxes[0], 1.0)
        seen += [plate.trust for plate in plates] == [1.0, 0.0]
    assert seen >= 10


def test_printed_plates_before_a_wall_are_all_to_be_found() -> None:
    worker = maker(3)
    worker.plan = replace(PLAN, printed=1.0)
    worker.material.crops |= {name: [np.full((60, 240), 230, np.uint8)] for name in (PRINTED, RENDERED)}
    windows = [worker.make() for _ in range(20)]
    assert all(window.grey.shape == (288, 384) for window in windows)
    assert sum(window.heat.max() == 1 for window in windows) >= 15


@pytest.mark.parametrize("kind", ["write_line", "write_sign"])
def test_lines_of_a_camera_and_signs_are_written_beside_plates_and_never_over_them(kind: str) -> None:
    worker, changed = maker(4), 0
    worker.material.overlays = [np.full((48, 200), 255, np.uint8)]
    for _ in range(60):
        grey = np.full((288, 384), 100, np.uint8)
        getattr(worker, kind)(grey, [Shown((0, 140, 384, 160), 1.0, 1.0, np.zeros((4, 2)), 0.0)])
        assert (grey[140:160] == 100).all()
        changed += bool((grey != 100).any())
    assert changed > 20


def test_no_lens_stands_before_a_line_that_the_camera_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = maker(5)
    worker.plan = replace(PLAN, overlaid=1.0)
    worker.material.overlays = [np.full((48, 200), 255, np.uint8)]
    done: list[str] = []
    for name in ("write_line", "write_sign"):
        monkeypatch.setattr(worker, name, lambda *_, name=name: done.append(name))
    monkeypatch.setattr(worker, "degrade", lambda grey: (done.append("degrade"), grey)[1])
    for _ in range(20):
        done.clear()
        worker.make()
        assert done == sorted(done, key=("write_sign", "degrade", "write_line").index) and len(done) > 1
