"""gpiod: the kernel's GPIO character device through libgpiod 2; edges carry the kernel's time.

The chip is found by its label; lines that the profile knows by the kernel's names are found wherever they are."""

from __future__ import annotations

import errno
import os
import select
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from board.gpio import _chips
from board.gpio._claims import taker
from board.gpio._muxes import mux_owner, muxed
from board.kit.errors import BoardError, PinBusy
from board.kit.state import State
from board.lines import pin_names
from board.ports import Gpio, GpioKind
from board.types import BoardProfile

BIAS = {"up": "PULL_UP", "down": "PULL_DOWN", "off": "DISABLED"}


class GpiodChip:
    """Claimed lines (the port `Gpio`). `places`: {pin: (chip, line)}; other pins are lines of `path`, the board's own chip.
    `open_drain`: pins that are driven low or let go."""

    def __init__(self, library: Any, path: Path | None, places: Mapping[int, tuple[Path, int]], open_drain: frozenset[int]) -> None:
        self._library = library
        self._path = path
        self._places = places
        self._open_drain = open_drain
        paths = {chip for chip, _ in places.values()} | ({path} if path else set())
        self._chips = {each: library.Chip(str(each)) for each in paths}
        self._given = {each: muxed(each) for each in paths}
        self._levels = {False: library.line.Value.INACTIVE, True: library.line.Value.ACTIVE}
        self._outputs: dict[int, Any] = {}
        self._inputs: dict[int, tuple[Any, Any]] = {}
        """{pin: (request, settings)}"""
        self._watchers: list[tuple[threading.Thread, int]] = []

    def claim_output(self, pin: int, level: bool, owner: str) -> None:
        line = self._library.line
        drive = line.Drive.OPEN_DRAIN if pin in self._open_drain else line.Drive.PUSH_PULL
        settings = self._library.LineSettings(direction=line.Direction.OUTPUT, output_value=self._levels[bool(level)], drive=drive)
        self._outputs[pin] = self._request(pin, settings, owner)

    def claim_input(self, pin: int, pull: str, owner: str) -> None:
        if pull not in BIAS:
            raise BoardError("line {pin}: pull must be up, down or off, not {pull!r}", pin=pin, pull=pull)
        line = self._library.line
        settings = self._library.LineSettings(direction=line.Direction.INPUT, bias=getattr(line.Bias, BIAS[pull]))
        self._inputs[pin] = (self._request(pin, settings, owner), settings)

    def write(self, pin: int, level: bool, hurry: bool = False) -> None:
        request = self._outputs.get(pin)
        if request is None:
            raise BoardError("line {pin} is not claimed as an output by this process", pin=pin)
        try:
            request.set_value(self._place(pin)[1], self._levels[bool(level)])
        except OSError as why:
            raise BoardError("line {pin} could not be set to {level}: {why}", pin=pin, level=int(level), why=why) from why

    def read(self, pin: int) -> bool:
        request = self._outputs.get(pin) or self._inputs.get(pin, (None, None))[0]
        if request is None:
            raise BoardError("line {pin} is not claimed by this process", pin=pin)
        try:
            return bool(request.get_value(self._place(pin)[1]))
        except OSError as why:
            raise BoardError("line {pin} could not be read: {why}", pin=pin, why=why) from why

    def watch(self, pins: Sequence[int], on_edge: Callable[[int, bool, int], None]) -> None:
        followed = []
        for pin in pins:
            if pin not in self._inputs:
                raise BoardError("line {pin} is not claimed as an input by this process", pin=pin)
            request, settings = self._inputs[pin]
            settings.edge_detection = self._library.line.Edge.BOTH
            try:
                request.reconfigure_lines({self._place(pin)[1]: settings})
            except OSError as why:
                raise BoardError("line {pin} reports no edges: {why}", pin=pin, why=why) from why
            followed.append((pin, request))
        stop_read, stop_write = os.pipe2(os.O_CLOEXEC)
        thread = threading.Thread(target=self._follow, args=(followed, stop_read, on_edge), name="gpiod-watch", daemon=True)
        thread.start()
        self._watchers.append((thread, stop_write))

    def close(self) -> None:
        while self._watchers:
            thread, stop = self._watchers.pop()
            os.close(stop)
            thread.join(timeout=1)
        for request in (*self._outputs.values(), *(request for request, _ in self._inputs.values())):
            request.release()
        self._outputs.clear()
        self._inputs.clear()
        for chip in self._chips.values():
            chip.close()

    def _place(self, pin: int) -> tuple[Path, int]:
        place = self._places.get(pin) or ((self._path, pin) if self._path else None)
        if place is None:
            raise BoardError("this board has no line {pin}: the profile names no chip and no name for it", pin=pin)
        return place

    def _request(self, pin: int, settings: Any, owner: str) -> Any:
        path, line = self._place(pin)
        if pin in self._outputs or pin in self._inputs:
            raise PinBusy(
                "line {line} of {path} is taken by {owner} (pid {pid})", line=line, path=path, owner=owner, pid=os.getpid()
            )
        if line in self._given[path]:
            raise PinBusy(
                "line {line} of {path} is taken by {owner}: switch that off, or take another line",
                line=line,
                path=path,
                owner=self._given[path][line],
            )
        try:
            return self._chips[path].request_lines({line: settings}, consumer=owner)
        except OSError as why:
            if why.errno == errno.EBUSY:
                taken_by = _chips.consumer(path, line) or "somebody who just took it"
                raise PinBusy("line {line} of {path} is taken by {taken_by}", line=line, path=path, taken_by=taken_by) from why
            raise BoardError("line {line} of {path} cannot be claimed: {why}", line=line, path=path, why=why) from why
        except ValueError as why:
            raise BoardError("{path} has no line {line}: {why}", path=path, line=line, why=why) from why

    def _follow(self, followed: list[tuple[int, Any]], stop: int, on_edge: Callable[[int, bool, int], None]) -> None:
        rising = self._library.EdgeEvent.Type.RISING_EDGE
        by_file = {request.fd: (pin, request) for pin, request in followed}
        poll = select.poll()
        for file in (*by_file, stop):
            poll.register(file, select.POLLIN)
        while True:
            ready = [file for file, _ in poll.poll()]
            if stop in ready:
                os.close(stop)
                return
            for file in ready:
                pin, request = by_file[file]
                for event in request.read_edge_events():
                    on_edge(pin, event.event_type is rising, event.timestamp_ns)


def _open(profile: BoardProfile, state: State) -> Gpio:
    try:
        import gpiod
    except ImportError as why:
        raise BoardError("{title}: gpiod is not installed ({why}): pip install 'gpiod>=2'", title=profile.title, why=why) from why
    if not hasattr(gpiod, "LineSettings"):
        raise BoardError(
            "{title}: gpiod {version} is too old: pip install 'gpiod>=2'", title=profile.title, version=gpiod.__version__
        )
    places = _named_places(profile)
    path = None if places and not profile.chip_labels else _chips.find_chip(profile.chip_labels)
    open_drain = frozenset(line.pin for line in profile.outputs if line.drive == "open-drain")
    try:
        return GpiodChip(gpiod, path, places, open_drain)
    except OSError as why:
        raise BoardError("the GPIO chip does not open: {why}; run as root or add the user to the group gpio", why=why) from why


def _named_places(profile: BoardProfile) -> dict[int, tuple[Path, int]]:
    used = pin_names(profile)
    names = {pin: name for pin, name in profile.line_names if pin in used}
    found = _chips.find_lines(tuple(names.values())) if names else {}
    return {pin: found[name] for pin, name in names.items()}


def _taken_by(profile: BoardProfile, state: State, pin: int) -> str:
    if signed := taker(state.run / "claims", pin):  # a wire that a maker of Wiegand pulses claimed: the kernel knows its library
        return signed
    names = dict(profile.line_names)
    if pin not in names:
        return _chips.holder(profile.chip_labels, pin)
    try:
        chip, line = _chips.find_lines((names[pin],))[names[pin]]
    except BoardError:
        return ""
    return _chips.consumer(chip, line) or mux_owner(chip, line)


GPIO = GpioKind("gpiod", _open, _taken_by, "gpiod")
