"""Simulated chip: as strict as a real one; outlives processes in STATE/sim; every level change lies in STATE/sim/edges.jsonl.

levels       one byte per pin, mapped by every process; 255: never powered
claims/      one locked file per claimed pin; a dead owner's pin is free, its level stays
watch/       datagram sockets of those who watch inputs
edges.jsonl  {"t_ns": CLOCK_MONOTONIC ns of the change, "line": "DO1", "level": 0 or 1}, one line per change, appended
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import logging
import mmap
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic_ns

from board.gpio._claims import Claims, taker
from board.kit.errors import BoardError
from board.kit.files import open_shared
from board.kit.sockets import bound_at, short_address
from board.kit.state import State
from board.lines import own_lines, pin_names, rest_levels
from board.ports import Gpio, GpioKind
from board.types import BoardProfile

PINS = 64
UNPOWERED = 255
MAX_LOG_BYTES = 20_000_000
"""A longer edge log is put aside (edges.1.jsonl) when the chip is next opened."""

NOTIFY_TIMEOUT_S = 0.05
"""A watcher that does not read its datagrams loses them, so that it cannot block whoever drives the line."""

log = logging.getLogger("board.gpio.sim")


class SimChip:
    """Claimed lines of the simulated chip (the port `Gpio`)."""

    def __init__(self, profile: BoardProfile, state: State) -> None:
        profile = own_lines(profile)  # the pins of expanders are no lines of this chip
        self._state = state
        self._names = pin_names(profile)
        for pin, name in self._names.items():
            if not 0 <= pin < PINS:
                raise BoardError(
                    "board {name}: {line} is on pin {number} of {device}, which has 0 to {highest}",
                    name=profile.name,
                    line=name,
                    number=pin,
                    device=profile.title,
                    highest=PINS - 1,
                )
        pins = {name: pin for pin, name in self._names.items()}
        self._inputs = {line.pin: line for line in profile.inputs}
        self._wired: dict[int, list[int]] = {}
        for output, input_name in profile.wires:
            self._wired.setdefault(pins[output], []).append(pins[input_name])
        self._watch_folder = state.sim / "watch"
        self._claims = Claims(state.sim / "claims")
        self._outputs: set[int] = set()
        self._pending: deque[tuple[int, int, int]] = deque()
        self._log_lock = threading.Lock()
        self._log_full = False
        self._watchers: list[_Watcher] = []
        self._watch_folder.mkdir(exist_ok=True)
        with _chip_locked(state):
            self._levels = _map_levels(state)
            self._log = _open_log(state)
            self._power(profile)

    def claim_output(self, pin: int, level: bool, owner: str) -> None:
        name = self._name(pin)
        if pin in self._inputs:
            raise BoardError("{name} (pin {pin}) is an input: it cannot be an output", name=name, pin=pin)
        self._claims.take(pin, name, owner)
        self._outputs.add(pin)
        self.write(pin, level)

    def claim_input(self, pin: int, pull: str, owner: str) -> None:
        name = self._name(pin)
        if pin not in self._inputs:
            raise BoardError("{name} (pin {pin}) is an output: it cannot be an input", name=name, pin=pin)
        if pull not in ("up", "down", "off"):
            raise BoardError("{name}: pull must be up, down or off, not {pull!r}", name=name, pull=pull)
        self._claims.take(pin, name, owner)

    def write(self, pin: int, level: bool, hurry: bool = False) -> None:
        if pin not in self._outputs:
            raise BoardError("{name} (pin {pin}) is not claimed as an output by this process", name=self._name(pin), pin=pin)
        value = 1 if level else 0
        if self._levels[pin] != value:
            self._levels[pin] = value
            t_ns = monotonic_ns()
            self._pending.append((t_ns, pin, value))
            for wired in self._wired.get(pin, ()):
                if self._levels[wired] != value:
                    self._levels[wired] = value
                    self._pending.append((t_ns, wired, value))
        if not hurry and self._pending:
            self._write_down()

    def read(self, pin: int) -> bool:
        if pin not in self._claims:
            raise BoardError("{name} (pin {pin}) is not claimed by this process", name=self._name(pin), pin=pin)
        return self._levels[pin] == 1

    def level(self, pin: int) -> int:
        """The level as a multimeter at the pin shows it: 0 or 1, claimed or not."""
        self._name(pin)
        return self._levels[pin]

    def drive(self, pin: int, level: bool) -> None:
        """Moves an input from outside, as a contact does."""
        with _chip_locked(self._state):
            if self._levels[pin] == int(level):
                return
            self._levels[pin] = int(level)
            self._pending.append((monotonic_ns(), pin, int(level)))
            self._write_down()

    def watch(self, pins: Sequence[int], on_edge: Callable[[int, bool, int], None]) -> None:
        for pin in pins:
            if pin not in self._claims or pin not in self._inputs:
                raise BoardError("{name} (pin {pin}) is not claimed as an input by this process", name=self._name(pin), pin=pin)
        self._watchers.append(_Watcher(self._watch_folder, frozenset(pins), on_edge))

    def close(self) -> None:
        for watcher in self._watchers:
            watcher.close()
        self._watchers.clear()
        self._outputs.clear()
        if self._log >= 0:
            self._write_down()
            os.close(self._log)
            self._log = -1
        self._claims.release()

    def _name(self, pin: int) -> str:
        if pin not in self._names:
            raise BoardError("this board has no pin {pin}; it has {pins}", pin=pin, pins=sorted(self._names))
        return self._names[pin]

    def _power(self, profile: BoardProfile) -> None:
        # As on a board: pulls hold inputs and keep driver stages off until somebody claims the line.
        levels = {pin: int(level) for pin, level in rest_levels(profile, {}).items()}
        levels |= {line.pin: int(line.pull == "up") for line in profile.inputs}
        for pin, level in levels.items():
            if self._levels[pin] == UNPOWERED:
                self._levels[pin] = level
        for output, inputs in self._wired.items():
            for wired in inputs:
                self._levels[wired] = self._levels[output]

    def _write_down(self) -> None:
        with self._log_lock:
            edges = []
            while self._pending:
                edges.append(self._pending.popleft())
            self._append(b"".join(_line(t_ns, self._names[pin], value) for t_ns, pin, value in edges))
        for t_ns, pin, value in edges:
            if pin in self._inputs:
                _notify(self._watch_folder, pin, value, t_ns)

    def _append(self, lines: bytes) -> None:
        try:
            os.write(self._log, lines)
        except OSError as why:  # a full disk is no reason to leave a gate open
            if not self._log_full:
                log.error("edges.jsonl is not written any more: %s", why)
            self._log_full = True


def set_input(state: State, name: str, level: int) -> None:
    """Drives input `name` ("DI1") from outside to `level` (0 or 1), as a contact does; watchers hear of it at once.

    BoardError when the board is not simulated, has no such input, or a wire drives it."""
    from board.profiles import load  # the one function here that asks which board this is

    profile = own_lines(load(state))
    inputs = {line.name: line for line in profile.inputs}
    if profile.gpio != "sim":
        raise BoardError("board {title} is not simulated: its inputs are moved by what is wired to them", title=profile.title)
    if name not in inputs:
        raise BoardError("there is no input {name!r}; there are {inputs}", name=name, inputs=tuple(inputs))
    if level not in (0, 1):
        raise BoardError("{name}: a level is 0 or 1, not {level!r}", name=name, level=level)
    driver = next((output for output, wired in profile.wires if wired == name), "")
    if driver:
        raise BoardError("{name} is wired to {driver}, which drives it", name=name, driver=driver)
    chip = SimChip(profile, state)
    try:
        chip.drive(inputs[name].pin, level == 1)
    finally:
        chip.close()


def plug_wire(state: State, output: str, input_name: str) -> None:
    """Joins an output line ("DO1", "W1.D0") to an input for whoever opens the chip from now on; "" unplugs it.
    BoardError when the board is not simulated, or has no such output to unplug; ConfigError when there are no such lines."""
    from board.profiles import check_pins, load, wires_file

    profile = own_lines(load(state))
    if profile.gpio != "sim":
        raise BoardError("board {title} is not simulated: plug a real wire", title=profile.title)
    outputs = tuple(name for pin, name in pin_names(profile).items() if pin in rest_levels(profile, {}))
    if not input_name and output not in outputs:
        raise BoardError("there is no output {name!r}; this board has {outputs}", name=output, outputs=outputs)
    wires = {known: wired for known, wired in profile.wires if known != output}
    if input_name:
        wires[output] = input_name
    check_pins(dataclasses.replace(profile, wires=tuple(wires.items())))
    state.sim.mkdir(parents=True, exist_ok=True)
    wires_file(state).write_text(json.dumps(wires))


def show(state: State) -> list[tuple[str, int, str]]:
    """(line, level, owner or "") of every line of the simulated chip, in the profile's order."""
    from board.profiles import load

    profile = own_lines(load(state))
    chip = SimChip(profile, state)
    try:
        return [(name, chip.level(pin), taker(state.sim / "claims", pin)) for pin, name in pin_names(profile).items()]
    finally:
        chip.close()


class _Watcher:
    """A thread that waits for the datagrams of changed inputs."""

    def __init__(self, folder: Path, pins: frozenset[int], on_edge: Callable[[int, bool, int], None]) -> None:
        self._pins = pins
        self._on_edge = on_edge
        self._path = folder / f"{os.getpid()}-{id(self)}.sock"
        self._socket = bound_at(self._path, socket.SOCK_DGRAM, for_all=True)
        self._thread = threading.Thread(target=self._run, name="sim-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        self._socket.shutdown(socket.SHUT_RD)  # the thread reads an empty datagram and ends
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=1)
        self._socket.close()

    def _run(self) -> None:
        while datagram := self._socket.recv(64):
            pin, level, t_ns = map(int, datagram.split())
            if pin in self._pins:
                self._on_edge(pin, level == 1, t_ns)


def _notify(folder: Path, pin: int, level: int, t_ns: int) -> None:
    for path in folder.iterdir():
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, short_address(path) as address:
            sender.settimeout(NOTIFY_TIMEOUT_S)
            try:
                sender.sendto(b"%d %d %d" % (pin, level, t_ns), address)
            except ConnectionRefusedError:  # its process died
                path.unlink(missing_ok=True)
            except OSError as why:
                log.warning("a watcher of the simulated chip missed an edge of pin %d: %s", pin, why)


def _line(t_ns: int, name: str, level: int) -> bytes:
    return b'{"t_ns": %d, "line": "%s", "level": %d}\n' % (t_ns, name.encode(), level)


def _map_levels(state: State) -> mmap.mmap:
    path = state.sim / "levels"
    try:
        with os.fdopen(open_shared(path, os.O_RDWR), "r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.write(bytes([UNPOWERED]) * (PINS - size))
            file.flush()
            return mmap.mmap(file.fileno(), PINS)
    except OSError as why:
        raise BoardError("the simulated chip cannot be kept in {path}: {why}", path=path, why=why) from why


def _open_log(state: State) -> int:
    path = state.sim / "edges.jsonl"
    try:
        if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
            path.replace(path.with_name("edges.1.jsonl"))
        return open_shared(path, os.O_WRONLY | os.O_APPEND)
    except OSError as why:
        raise BoardError("the simulated chip cannot keep its edges in {path}: {why}", path=path, why=why) from why


@contextmanager
def _chip_locked(state: State) -> Iterator[None]:
    """One process at a time sets the chip up or moves its inputs."""
    file = open_shared(state.sim / "chip.lock", os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _open(profile: BoardProfile, state: State) -> Gpio:
    return SimChip(profile, state)


def _taken_by(profile: BoardProfile, state: State, pin: int) -> str:
    return taker(state.sim / "claims", pin)


GPIO = GpioKind("sim", _open, _taken_by)
