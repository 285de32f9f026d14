"""Engine process: its loop with a real link and ring, a fake camera and a fake reader; then the process itself."""

from __future__ import annotations

import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from board.camera import CameraSettings
from board.kit.clock import Clock
from board.kit.errors import CameraError, ModelError
from board.kit.state import State
from board.kit.wire import Codec, listen
from board.kit.words import NOTHING, Text
from board.types import Frame
from engine.messages import (
    SERVICE_MESSAGES,
    EngineStatus,
    LiveReads,
    PassageReport,
    PassageStored,
    ReadTold,
    StartTrigger,
    TriggerTaken,
)
from engine.reading import begin, run, saving
from engine.reading.images import ImageStore
from engine.reading.passages import sights
from engine.reading.run import Engine, Reader
from engine.recognise import pipeline
from engine.settings import GeneralSettings, LprSettings
from engine.types import PlateRead, Roi, Trigger
from tests.unit.engine.reading.passages.reads import read_of
from tests.unit.engine.reading.test_feed import ScriptedCamera
from tests.unit.engine.reading.test_link import Service
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[4]


class Script:
    """A reader that gives what the picture's first pixel asks for: 0 nothing, 1.. the plates, 255 an error."""

    def __init__(self, plates: Sequence[str]) -> None:
        self._plates = plates

    def read(self, rgb: NDArray[np.uint8], roi: Roi | None, small: NDArray[np.uint8] | None) -> list[PlateRead]:
        number = int(rgb[0, 0, 0])
        if number == 255:
            raise ValueError("odd picture")
        return [read_of(self._plates[number - 1], box=(100, 100, 140, 32))] if number else []


class Bench:
    """An engine whose camera shows what `show` says, with the service it reports to."""

    def __init__(self, folder: Path, settings: LprSettings, idle: str = "", reader: Callable[[], Reader] | None = None) -> None:
        self.state = State(folder)
        self.state.run.mkdir(parents=True)
        self.frames: queue.Queue[Frame | CameraError] = queue.Queue()
        self.service = Service(self.state.service_socket)
        self.is_set_up = False
        self.is_patient = False
        script = Script(["BA123CD", "KE777AA"])
        self.engine = Engine(
            self.state,
            Clock(),
            settings,
            GeneralSettings(),
            idle,
            lambda: ScriptedCamera(self.frames),
            reader or (lambda: script),
            lambda: self.is_set_up,
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._seq = 0

    def start(self) -> None:
        self._thread.start()
        self.service.accept()

    def _run(self) -> None:
        class Life:
            stop = self._stop

            def beat(self) -> None: ...

            @contextmanager
            def patience(_, limit_s: float) -> Iterator[None]:
                self.is_patient = True
                yield
                self.is_patient = False

        self.engine.run(Life())  # type: ignore[arg-type]

    def show(self, number: int) -> None:
        self._seq += 1
        rgb = np.full((240, 320, 3), number, np.uint8)
        self.frames.put(Frame(self._seq, Clock().now(), Clock().monotonic_ns(), rgb))

    def read_frames(self, count: int) -> None:
        """Until so many frames were read: a newer one would take the place of one still waiting."""
        for _ in range(4000):
            if self.engine.status().frames_processed >= count:
                return
            self._stop.wait(0.005)
        raise AssertionError(f"not {count} frames read within 20 s")

    def status(self, fits: Callable[[EngineStatus], bool]) -> EngineStatus:
        for _ in range(100):
            status = self.service.heard(EngineStatus)
            assert isinstance(status, EngineStatus)
            if fits(status):
                return status
        raise AssertionError(f"the status stayed {status}")

    def close(self) -> None:
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
        self.service.die()


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []
    monkeypatch.setattr("engine.reading.feed.FRESH_NS", 60_000_000_000)  # however busy this machine is

    def build(**options: object) -> Bench:
        settings = options.pop("settings", LprSettings(mode="FREEFLOW"))
        made.append(Bench(tmp_path / "state", settings, **options))  # type: ignore[arg-type]
        return made[-1]

    yield build
    for bench in made:
        bench.close()


def test_the_service_is_told_what_became_of_each_read_and_the_status_counts_what_was_left_out(make: Callable[..., Bench]) -> None:
    caught = logging.getLogger("reads")
    caught.setLevel(logging.INFO)
    bench = make(settings=LprSettings(mode="FREEFLOW", min_characters=8))
    bench.start()
    bench.show(1)
    told = bench.service.heard(ReadTold)
    assert (told.logger, told.line) == ("reads", "read 'BA123CD' in frame 1 not valid: 7 characters, minimum 8")
    assert bench.status(lambda status: status.rejected.get("characters") == 1).rejected == {"characters": 1, "repeated": 0}
    caught.setLevel(logging.NOTSET)


def test_two_agreeing_frames_become_one_passage_with_its_pictures_on_disk(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.start()
    bench.show(1)
    bench.read_frames(1)
    assert bench.service.heard(LiveReads).reads[0].text == "BA123CD"
    bench.show(1)
    passage = bench.service.heard(PassageReport).passage
    assert (passage.plate, passage.votes, passage.confidence, passage.size, passage.box) == (
        "BA123CD",
        2,
        95.0,
        (320, 240),
        (100, 100, 140, 32),
    )
    with (
        Image.open(bench.state.images / passage.images.full) as full,
        Image.open(bench.state.images / passage.images.plate) as plate,
    ):
        assert (full.size, plate.size) == ((320, 240), (150, 42))
    bench.service.say(PassageStored(passage.id))
    status = bench.status(lambda status: status.frames_processed == 2 and status.last_char_height_px == 30.0)
    assert (status.mode, status.camera, status.error, status.size) == ("FREEFLOW", NOTHING, NOTHING, (320, 240))


def test_without_a_licence_pictures_are_shown_and_nothing_is_read(make: Callable[..., Bench]) -> None:
    bench = make(idle="NO LICENSE")
    bench.start()
    bench.show(1)
    status = bench.status(lambda status: status.camera == NOTHING)
    assert (status.mode, status.frames_processed) == ("NO LICENSE", 0)
    bench.service.say(StartTrigger(Trigger("t1", "test", Clock().now(), Clock().monotonic_ns())))
    assert bench.service.heard(TriggerTaken) == TriggerTaken("t1", Text("there is no licence"))


def test_before_the_first_access_pictures_are_shown_and_nothing_is_read_until_a_region_is_chosen(
    make: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SETUP_LOOK_EVERY_NS", 10_000_000)
    bench = make(idle="SETUP")
    bench.start()
    bench.show(1)
    status = bench.status(lambda status: status.camera == NOTHING)
    assert (status.mode, status.frames_processed) == ("SETUP", 0)
    bench.service.say(StartTrigger(Trigger("t1", "test", Clock().now(), Clock().monotonic_ns())))
    assert bench.service.heard(TriggerTaken) == TriggerTaken("t1", Text("no region is chosen yet"))
    bench.is_set_up = True
    bench._thread.join(20)  # it ends by itself; the engine that the host starts next reads
    assert not bench._thread.is_alive()


@pytest.mark.parametrize("idle", ["", "SETUP"])
def test_an_engine_that_waits_for_a_card_as_it_starts_is_not_taken_for_one_that_hangs(
    make: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch, idle: str
) -> None:
    patient: list[bool] = []
    monkeypatch.setattr(sights, "write_whole", lambda path, data: patient.append(bench.is_patient))
    bench = make(idle=idle)
    bench.engine._known = sights.Known({}, (), ())  # not NOTHING_KNOWN
    bench.engine._is_set_up = lambda: patient.append(bench.is_patient) is not None  # type: ignore[attr-defined]
    bench.start()
    until(lambda: patient, "the wait for the card")
    assert patient[0]


def test_a_wrong_model_is_shown_and_loaded_when_it_was_replaced(
    make: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.reading.run.MODELS_AGAIN_NS", 50_000_000)
    outcomes: list[Reader | None] = [None, None, Script(["BA123CD"])]

    def reader() -> Reader:
        found = outcomes.pop(0)
        if found is None:
            raise ModelError("detector.tflite: not a model of this kind")
        return found

    bench = make(reader=reader)
    bench.start()
    status = bench.status(lambda status: status.error != NOTHING)
    assert str(status.error) == "models: detector.tflite: not a model of this kind"
    assert status.error_at is not None
    assert bench.status(lambda status: status.error == NOTHING).mode == "FREEFLOW"


def test_a_picture_that_cannot_be_read_is_an_error_shown_and_reading_goes_on(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.start()
    bench.show(255)
    assert str(bench.status(lambda status: status.error != NOTHING).error) == "frame could not be read: odd picture"
    for count in (2, 3):
        bench.show(1)
        bench.read_frames(count)
    assert bench.service.heard(PassageReport).passage.plate == "BA123CD"


def test_a_camera_that_went_away_is_shown_and_comes_back(make: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.reading.feed.BACK_OFF_S", (0.01,))
    bench = make()
    bench.start()
    bench.show(0)
    bench.status(lambda status: status.camera == NOTHING)
    bench.frames.put(CameraError("cable pulled"))
    bench.status(lambda status: str(status.camera) == "cable pulled")
    bench.show(0)
    bench.status(lambda status: status.camera == NOTHING)


def test_pictures_that_cannot_be_stored_do_not_hold_the_passage(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.state.images.parent.mkdir()
    bench.state.images.write_text("a file where the folder belongs")
    bench.start()
    for count in (1, 2):
        bench.show(2)
        bench.read_frames(count)
    passage = bench.service.heard(PassageReport).passage
    assert (passage.plate, passage.images.full, passage.images.plate) == ("KE777AA", "", "")
    assert "the pictures of KE777AA cannot be stored" in str(bench.status(lambda status: status.error != NOTHING).error)


def test_a_card_that_stalls_holds_up_neither_a_passage_nor_the_next_car(
    make: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    write = ImageStore._write

    def stalls(store: ImageStore, name: str, rgb: NDArray[np.uint8]) -> None:
        assert goes_on.wait(20)
        write(store, name, rgb)

    monkeypatch.setattr(ImageStore, "_write", stalls)
    monkeypatch.setattr(saving, "WITHIN_S", 0.01)
    bench = make()
    bench.start()
    told = []
    for number in (1, 2):
        for _ in range(2):
            bench.show(number)
            bench.read_frames(bench._seq)
        told.append(bench.service.heard(PassageReport).passage)
    assert [passage.plate for passage in told] == ["BA123CD", "KE777AA"]
    pictures = [bench.state.images / name for passage in told for name in (passage.images.full, passage.images.plate)]
    assert [path.exists() for path in pictures] == [False] * 4
    goes_on.set()
    until(lambda: all(path.is_file() for path in pictures), "the pictures")


def test_a_trigger_begins_with_the_newest_picture_and_says_what_it_read(make: Callable[..., Bench]) -> None:
    bench = make(settings=LprSettings(mode="TRIGGER", trigger_captures=2, votes=2, trigger_timeout_s=30))
    bench.start()
    bench.show(1)
    bench.status(lambda status: status.camera == NOTHING)
    bench.service.say(StartTrigger(Trigger("t1", "input DI1", Clock().now(), Clock().monotonic_ns())))
    assert bench.service.heard(TriggerTaken) == TriggerTaken("t1", NOTHING)
    bench.read_frames(1)
    bench.show(1)
    passage = bench.service.heard(PassageReport).passage
    assert (passage.plate, passage.trigger_id, passage.trigger_cause, passage.votes) == ("BA123CD", "t1", "input DI1", 2)


def test_a_trigger_without_a_car_gives_no_plate_with_the_picture(make: Callable[..., Bench]) -> None:
    bench = make(settings=LprSettings(mode="TRIGGER", trigger_timeout_s=0.3))
    bench.start()
    bench.show(0)
    bench.status(lambda status: status.camera == NOTHING)
    bench.service.say(StartTrigger(Trigger("t1", "http admin", Clock().now(), Clock().monotonic_ns())))
    passage = bench.service.heard(PassageReport).passage
    assert (passage.plate, passage.trigger_id, passage.votes, passage.images.plate) == ("", "t1", 0, "")
    assert (bench.state.images / passage.images.full).is_file()


class _Life:
    """A process's life without its signals."""

    def __init__(self, state: State, process: str) -> None:
        self.stop = threading.Event()

    def beat(self) -> None:
        pass

    def patience(self, limit_s: float) -> AbstractContextManager[None]:
        return nullcontext()


def test_while_the_stored_settings_cannot_be_read_nothing_is_and_then_the_engine_starts_anew_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    problems = ["settings: held by another process", "settings: held by another process", ""]
    monkeypatch.setattr(begin, "stored_settings", lambda *_: (LprSettings(), GeneralSettings(), CameraSettings(), problems.pop(0)))
    monkeypatch.setattr(run, "MODELS_AGAIN_NS", 0)
    monkeypatch.setattr(run, "Life", _Life)
    monkeypatch.setattr(run, "open_log", lambda *_: None)
    built: list[object] = []
    monkeypatch.setattr(pipeline, "Recogniser", lambda *_: built.append(1))
    (tmp_path / "run").mkdir()
    assert run.main(["--state", str(tmp_path)]) == 0
    assert (problems, built) == ([], [])
    assert "settings: held by another process; nothing is read with settings that are not this camera's" in caplog.text


def _start_process(folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "engine", "run", "--state", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("camera", ["replay", "gone"])
def test_the_process_ends_with_0_on_sigterm_with_a_camera_and_without(tmp_path: Path, camera: str) -> None:
    pictures = tmp_path / "pictures"
    if camera == "replay":
        pictures.mkdir()
        Image.new("RGB", (64, 48)).save(pictures / "a.png")
    state = State(tmp_path / "state")
    state.run.mkdir(parents=True)
    state.board_file.write_text(f'{{"profile": "sim", "camera": "replay:{pictures}", "sd": ""}}')
    sock = listen(state.service_socket)
    sock.settimeout(60)
    process = _start_process(state.root, GATEWRIGHT_LICENSED="0")
    try:
        from board.kit.wire import accept

        channel = accept(sock, Codec(SERVICE_MESSAGES))
        cameras: list[str] = []
        while not cameras or cameras[-1] == "opening the camera":
            message = channel.receive(30)
            assert message is not None
            if isinstance(message, EngineStatus):
                cameras.append(str(message.camera or "ok"))
        missing = f"replay: {pictures} is neither a folder of pictures nor a video file"
        assert cameras[-1] == ("ok" if camera == "replay" else missing)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        channel.close()
    finally:
        process.kill()
        process.wait()
        sock.close()
