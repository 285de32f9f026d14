"""Feed: opens the camera again with back-off, says so, fills the ring, keeps the newest frames for reading."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from board.camera import _live, open_camera, picamera2
from board.kit.clock import Clock
from board.kit.errors import CameraError
from board.types import Frame
from engine.reading import feed
from engine.reading.feed import Feed
from engine.ring import RingReader
from tests.unit.engine.reading.passages.reads import frame_at
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("leak_free")


class ScriptedCamera:
    """Delivers what a test puts into `script`; a CameraError is raised."""

    def __init__(self, script: queue.Queue[Frame | CameraError], notes: tuple[str, ...] = (), preset: str = "") -> None:
        self._script = script
        self.notes, self.preset = notes, preset
        self.closed = threading.Event()

    def read(self, timeout_s: float) -> Frame | None:
        try:
            step = self._script.get(timeout=min(timeout_s, 0.05))
        except queue.Empty:
            return None
        if isinstance(step, CameraError):
            raise step
        return step

    def close(self) -> None:
        self.closed.set()


class Bench:
    """A feed with its scripted camera; `opens`: what opening does, in order, then it succeeds."""

    def __init__(self, ring: Path, queue_length: int = 1) -> None:
        self.script: queue.Queue[Frame | CameraError] = queue.Queue()
        self.opens: list[CameraError] = []
        self.cameras: list[ScriptedCamera] = []
        self.said: queue.Queue[str] = queue.Queue()
        self.wanted = True
        self.opened_with: tuple[tuple[str, ...], str] = ((), "")
        self.feed = Feed(self._open, lambda frame: self.wanted, queue_length, ring, Clock(), self._changed)

    def _open(self) -> ScriptedCamera:
        if self.opens:
            raise self.opens.pop(0)
        self.cameras.append(ScriptedCamera(self.script, *self.opened_with))
        return self.cameras[-1]

    def _changed(self) -> None:
        self.said.put(str(self.feed.camera or "ok"))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr("engine.reading.feed.BACK_OFF_S", (0.01, 0.02, 0.05))
    made = Bench(tmp_path / "frames.ring", 3)
    yield made
    made.feed.close(20)
    assert not [thread for thread in threading.enumerate() if thread.name == "camera"]


def test_frames_reach_the_reader_and_the_ring(bench: Bench, tmp_path: Path) -> None:
    bench.script.put(frame_at(0, "a.jpg", shade=7))
    bench.feed.start()
    frame = bench.feed.next(20)
    assert frame is not None and frame.source == "a.jpg"
    assert bench.said.get(timeout=20) == "ok"
    assert bench.feed.size == (1280, 960)
    bench.script.put(frame_at(200, "b.jpg", shade=9))
    assert bench.feed.next(20) is not None
    bench.script.put(frame_at(210, "c.jpg", shade=11))
    assert bench.feed.next(20) is not None
    bench.feed.close(20)
    with closing(RingReader(tmp_path / "frames.ring")) as ring:
        shown = ring.latest()
    assert shown is not None and (shown.source, int(shown.rgb[0, 0, 0])) == ("b.jpg", 9)  # c came too soon after it


def test_while_frames_are_read_the_ring_shows_those_and_else_the_newest(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "READING_NS", 60_000_000_000)
    ring = RingReader(tmp_path / "frames.ring")

    def in_ring(source: str) -> bool:
        shown = ring.latest()
        return shown is not None and shown.source == source

    for at_ms, source in ((0, "a.jpg"), (20, "b.jpg"), (40, "c.jpg")):
        bench.script.put(frame_at(at_ms, source))
    bench.feed.start()
    read = [bench.feed.next(20) for _ in range(2)]
    assert [frame.source for frame in read if frame] == ["a.jpg", "b.jpg"]
    bench.script.put(frame_at(100, "d.jpg"))
    until(lambda: in_ring("b.jpg"))
    bench.script.put(frame_at(200, "e.jpg"))  # nothing new is read, but it was a moment ago
    monkeypatch.setattr(feed, "READING_NS", 0)
    bench.script.put(frame_at(300, "f.jpg"))
    until(lambda: in_ring("f.jpg"))
    ring.close()


def test_the_camera_is_opened_again_and_the_status_says_what_is_wrong_meanwhile(bench: Bench) -> None:
    bench.opens = [CameraError("no such camera"), CameraError("no such camera"), CameraError("busy")]
    bench.script.put(frame_at(0))
    bench.feed.start()
    assert [bench.said.get(timeout=20) for _ in range(3)] == ["no such camera", "busy", "ok"]
    bench.script.put(CameraError("cable pulled"))
    assert bench.said.get(timeout=20) == "cable pulled"
    assert bench.cameras[0].closed.wait(20)
    bench.script.put(frame_at(100))
    assert bench.said.get(timeout=20) == "ok"
    assert len(bench.cameras) == 2


def test_a_defect_of_a_back_end_is_told_as_what_it_is_and_traced_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.opens = [ValueError("numpy.dtype size changed") for _ in range(20)]  # type: ignore[misc]
    bench.script.put(frame_at(0))
    bench.feed.start()
    said = [bench.said.get(timeout=20) for _ in range(2)]
    assert said == ["internal error of this kind of camera (ValueError: numpy.dtype size changed)", "ok"]
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_of_more_frames_than_the_queue_holds_the_oldest_are_dropped(bench: Bench) -> None:
    for number in range(6):
        bench.script.put(frame_at(number))
    bench.script.put(CameraError("end"))
    bench.feed.start()
    assert [bench.said.get(timeout=20) for _ in range(2)] == ["ok", "end"]
    frames = [bench.feed.next(0.01) for _ in range(4)]
    assert [frame.seq if frame else 0 for frame in frames] == [4, 5, 6, 0]


def test_frames_that_the_mode_does_not_want_are_shown_and_not_read(bench: Bench, tmp_path: Path) -> None:
    bench.wanted = False
    bench.script.put(frame_at(0))
    bench.script.put(CameraError("end"))
    bench.feed.start()
    assert [bench.said.get(timeout=20) for _ in range(2)] == ["ok", "end"]
    assert bench.feed.next(0.01) is None
    with closing(RingReader(tmp_path / "frames.ring")) as ring:
        assert ring.latest() is not None


def test_a_full_disk_leaves_the_live_picture_out_and_reading_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "ring").mkdir()
    bench = Bench(tmp_path / "ring")  # a folder stands where the ring belongs
    bench.script.put(frame_at(0))
    bench.feed.start()
    assert bench.feed.next(20) is not None
    bench.feed.close(20)
    assert str(bench.feed.ring_error).startswith(f"frame ring {tmp_path / 'ring'}")
    held = [each for each in bench.feed.ring_error.values.values() if isinstance(each, BaseException)]
    assert not held  # with the frame that was to be shown, and all who had it


def test_wake_ends_the_wait_for_a_frame(bench: Bench) -> None:
    threading.Timer(0.05, bench.feed.wake).start()
    assert bench.feed.next(30) is None


def test_lost_and_late_frames_are_counted_and_notes_and_the_preset_are_told(bench: Bench) -> None:
    bench.opened_with = (("Focus: this camera has none",), "night")
    stamp_ns = Clock().monotonic_ns()
    bench.script.put(replace(frame_at(0), monotonic_ns=stamp_ns - feed.LATE_NS - 1, lost=2))
    bench.script.put(replace(frame_at(1), monotonic_ns=stamp_ns + 3600 * 1_000_000_000, lost=3))
    bench.feed.start()
    assert bench.said.get(timeout=20) == "ok"
    assert (bench.feed.notes, bench.feed.preset) == bench.opened_with
    bench.script.put(CameraError("end"))
    assert bench.said.get(timeout=20) == "end"
    assert (bench.feed.lost, bench.feed.late) == (5, 1)
    assert (bench.feed.notes, bench.feed.preset) == ((), "")


def test_a_replayed_camera_that_is_pulled_is_told_and_comes_back_by_itself(tmp_path: Path) -> None:
    folder, pulled = tmp_path / "cars", tmp_path / "pulled"
    folder.mkdir()
    Image.new("RGB", (64, 48)).save(folder / "car.png")
    said: queue.Queue[str] = queue.Queue()
    played = Feed(
        lambda: open_camera(f"replay:{folder}?fps=50", (64, 48), Clock()),
        lambda frame: True,
        1,
        tmp_path / "frames.ring",
        Clock(),
        lambda: said.put(str(played.camera or "ok")),
    )
    played.start()
    assert said.get(timeout=20) == "ok"
    folder.rename(pulled)
    messages = [said.get(timeout=20)]
    pulled.rename(folder)
    while (message := said.get(timeout=20)) != "ok":
        messages.append(message)
    assert all(message.startswith(f"replay: {folder} ") for message in messages)
    played.close(20)


def test_a_camera_that_is_back_is_seen_within_five_seconds() -> None:
    """By the sum of the waits, for each way in which the last attempt before the return may have gone wrong."""
    first_picture_s = 1.5
    silent_s = max(_live.READ_TIMEOUT_S + _live.SPARE_S, picamera2.SILENT_NS / 1e9)
    waits_s = {
        "gone for a moment, noticed later": silent_s + feed.BACK_OFF_S[0],
        "refused at once": max(feed.BACK_OFF_S),
        "accepted, and never answered": _live.OPEN_TIMEOUT_S + feed.BACK_OFF_S[0],
    }
    assert {how: wait_s for how, wait_s in waits_s.items() if wait_s + first_picture_s > 5} == {}


def test_a_small_board_keeps_every_second_row_and_column_of_the_live_picture(tmp_path: Path) -> None:
    script: queue.Queue[Frame | CameraError] = queue.Queue()
    script.put(frame_at(0, shade=7))
    ring = tmp_path / "frames.ring"
    feed = Feed(lambda: ScriptedCamera(script, (), ""), lambda frame: True, 1, ring, Clock(), lambda: None, ring_every=2)
    feed.start()
    assert feed.next(20) is not None
    feed.close(20)
    with closing(RingReader(ring)) as reader:
        shot = reader.shot()
    assert shot is not None
    assert (shot.width, shot.height, shot.size) == (640, 480, (1280, 960))


def wide_at(ms: int, source: str) -> Frame:
    """A picture of 64x48 whose pixels say which one it is."""
    return replace(frame_at(ms, source), rgb=np.full((48, 64, 3), ms % 251, np.uint8))


def test_pictures_larger_than_what_is_read_are_reduced_for_reading_and_shown_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "READING_NS", 0)
    script: queue.Queue[Frame | CameraError] = queue.Queue()
    path = tmp_path / "frames.ring"
    played = Feed(lambda: ScriptedCamera(script, (), ""), lambda frame: True, 2, path, Clock(), lambda: None, read_size=(32, 24))
    played.start()
    script.put(wide_at(0, "a.jpg"))
    read = played.next(20)
    assert read is not None and read.rgb.shape == (24, 32, 3)
    assert played.size == (32, 24)
    ring = RingReader(path)

    def shown() -> tuple[str, tuple[int, int], tuple[int, int]] | None:
        shot = ring.shot()
        return (shot.source, (shot.width, shot.height), shot.size) if shot is not None else None

    for ms, source in ((200, "b.jpg"), (400, "c.jpg"), (600, "d.jpg")):
        script.put(wide_at(ms, source))
        until(lambda source=source: shown() == (source, (64, 48), (32, 24)), source)  # type: ignore[misc]
    assert [frame.source for frame in (played.next(20), played.next(20)) if frame is not None] == ["c.jpg", "d.jpg"]
    played.close(20)
    ring.close()


def test_pictures_of_different_sizes_are_shown_with_their_own(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that is read is shown while the newest has another size already: boxes lie where its size says."""
    monkeypatch.setattr(feed, "READING_NS", 60_000_000_000)
    ring = RingReader(tmp_path / "frames.ring")
    for at_ms, source in ((0, "shown.jpg"), (20, "a.jpg")):
        bench.script.put(wide_at(at_ms, source))
    bench.feed.start()
    assert [frame.source for frame in (bench.feed.next(20), bench.feed.next(20)) if frame is not None] == ["shown.jpg", "a.jpg"]
    bench.script.put(frame_at(200, "b.jpg"))
    until(lambda: bench.feed.size == (1280, 960), "the next picture")

    def shown() -> tuple[str, tuple[int, int]] | None:
        shot = ring.shot()
        return (shot.source, shot.size) if shot is not None else None

    until(lambda: (shown() or ("",))[0] == "a.jpg", "the picture that was read")
    assert shown() == ("a.jpg", (64, 48))
    ring.close()


def test_a_trigger_reads_the_newest_picture_reduced(tmp_path: Path) -> None:
    script: queue.Queue[Frame | CameraError] = queue.Queue()
    path = tmp_path / "frames.ring"
    played = Feed(lambda: ScriptedCamera(script, (), ""), lambda frame: False, 1, path, Clock(), lambda: None, read_size=(32, 24))
    played.start()
    script.put(replace(wide_at(0, "a.jpg"), monotonic_ns=Clock().monotonic_ns() + 60_000_000_000))
    newest = until(played.newest, "the picture")
    assert (newest.source, newest.rgb.shape) == ("a.jpg", (24, 32, 3))
    played.close(20)
