"""Camera: what ONVIF's services report about this camera, and what they order its service to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from functools import cached_property
from urllib.parse import urlsplit

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.servers import read_servers
from board.kit.state import State
from board.types import BoardProfile
from engine.line_settings import USUAL_PULSE_S, pulses, pulses_text
from engine.messages import Outcome, ServerSettings, SetPulse, SwitchOutput
from engine.release import version
from engine.ring import RingReader
from engine.video.plan import Stream, size_of, streams
from engine.vms.onvif.events import Events
from engine.vms.onvif.place import hardware

MANUFACTURER = "Gatewright"
MODEL = "LPR camera"
NO_PICTURE = (1280, 960)
"""Size of the camera's picture before there is one."""

RTSP = "rtsp"
"""Name of the server in STATE/run/servers.json."""


@dataclass(frozen=True, slots=True)
class Video:
    """One stream as it is now. `size`: (width, height) of its pictures."""

    stream: Stream
    size: tuple[int, int]


@dataclass()
class Camera:
    """Used by the loop's thread. `settings`: those in force now; `order(what, done)`: has the service do it; `frame(
    width, done)`: the newest picture as JPEG, b"" without one. Both tell `done` later, in the loop's thread."""

    state: State
    clock: Clock
    settings: ServerSettings
    events: Events
    order: Callable[[SwitchOutput | SetPulse, Callable[[Outcome], None]], None]
    frame: Callable[[int, Callable[[bytes], None]], None]
    version: str = field(default_factory=version)

    @cached_property
    def hardware(self) -> str:
        """Name of the board."""
        return hardware(self.state)

    @cached_property
    def board(self) -> BoardProfile:
        """Loaded with the first request; lines that are added later wait for the next start, as in pins."""
        from board.profiles import load

        return load(self.state)

    @cached_property
    def _ring(self) -> RingReader:
        return RingReader(self.state.frames)

    def size(self) -> tuple[int, int]:
        """(width, height) of the current picture."""
        with self._ring.open() as shot:
            return (shot.width, shot.height) if shot is not None else NO_PICTURE

    def videos(self) -> tuple[Video, ...]:
        """The streams main and sub."""
        size = self.size()
        return tuple(Video(stream, size_of(stream, size)) for stream in streams(self.board, self.settings.video_size))

    def pulse_s(self, output: str) -> float:
        """What switching it on does: seconds of a pulse, 0 if it is held until it is switched off."""
        return pulses(self.settings.onvif_outputs).get(output, USUAL_PULSE_S)

    def set_pulse(self, order: SetPulse) -> None:
        """The service has kept it. The settings that it pushes may come after the client's next order: an output that is to pulse
        from now on would be held, and the gate stay open."""
        text = pulses_text({**pulses(self.settings.onvif_outputs), order.output: order.pulse_s})
        self.settings = replace(self.settings, onvif_outputs=text)

    def rtsp_port(self) -> int:
        """Where video is served or, before its process has announced it, where it will be."""
        return urlsplit(read_servers(self.state).get(RTSP, "")).port or self.settings.rtsp_port
