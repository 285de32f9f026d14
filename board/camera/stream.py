"""Stream camera: `rtsp://user:password@host/path` (over TCP) and MJPEG over `http://`, by PyAV."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from board.camera._kind import CameraKind
from board.camera._live import LiveCamera, open_container
from board.camera._settings import TURNING, CameraSetup, left_out, turned
from board.kit.clock import Clock
from board.kit.errors import CameraError
from board.ports import Camera

LOW_DELAY = {"fflags": "nobuffer", "analyzeduration": "1500000", "probesize": "1000000"}
OPTIONS = {
    "rtsp": {"rtsp_transport": "tcp", "reorder_queue_size": "0"},
    "rtsps": {"rtsp_transport": "tcp", "reorder_queue_size": "0"},
    "http": {"multiple_requests": "0"},
    "https": {"multiple_requests": "0"},
}


def open_stream(url: str, setup: CameraSetup, clock: Clock) -> Camera:
    """Frames come in the size that the source has; of the settings those that turn and cut are carried out here.

    CameraError: no host in the URL, no answer, refused, or no video in it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as why:
        hint = "special characters in a password are written as %40 for @, %2F for /, %3A for :"
        raise CameraError("camera URL is malformed at its host or port; {hint}", hint=hint) from why
    if not host:
        raise CameraError("camera URL {scheme}:// names no host", scheme=parts.scheme)
    name = f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"
    options = {**LOW_DELAY, **OPTIONS[parts.scheme.lower()]}
    notes = left_out(setup.settings, "a network camera has its own setting, on its own pages", TURNING)
    return LiveCamera(open_container(url, name, options), name, clock, partial(turned, setup.settings), notes)


CAMERA = CameraKind("stream", tuple(OPTIONS), open_stream)
