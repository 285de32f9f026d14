"""Regions: rectangles and polygons of the picture as the settings hold them."""

from __future__ import annotations

import pytest

from board.kit.errors import ConfigError
from board.kit.settings import SettingsError
from board.kit.values import Values, packed
from board.kit.web.forms import filled
from engine.regions import Corners, area_pct, check_polygon, check_size, corners_of, is_covered, masks_of, region_of, span
from engine.settings import LprSettings
from engine.types import Roi

TRIANGLE = ((0.1, 0.9), (0.5, 0.1), (0.9, 0.9))
AROUND = (0.1, 0.1, 0.9, 0.9)
ARROW = ((0.1, 0.1), (0.9, 0.5), (0.1, 0.9), (0.3, 0.5))
NINE = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.9), (0.4, 0.8), (0.3, 0.7), (0.2, 0.6), (0.15, 0.5), (0.1, 0.4))
BOW_TIE = ((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9))
CROSS = "the sides from corner {} and from corner {} cross: go once around the region"
TINY = "is too small: {} % of the picture, at least 0.1 % are needed"


@pytest.mark.parametrize(
    ("corners", "why"),
    [
        (((0.1, 0.1), (0.9, 0.9)), "must have 3 to 8 corners"),
        (NINE, "must have 3 to 8 corners"),
        (((0.1, 0.1), (1.01, 0.1), (0.5, 0.9)), "corner 2 lies outside the picture"),
        (((0.1, 0.1), (0.9, 0.1), (0.5, -0.1)), "corner 3 lies outside the picture"),
        (BOW_TIE, CROSS.format(1, 3)),
        (((0.1, 0.1), (0.9, 0.1), (0.5, 0.1)), CROSS.format(1, 2)),
        (((0.1, 0.1), (0.9, 0.1), (0.9, 0.1), (0.1, 0.9)), CROSS.format(1, 2)),
        (((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.1)), CROSS.format(1, 3)),
        (((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.1)), CROSS.format(1, 3)),
        (((0.5, 0.5), (0.52, 0.5), (0.5, 0.52)), TINY.format("0.02")),
    ],
    ids=["two corners", "nine corners", "right of it", "above it", "bow tie", "flat", "twice", "closed", "touching", "tiny"],
)  # fmt: skip
def test_corners_that_are_no_polygon_are_refused_with_what_is_wrong(corners: Corners, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_polygon(corners)
    assert str(refused.value) == why


@pytest.mark.parametrize(
    "corners", [TRIANGLE, TRIANGLE[::-1], ARROW, ((0, 0), (1, 0), (1, 1), (0, 1))], ids=["triangle", "back", "arrow", "all"]
)
def test_polygons_may_be_hollow_and_go_either_way_round(corners: Corners) -> None:
    check_polygon(corners)


@pytest.mark.parametrize(
    ("point", "is_inside"),
    [((0.2, 0.2), True), ((0.25, 0.5), False), ((0.35, 0.5), True), ((0.2, 0.8), True), ((0.9, 0.2), False), ((0.95, 0.5), False)],
)
def test_a_point_is_inside_a_polygon_and_not_in_its_hollow(point: tuple[float, float], is_inside: bool) -> None:
    assert Roi(*span(ARROW), ARROW).holds(*point) is is_inside


def test_a_rectangle_holds_its_edges() -> None:
    part = Roi(0.2, 0.2, 0.4, 0.4)
    assert [part.holds(*point) for point in ((0.2, 0.2), (0.4, 0.4), (0.3, 0.41), (0.19, 0.3))] == [True, True, False, False]
    assert corners_of(part) == ((0.2, 0.2), (0.4, 0.2), (0.4, 0.4), (0.2, 0.4))
    assert area_pct(part) == pytest.approx(4)
    assert area_pct(Roi(*AROUND, TRIANGLE)) == pytest.approx(32)


def sent(stored: dict[str, object], **body: object) -> LprSettings:
    return filled(LprSettings, body, LprSettings(region="Europe", **stored).model_dump(), {})


def test_corners_that_are_sent_set_the_rectangle_that_older_releases_read() -> None:
    now = sent({}, roi_corners=TRIANGLE)
    assert (now.roi, now.roi_corners) == (AROUND, TRIANGLE)
    assert region_of(now) == Roi(*AROUND, TRIANGLE)
    assert region_of(Values(packed(now))) == Roi(*AROUND, TRIANGLE)  # type: ignore[arg-type]


def test_who_knows_of_no_corners_still_changes_and_deletes_the_region() -> None:
    stored = {"roi": AROUND, "roi_corners": TRIANGLE}
    moved = sent(stored, roi=[0.2, 0.2, 0.8, 0.8])
    assert (moved.roi, moved.roi_corners) == ((0.2, 0.2, 0.8, 0.8), ())
    assert (sent(stored, roi=None).roi_corners, region_of(sent(stored, roi=None))) == ((), None)
    echoed = sent(stored, roi=None, roi_corners=TRIANGLE)
    assert (echoed.roi, echoed.roi_corners) == (None, ())
    assert region_of(sent(stored, votes=3)) == Roi(*AROUND, TRIANGLE)
    assert region_of(sent(stored, roi_corners=[])) == Roi(*AROUND)


def test_corners_beside_a_rectangle_that_an_older_release_has_changed_do_not_count() -> None:
    assert region_of(LprSettings(roi=(0.2, 0.2, 0.8, 0.8), roi_corners=TRIANGLE)) == Roi(0.2, 0.2, 0.8, 0.8)
    assert region_of(LprSettings(roi_corners=TRIANGLE)) is None
    assert masks_of(LprSettings(masks=((0, 0, 1, 0.5),), mask_corners=(TRIANGLE,))) == [Roi(0, 0, 1, 0.5)]


BAND = (0.0, 0.0, 1.0, 0.1)
BANDS = [(0.0, 0.0, 1.0, 0.1 + number / 100) for number in range(8)]


def test_masks_are_rectangles_and_polygons_in_any_order() -> None:
    other = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))
    now = sent({}, masks=[BAND, AROUND, AROUND], mask_corners=[other, TRIANGLE])
    assert masks_of(now) == [Roi(*BAND), Roi(*AROUND, other), Roi(*AROUND, TRIANGLE)]


def test_mask_corners_that_are_sent_alone_bring_and_take_their_rectangles() -> None:
    stored = {"masks": (BAND, AROUND), "mask_corners": (TRIANGLE,)}
    lower = ((0.0, 1.0), (0.5, 0.5), (1.0, 1.0))
    assert masks_of(sent(stored, mask_corners=[lower])) == [Roi(*BAND), Roi(0.0, 0.5, 1.0, 1.0, lower)]
    assert masks_of(sent(stored, mask_corners=[])) == [Roi(*BAND)]
    assert masks_of(sent(stored, masks=[BAND])) == [Roi(*BAND)]
    assert sent(stored, masks=[BAND]).mask_corners == ()
    assert masks_of(sent(stored, masks=[])) == []


@pytest.mark.parametrize(
    ("body", "field", "why"),
    [
        ({"roi_corners": [[0, 0], [1, 1]]}, "roi_corners", "must have 3 to 8 corners"),
        ({"roi_corners": [[0, 0], [1, 1], [1, 0, 0]]}, "roi_corners", "must have at most 2 entries"),
        ({"roi_corners": "all"}, "roi_corners", "must be a list"),
        ({"roi_corners": [[0, 0], [1, float("nan")], [1, 0]]}, "roi_corners", "must be a number"),
        ({"mask_corners": [TRIANGLE, BOW_TIE]}, "mask_corners", f"mask 2 of those with corners: {CROSS.format(1, 3)}"),
        ({"roi": [0.1, 0.1, 0.11, 0.11]}, "roi", TINY.format("0.01")),
        ({"masks": [[0.1, 0.1, 0.11, 0.11]]}, "masks", TINY.format("0.01")),
        ({"masks": BANDS, "mask_corners": [TRIANGLE]}, "masks", "must have at most 8 entries"),
    ],
    ids=["two corners", "three numbers", "text", "nan", "crossing mask", "tiny", "tiny mask", "nine masks"],
)  # fmt: skip
def test_what_is_wrong_with_a_region_is_said_at_its_field(body: dict[str, object], field: str, why: str) -> None:
    with pytest.raises(SettingsError) as refused:
        sent({}, **body)
    assert [(each.field, str(each.text)) for each in refused.value.problems] == [(field, why)]


def test_a_tiny_rectangle_that_an_older_release_stored_is_still_read() -> None:
    assert region_of(LprSettings(roi=(0.1, 0.1, 0.11, 0.11))) == Roi(0.1, 0.1, 0.11, 0.11)
    with pytest.raises(ConfigError):
        check_size(corners_of(Roi(0.1, 0.1, 0.11, 0.11)))


HALF: Corners = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))
OTHER_HALF: Corners = ((1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("drawn", "covered"),
    [
        ({}, False),
        ({"masks": [(0, 0, 1, 1)]}, True),
        ({"masks": [(0, 0, 0.5, 1), (0.5, 0, 1, 1)]}, True),
        ({"masks": [(0, 0, 0.5, 1), (0.6, 0, 1, 1)]}, False),
        ({"roi": (0.2, 0.2, 0.4, 0.4), "masks": [(0.1, 0.1, 0.5, 0.5)]}, True),
        ({"roi": (0.2, 0.2, 0.4, 0.4), "masks": [(0.1, 0.1, 0.35, 0.5)]}, False),
        ({"roi_corners": TRIANGLE, "masks": [(0, 0.5, 1, 1)]}, False),
        ({"roi_corners": TRIANGLE, "masks": [(0, 0.05, 1, 1)]}, True),
        ({"mask_corners": [HALF]}, False),
        ({"mask_corners": [HALF, OTHER_HALF]}, True),
    ],
)
def test_masks_that_leave_nothing_to_read_are_refused(drawn: dict[str, object], covered: bool) -> None:
    if not covered:
        assert not is_covered(sent({}, **drawn))
        return
    with pytest.raises(SettingsError, match="Masks: leave nothing of the region of interest"):
        sent({}, **drawn)
