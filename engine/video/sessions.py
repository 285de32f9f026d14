"""Sessions: one viewer's tracks, each over its wire, with reports; a viewer that does not read loses pictures, but costs no
memory."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import field
from typing import Protocol

from board.kit.dataclass import dataclass
from engine.video.rtp import Sender, Unit, wants_key_picture
from engine.video.sdp import AUDIO, METADATA, VIDEO, Track
from engine.video.sources import Taker
from engine.video.wires import Wire

TIMEOUT_S = 60
"""A session ends after its viewer was silent for this long (RFC 2326, 12.37; ONVIF Streaming: each session announces it)."""
REPORT_EVERY_S = 5.0
MOST_WAITING_BYTES = {VIDEO: 256 << 10, AUDIO: 256 << 10, METADATA: 1 << 20}
"""Track: bytes that may wait for a viewer when more arrives. A plate waits longer than a picture."""


class Gives(Protocol):
    """The source of a track."""

    def join(self, taker: Taker) -> None: ...

    def leave(self, taker: Taker) -> None: ...

    def want_key(self) -> None: ...


@dataclass(eq=False)
class Outlet:
    """Sends one track to one viewer. `wire` is set before it plays."""

    session: Session
    track: Track
    source: Gives
    wire: Wire = field(init=False)
    _playing: bool = False
    _waits_for_key: bool = True
    _reported_s: float = 0.0

    def __post_init__(self) -> None:
        self.sender = Sender(self.track.payload_type, self.track.clock_hz, self.session.id)

    def play(self) -> None:
        if not self._playing:
            self._playing, self._waits_for_key, self._reported_s = True, True, 0.0
            self.source.join(self)

    def pause(self) -> None:
        if self._playing:
            self._playing = False
            self.source.leave(self)

    def take(self, unit: Unit) -> None:
        """A unit of the source, in its order."""
        if self._waits_for_key and not unit.key:
            return
        if self.wire.waiting_bytes() > MOST_WAITING_BYTES[self.track.name]:
            self._waits_for_key = True  # without the lost picture the next ones cannot be decoded
            self.session.lost += 1
            return
        self._waits_for_key = False
        self.wire.send(self.sender.packets(unit, marked=self.track.name != AUDIO))
        self.report(time.monotonic())

    def report(self, now_s: float) -> None:
        """Sends a sender report if it is due."""
        if self._playing and now_s - self._reported_s >= REPORT_EVERY_S:
            self._reported_s = now_s
            self.wire.send_report(self.sender.report(time.monotonic_ns(), time.time()))

    def heard(self, report: bytes) -> None:
        """The viewer's RTCP."""
        self.session.touch()
        if self._playing and wants_key_picture(report):
            self.source.want_key()

    def changed(self) -> None:
        self.session.ended = True

    def close(self) -> None:
        if self._playing:
            self.wire.send_report(self.sender.goodbye())
        self.pause()
        self.wire.close()


@dataclass(eq=False)
class Session:
    """`stream`: "main" or "sub"; `lost`: units dropped since the last check because the viewer was too slow."""

    stream: str
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    outlets: dict[str, Outlet] = field(default_factory=dict)
    playing: bool = False
    lost: int = 0
    ended: bool = False
    """The tracks have changed since DESCRIBE: the viewer has to ask again."""
    _heard_s: float = field(default_factory=time.monotonic)

    def touch(self) -> None:
        """The viewer is alive."""
        self._heard_s = time.monotonic()

    @property
    def header(self) -> tuple[str, str]:
        return "Session", f"{self.id};timeout={TIMEOUT_S}"

    def play(self) -> None:
        self.playing = True
        self._each(Outlet.play)

    def pause(self) -> None:
        self.playing = False
        for outlet in self.outlets.values():
            outlet.pause()

    def is_over(self, now_s: float) -> bool:
        return self.ended or now_s - self._heard_s > TIMEOUT_S

    def report(self, now_s: float) -> None:
        self._each(lambda outlet: outlet.report(now_s))

    def close(self) -> None:
        outlets, self.outlets = self.outlets, {}
        for outlet in outlets.values():
            outlet.close()

    def _each(self, do: Callable[[Outlet], None]) -> None:
        """As long as the session is open: what is sent may find that the viewer is gone."""
        for outlet in tuple(self.outlets.values()):
            if self.outlets:
                do(outlet)
