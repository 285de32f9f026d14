"""What viewers of video cost the camera: CPU and memory of the video process for each codec, stream and number of viewers."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from board.kit.clock import Clock
from board.kit.servers import read_servers
from board.kit.state import State
from engine.settings import LprSettings
from engine.store import Store
from firmware.people.device_passwords import DevicePasswords
from scripts.benchmarks.bench_viewers import cpu_s, rss_mb

ROOT = Path(__file__).resolve().parents[2]
PROFILES = {"H264 in software": "sim", "JPEG": "sim_small"}
"""Codec: the simulated board that has it."""
VIEWERS = (1, 4)
STARTS_S = 60.0


def measure(watch_s: float) -> dict[str, object]:
    """{codec: {stream: {"1 viewer": {"cpu_pct": of one core, "mb": resident, of 10^6 bytes, "kbit_per_s": of one viewer,
    "frames_per_s"}}}}; each is watched for `watch_s`."""
    return {"video": {codec: _of_board(profile, watch_s) for codec, profile in PROFILES.items()}}


def with_log_in(state: State, user: str, password: str, stream: str) -> str:
    """The stream's address as a recorder is given it; waits until the camera listens."""
    end = time.monotonic() + STARTS_S
    while not (url := read_servers(state).get("rtsp", "")):
        if time.monotonic() > end:
            sys.exit("bench: the camera does not listen for viewers; run ./scripts/start to see why")
        time.sleep(0.2)
    return url.replace("rtsp://", f"rtsp://{user}:{password}@").replace("/main", f"/{stream}")


def device_password(state: State) -> tuple[str, str]:
    """(user, password) of a recorder, for a camera that does not run yet."""
    state.host.mkdir(mode=0o700, parents=True, exist_ok=True)
    device, password = DevicePasswords(state.host, Clock()).make("onvif", "bench", "bench")
    return device.user, password


def video_pid(state: State) -> int:
    """0 while nobody watches."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # it ended meanwhile
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if words[1:4] == ["-m", "engine", "video"] and str(state.root) in words:
                    return int(folder.name)
    return 0


def _of_board(profile: str, watch_s: float) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        store = Store(state.database, Clock())
        store.settings.put(LprSettings(region="Europe"), "bench")
        store.close()
        user, password = device_password(state)
        figures: dict[str, object] = {}
        with _camera(state, profile):
            for stream in ("main", "sub"):
                url = with_log_in(state, user, password, stream)
                figures[stream] = {f"{count} viewers": _watched(state, url, count, watch_s) for count in VIEWERS}
        return figures


def _watched(state: State, url: str, count: int, watch_s: float) -> dict[str, float]:
    with Watching(url, count) as watching:
        time.sleep(2.0)  # the first key pictures are larger
        pid, began_s, before_s = video_pid(state), time.monotonic(), watching.taken()
        cpu_before = cpu_s(pid)
        time.sleep(watch_s)
        spent_s, taken = time.monotonic() - began_s, watching.taken()
        return {
            "cpu_pct": round(100 * (cpu_s(pid) - cpu_before) / spent_s, 1),
            "mb": rss_mb(pid),
            "kbit_per_s": round((taken[0] - before_s[0]) * 8 / 1000 / spent_s / count),
            "frames_per_s": round((taken[1] - before_s[1]) / spent_s / count, 1),
        }


class Watching:
    """Viewers that take what comes and decode nothing."""

    def __init__(self, url: str, count: int) -> None:
        self._url = url
        self._stop = threading.Event()
        self._begun = threading.Barrier(count + 1)
        self._taken = [[0, 0] for _ in range(count)]
        self._threads = [threading.Thread(target=self._watch, args=(taken,)) for taken in self._taken]

    def taken(self) -> tuple[int, int]:
        """(bytes of video, pictures) of all together."""
        return sum(each[0] for each in self._taken), sum(each[1] for each in self._taken)

    def __enter__(self) -> Watching:
        for thread in self._threads:
            thread.start()
        self._begun.wait(STARTS_S)
        return self

    def __exit__(self, *why: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(15)

    def _watch(self, taken: list[int]) -> None:
        import av

        with av.open(self._url, options={"rtsp_transport": "tcp"}, timeout=20) as container:
            self._begun.wait(STARTS_S)
            for packet in container.demux(video=0):
                taken[0] += packet.size
                taken[1] += 1
                if self._stop.is_set():
                    return


@contextmanager
def _camera(state: State, profile: str) -> Iterator[None]:
    """A camera that plays our own clip, while it runs."""
    command = [
        sys.executable,
        str(ROOT / "scripts" / "simulate.py"),
        "--port",
        "0",
        "--state",
        str(state.root),
        "--profile",
        profile,
    ]
    camera = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert camera.stdout is not None
    try:
        if not any(line.startswith("ready:") for line in camera.stdout):
            sys.exit("bench: the camera did not start; run ./scripts/start to see why")
        threading.Thread(target=camera.stdout.read, daemon=True).start()  # so that it never waits for us
        yield
    finally:
        camera.terminate()
        camera.wait(30)
