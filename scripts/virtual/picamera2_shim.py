"""Makes picamera2 accept the camera that libcamera's *virtual* pipeline plays from a picture file. The last line of the virtual
board's own picamera2/__init__.py imports this (scripts/virtual/build.sh); nothing else does, and never on a board.

It stands in for what that pipeline lacks beside Raspberry Pi's, for that camera alone: the list of the sensor's raw formats (it
has none), the buffers (libcamera's own, each plane mapped by itself, not the DMA heap's) and the image processor: the pipeline
delivers NV12 alone, and R, G, B and YUV 4:2:0 are made of it here. All else is picamera2's: opening, configuration, controls,
requests, jobs, times."""

from __future__ import annotations

import mmap
from contextlib import nullcontext
from typing import Any

import libcamera
import numpy as np
from numpy.typing import NDArray
from picamera2.allocators import LibcameraAllocator
from picamera2.picamera2 import Picamera2
from picamera2.request import CompletedRequest
from PIL import Image

PLAYED = "Virtual"
"""Beginning of the camera's name in the pipeline's file (scripts/virtual/camera.sh)."""

raw_modes, configure, update, make_array = (
    Picamera2._get_raw_modes, Picamera2.configure_, Picamera2._update_stream_config, CompletedRequest.make_array,
)  # fmt: skip


def is_played(device: Any) -> bool:
    return str(device.camera.id).startswith(PLAYED)


def _raw_modes(self: Any) -> Any:
    if not is_played(self):
        return raw_modes(self)
    formats = self.camera.generate_configuration([libcamera.StreamRole.Viewfinder]).at(0).formats
    sizes = [(pixels, size) for pixels in formats.pixel_formats for size in formats.sizes(pixels)]
    return [{"format": str(pixels), "size": (size.width, size.height)} for pixels, size in sizes]


def _configure(self: Any, camera_config: Any) -> None:
    if is_played(self):
        self.allocator = LibcameraAllocator(self.camera)
        self.allocator.sync = lambda *_: nullcontext()
    configure(self, camera_config)


def _update(self: Any, stream: dict[str, Any], given: Any) -> None:
    asked = stream["format"]
    update(self, stream, given)
    if is_played(self):
        stream |= {"format": asked, "stride": stream["size"][0] * (3 if asked == "BGR888" else 1)}


def _make_array(self: Any, name: str) -> Any:
    if not is_played(self.picam2):
        return make_array(self, name)
    width, height = self.config[name]["size"]
    light, colour = (_copied(plane) for plane in self.request.buffers[self.stream_map[name]].planes[:2])
    light = light.reshape(height, -1)[:, :width]
    colour = colour.reshape(height // 2, -1)[:, :width].reshape(height // 2, width // 2, 2)
    bands = [Image.fromarray(np.ascontiguousarray(band)) for band in (light, colour[..., 0], colour[..., 1])]
    return MADE[self.config[name]["format"]](bands)


def _copied(plane: Any) -> NDArray[np.uint8]:
    with mmap.mmap(plane.fd, plane.offset + plane.length, mmap.MAP_SHARED, mmap.PROT_READ) as memory:
        return np.frombuffer(memory[plane.offset :], np.uint8)


def _rgb(bands: list[Image.Image]) -> NDArray[np.uint8]:
    """R, G, B in memory, as picamera2's BGR888. Values of a JPEG file: the whole range of BT.601, which is what Sycc asks for."""
    light, *colours = bands
    wide = [band.resize(light.size, Image.Resampling.NEAREST) for band in colours]
    return np.array(Image.merge("YCbCr", [light, *wide]).convert("RGB"))


def _planes(bands: list[Image.Image]) -> NDArray[np.uint8]:
    """Grey rows, then those of both colours, as picamera2's YUV420."""
    return np.concatenate([np.asarray(band).ravel() for band in bands]).reshape(-1, bands[0].width)


MADE = {"BGR888": _rgb, "YUV420": _planes}

Picamera2._get_raw_modes = _raw_modes
Picamera2.configure_ = _configure
Picamera2._update_stream_config = _update
CompletedRequest.make_array = _make_array
