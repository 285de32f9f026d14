"""Sources: one encoding for all who watch, none while nobody does, JPEG where an encoder does not work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from board.kit.loop import Loop
from board.types import Frame
from engine.ring import RingWriter
from engine.video import sources
from engine.video.payloads import IDR, SPS, type_of
from engine.video.plan import HARDWARE_STREAMS, SOFTWARE_STREAMS, Stream
from engine.video.rtp import Unit
from engine.video.sdp import Track
from engine.video.sources import Source
from tests.waiting import until

SUB = SOFTWARE_STREAMS[1]
TURNS_S = 0.05


class Viewer:
    def __init__(self) -> None:
        self.units: list[Unit] = []
        self.changes = 0

    def take(self, unit: Unit) -> None:
        self.units.append(unit)

    def changed(self) -> None:
        self.changes += 1


class Rig:
    def __init__(self, ring: Path) -> None:
        self.ring = ring
        self.loop, self.stop = Loop(), threading.Event()
        self.seq = 0
        self.size = (320, 240)
        self.films = True
        self.thread = threading.Thread(target=self.loop.run, args=(self.stop, TURNS_S, self._turn))
        self.writer = RingWriter(ring, 320, 240)
        self.thread.start()

    def _turn(self) -> None:
        if self.films:
            self.seq += 1
            self.show(self.seq)

    def show(self, seq: int) -> None:
        width, height = self.size
        rgb = np.full((height, width, 3), seq % 250, np.uint8)
        self.writer.write(Frame(seq, datetime.now(UTC), time.monotonic_ns(), rgb))

    def source(self, stream: Stream = SUB) -> Source:
        return Source(stream, self.ring, self.loop)

    def described(self, source: Source) -> Track | None:
        told: list[Track | None] = []
        self.loop.call(lambda: source.describe(told.append))
        until(lambda: told, "the description")
        return told[0]

    def close(self) -> None:
        self.stop.set()
        self.thread.join()
        self.loop.close()
        self.writer.close()


@pytest.fixture
def rig(leak_free: None, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path / "ring")
    yield made
    made.close()


def encoding() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("encode-")]


def test_nothing_is_encoded_before_somebody_asks_and_after_the_last_has_gone(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LINGER_S", 0.1)
    source, one, two = rig.source(), Viewer(), Viewer()
    assert encoding() == []
    rig.loop.call(lambda: (source.join(one), source.join(two))[0])
    until(lambda: len(two.units) >= 3 and len(one.units) >= 3, "pictures")
    assert encoding() == ["encode-sub"]
    assert one.units[0] is two.units[0]
    rig.loop.call(lambda: (source.leave(one), source.leave(two))[0])
    until(lambda: encoding() == [], "the end")
    rig.loop.call(lambda: source.join(one))
    count = len(one.units)
    until(lambda: len(one.units) > count, "pictures again")
    source.close()


def test_a_new_viewer_begins_with_a_key_picture_and_its_parameters(rig: Rig) -> None:
    source, one, late = rig.source(), Viewer(), Viewer()
    rig.loop.call(lambda: source.join(one))
    until(lambda: len(one.units) >= 3, "pictures")
    assert [unit.key for unit in one.units[:3]] == [True, False, False]
    time.sleep(sources.KEY_GAP_S)
    rig.loop.call(lambda: source.join(late))
    key = until(lambda: next((unit for unit in late.units if unit.key), None), "a key picture")
    kinds = [type_of(payload) for payload in key.payloads]
    assert (kinds[0], kinds[1]) == (SPS, 8)
    assert {IDR, 28} & set(kinds[2:])
    source.close()


def test_times_are_those_of_the_camera(rig: Rig) -> None:
    source, viewer = rig.source(), Viewer()
    before = time.monotonic_ns()
    rig.loop.call(lambda: source.join(viewer))
    until(lambda: len(viewer.units) >= 4, "pictures")
    times = [unit.at_ns for unit in viewer.units]
    assert times == sorted(set(times))
    assert before - 5_000_000_000 < times[0] and times[-1] < time.monotonic_ns()
    source.close()


def test_a_camera_that_changes_its_size_goes_on(rig: Rig) -> None:
    source, viewer = rig.source(), Viewer()
    rig.loop.call(lambda: source.join(viewer))
    until(lambda: viewer.units, "pictures")
    first = rig.described(source)
    rig.size = (640, 480)
    until(lambda: rig.described(source) != first, "the new description")
    assert viewer.changes == 0
    source.close()


def test_without_a_picture_there_is_no_description(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "WITHIN_S", 0.1)
    source = Source(SUB, tmp_path / "no ring", rig.loop)
    assert rig.described(source) is None
    source.close()


def test_a_picture_from_long_ago_is_not_shown_as_if_it_were_now(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "WITHIN_S", 0.3)
    monkeypatch.setattr(sources, "STALE_NS", 50_000_000)
    until(lambda: rig.seq > 1, "a picture")
    rig.films = False
    time.sleep(0.1)
    source = rig.source()
    assert rig.described(source) is None
    source.close()


def test_where_the_encoder_does_not_work_the_stream_is_jpeg(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine has no encoder of a Pi."""
    monkeypatch.setattr(sources, "AGAIN_S", 0.01)
    source = rig.source(HARDWARE_STREAMS[0])
    track = rig.described(source)
    assert track is not None
    assert (track.payload_type, source.stream.codec, source.stream.name) == (26, "JPEG", "main")
    source.close()


def test_who_watches_when_the_codec_changes_is_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "AGAIN_S", 0.01)
    source, viewer = rig.source(), Viewer()
    rig.loop.call(lambda: source.join(viewer))
    until(lambda: viewer.units, "pictures")

    def broken(stream: Stream, camera: tuple[int, int]) -> object:
        if stream.codec == "H264":
            raise sources.EncoderError("it is hot")
        return encoder_of(stream, camera)

    encoder_of = sources.encoder_of
    monkeypatch.setattr(sources, "encoder_of", broken)
    rig.size = (640, 480)  # so that the encoder is opened anew
    until(lambda: viewer.changes == 1, "the news")
    source.close()


def test_a_loop_that_is_late_gets_the_newest_pictures_and_not_all(rig: Rig) -> None:
    source, viewer = rig.source(), Viewer()
    rig.loop.call(lambda: source.join(viewer))
    until(lambda: viewer.units, "pictures")
    rig.films = False
    began = len(viewer.units)
    busy = threading.Event()
    rig.loop.call(lambda: busy.wait(20) and None)
    for seq in range(1_000, 1_015):
        rig.show(seq)
        time.sleep(0.05)
    assert len(viewer.units) == began
    busy.set()
    time.sleep(0.3)
    assert 1 <= len(viewer.units) - began <= sources.MOST_WAITING + 2
    source.close()
