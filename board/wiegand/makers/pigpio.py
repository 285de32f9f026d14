"""pigpio: waves that pigpiod plays by DMA, timed by the hardware to a microsecond: `pigpio://localhost:8888`, Pi 4 and older.

Speaks the daemon's socket protocol (abyz.me.uk/rpi/pigpio/sif.html): commands of four little-endian words, answered by four, the
last of which is the result, negative for an error. The daemon samples the pins (every 5 us by default) and reports each change with
its tick: that is how a frame's own edges are checked. When it does not answer, the frame is made by busy-wait.
"""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from urllib.parse import urlsplit

from board.kit.errors import BoardError
from board.ports import Gpio
from board.types import WiegandCode, WiegandLine
from board.wiegand.heard import Change, judge
from board.wiegand.makers._kind import MakerKind
from board.wiegand.makers.busy import BusyMaker
from board.wiegand.pulses import FrameTiming, bit_pins, inside_us

log = logging.getLogger("pins.wiegand")

MODES, WRITE, BR1, NB, NC, WVAG, WVBSY, WVHLT, WVCRE, WVDEL, WVTX, WVNEW, NOIB = 0, 4, 10, 19, 21, 28, 32, 33, 49, 50, 51, 53, 99
OUTPUT = 1
COMMAND = struct.Struct("<4I")
REPORT = struct.Struct("<HHII")
"""Sequence number, flags (0: levels changed), tick in us, levels of GPIO 0 to 31."""
PULSE = struct.Struct("<3I")
"""GPIO to set, GPIO to clear, us until the next."""

PORT = 8888
ANSWER_S = 1.0
SAMPLE_US = 5
"""A reported time may be off by one sample."""


ONE_WAVE = threading.Lock()
"""One frame at a time in the process: all clients of pigpiod add to the same wave before it is made, and sending another one ends
the one that is being played."""


class PigpioMaker:
    """One port. Connects when it is first needed, and again after an error."""

    def __init__(self, line: WiegandLine, gpio: Gpio) -> None:
        self._line = line
        self._instead = BusyMaker(line, gpio)
        parts = urlsplit(line.maker)
        try:
            self._address = (parts.hostname or "localhost", parts.port or PORT)
        except ValueError as why:
            raise BoardError(
                "{name}: {maker!r} is not an address of pigpiod: {why}", name=line.name, maker=line.maker, why=why
            ) from why
        if max(line.d0, line.d1) > 31:
            raise BoardError("{name}: pigpio makes waves on GPIO 0 to 31 only", name=line.name)
        self._daemon: _Daemon | None = None

    def send(self, code: WiegandCode, width_us: int, period_us: int, stop: threading.Event) -> FrameTiming:
        with ONE_WAVE:
            return self._send(code, width_us, period_us, stop)

    def _send(self, code: WiegandCode, width_us: int, period_us: int, stop: threading.Event) -> FrameTiming:
        if stop.is_set():
            return FrameTiming((), (), 0.0, False)
        try:
            daemon = self._connected()
        except OSError as why:
            host, port = self._address
            log.warning("%s: pigpiod at %s port %d does not answer (%s): made by busy-wait", self._line.name, host, port, why)
            return self._instead.send(code, width_us, period_us, stop)
        try:
            return self._play(daemon, code, width_us, period_us)
        except (
            OSError
        ) as why:  # what was sent is not known: it counts as a bad frame, and the repetition finds pigpiod or busy-wait
            log.warning("%s: pigpiod went away within a frame: %s", self._line.name, why)
            self.close()
            time.sleep(code.bits * period_us / 1e6)  # its wave may be playing to the end: nothing may be sent into it
            return FrameTiming((), (), 0.0, False)

    def close(self) -> None:
        if self._daemon is not None:
            self._daemon.close()
            self._daemon = None

    def _connected(self) -> _Daemon:
        if self._daemon is None:
            daemon = _Daemon(self._address)
            try:
                for pin in (self._line.d0, self._line.d1):
                    daemon.ask(WRITE, pin, int(not self._line.active_high))
                    daemon.ask(MODES, pin, OUTPUT)
                daemon.listen()
            except OSError:
                daemon.close()
                raise
            self._daemon = daemon
        return self._daemon

    def _play(self, daemon: _Daemon, code: WiegandCode, width_us: int, period_us: int) -> FrameTiming:
        width_us = inside_us(width_us)
        pins = bit_pins(self._line, code)
        daemon.watch(1 << self._line.d0 | 1 << self._line.d1)
        daemon.ask(WVNEW)
        daemon.ask(WVAG, data=b"".join(self._pulse(pin, width_us, period_us - width_us) for pin in pins))
        wave = daemon.ask(WVCRE)
        try:
            daemon.ask(WVTX, wave)
            self._wait(daemon, (code.bits * period_us) / 1e6)
        finally:
            daemon.ask(WVDEL, wave)
        changes = daemon.changes(2 * code.bits, ANSWER_S)
        daemon.watch(0)
        return judge(self._line, code, changes, width_us, period_us, SAMPLE_US)

    def _pulse(self, pin: int, width_us: int, pause_us: int) -> bytes:
        active, rest = (1 << pin, 0), (0, 1 << pin)
        if not self._line.active_high:
            active, rest = rest, active
        return PULSE.pack(*active, width_us) + PULSE.pack(*rest, pause_us)

    def _wait(self, daemon: _Daemon, length_s: float) -> None:
        """Until the wave has been played; longer than it may take, it is cut off and both wires go to rest."""
        until = time.monotonic() + length_s + ANSWER_S
        time.sleep(length_s)
        while daemon.ask(WVBSY):
            time.sleep(0.001)
            if time.monotonic() > until:
                break
        else:
            return
        daemon.ask(WVHLT)
        for pin in (self._line.d0, self._line.d1):
            daemon.ask(WRITE, pin, int(not self._line.active_high))


class _Daemon:
    """Two connections to pigpiod: one for commands, one on which it reports changes. Every error is an OSError."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._commands = socket.create_connection(address, ANSWER_S)
        try:
            self._reports = socket.create_connection(address, ANSWER_S)
        except OSError:
            self._commands.close()
            raise
        self._handle = -1
        self._levels = 0
        self._bits = 0

    def ask(self, command: int, p1: int = 0, p2: int = 0, data: bytes = b"") -> int:
        """The result; OSError when it is negative."""
        return self._ask(self._commands, command, p1, p2, data)

    def listen(self) -> None:
        """From now on the second connection carries reports."""
        self._handle = self._ask(self._reports, NOIB)

    def watch(self, bits: int) -> None:
        """Reports changes of these GPIO; 0: of none. What was reported before is thrown away."""
        self.ask(NB, self._handle, bits)
        self._drain()
        self._levels = self.ask(BR1) & 0xFFFFFFFF
        self._bits = bits

    def changes(self, count: int, within_s: float) -> list[Change]:
        """The changes since `watch`, in order; fewer than `count` when no more came in time."""
        found: list[Change] = []
        until = time.monotonic() + within_s
        while len(found) < count and time.monotonic() < until:
            try:
                report = self._exactly(self._reports, REPORT.size)
            except TimeoutError:
                break
            _, flags, tick_us, levels = REPORT.unpack(report)
            if flags:
                continue  # alive, or a watchdog of its own
            changed = (levels ^ self._levels) & self._bits
            self._levels = levels
            begun_us = found[0].at_us if found else tick_us
            at_us = begun_us + (tick_us - int(begun_us) & 0xFFFFFFFF)  # ticks wrap after 72 minutes
            found += [Change(at_us, pin, bool(levels >> pin & 1)) for pin in range(32) if changed >> pin & 1]
        return found

    def close(self) -> None:
        self._commands.close()
        self._reports.close()

    def _drain(self) -> None:
        self._reports.setblocking(False)
        try:
            while self._reports.recv(4096):
                pass
        except BlockingIOError:
            pass
        finally:
            self._reports.settimeout(ANSWER_S)

    def _ask(self, sock: socket.socket, command: int, p1: int = 0, p2: int = 0, data: bytes = b"") -> int:
        sock.sendall(COMMAND.pack(command, p1, p2, len(data)) + data)
        answered, _, _, result = COMMAND.unpack(self._exactly(sock, COMMAND.size))
        if answered != command:
            raise OSError(f"it answers command {answered} instead of {command}")
        signed = int(result) - (1 << 32) if result >> 31 and command != BR1 else int(result)
        if signed < 0:
            raise OSError(f"it refuses command {command} with error {signed}")
        return signed

    def _exactly(self, sock: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = sock.recv(size - len(data))
            if not part:
                raise OSError("it closed the connection")
            data += part
        return data


MAKER = MakerKind("pigpio", PigpioMaker)
