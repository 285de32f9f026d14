"""Container: what FFmpeg says of a source that it cannot open holds no password, also where a trace is written down; a board that
decodes too slowly."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import partial
from types import MappingProxyType, SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from board.camera import _container
from board.camera._address import parse_address
from board.camera._container import ContainerSource, open_container
from board.kit.errors import CameraError


@pytest.mark.parametrize("url", ["rtsp://guard:hunter2@127.0.0.1:9/live", "http://guard:hunter2@127.0.0.1:9/x?loginpas=hunter2"])
def test_no_trace_of_a_source_that_fails_holds_its_password(url: str) -> None:
    address = parse_address(url)
    with pytest.raises(CameraError) as failed:
        open_container(address.url, address.name, {})
    assert "hunter2" not in "".join(traceback.format_exception(failed.value))


@pytest.mark.parametrize("pixels", ["rgb24", "bgr24", "yuv420p"])
def test_a_picture_outlives_the_memory_that_the_driver_gave_it_in(pixels: str) -> None:
    """Pictures are stored beside the reading, while their camera may be closed."""
    frame = av.VideoFrame(64, 48, pixels)
    rgb = _container._rgb(frame)
    before = rgb.copy()
    for plane in frame.planes:
        plane.update(bytes(99 for _ in range(plane.buffer_size)))
    assert np.array_equal(rgb, before)


class SlowBoard:
    """A live source of `fps`, key pictures 2 s apart, on a board that decodes a picture in `decode_s`; a stand-in for the clock,
    PyAV's container and its packets. `stalls`: {picture: how late it comes, in s, and what follows at once}; `rate`: how fast the
    source's stamps run; `live`: else it is a recording, which is there as a whole."""

    def __init__(
        self,
        decode_s: float,
        fps: int = 25,
        rate: float = 1.0,
        stalls: Mapping[int, float] = MappingProxyType({}),
        live: bool = True,
    ) -> None:
        self.now_s = 1000.0
        self.live = live
        self.decode_s, self.fps, self.rate, self.stalls = decode_s, fps, rate, stalls
        self.ages_s: list[float] = []

    def demux(self, video: int) -> Iterator[Any]:
        late_s = 0.0
        for number in range(self.fps * 60):
            made_s = 1000.0 + number / self.fps
            late_s = max(self.stalls.get(number, 0.0), late_s - 1 / self.fps)
            if self.live:
                self.now_s = max(self.now_s, made_s + max(0.0, late_s))
            yield SimpleNamespace(
                dts=round(number * 1000 / self.fps * self.rate),
                time_base=Fraction(1, 1000),
                is_keyframe=number % (2 * self.fps) == 0,
                decode=partial(self._decode, made_s),
            )

    def _decode(self, made_s: float) -> list[Any]:
        self.now_s += self.decode_s
        self.ages_s.append(self.now_s - made_s)
        return [SimpleNamespace(time=None)]

    def look(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """How old each picture of a minute is when it has been decoded."""
        monkeypatch.setattr(_container, "monotonic", lambda: self.now_s)
        for _ in ContainerSource(self, "gate").pictures():
            pass
        return self.ages_s


@pytest.mark.parametrize("fps", [12, 25, 50])
def test_a_board_that_decodes_too_slowly_shows_pictures_of_now(monkeypatch: pytest.MonkeyPatch, fps: int) -> None:
    ages_s = SlowBoard(decode_s=1.25 / fps, fps=fps).look(monkeypatch)
    assert max(ages_s) < 2
    assert len(ages_s) > 60 * fps / 3


def test_a_recording_plays_to_its_end_on_a_slow_board(monkeypatch: pytest.MonkeyPatch) -> None:
    ages_s = SlowBoard(decode_s=0.05, live=False).look(monkeypatch)
    assert len(ages_s) > 60 * 25 / 3
    assert max(ages_s) < 2


@pytest.mark.parametrize(
    "source",
    [
        SlowBoard(decode_s=0.03),
        SlowBoard(decode_s=0.0),
        SlowBoard(decode_s=0.03, rate=0.5),
        SlowBoard(decode_s=0.03, rate=0.999),
        SlowBoard(decode_s=0.005, stalls={100: 2.0, 700: 2.4}),
    ],
    ids=["hardly", "easily", "wrong stamps", "slow clock", "a network that stalls"],
)
def test_a_board_that_keeps_up_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch, source: SlowBoard) -> None:
    assert len(source.look(monkeypatch)) == 60 * 25
