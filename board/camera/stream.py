"""Network camera: `rtsp://user:password@host/path` (over TCP), and MJPEG or single JPEGs over `http://`."""

from __future__ import annotations

from functools import partial

from board.camera._address import Address, parse_address
from board.camera._container import ContainerSource, open_container
from board.camera._kind import CameraKind
from board.camera._live import LiveCamera, Source
from board.camera._setup import TURNING, CameraSetup, left_out, turned
from board.kit.clock import Clock
from board.kit.words import Text
from board.ports import Camera

LOW_DELAY = {"fflags": "nobuffer", "analyzeduration": "1500000", "probesize": "1000000"}
RTSP = {"rtsp_transport": "tcp", "reorder_queue_size": "0"}
OPTIONS = {"rtsp": RTSP, "rtsps": RTSP, "http": {"multiple_requests": "0"}, "https": {"multiple_requests": "0"}}


def open_stream(url: str, setup: CameraSetup, clock: Clock) -> Camera:
    """Frames come in the size that the source has; of the settings those that turn and cut are carried out here. An address that
    answers with one JPEG is asked again and again, at most as often as the setting "Frame rate" says.

    CameraError: a malformed URL, no answer, refused, or no picture in it."""
    address = parse_address(url)
    source = _open_http(address, setup) if address.scheme in ("http", "https") else None
    notes = left_out(setup.settings, Text("a network camera has its own setting, on its own pages"), TURNING)
    return LiveCamera(source or _open_container(address), address.name, clock, partial(turned, setup.settings), notes)


def _open_http(address: Address, setup: CameraSetup) -> Source | None:
    """None: the answer holds something else than JPEGs."""
    from board.camera._mjpeg import MjpegSource, ask  # here: HTTP and TLS are 6 MB that other cameras spare

    answer = ask(address)
    if answer.holds_jpegs:
        return MjpegSource(address, answer, setup.settings.frame_rate)
    answer.close()
    return None


def _open_container(address: Address) -> Source:
    options = {**LOW_DELAY, **OPTIONS[address.scheme]}
    return ContainerSource(open_container(address.url, address.name, options), address.name)


CAMERA = CameraKind("stream", tuple(OPTIONS), open_stream)
