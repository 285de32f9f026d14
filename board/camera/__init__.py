"""Cameras: each file is one back end; `open_camera` picks it by the scheme of the camera's URL."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from board.camera._kind import CameraKind
from board.camera._setup import CameraSetup
from board.kit.clock import Clock
from board.kit.errors import CameraError
from board.kit.registry import find
from board.ports import Camera

if TYPE_CHECKING:
    from board.camera._settings import CameraSettings

__all__ = ["CameraSettings", "open_camera"]


def __getattr__(name: str) -> object:
    """`CameraSettings` is imported on first use: a process that only opens a camera does without it."""
    if name != "CameraSettings":
        raise AttributeError(name)
    from board.camera._settings import CameraSettings

    return CameraSettings


def open_camera(
    url: str,
    size: tuple[int, int],
    clock: Clock,
    settings: CameraSettings | None = None,
    zone: Callable[[], tzinfo] = lambda: UTC,
    small: tuple[int, int] | None = None,
    night_file: Path | None = None,
) -> Camera:
    """Opens `replay:/folder`, `picamera2:`, `v4l2:/dev/video0`, `rtsp://...` or `http://...`.

    `size`: wanted (width, height); `settings`: exposure, focus and so on; `zone()`: the time zone of a schedule among them, which
    may change while it is open; `small`: wanted size of `Frame.small` for cameras that shrink by themselves; `night_file`:
    CameraSetup's. CameraError: unknown scheme (the known ones are named), or the camera does not open."""
    by_scheme = {scheme: kind for kind in find(sys.modules[__name__], "CAMERA", CameraKind).values() for scheme in kind.schemes}
    scheme, colon, _ = url.strip().partition(":")
    kind = by_scheme.get(scheme.lower()) if colon else None
    if kind is None:
        known = ", ".join(f"{name}:" for name in sorted(by_scheme))
        # never the whole URL: a password may stand in it
        raise CameraError("camera {scheme!r}: unknown kind; it must begin with one of {known}", scheme=scheme[:60], known=known)
    if settings is None:
        setup = CameraSetup(size, zone=zone, small=small, night_file=night_file)
    else:
        setup = CameraSetup(size, settings, zone, small, night_file)
    return kind.open(url.strip(), setup, clock)
