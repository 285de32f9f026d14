"""gpiod: the kernel's GPIO character device through libgpiod 2; the chip is found by its label, edges carry the kernel's time."""

from __future__ import annotations

import errno
import os
import select
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from board.gpio import _chips
from board.kit.errors import BoardError, PinBusy
from board.kit.state import State
from board.ports import Gpio, GpioKind
from board.types import BoardProfile

BIAS = {"up": "PULL_UP", "down": "PULL_DOWN", "off": "DISABLED"}


class GpiodChip:
    """Claimed lines of one chip (the port `Gpio`); pins are its line offsets."""

    def __init__(self, library: Any, path: Path) -> None:
        self._library = library
        self._path = path
        self._chip = library.Chip(str(path))
        self._levels = {False: library.line.Value.INACTIVE, True: library.line.Value.ACTIVE}
        self._outputs: dict[int, Any] = {}
        self._inputs: dict[int, tuple[Any, Any]] = {}
        """{pin: (request, settings)}"""
        self._watchers: list[tuple[threading.Thread, int]] = []

    def claim_output(self, pin: int, level: bool, owner: str) -> None:
        line = self._library.line
        settings = self._library.LineSettings(direction=line.Direction.OUTPUT, output_value=self._levels[bool(level)])
        self._outputs[pin] = self._request(pin, settings, owner)

    def claim_input(self, pin: int, pull: str, owner: str) -> None:
        if pull not in BIAS:
            raise BoardError(f"line {pin}: pull must be up, down or off, not {pull!r}")
        line = self._library.line
        settings = self._library.LineSettings(direction=line.Direction.INPUT, bias=getattr(line.Bias, BIAS[pull]))
        self._inputs[pin] = (self._request(pin, settings, owner), settings)

    def write(self, pin: int, level: bool, hurry: bool = False) -> None:
        request = self._outputs.get(pin)
        if request is None:
            raise BoardError(f"line {pin} is not claimed as an output by this process")
        try:
            request.set_value(pin, self._levels[bool(level)])
        except OSError as why:
            raise BoardError(f"line {pin} could not be driven {'high' if level else 'low'}: {why}") from why

    def read(self, pin: int) -> bool:
        request = self._outputs.get(pin) or self._inputs.get(pin, (None, None))[0]
        if request is None:
            raise BoardError(f"line {pin} is not claimed by this process")
        try:
            return bool(request.get_value(pin))
        except OSError as why:
            raise BoardError(f"line {pin} could not be read: {why}") from why

    def watch(self, pins: Sequence[int], on_edge: Callable[[int, bool, int], None]) -> None:
        requests = []
        for pin in pins:
            if pin not in self._inputs:
                raise BoardError(f"line {pin} is not claimed as an input by this process")
            request, settings = self._inputs[pin]
            settings.edge_detection = self._library.line.Edge.BOTH
            try:
                request.reconfigure_lines({pin: settings})
            except OSError as why:
                raise BoardError(f"line {pin} of {self._path} reports no edges: {why}") from why
            requests.append(request)
        stop_read, stop_write = os.pipe2(os.O_CLOEXEC)
        thread = threading.Thread(target=self._follow, args=(requests, stop_read, on_edge), name="gpiod-watch", daemon=True)
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
        self._chip.close()

    def _request(self, pin: int, settings: Any, owner: str) -> Any:
        if pin in self._outputs or pin in self._inputs:
            raise PinBusy(f"line {pin} of {self._path} is taken by {owner} (pid {os.getpid()})")
        try:
            return self._chip.request_lines({pin: settings}, consumer=owner)
        except OSError as why:
            if why.errno == errno.EBUSY:
                taken_by = _chips.consumer(self._path, pin) or "somebody who just took it"
                raise PinBusy(f"line {pin} of {self._path} is taken by {taken_by}") from why
            raise BoardError(f"line {pin} of {self._path} cannot be claimed: {why}") from why
        except ValueError as why:
            raise BoardError(f"{self._path} has no line {pin}: {why}") from why

    def _follow(self, requests: list[Any], stop: int, on_edge: Callable[[int, bool, int], None]) -> None:
        rising = self._library.EdgeEvent.Type.RISING_EDGE
        by_file = {request.fd: request for request in requests}
        poll = select.poll()
        for file in (*by_file, stop):
            poll.register(file, select.POLLIN)
        while True:
            ready = [file for file, _ in poll.poll()]
            if stop in ready:
                os.close(stop)
                return
            for file in ready:
                for event in by_file[file].read_edge_events():
                    on_edge(event.line_offset, event.event_type is rising, event.timestamp_ns)


def _open(profile: BoardProfile, state: State) -> Gpio:
    try:
        import gpiod
    except ImportError as why:
        raise BoardError(f"{profile.title}: gpiod is not installed ({why}): pip install 'gpiod>=2'") from why
    if not hasattr(gpiod, "LineSettings"):
        raise BoardError(f"{profile.title}: gpiod {gpiod.__version__} is too old: pip install 'gpiod>=2'")
    path = _chips.find_chip(profile.chip_labels)
    try:
        return GpiodChip(gpiod, path)
    except OSError as why:
        raise BoardError(f"{path} does not open: {why}; run as root or add the user to the group gpio") from why


def _taken_by(profile: BoardProfile, state: State, pin: int) -> str:
    return _chips.holder(profile.chip_labels, pin)


GPIO = GpioKind("gpiod", _open, _taken_by)
