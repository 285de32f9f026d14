"""Peak memory of every process of the camera with one viewer, on the usual board and on the small-board profile."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from PIL import Image

from board.kit.clock import Clock
from board.kit.state import State
from engine.cli.bench_read import drawn_frame
from engine.settings import LprSettings
from engine.store import Store
from scripts.benchmarks.processes import peaks_mb
from scripts.benchmarks.video_viewers import Watching, device_password, with_log_in

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "memory of a camera"
VIDEO_S = 5.0
"""Somebody watches video for so long, after the rest was measured: without one the process is not there."""

PROFILES = {"usual": "sim", "small_board": "sim_small"}


def measure(watch_s: float) -> dict[str, object]:
    """{profile: {process: peak RSS in MB of 10^6 bytes, "sum": of all but "video", which is there only while somebody watches it}};
    each camera runs for `watch_s` with one viewer of the Live tab."""
    return {shown: _measure(profile, watch_s) for shown, profile in PROFILES.items()}


def _measure(profile: str, watch_s: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        pictures = Path(folder) / "pictures"
        pictures.mkdir()
        Image.fromarray(drawn_frame()).save(pictures / "car.png")
        store = Store(state.database, Clock())
        store.settings.put(LprSettings(region="Europe"), "bench")
        store.close()
        user, password = device_password(state)
        with camera(state, pictures, profile) as (address, secret), _viewer(address, secret):
            time.sleep(watch_s)
            peaks = peaks_mb(state)
            with Watching(with_log_in(state, user, password, "main"), 1):
                time.sleep(VIDEO_S)
                video = peaks_mb(state).get("video", 0.0)
    return peaks | {"sum": round(sum(peaks.values()), 1), "video": video}


@contextmanager
def camera(state: State, pictures: Path, profile: str) -> Iterator[tuple[str, str]]:
    """(address, password of admin) of a camera that shows the pictures, while it runs."""
    command = [sys.executable, str(ROOT / "scripts" / "simulate.py"), "--port", "0", "--state", str(state.root)]
    command += ["--frames", str(pictures), "--fps", "10", "--profile", profile]
    camera = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert camera.stdout is not None
    secret = ""
    try:
        for line in camera.stdout:
            secret = line.rpartition(" ")[2].strip() if line.startswith("login:") else secret
            if line.startswith("ready:"):
                yield line.removeprefix("ready:").strip(), secret
                break
        else:
            sys.exit("bench: the camera did not start; run ./scripts/start to see why")
    finally:
        camera.terminate()
        camera.wait(30)


@contextmanager
def _viewer(address: str, secret: str) -> Iterator[None]:
    """One browser's Live tab: it chooses its password, then takes the pushed events and the live pictures."""
    form = {"old": secret, "new": PASSWORD, "again": PASSWORD}
    requests.post(f"{address}password", data=form, auth=("admin", secret), timeout=30, allow_redirects=False)
    requests.get(f"{address}anpr/live", auth=("admin", PASSWORD), timeout=30)
    stop = threading.Event()

    def watch(path: str) -> None:
        while not stop.is_set():
            try:
                with requests.get(f"{address}anpr/{path}", auth=("admin", PASSWORD), stream=True, timeout=10) as answer:
                    for _ in answer.iter_content(65_536):
                        if stop.is_set():
                            return
            except requests.RequestException:
                pass  # the portal is starting
            stop.wait(0.2)

    threads = [threading.Thread(target=watch, args=(path,)) for path in ("api/events", "api/pictures?width=960")]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(15)
