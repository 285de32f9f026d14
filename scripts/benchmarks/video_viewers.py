"""Viewers of video: device passwords, addresses, and clients of FFmpeg's that take what comes and decode nothing."""

from __future__ import annotations

import sys
import threading
import time

from board.kit.clock import Clock
from board.kit.servers import read_servers
from board.kit.state import State
from firmware.people.device_passwords import DevicePasswords

STARTS_S = 60.0


def device_password(state: State) -> tuple[str, str]:
    """(user, password) of a recorder, for a camera that does not run yet."""
    state.host.mkdir(mode=0o700, parents=True, exist_ok=True)
    device, password = DevicePasswords(state.host, Clock()).make("onvif", "bench", "bench")
    return device.user, password


def with_log_in(state: State, user: str, password: str, stream: str) -> str:
    """The stream's address as a recorder is given it; waits until the camera listens."""
    end = time.monotonic() + STARTS_S
    while not (url := read_servers(state).get("rtsp", "")):
        if time.monotonic() > end:
            sys.exit("bench: the camera does not listen for viewers; run ./scripts/start to see why")
        time.sleep(0.2)
    return url.replace("rtsp://", f"rtsp://{user}:{password}@").replace("/main", f"/{stream}")


class Watching:
    """`count` viewers of a stream, while it is entered."""

    def __init__(self, url: str, count: int) -> None:
        self._url = url
        self._stop = threading.Event()
        self._begun = threading.Barrier(count + 1)
        self._threads = [threading.Thread(target=self._watch) for _ in range(count)]

    def __enter__(self) -> Watching:
        for thread in self._threads:
            thread.start()
        self._begun.wait(STARTS_S)
        return self

    def __exit__(self, *why: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(15)

    def _watch(self) -> None:
        import av

        with av.open(self._url, options={"rtsp_transport": "tcp"}, timeout=20) as container:
            self._begun.wait(STARTS_S)
            for _ in container.demux(video=0):
                if self._stop.is_set():
                    return
