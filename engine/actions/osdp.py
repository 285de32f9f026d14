"""OSDP action: the camera is a reader on an access controller's RS-485 line and shows it a card, the plate's number.

The controller polls the camera and sees the card with its next poll; with a key the line is encrypted (secure channel). A card that
was not fetched in time is taken back, so that no door opens late.

Sources: SIA OSDP 2.2 (IEC 60839-11-5): card read (osdp_RAW), secure channel; LibOSDP, which is an optional extra (`osdp`).
"""

from __future__ import annotations

import re
import threading
import time
from types import TracebackType
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.errors import BoardError, ConfigError, DeliveryError
from board.kit.settings import field_validator, option
from board.kit.words import Text, mark
from board.serial import SerialLines, parse_url
from board.types import WiegandCode
from engine.actions._kind import ActionEnv, ActionKind, Lane
from engine.actions._osdp_commands import Commands
from engine.actions.wiegand import NumberOptions, code_for, number_bits, unsendable
from engine.types import PlateEvent

MOST_HEARD = 4_096
"""Bytes from the line that wait for the library; a controller's poll has a few dozen."""

VENDOR, MODEL = 0x4757AA, 1
"""Of the reader's identification; SIA has given us no number."""

LOOK_AGAIN_S = 0.02
TAKEN_BACK_S = 1.0

FETCHED = 0
"""The library's CompletionStatus.Ok."""


class OsdpOptions(NumberOptions):
    line: str = option(
        "serial:///dev/ttyUSB0?baud=9600",
        "Line",
        "The RS-485 line to the controller, such as serial:///dev/ttyUSB0?baud=9600 (rs485=1: the port switches the transceiver).",
        max_length=200,
    )
    address: int = option(0, "Address", "Of this reader on the line, as the controller knows it.", ge=0, le=126)
    channel_key: str = option(
        "",
        "Key",
        "The base key of the secure channel: 32 hexadecimal digits, the same in the controller. Empty: nothing is encrypted, and "
        "whoever is at the wire can open the door.",
        widget="password",
        belongs_to=("line", "address"),
        max_length=32,
    )
    timeout_s: float = option(2.0, "Timeout", "The controller must have fetched the card by then.", unit="s", ge=1, le=10)
    even_if_blacklisted: bool = option(
        False,
        "Even if blacklisted",
        "Acts also for a plate of a list that refuses or only reports: for a siren or a lamp, not for a barrier.",
    )

    @field_validator("line")
    @classmethod
    def _is_line(cls, line: str) -> str:
        parse_url(line)
        return line

    @field_validator("channel_key")
    @classmethod
    def _is_channel_key(cls, key: str) -> str:
        if key and not re.fullmatch("[0-9A-Fa-f]{32}", key):
            raise ConfigError("must be 32 hexadecimal digits")
        return key

    @property
    def identity(self) -> Identity:
        return Identity(self.address, bytes.fromhex(self.channel_key))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the camera is on its line. `key`: b"" for none; it is in no text."""

    address: int
    key: bytes

    def __repr__(self) -> str:
        return f"Identity({self.address})"


class Reader:
    """The camera as a reader on one line, from `__enter__` to `__exit__`; `use` says who it is there. Any thread may ask."""

    def __init__(self, serial: SerialLines, line: str) -> None:
        self._serial = serial
        self._line = line
        self._lock = threading.Lock()
        self._wanted: Identity | None = None
        self._identity: Identity | None = None
        self._device: Any = None
        self._channel: Any = None
        self._ended = threading.Event()
        self._status: int | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None) -> None:
        with self._lock:
            self._stop()

    def use(self, rules: tuple[OsdpOptions, ...]) -> None:
        """Answers the controller from now on, so that it knows the camera before a car comes. A line has one reader: the first."""
        wanted = rules[0].identity if rules else None
        if wanted is not None and wanted == self._wanted == self._identity:
            return  # whoever saves any rule must not wait for a card that is being shown
        with self._lock:
            self._wanted = wanted
            if wanted is None:
                self._stop()
            elif wanted != self._identity:
                self._start(wanted)

    def show(self, code: WiegandCode, identity: Identity, within_s: float) -> None:
        """Shows a card until the controller has fetched it. DeliveryError: it did not in time, or does not poll."""
        end_s = time.monotonic() + within_s
        with self._lock:
            if self._wanted is not None and self._wanted != identity:
                raise ConfigError("another action uses {line} with another address or key", line=self._line)
            if identity != self._identity:
                self._start(identity)
            self._await_controller(identity, end_s)
            self._ended.clear()
            self._status = None
            length = -(-code.bits // 8)
            data = (code.value << (8 * length - code.bits)).to_bytes(length, "big")
            self._device.submit_event(_card(code.bits, data))
            if not self._ended.wait(max(0.0, end_s - time.monotonic())):
                with self._device.lock:
                    self._device.ctx.flush_events()  # takes the card back, or tells that it is gone
                self._ended.wait(TAKEN_BACK_S)
            if self._status != FETCHED:
                self._start(identity)
                raise DeliveryError("the controller on {line} did not fetch the card in time", line=self._line)

    def _await_controller(self, identity: Identity, end_s: float) -> None:
        def ready() -> bool:
            return bool(self._device.is_sc_active() if identity.key else self._device.is_online())

        while not ready():
            if time.monotonic() > end_s:
                line, address = self._line, identity.address
                if identity.key and self._device.is_online():
                    raise DeliveryError("the controller on {line} has another key for {address}", line=line, address=address)
                raise DeliveryError("no controller on {line} polls address {address}", line=line, address=address)
            time.sleep(LOOK_AGAIN_S)

    def _start(self, identity: Identity) -> None:
        from osdp import Capability, LibFlag, LogLevel, PDCapabilities, PdId, PDInfo, PeripheralDevice

        self._stop()
        self._channel = _channel(self._serial, self._line)
        flags = [LibFlag.EnforceSecure] if identity.key else []
        known = PdId(1, MODEL, VENDOR, 1, 0x010000)
        info = PDInfo(identity.address, self._channel, scbk=identity.key or None, name="camera", flags=flags, id=known)
        able = PDCapabilities([(Capability.CardDataFormat, 1, 1), (Capability.CommunicationSecurity, 1, 1)])
        self._device = PeripheralDevice(info, able, LogLevel.Error, event_completion_handler=self._completed)
        self._identity = identity
        self._serial.listen(self._line, self._channel.hear)
        self._device.start()

    def _completed(self, event: dict[str, Any], status: int) -> None:
        self._status = status
        self._ended.set()

    def _stop(self) -> None:
        if self._device is not None:
            self._serial.unlisten(self._line)
            self._device.teardown()
            self._device = self._channel = self._identity = None


def _card(bits: int, data: bytes) -> dict[str, Any]:
    from osdp import CardFormat, Event

    return {
        "event": Event.CardRead,
        "reader_no": 0,
        "direction": 0,
        "format": CardFormat.Wiegand,
        "length": bits,
        "data": data,
    }


def _channel(serial: SerialLines, line: str) -> Any:
    """The line as the library wants it: never waits."""
    from osdp import Channel

    class Line(Channel):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._commands = Commands()
            self._heard = bytearray()
            self._lock = threading.Lock()

        def hear(self, data: bytes) -> None:
            commands = self._commands.take(data, time.monotonic())
            with self._lock:
                self._heard += commands
                del self._heard[:-MOST_HEARD]

        def read(self, max_bytes: int) -> bytes:
            with self._lock:
                data = bytes(self._heard[:max_bytes])
                del self._heard[:max_bytes]
            return data

        def write(self, buf: bytes) -> int:
            try:
                serial.send(line, bytes(buf))
            except BoardError:
                pass  # the line's state is told elsewhere; the controller asks again
            return len(buf)

        def flush(self) -> None:
            with self._lock:
                self._heard.clear()

    return Line()


def _deliver(event: PlateEvent, options: OsdpOptions, env: ActionEnv) -> Text:
    code, words = code_for(event, options)
    left_s = (env.not_after_ns - env.clock.monotonic_ns()) / 1e9
    if left_s <= 0:
        raise DeliveryError("it was too late for the controller")
    env.peer.show(code, options.identity, min(options.timeout_s, left_s))
    values = {"line": options.line, "bits": code.bits, "number": words}
    return Text("the controller on {line} fetched {bits} bits, {number}", values)


def _use(reader: Reader, rules: tuple[OsdpOptions, ...], env: ActionEnv) -> None:
    reader.use(rules)


ACTION = ActionKind(
    name="osdp",
    label="OSDP",
    purpose=mark("Send a card by OSDP"),
    about=mark("To an access controller, encrypted, over RS-485."),
    icon="card",
    options=OsdpOptions,
    deliver=_deliver,
    lane=Lane.FAST,
    max_age_s=10.0,
    needs=("osdp",),
    needs_plate=True,
    peer=lambda options: options.line,
    open=lambda peer, env: Reader(env.serial, peer),
    use=_use,
    withheld=lambda options: not options.even_if_blacklisted,
    number_bits=number_bits,
    unsendable=unsendable,
)
