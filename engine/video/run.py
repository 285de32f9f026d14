"""video process: optional; on a board without what it needs it ends with NOT_HERE (`python -m engine video --state DIR`)."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from board.kit.clock import Clock
from board.kit.errors import GatewrightError
from board.kit.process import NOT_HERE, Life, open_log
from board.kit.state import State
from engine.messages import SETTINGS
from engine.subscription import Subscription

log = logging.getLogger("video")

BEAT_S = 1.0

LIBRARIES = ("Gst-1.0.typelib", "GstRtspServer-1.0.typelib")
"""GStreamer with its RTSP server, as GObject introspection offers them (Debian: gir1.2-gst-rtsp-server-1.0)."""

ENCODERS = (Path("/dev/video11"),)
"""The H.264 encoder of a Pi up to 4 and Zero 2 W (bcm2835-codec). A Pi 5 has none."""

TYPELIBS = Path("/usr/lib")


def missing(typelibs: Path = TYPELIBS, encoders: Sequence[Path] = ENCODERS) -> str:
    """What this board lacks, "" when it lacks nothing. Loads none of it: idle, the process stays small."""
    absent = [name for name in LIBRARIES if not any(typelibs.glob(f"*/girepository-1.0/{name}"))]
    if absent:
        return f"{', '.join(absent)} not found below {typelibs}: install GStreamer's RTSP server"
    if not any(encoder.exists() for encoder in encoders):
        return f"no H.264 encoder ({', '.join(map(str, encoders))})"
    return ""


def no_room(state: State) -> str:
    """Why this board has no memory and no core to spare for video, "" when it has. A damaged profile is the camera's to report."""
    from board.profiles import load

    try:
        profile = load(state)
    except GatewrightError:
        return ""
    return f"{profile.title} has neither memory nor a core to spare for it" if profile.small else ""


def main(arguments: Sequence[str]) -> int:
    """Sub-command `video`; 0 after SIGTERM, NOT_HERE when this board cannot encode video or is too small for it."""
    parser = argparse.ArgumentParser(prog="python -m engine video", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of the camera's state")
    state = State(parser.parse_args(arguments).state.resolve())
    open_log(state, "video")
    lacks = no_room(state) or missing()  # in this order: what to install is no advice for a board without room
    if lacks:
        log.info("no video on this board: %s", lacks)
        return NOT_HERE
    life = Life(state, "video")
    feed = Subscription(state.service_socket, (SETTINGS,), lambda message: None, Clock())
    feed.start()
    log.info("video started")
    while not life.stop.wait(BEAT_S):
        life.beat()
    feed.close()
    log.info("video ended")
    return 0
