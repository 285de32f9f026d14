"""H.264: encodes pictures of the ring with FFmpeg: the Pi's own encoder (h264_v4l2m2m), or x264 in software."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast

from engine.ring import OpenShot
from engine.video import payloads
from engine.video.encoder import EncoderError
from engine.video.payloads import ParameterSets, nal_units, type_of
from engine.video.plan import HARDWARE, KEY_EVERY_S, SOFTWARE, Stream, size_of
from engine.video.rtp import Unit
from engine.video.sdp import Track, h264_track

CLOCK_HZ = 90_000
OPTIONS = {
    SOFTWARE: {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "forced-idr": "1"},
    HARDWARE: {"num_output_buffers": "4", "num_capture_buffers": "4"},  # of the driver; by itself FFmpeg asks for many
}
"""Of an encoder."""


class H264Encoder:
    """An Encoder (encoder.py); EncoderError when FFmpeg's cannot be opened or fails."""

    def __init__(self, stream: Stream, camera: tuple[int, int]) -> None:
        self._stream = stream
        self.camera = camera
        self.size = size_of(stream, camera)
        self._sets: ParameterSets | None = None
        try:
            import av
        except ImportError as why:
            raise EncoderError("{encoder}: it cannot be opened: {why}", encoder=stream.encoder, why=why) from why
        try:
            self._codec = _opened(stream, self.size)
        except (av.FFmpegError, ValueError) as why:
            raise EncoderError("{encoder}: it cannot be opened: {why}", encoder=stream.encoder, why=why) from why
        self._picture: Any = av.VideoFrame(*camera, "rgb24")
        self._reformatter: Any = av.video.reformatter.VideoReformatter()
        self._start_ns = 0
        self._last = -1

    def take(self, shot: OpenShot) -> None:
        plane = self._picture.planes[0]
        shot.read_into(memoryview(plane), plane.line_size)
        self._start_ns = self._start_ns or shot.monotonic_ns
        stamp = (shot.monotonic_ns - self._start_ns) * CLOCK_HZ // 1_000_000_000
        self._last = max(self._last + 1, stamp)  # encoders refuse a time that does not rise

    def units(self, key: bool) -> tuple[Unit, ...]:
        from av import FFmpegError
        from av.video.frame import PictureType

        width, height = self.size
        frame = self._reformatter.reformat(self._picture, width, height, "yuv420p", interpolation="AREA", threads=1)
        frame.pts, frame.time_base = self._last, Fraction(1, CLOCK_HZ)
        frame.pict_type = PictureType.I if key else PictureType.NONE
        try:
            packets = self._codec.encode(frame)
        except FFmpegError as why:
            raise EncoderError("{encoder}: it fails: {why}", encoder=self._stream.encoder, why=why) from why
        made = (self._unit(bytes(packet), self._last if packet.pts is None else packet.pts) for packet in packets)
        return tuple(unit for unit in made if unit is not None)

    def _unit(self, packet: bytes, stamp: int) -> Unit | None:
        """None for a packet without a picture: some encoders send the parameters separately."""
        units = nal_units(packet)
        by_type = {type_of(unit): unit for unit in units}
        if payloads.SPS in by_type and payloads.PPS in by_type:
            self._sets = ParameterSets(by_type[payloads.SPS], by_type[payloads.PPS])
        is_key = payloads.IDR in by_type
        picture = [unit for unit in units if type_of(unit) not in (payloads.SPS, payloads.PPS, payloads.DELIMITER)]
        if not picture:
            return None
        if is_key and self._sets is not None:  # a decoder that begins here must not depend on earlier pictures
            picture = [self._sets.sps, self._sets.pps, *picture]
        return Unit(payloads.h264(picture), self._start_ns + stamp * 1_000_000_000 // CLOCK_HZ, is_key)

    def track(self) -> Track | None:
        if self._sets is None:
            return None
        return h264_track(self._sets, self.size, self._stream.frames_per_s, self._stream.kbit_per_s)

    def close(self) -> None:
        self._codec = None


def _opened(stream: Stream, size: tuple[int, int]) -> Any:
    """PyAV's codec context; ValueError if FFmpeg has no such encoder, av.FFmpegError if it does not work here."""
    import av

    bits_per_s = stream.kbit_per_s * 1000
    codec = cast(Any, av.CodecContext.create(stream.encoder, "w"))
    codec.width, codec.height = size
    codec.pix_fmt = "yuv420p"
    codec.time_base = Fraction(1, CLOCK_HZ)
    codec.framerate = Fraction(stream.frames_per_s, 1)
    codec.bit_rate = bits_per_s
    codec.gop_size = KEY_EVERY_S * stream.frames_per_s
    codec.max_b_frames = 0
    codec.thread_count = 1  # one core at most
    codec.options = {**OPTIONS[stream.encoder], "maxrate": f"{bits_per_s}", "bufsize": f"{bits_per_s}"}
    codec.open()
    return codec
