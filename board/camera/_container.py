"""Container: a source that FFmpeg opens (RTSP, a USB camera's driver, video over HTTP), by PyAV."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from functools import partial
from time import monotonic
from typing import Any

from board.camera import _live
from board.camera._backlog import Backlog
from board.camera._gaps import Gaps
from board.camera._live import MOST_DAMAGED, RGB, SILENCE, Picture
from board.kit.errors import CameraError, ImageError
from board.kit.words import Text
from board.pictures import refuse_size

log = logging.getLogger("camera")

WAITED_S = 0.01
"""A packet that was waited for so long was not there before: none is left of those that waited. Another thread of Python's may keep
this one for half of that."""
KEY_WITHIN_S = 10.0
"""The next picture that stands alone comes within this time, or the source is opened anew."""


class ContainerSource:
    """CameraError in `pictures` says what FFmpeg met; damaged packets are passed over, and so are those that have waited to be
    decoded for too long, up to the next picture that stands alone."""

    def __init__(self, container: Any, name: str) -> None:
        self._container = container
        self._name = name
        self._gaps = Gaps()
        self.silent_s = _live.READ_TIMEOUT_S

    def pictures(self) -> Iterator[Picture]:
        import av

        damaged = 0
        try:
            for packet in self._in_time():
                try:
                    decoded = packet.decode()
                except av.InvalidDataError as why:
                    damaged += 1
                    if damaged >= MOST_DAMAGED:
                        raise
                    log.debug("%s: damaged packet: %s", self._name, why)
                    continue
                for frame in decoded:
                    damaged = 0
                    self.silent_s = _live.READ_TIMEOUT_S
                    missing = 0 if frame.time is None else self._gaps.before(round(frame.time * 1e9))
                    yield Picture(partial(_rgb, frame), missing)
        except (av.FFmpegError, OSError, ValueError) as why:
            raise CameraError("{name}: {why}", name=self._name, why=what_happened(why)) from None  # FFmpeg's names the source

    def _in_time(self) -> Iterator[Any]:
        asked_s = monotonic()
        backlog = Backlog(asked_s)
        behind, left_out, told = False, 0, False
        for packet in self._container.demux(video=0):
            came_s = monotonic()
            stamp_s = None if packet.dts is None else float(packet.dts * packet.time_base)
            if stamp_s is not None and not left_out and backlog.grown(asked_s, came_s, stamp_s):
                behind, self.silent_s = True, KEY_WITHIN_S
            elif behind and (came_s - asked_s > WAITED_S or (stamp_s is not None and backlog.is_over(came_s, stamp_s))):
                behind = False
            if not behind and (packet.is_keyframe or not left_out):
                if left_out:
                    level, told = (logging.DEBUG if told else logging.WARNING), True
                    log.log(level, "%s sends more than this board decodes: %d pictures were left out", self._name, left_out)
                    backlog, left_out = Backlog(came_s), 0
                yield packet
            else:
                left_out += 1
            asked_s = monotonic()

    def close(self) -> None:
        self._container.close()


def _rgb(frame: Any) -> RGB:
    refuse_size((frame.width, frame.height))
    try:
        rgb: RGB = frame.to_ndarray(format="rgb24")
    except (ValueError, OSError) as why:  # FFmpeg's errors are both
        raise ImageError("{why}", why=what_happened(why)) from why
    return rgb.copy() if frame.format.name == "rgb24" else rgb  # a view of memory that ends with the camera


def open_container(source: str, name: str, options: Mapping[str, str], file_format: str | None = None) -> Any:
    """An open PyAV container with a video stream, set for least delay. CameraError says what the source answered."""
    import av

    started_s = monotonic()
    timeouts = (_live.OPEN_TIMEOUT_S, _live.READ_TIMEOUT_S)
    try:
        # not `options`: those reach the decoder too, which would take the size asked for as the one it gets
        container = av.open(source, format=file_format, container_options=dict(options), timeout=timeouts)
    except (av.FFmpegError, OSError, ValueError) as why:
        tried_s = monotonic() - started_s
        # an RTSP server that accepts and says nothing is "invalid data" to FFmpeg once the time is over
        silent = isinstance(why, av.InvalidDataError) and tried_s > 0.9 * _live.OPEN_TIMEOUT_S
        reason = SILENCE if silent else what_happened(why)
        # Not from FFmpeg's, which names the source with its password: wherever a trace is written down, it would be in it.
        raise CameraError("{name}: {reason} (tried for {tried_s:.0f} s)", name=name, reason=reason, tried_s=tried_s) from None
    if not container.streams.video:
        container.close()
        raise CameraError("{name}: it delivers no video", name=name)
    codec: Any = container.streams.video[0].codec_context
    codec.thread_type = "SLICE"  # frame threads would hold back one frame each
    codec.flags |= av.codec.context.Flags.low_delay
    return container


def what_happened(why: BaseException) -> Text:
    """FFmpeg's errors name the source, passwords included: only what happened is kept."""
    if type(why).__name__ == "ExitError":  # our own time limit, in FFmpeg's words "Immediate exit requested"
        return SILENCE
    return Text(str(getattr(why, "strerror", None) or type(why).__name__))
