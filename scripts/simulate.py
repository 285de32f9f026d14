"""Runs the whole camera on the simulated board: builds and installs the package, keeps the host running, says when it is ready."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from board.kit.clock import Clock  # noqa: E402
from board.kit.state import State  # noqa: E402

DEMO = ROOT / "firmware" / "demo" / "street.mp4"
READY_WITHIN_S = 60.0


def main() -> int:
    options = _options()
    state = options.state.resolve()
    state.mkdir(parents=True, exist_ok=True)
    source = (options.frames or DEMO).resolve()
    if not source.exists():
        print(f"start: {source} does not exist; give --frames a folder of pictures or a video file", file=sys.stderr)
        return 2
    key = state / "signing.key"
    package = _build(state / "packages", key)
    _run("firmware", "install", str(package), "--state", str(state), "--trust", str(key.with_suffix(".pub")))
    if options.frames is None and not State(state).database.exists():
        _fill_lists(State(state))
    camera = f"replay:{source}" + (f"?fps={options.fps:g}" if options.fps else "")
    command = [sys.executable, "-m", "firmware", "--state", str(state), "--port", str(options.port), "--bind", options.bind]
    command += ["--profile", "sim", "--camera", camera, "--sd", str(state / "sdcard")]
    (state / "sdcard").mkdir(exist_ok=True)
    return _keep_running(command, state, options.port)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/start", description=__doc__)
    parser.add_argument("--port", type=int, default=8080, help="TCP port of the camera's web pages (default 8080)")
    parser.add_argument("--bind", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument(
        "--frames",
        type=Path,
        help="folder of pictures, or a video file, to replay (default: our own short clip, with lists filled for it)",
    )
    parser.add_argument("--state", type=Path, default=ROOT / "state", help="folder that keeps everything (default ./state)")
    parser.add_argument("--fps", type=float, help="pictures a second (default: 2 for a folder, a video's own)")
    options = parser.parse_args()
    if options.fps is not None and not 0 < options.fps <= 60:
        parser.error(f"--fps {options.fps:g}: must be over 0 and at most 60")
    return options


def _build(folder: Path, key: Path) -> Path:
    if not key.exists():
        _run("vadp_package", "keygen", "--key", str(key))
    lines = _run("vadp_package", "build", "--out", str(folder), "--key", str(key)).strip().splitlines()
    return Path(lines[-1])


def _fill_lists(state: State) -> None:
    """Entries for cars of our own clip, so that the first minute shows a list match and a gate that opens."""
    from engine.lists import EARLIEST, LATEST
    from engine.store import Store
    from engine.types import ActionRule, ListEntry, WeekSchedule

    cars = [car["plate"] for car in json.loads((DEMO.parent / "street.json").read_text("utf-8"))["plates"]]
    store = Store(state.database, Clock())
    lists = {each.role: each.id for each in store.lists()}
    for role, plate, card in (("white", cars[0], 4711), ("white", cars[4], None), ("black", cars[6], None)):
        entry = ListEntry(0, lists[role], plate, "a car of the demo clip", EARLIEST, LATEST)
        store.entries.save(replace(entry, wiegand_facility=7, wiegand_card=card) if card else entry, "demo")
    for kind, name, settings in (
        ("io", "Open the gate", {"output": "DO1", "duration_ms": 2000}),
        ("wiegand", "Tell the panel", {}),
    ):
        store.rules.save(ActionRule(0, lists["white"], name, kind, True, WeekSchedule(), json.dumps(settings)), "demo")
    store.close()


def _run(module: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"start: python -m {module} {arguments[0]} failed (above is why)")
    return done.stdout


def _keep_running(command: list[str], state: Path, port: int) -> int:
    """What systemd is on a board: starts the host again when it dies, ends it when we are told to end."""
    host: subprocess.Popen[bytes] | None = None

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    announced = False
    try:
        while True:
            host = subprocess.Popen(command, cwd=ROOT)
            if not announced:
                _await_portal(host, port)
                _announce(state, port)
                announced = True
            status = host.wait()
            if status in (0, 2):  # asked to end, or cannot run like this (port taken, state in use)
                return status
            print(f"start: the host ended with status {status}; starting it again", file=sys.stderr)
            time.sleep(0.5)
    except KeyboardInterrupt:
        return 0
    finally:
        if host is not None and host.poll() is None:
            host.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                host.wait(15)
            host.kill()


def _await_portal(host: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if host.poll() is not None:
            sys.exit(host.returncode or 1)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass  # not up yet
        time.sleep(0.1)
    sys.exit(f"start: the portal did not come up within {READY_WITHIN_S:.0f} s; see {os.path.relpath('state')}/logs")


def _announce(state: Path, port: int) -> None:
    initial = state / "host" / "initial-password"
    secret = initial.read_text("utf-8").strip() if initial.exists() else ""
    print(f"login: admin / {secret}" if secret else "login: admin / the password that you chose")
    print(f"ready: http://127.0.0.1:{port}/", flush=True)
    if secret:
        print("The first log-in asks for a password of your own. Ctrl-C ends the camera.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
