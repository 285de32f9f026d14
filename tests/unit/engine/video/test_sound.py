"""Sound: what a microphone hears becomes G.711, cut evenly, for all who listen."""

from __future__ import annotations

import math
import threading
import time
import wave
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from board.kit.loop import Loop
from engine.video.rtp import Unit
from engine.video.sound import PIECE, Sound, microphone
from tests.waiting import until


@pytest.fixture
def loop(leak_free: None) -> Iterator[Loop]:
    made, stop = Loop(), threading.Event()
    thread = threading.Thread(target=made.run, args=(stop, 0.02, lambda: None))
    thread.start()
    yield made
    stop.set()
    thread.join()
    made.close()


class Listener:
    def __init__(self) -> None:
        self.units: list[Unit] = []

    def take(self, unit: Unit) -> None:
        self.units.append(unit)

    def changed(self) -> None:
        raise AssertionError("sound does not change")


def tone(path: Path) -> Path:
    """One second of 500 Hz, 44.1 kHz, two channels."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        samples = (int(20_000 * math.sin(2 * math.pi * 500 * at / 44_100)) for at in range(44_100))
        file.writeframes(b"".join(2 * sample.to_bytes(2, "little", signed=True) for sample in samples))
    return path


class Microphone:
    """Gives what a file holds at the pace of a microphone."""

    def __init__(self, path: Path) -> None:
        import av

        self.container = av.open(str(path))

    def __enter__(self) -> Microphone:
        return self

    def __exit__(self, *why: object) -> None:
        self.container.close()

    def decode(self, audio: int) -> Iterator[object]:
        for frame in self.container.decode(audio=audio):
            time.sleep(frame.samples / frame.sample_rate)
            yield frame


def test_a_tone_in_stereo_becomes_pieces_of_40_ms_with_even_times(loop: Loop, tmp_path: Path) -> None:
    import av

    path = tone(tmp_path / "tone.wav")
    sound, listener = Sound(loop, lambda: Microphone(path)), Listener()
    loop.call(lambda: sound.join(listener))
    until(lambda: len(listener.units) >= 10, "the sound")
    sound.close()
    assert {(len(unit.payloads), unit.length) for unit in listener.units} == {(1, PIECE)}
    steps = {second.at_ns - first.at_ns for first, second in pairwise(listener.units)}
    assert min(steps) == 40_000_000
    heard = av.CodecContext.create("pcm_mulaw", "r")
    heard.sample_rate, heard.layout = 8_000, "mono"  # type: ignore[attr-defined]
    loud = heard.decode(av.Packet(listener.units[5].payloads[0]))[0].to_ndarray()[0]
    rises = sum(1 for first, second in pairwise(loud) if first < 0 <= second)
    assert rises in (19, 20)  # 500 Hz for 40 ms
    assert 18_000 < max(loud) < 22_000


def test_a_microphone_that_fails_is_opened_again(loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import av

    monkeypatch.setattr("engine.video.sound.AGAIN_S", 0.01)
    path = tone(tmp_path / "tone.wav")
    opened: list[str] = []

    def open_device() -> object:
        opened.append("")
        return av.open(str(tmp_path / "nothing.wav" if len(opened) == 1 else path))

    sound, listener = Sound(loop, open_device), Listener()
    loop.call(lambda: sound.join(listener))
    until(lambda: listener.units, "the sound")
    sound.close()
    assert len(opened) >= 2


@pytest.mark.parametrize(
    ("lines", "device"),
    [
        ("", ""),
        ("00-00: bcm2835 Headphones : bcm2835 Headphones : playback 8\n", ""),
        ("00-00: Headphones : : playback 8\n01-02: USB Audio : USB Audio : playback 1 : capture 1\n", "plughw:1,2"),
    ],
)
def test_the_first_device_that_records_is_the_microphone(tmp_path: Path, lines: str, device: str) -> None:
    (tmp_path / "pcm").write_text(lines)
    assert microphone(tmp_path / "pcm") == device
    assert microphone(tmp_path / "none") == ""
