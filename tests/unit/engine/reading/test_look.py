"""Look: how a plate was seen, measured on drawn plates."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from engine.reading.look import look_of
from engine.types import PlateRead

BOX = (200, 200, 160, 40)


def street(ground: int = 200, ink: int = 30, blur_px: float = 0.0, tint: int = 40) -> np.ndarray:
    """A grey-blue street with a plate of upright strokes at BOX."""
    picture = Image.new("RGB", (640, 480), (100, 110, 100 + tint))
    draw = ImageDraw.Draw(picture)
    x, y, width, height = BOX
    draw.rectangle((x, y, x + width - 1, y + height - 1), fill=(ground,) * 3)
    for left in range(x + 10, x + width - 10, 12):
        draw.rectangle((left, y + 6, left + 4, y + height - 7), fill=(ink,) * 3)
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(blur_px)) if blur_px else picture)


def read(**changes: object) -> PlateRead:
    return PlateRead("BA123CD", (), 95.0, "SK", **{"box": BOX, "char_height_px": 28.0, **changes})  # type: ignore[arg-type]


def test_a_sharp_plate_by_day_has_narrow_edges_and_its_grey_levels() -> None:
    look = look_of(street(), read(tilt_deg=-3.14), "")
    assert look is not None
    assert (look.tilt_deg, look.dark, look.bright, look.night) == (-3.1, 30, 200, False)
    assert look.edge_pct == 3.6  # one pixel of 28


def test_edges_grow_wider_with_blur() -> None:
    found = [look_of(street(blur_px=blur), read(), "") for blur in (0.0, 1.0, 2.0, 3.0)]
    edges = [look.edge_pct for look in found if look]
    assert edges == sorted(edges)
    assert edges[0] < 18 < edges[-1]


def test_a_dark_picture_a_colourless_one_and_the_night_preset_are_night() -> None:
    dark = (street() // 4).astype(np.uint8)
    grey = street(tint=0)
    taken = ((dark, ""), (grey, ""), (street(), "night"), (street(), "day"))
    found = [look_of(picture, read(), preset) for picture, preset in taken]
    assert [look.night for look in found if look] == [True, True, True, False]


def test_a_box_outside_of_the_picture_and_no_characters_are_not_measured() -> None:
    assert look_of(street(), read(box=(700, 500, 100, 30)), "") is None
    assert look_of(street(), read(box=(-300, 10, 100, 30)), "") is None
    assert look_of(street(), read(char_height_px=0.0), "") is None
