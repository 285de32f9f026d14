"""Check: how well the camera stands, from the newest cars: height, tilt, sharpness and light of their plates by day and by night,
each with what to change (manual 6.4, The system does not recognize license plates)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median, quantiles

from board.kit.dataclass import dataclass
from board.kit.words import NOTHING, Text
from engine.types import Passage, PlateLook
from webui.portal import Portal
from webui.view import shapes
from webui.view.standing import standing

CARS = 200
ENOUGH = 5
"""Cars from which on a measure says something."""

GOOD_HEIGHT_PX = (25, 60)
"""The manual's reference (6.4), and above it room to show more of the lane."""
LEAST_HEIGHT_PX = 18
SHARP_PCT = 18
BLURRED_PCT = 25
"""Width of edges in parts of the character height: from here on plates are not read (engine/reading/look.py)."""
LEVEL_DEG, TILTED_DEG = 5, 15
BURNT_GREY = 250
PALE_GREY = 90
"""The bright part of a plate below which it is too dark."""
CONTRAST_GREY, FLAT_GREY = 80, 45


@dataclass(frozen=True, slots=True)
class _Half:
    """The cars of one half of the day."""

    looks: tuple[PlateLook, ...]
    heights_px: tuple[float, ...]
    least_px: int
    night: bool


def check(portal: Portal) -> shapes.Check:
    """Of the newest cars; empty halves have no measures."""
    seen = portal.store.passages.looks(CARS)
    least_px = portal.lpr().min_char_height_px
    halves = [
        _half(portal, [each for each in seen if each.look and each.look.night == night], night, least_px) for night in (False, True)
    ]
    return {"cars": len(seen), "halves": halves, "standing": standing(portal, seen)}


def _half(portal: Portal, cars: Sequence[Passage], night: bool, least_px: int) -> shapes.CheckHalf:
    half = _Half(tuple(each.look for each in cars if each.look), tuple(each.char_height_px for each in cars), least_px, night)
    measures = [measure(half) for measure in MEASURES] if len(cars) >= ENOUGH else []
    return {
        "name": Text("Night") if night else Text("Day"),
        "cars": len(cars),
        "since": portal.local(min(each.at for each in cars)) if cars else "",
        "until": portal.local(max(each.at for each in cars)) if cars else "",
        "measures": measures,
    }


def _height(half: _Half) -> shapes.Measure:
    middle = median(half.heights_px)
    lowest = quantiles(half.heights_px, n=10, method="inclusive")[0]
    value = Text("{middle} pixels; nine of ten cars above {lowest}", {"middle": round(middle), "lowest": round(lowest)})
    good, most = GOOD_HEIGHT_PX
    title = Text("Character height")
    if middle < LEAST_HEIGHT_PX:
        return _measure(
            title, value, "bad", Text("Zoom in or mount the camera nearer: {good} pixels are a good reference.", {"good": good})
        )
    if lowest < half.least_px:
        values = {"least": half.least_px}
        return _measure(
            title, value, "bad", Text("Zoom in: one car in ten is near or below the minimum of {least} pixels.", values)
        )
    if middle < good:
        return _measure(title, value, "warn", Text("Zoom in a little: {good} pixels are a good reference.", {"good": good}))
    if middle > most:
        return _measure(title, value, "warn", Text("Zoom out: fast cars are seen in few pictures, and a wider view reads as well."))
    return _measure(title, value, "ok")


def _tilt(half: _Half) -> shapes.Measure:
    tilt_deg = median(each.tilt_deg for each in half.looks)
    value = Text("{deg}°", {"deg": round(abs(tilt_deg), 1)})
    title = Text("Tilt of the plates")
    if abs(tilt_deg) <= LEVEL_DEG:
        return _measure(title, value, "ok")
    clockwise = Text(
        "Turn the camera by {deg}° clockwise, seen from behind it, until plates lie level.", {"deg": round(abs(tilt_deg))}
    )
    other = Text(
        "Turn the camera by {deg}° anticlockwise, seen from behind it, until plates lie level.", {"deg": round(abs(tilt_deg))}
    )
    return _measure(title, value, "warn" if abs(tilt_deg) <= TILTED_DEG else "bad", clockwise if tilt_deg > 0 else other)


def _sharpness(half: _Half) -> shapes.Measure:
    edge_pct = median(each.edge_pct for each in half.looks)
    title = Text("Sharpness")
    value = Text("edges as wide as {edge} % of the character height", {"edge": round(edge_pct)})
    if edge_pct <= SHARP_PCT:
        return _measure(title, value, "ok")
    by_day = Text("Turn the lens with the focus aid of the Live tab; if it is sharp there, shorten the exposure: cars move.")
    by_night = Text("Shorten the exposure or add light: cars move while the picture is taken. Then focus once more in the dark.")
    return _measure(title, value, "warn" if edge_pct <= BLURRED_PCT else "bad", by_night if half.night else by_day)


def _exposure(half: _Half) -> shapes.Measure:
    bright, dark = median(each.bright for each in half.looks), median(each.dark for each in half.looks)
    burnt_pct = round(100 * sum(each.bright >= BURNT_GREY for each in half.looks) / len(half.looks))
    title = Text("Exposure")
    value = Text(
        "plates from {dark} to {bright} of 255; {burnt} % burnt out",
        {"dark": round(dark), "bright": round(bright), "burnt": burnt_pct},
    )
    if burnt_pct > 30:
        by_day = Text("Shorten the exposure or lower the gain on the Camera tab: plates are burnt out.")
        by_night = Text("Shorten the exposure at night, lower the gain or turn the lamp a little away: plates are burnt out.")
        return _measure(title, value, "bad" if burnt_pct > 60 else "warn", by_night if half.night else by_day)
    if bright - dark < CONTRAST_GREY or bright < PALE_GREY:
        by_day = Text("Lengthen the exposure on the Camera tab, or keep the sun out of the lens: plates have little contrast.")
        by_night = Text("Add light (infrared) or lengthen the exposure at night: plates are dark or have little contrast.")
        return _measure(title, value, "bad" if bright - dark < FLAT_GREY else "warn", by_night if half.night else by_day)
    return _measure(title, value, "ok")


MEASURES: Sequence[Callable[[_Half], shapes.Measure]] = (_height, _tilt, _sharpness, _exposure)


def _measure(title: Text, value: Text, state: str, advice: Text = NOTHING) -> shapes.Measure:
    return {"title": title, "value": value, "state": state, "advice": advice or Text("Good.")}
