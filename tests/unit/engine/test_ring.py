"""Frame ring: between processes, never torn, tolerant of a restarted or resized writer."""

from __future__ import annotations

import multiprocessing
import os
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import pytest

from board.kit.errors import StoreError
from board.types import Frame
from engine.ring import RingReader, RingWriter

AT = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)


def picture(seq: int, width: int = 64, height: int = 48, source: str = "") -> Frame:
    return Frame(seq, AT, 1000 + seq, np.full((height, width, 3), seq % 256, np.uint8), source)


def test_the_reader_gets_the_newest_frame_as_it_was_written(tmp_path: Path) -> None:
    writer = RingWriter(tmp_path / "frames.ring", 64, 48)
    writer.write(picture(1))
    rgb = np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3)
    writer.write(Frame(2, AT, 77, rgb, "Ö car.jpg"))
    frame = RingReader(tmp_path / "frames.ring").latest()
    assert frame is not None
    assert (frame.seq, frame.captured_at, frame.monotonic_ns, frame.source) == (2, AT, 77, "Ö car.jpg")
    assert np.array_equal(frame.rgb, rgb)


def test_a_frame_that_the_reader_knows_is_not_copied_again(tmp_path: Path) -> None:
    writer, reader = RingWriter(tmp_path / "r", 64, 48), RingReader(tmp_path / "r")
    writer.write(picture(5))
    assert reader.latest(known_seq=5) is None
    writer.write(picture(6))
    frame = reader.latest(known_seq=5)
    assert frame is not None and frame.seq == 6


def test_without_a_writer_or_before_its_first_frame_there_is_nothing(tmp_path: Path) -> None:
    reader = RingReader(tmp_path / "r")
    assert reader.latest() is None
    RingWriter(tmp_path / "r", 64, 48)
    assert reader.latest() is None


def test_a_file_that_is_no_ring_gives_nothing_and_is_replaced_by_the_writer(tmp_path: Path) -> None:
    (tmp_path / "r").write_bytes(b"GWRING01 but not really")
    reader = RingReader(tmp_path / "r")
    assert reader.latest() is None
    RingWriter(tmp_path / "r", 64, 48).write(picture(1))
    frame = reader.latest()
    assert frame is not None and frame.seq == 1


def test_the_reader_follows_a_restarted_writer(tmp_path: Path) -> None:
    first, reader = RingWriter(tmp_path / "r", 64, 48), RingReader(tmp_path / "r")
    first.write(picture(9))
    assert reader.latest() is not None
    RingWriter(tmp_path / "r", 64, 48).write(picture(1))
    frame = reader.latest()
    assert frame is not None and frame.seq == 1


def test_pictures_may_change_their_size_and_outgrow_the_ring(tmp_path: Path) -> None:
    writer, reader = RingWriter(tmp_path / "r", 64, 48), RingReader(tmp_path / "r")
    for seq, (width, height) in enumerate([(64, 48), (30, 20), (640, 480), (64, 48)], 1):
        writer.write(picture(seq, width, height))
        frame = reader.latest()
        assert frame is not None and (frame.seq, frame.rgb.shape) == (seq, (height, width, 3))


def test_a_ring_of_every_second_pixel_knows_the_size_of_the_whole_picture(tmp_path: Path) -> None:
    writer, reader = RingWriter(tmp_path / "r", 5, 4, every=2), RingReader(tmp_path / "r")
    rgb = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    writer.write(Frame(2, AT, 77, rgb, ""))
    shot = reader.shot()
    assert shot is not None
    assert (shot.width, shot.height, shot.size, shot.seq) == (3, 2, (5, 4), 2)
    assert bytes(shot.rgb) == rgb[::2, ::2].tobytes()


def test_a_reader_that_hangs_while_copying_does_not_hold_the_writer(tmp_path: Path) -> None:
    import fcntl

    from engine.ring import _locked, _open

    writer = RingWriter(tmp_path / "r", 64, 48)
    writer.write(picture(1))
    hung = _open(tmp_path / "r")
    assert hung is not None
    with _locked(hung.file, 2, fcntl.F_RDLCK) as locked:
        assert locked
        assert [writer.write(picture(seq)) for seq in (2, 3, 4)] == [True, True, True]
    frame = RingReader(tmp_path / "r").latest()
    assert frame is not None and frame.seq == 4


def test_a_slot_whose_writer_died_in_the_middle_is_not_shown(tmp_path: Path) -> None:
    from engine.ring import SLOT

    writer = RingWriter(tmp_path / "r", 64, 48)
    writer.write(picture(1))
    ring = writer._ring
    os.pwrite(ring.file, bytes(SLOT.size), ring.slot_at(ring.newest()))
    assert RingReader(tmp_path / "r").latest() is None


def test_no_room_on_the_disk_is_a_store_error_and_the_old_ring_stays(tmp_path: Path) -> None:
    writer = RingWriter(tmp_path / "r", 64, 48)
    writer.write(picture(1))
    with pytest.raises(StoreError, match="no room for"):
        RingWriter(tmp_path / "r", 1 << 24, 1 << 24)
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
    assert writer.write(picture(2))


def _write_until(path: Path, stop: Event, ready: Event) -> None:
    writer = RingWriter(path, 320, 240)
    seq = 0
    while not stop.is_set():
        seq += 1
        if seq % 100 == 0:
            writer = RingWriter(path, 320, 240)  # a restart in between
        writer.write(picture(seq, 320, 240))
        ready.set()


def test_no_frame_is_torn_while_another_process_writes_as_fast_as_it_can(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    stop, ready = context.Event(), context.Event()
    process = context.Process(target=_write_until, args=(tmp_path / "r", stop, ready))
    process.start()
    try:
        assert ready.wait(30)
        reader = RingReader(tmp_path / "r")
        seen = 0
        for _ in range(400):
            frame = reader.latest()
            if frame is not None:
                seen += 1
                assert frame.rgb.min() == frame.rgb.max() == frame.seq % 256
        assert seen > 0
    finally:
        stop.set()
        process.join(20)
