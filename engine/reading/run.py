"""Engine process: camera frames in, passages out to the service (`python -m engine run --state DIR`)."""

from __future__ import annotations

import argparse
import logging
import os
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from board.camera import open_camera
from board.kit.clock import Clock, by_clock_of_now
from board.kit.errors import CameraError, GatewrightError, StoreError
from board.kit.process import TRACE, Life, open_log
from board.kit.state import State
from board.kit.words import NOTHING, Text, mark, shortened
from board.kit.zones import CameraZone
from board.ports import Camera
from board.types import BoardProfile, Frame
from engine.events import LOW_CONFIDENCE
from engine.messages import NO_LICENSE, SETUP, EngineStatus, LiveReads, ReadAgain, StartTrigger, StopEngine, TriggerTaken
from engine.reading import begin
from engine.reading.again import Again
from engine.reading.feed import Feed
from engine.reading.images import ImageStore
from engine.reading.link import Link
from engine.reading.look import look_of
from engine.reading.modes import Result, mode_kind
from engine.reading.passages.filters import ReadFilter
from engine.reading.passages.sights import NOTHING_KNOWN, Known, SightsFile
from engine.reading.passages.unsure import Unsure
from engine.reading.reduced import Size, sizes
from engine.reading.saving import Saving
from engine.reading.told import told
from engine.reading.unstored import Unstored
from engine.regions import masks_of, region_of
from engine.types import Passage, PassageImages, PlateRead, Roi, Trigger

if TYPE_CHECKING:
    from engine.settings import GeneralSettings, LprSettings

log = logging.getLogger("engine")

MODELS_AGAIN_NS = 10_000_000_000
SETUP_LOOK_EVERY_NS = 1_000_000_000
WHY_IDLE = {NO_LICENSE: Text("there is no licence"), SETUP: Text("no region is chosen yet")}
WAIT_S = 0.1
"""How long the loop waits for a frame: a trigger's timeout is kept to this."""
STOP_S = 0.4
MODELS_LIMIT_S = 120.0
CARD_LIMIT_S = 60.0
"""A card that stalls: an engine that is ended over it waits for it all the same, and then has to load its models."""
MOST_LIVE_READS = 16
MOST_CHARACTERS = 500
"""Of an error in the status: libraries write long ones."""
MODELS = mark("models: {why}")


class Reader(Protocol):
    """What reads plates (engine.recognise)."""

    def read(self, rgb: NDArray[np.uint8], roi: Roi | None, small: NDArray[np.uint8] | None) -> list[PlateRead]: ...


class Engine:
    """The reading loop with what it keeps. `open_camera` and `open_reader` raise errors of ours; both are tried again.

    `idle`: "" reads; NO_LICENSE or SETUP only shows the camera's picture, so that nothing opens a gate. SETUP lasts until
    `is_set_up`, which is asked once a second, says so: then `run` returns, and the engine that is started next reads. `running`:
    fingerprints of all settings that it was started with; `zone`: the one that its camera goes by, which follows the service's."""

    def __init__(
        self,
        state: State,
        clock: Clock,
        settings: LprSettings,
        general: GeneralSettings,
        idle: str,
        open_camera: Callable[[], Camera],
        open_reader: Callable[[], Reader],
        is_set_up: Callable[[], bool] = lambda: True,
        known: Known = NOTHING_KNOWN,
        running: Mapping[str, str] | None = None,
        ring_every: int = 1,
        read_size: Size | None = None,
        zone: CameraZone | None = None,
    ) -> None:
        kind = mode_kind(settings.mode)
        self._running = dict(running or {})
        self._clock = clock
        self._open_reader = open_reader
        self._reader: Reader | None = None
        self._reader_at_ns = 0
        self._idle = idle
        self._is_set_up = is_set_up
        self._set_up_look_ns = 0
        self._mode_name = idle or settings.mode
        self._mode = kind.open(settings, known)
        self._sights = SightsFile(state.sights_file, clock)
        self._known = known
        self._filter = ReadFilter(settings)
        self._unsure = Unsure(settings.votes, settings.min_confidence_pct, settings.lost_after_ms)
        images = ImageStore(state.images, general.save_full_image, general.save_plate_image, general.image_quality_pct)
        self._saving = Saving(images, self.say)
        self._triggers: deque[Trigger] = deque()
        self._stop = threading.Event()
        self._patience: Callable[[float], AbstractContextManager[None]] = lambda limit_s: nullcontext()
        self._frames_processed = 0
        self._read_ms = 0.0
        self._char_height_px = 0.0
        self._live_shown = False
        self._error = NOTHING
        self._error_at: tuple[datetime, int] | None = None
        """By the wall clock and the monotonic one."""
        self._again = Again()
        self._asked_again: deque[ReadAgain] = deque()
        unstored = Unstored(state.unstored_file, clock)
        for passage in unstored.found:
            self._again.published(passage.plate, passage.id)
        self._link = Link(
            state.service_socket,
            clock,
            self.status,
            zone or CameraZone(general.time_zone),
            unstored,
            {StartTrigger: self._take_trigger, StopEngine: self._stop_asked, ReadAgain: self._asked_again.append},
        )
        wanted = _nothing if idle else self._mode.wanted
        self._feed = Feed(
            open_camera, wanted, kind.queue(settings), state.frames, clock, self._link.show_status, ring_every, read_size
        )

    def status(self) -> EngineStatus:
        """What the engine does just now."""
        error = self._error or self._feed.ring_error
        return EngineStatus(
            mode=self._mode_name,
            frames_processed=self._frames_processed,
            frames_per_s=round(self._feed.frames_per_s(), 1),
            read_ms=round(self._read_ms, 1),
            last_char_height_px=round(self._char_height_px, 1),
            camera=shortened(self._feed.camera, MOST_CHARACTERS),
            error=shortened(error, MOST_CHARACTERS),
            error_at=self._error_at and by_clock_of_now(*self._error_at, self._clock),
            size=self._feed.size,
            frames_lost=self._feed.lost,
            frames_late=self._feed.late,
            camera_notes=tuple(shortened(note, MOST_CHARACTERS) for note in self._feed.notes[:10]),
            preset=self._feed.preset,
            settings=self._running,
            motion_pct=round(self._mode.motion_pct(), 1),
            rejected={**self._filter.rejected, "repeated": self._mode.repeated},
        )

    def say(self, error: Text) -> None:
        """Shows an error in the status and logs it; the same one once only."""
        if error != self._error:
            log.error("%s", error)
        self._error, self._error_at = error, (self._clock.now(), self._clock.monotonic_ns())
        self._link.show_status()

    def run(self, life: Life) -> None:
        """Until SIGTERM or the service's StopEngine."""
        self._patience = life.patience
        if not self._idle:
            with self._patience(CARD_LIMIT_S):
                self._sights.begin(self._known)
        self._link.start()
        self._feed.start()
        with told(self._link.tell):
            while not (life.stop.is_set() or self._stop.is_set()):
                life.beat()
                self.turn()
        self._sights.keep(self._mode.sights, self._mode.standing, at_once=True)
        self._feed.close(STOP_S)
        self._saving.close(STOP_S)
        self._link.close(STOP_S)
        if self._link.unstored():
            log.warning("stopped with %d passages that the service has not stored", self._link.unstored())

    def turn(self) -> None:
        """One round of the loop: at most one frame, or the wait for it."""
        if self._reader is None and not self._idle:
            self._open_models()
        if self._idle == SETUP:
            self._look_for_set_up()
        self._read_again()
        frame = self._begin_triggers() or self._feed.next(WAIT_S)
        if frame is not None:
            self._publish(self._read(frame))
        else:
            now_ns = self._clock.monotonic_ns()
            self._publish(self._unsure.tick(now_ns, self._mode.tick(now_ns)))
        self._sights.keep(self._mode.sights, self._mode.standing)

    def _read_again(self) -> None:
        while self._asked_again:
            asked = self._asked_again.popleft()
            if self._again.wanted(asked, self._clock.monotonic_ns()):
                log.warning(
                    "passage %s opened nothing in time: if %r still stands there, it is read anew", asked.passage_id, asked.plate
                )
                self._mode.forget(asked.plate)

    def _look_for_set_up(self) -> None:
        if self._clock.monotonic_ns() < self._set_up_look_ns:
            return
        self._set_up_look_ns = self._clock.monotonic_ns() + SETUP_LOOK_EVERY_NS
        with self._patience(CARD_LIMIT_S):
            is_set_up = self._is_set_up()
        if is_set_up:
            log.info("the region is chosen: restart")
            self.stop()

    def _open_models(self) -> None:
        if self._clock.monotonic_ns() < self._reader_at_ns:
            return
        self._reader_at_ns = self._clock.monotonic_ns() + MODELS_AGAIN_NS
        try:
            with self._patience(MODELS_LIMIT_S):
                self._reader = self._open_reader()
        except Exception as why:  # a native loader raises whatever it likes; the engine goes on and tries again
            self.say(why.text if isinstance(why, StoreError) else _of_models(why))
            return
        log.info("models loaded, mode %s", self._mode_name)
        if self._error.key == MODELS:
            self._error = NOTHING

    def _begin_triggers(self) -> Frame | None:
        """Starts the waiting triggers; their first capture is the camera's newest picture, without waiting for the next."""
        started = False
        while self._triggers:
            trigger = self._triggers.popleft()
            refused = WHY_IDLE.get(self._idle) or self._mode.start(trigger, self._clock.monotonic_ns())
            log.info("trigger %s by %s: %s", trigger.id, trigger.cause, refused or "begun")
            self._link.answer(TriggerTaken(trigger.id, refused))
            started = started or not refused
        return self._feed.newest() if started else None

    def _read(self, frame: Frame) -> list[Result]:
        if self._reader is None:
            reads: list[PlateRead] = []
        else:
            started_ns = self._clock.monotonic_ns()
            try:
                reads = self._reader.read(frame.rgb, self._filter.roi, frame.small)
            except Exception as why:  # one odd picture must not end the engine, nor end it again at the next start
                log.exception("frame %d (%s)", frame.seq, frame.source)
                self.say(Text("frame could not be read: {why}", {"why": str(why)}))
                reads = []
            took_ms = (self._clock.monotonic_ns() - started_ns) / 1e6
            self._read_ms = took_ms if self._frames_processed == 0 else 0.8 * self._read_ms + 0.2 * took_ms
        self._frames_processed += 1
        valid, refused = self._filter.sort(frame, reads)
        for read in reads:
            log.debug("frame %d: %r %.0f %%, %.0f px, box %s", frame.seq, read.text, read.confidence, read.char_height_px, read.box)
        log.log(TRACE, "frame %d: %d reads, %d valid, %.1f ms a read", frame.seq, len(reads), len(valid), self._read_ms)
        self._show_live(frame, [*valid, *refused])
        return self._unsure.see(frame, valid, self._filter.unsure(frame, refused), self._mode.see(frame, valid, refused))

    def _show_live(self, frame: Frame, reads: Sequence[PlateRead]) -> None:
        if reads or self._live_shown:
            slim = tuple(replace(read, slots=(), text=read.text[:20]) for read in reads[:MOST_LIVE_READS])
            self._link.live(LiveReads(frame.seq, slim))
        self._live_shown = bool(reads)

    def _publish(self, results: Sequence[Result]) -> None:
        for result in results:
            passage = to_passage(result, str(uuid.uuid4()), self._clock, self._feed.preset)
            if result.frame is not None:
                try:
                    passage = replace(passage, images=self._saving.save(passage, result.frame.rgb))
                except GatewrightError as why:
                    self.say(why.text)
            if result.settled:
                self._char_height_px = passage.char_height_px
            log.info(
                "passage %s: %r %.0f %% %s lane %d, %d votes%s",
                passage.id,
                passage.plate,
                passage.confidence,
                passage.country,
                passage.lane,
                passage.votes,
                f", trigger by {passage.trigger_cause}" if passage.trigger_id else "",
            )
            self._again.published(passage.plate, passage.id)
            self._link.report(passage)

    def _take_trigger(self, message: StartTrigger) -> None:
        self._triggers.append(message.trigger)
        self._feed.wake()

    def _stop_asked(self, message: StopEngine) -> None:
        log.info("restart asked for by the service")
        self.stop()

    def stop(self) -> None:
        """`run` returns soon; from any thread."""
        self._stop.set()
        self._feed.wake()


def to_passage(result: Result, passage_id: str, clock: Clock, preset: str) -> Passage:
    """The passage of a mode's result; without a sure read it has plate "", and without any the trigger's last picture.
    `preset`: the camera's exposure."""
    settled, frame, trigger = result.settled, result.frame, result.trigger
    read = settled.read if settled else result.unsure
    return Passage(
        id=passage_id,
        plate=settled.read.text if settled else "",
        confidence=settled.confidence if settled else read.confidence if read else 0.0,
        country=read.country if read else "",
        region=read.region if read else "",
        lane=read.lane if read else 0,
        direction=settled.direction if settled else "",
        char_height_px=round(read.char_height_px, 1) if read else 0.0,
        at=frame.captured_at if frame else clock.now(),
        monotonic_ns=frame.monotonic_ns if frame else clock.monotonic_ns(),
        trigger_id=trigger.id if trigger else "",
        trigger_cause=trigger.cause if trigger else "",
        votes=settled.votes if settled else 0,
        box=read.box if read else (0, 0, 0, 0),
        size=(frame.rgb.shape[1], frame.rgb.shape[0]) if frame else (0, 0),
        images=PassageImages(),
        plate_colour=read.plate_colour if read else "",
        plate_kind=read.plate_kind if read else "",
        event=LOW_CONFIDENCE if result.unsure else "",
        unsure=result.unsure.text if result.unsure else "",
        look=look_of(frame.rgb, read, preset) if frame and read else None,
        reads=settled.reads if settled else result.reads,
    )


def _of_models(why: Exception) -> Text:
    return Text(MODELS, {"why": why.text if isinstance(why, GatewrightError) else str(why)})


def _nothing(frame: Frame) -> bool:
    return False


def _profile(state: State) -> BoardProfile:
    from board.profiles import load

    return load(state)


def main(arguments: Sequence[str]) -> int:
    """Sub-command `run`. Ends with 0 on SIGTERM and on "Restart service"; GATEWRIGHT_LICENSED=0 reads nothing.

    Nor does it before a region is chosen (manual 3.3, First access), nor while the stored settings cannot be read: without its
    region of interest or mode it could open for a car on the road."""
    parser = argparse.ArgumentParser(prog="python -m engine run", description="Reads the camera and reports passages.")
    parser.add_argument("--state", type=Path, required=True, help="folder of the camera's state")
    parser.add_argument(begin.OPTION, type=int, default=-1, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    state = State(options.state.resolve())
    clock = Clock()
    open_log(state, "engine")
    first = begin.begin(state, clock) if options.begin < 0 else begin.received(options.begin)
    settings, general, problem = first.lpr, first.general, first.problem
    life = Life(state, "engine")
    zone = CameraZone(general.time_zone)
    licensed = os.environ.get("GATEWRIGHT_LICENSED", "1") != "0"
    idle = NO_LICENSE if not licensed else "" if problem or settings.region else SETUP

    def camera() -> Camera:
        from engine.recognise.small_picture import small_size

        url = _camera_url(state, settings)
        return open_camera(url, size, clock, first.camera, zone, small_size(size, region_of(settings)), state.night_file)

    def reader() -> Reader:
        from engine.recognise.pipeline import Recogniser

        if problem:
            if not begin.stored_settings(state, clock)[-1]:
                log.info("the settings can be read again: restart")
                process.stop()
            raise StoreError("{problem}; nothing is read with settings that are not this camera's", problem=problem)
        return Recogniser(threads=_profile(state).threads, countries=settings.countries, masks=masks_of(settings))

    def is_set_up() -> bool:
        return bool(begin.stored_settings(state, clock)[0].region)

    small_board = _is_small(state)
    size, read_size = sizes(settings, small_board)
    every = 2 if small_board else 1
    process = Engine(
        state, clock, settings, general, idle, camera, reader, is_set_up, first.known, first.running, every, read_size, zone
    )  # fmt: skip
    process.run(life)
    return 0


def _is_small(state: State) -> bool:
    """One of two rows and columns of the live picture is kept then."""
    try:
        return _profile(state).small
    except GatewrightError:
        return False  # the camera says what is wrong with the profile


def _camera_url(state: State, settings: LprSettings) -> str:
    if settings.connection == "URL":
        return settings.camera_url
    try:
        profile = _profile(state)
    except GatewrightError as why:
        raise CameraError("no camera: {why}", why=why) from why
    if settings.connection != "PATH":
        return profile.camera
    if not profile.simulated:
        raise CameraError("path images stand in for the camera of a simulated board only")
    return f"replay:{state.path_images}"
