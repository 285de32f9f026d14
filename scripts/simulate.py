"""Runs the whole camera on the simulated board: builds and installs the package, keeps the host running, says when it is ready."""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from board.identity import device_serial, mac_addresses  # noqa: E402
from board.kit.clock import Clock  # noqa: E402
from board.kit.servers import read_servers, url_of  # noqa: E402
from board.kit.state import State  # noqa: E402
from firmware.ftp.service import FtpService  # noqa: E402
from firmware.https.service import HttpsService  # noqa: E402
from firmware.processes.launch import CHILD  # noqa: E402
from vadp_package.__main__ import main as package_maker  # noqa: E402

if TYPE_CHECKING:
    from engine.settings import RecorderSettings

DEMO = ROOT / "firmware" / "demo" / "street.mp4"
READY_WITHIN_S = 60.0
SERVERS_WITHIN_S = 5.0
"""A server that this computer cannot have (video without GStreamer) keeps the last line waiting for so long."""
RESTART_AFTER_S = 0.5
LISTENS = re.compile(r"\blistening on \S+ port (\d+)$")
"""As firmware/run.py logs it; a version of the host that was installed in the state folder may be an older one."""
PORTS_TRIED = 100
LICENSED_FOR = timedelta(days=366)


def main() -> int:
    """0 after Ctrl-C, SIGTERM or SIGHUP; 1 when the camera cannot run, 2 when it was asked for wrongly."""
    options = _options()
    state = options.state.resolve()
    source = (options.frames or DEMO).resolve()
    if not source.exists():
        return _refuse(f"{source} does not exist; give --frames a folder of pictures or a video file")
    try:
        for folder in (state, state / "sdcard"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (state / "sdcard" / ".written").touch()
    except OSError as why:
        return _refuse(f"{state} cannot be written: {why.strerror}; give --state a folder that can")
    port = _free_port(options.bind, options.port)
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup sets it
        signal.signal(signal.SIGHUP, _interrupt)
    try:
        key = state / "signing.key"
        confirmed = () if key.exists() else ("--confirmed",)  # a reset takes the key along and leaves what it has signed
        package = _build(state / "packages", key)
        trust, licence = ("--trust", str(key.with_suffix(".pub"))), ("--licence", str(_licence(State(state), key)))
        _run("firmware", "install", str(package), "--state", str(state), *trust, *licence, *confirmed)
        if options.frames is None and not State(state).database.exists():
            _fill_lists(State(state))
        camera = f"replay:{source}" + (f"?fps={options.fps:g}" if options.fps else "")
        command = [sys.executable, "-m", "firmware", "--state", str(state), "--bind", options.bind]
        command += ["--profile", options.profile, "--camera", camera, "--sd", str(state / "sdcard")]
        State(state).servers_file.unlink(missing_ok=True)  # of an earlier run
        print(f"state: {state}", flush=True)
        return _keep_running(command, State(state), options.bind, port, options.port)
    except KeyboardInterrupt:
        return 0


def _refuse(why: str) -> int:
    print(f"start: {why}", file=sys.stderr)
    return 2


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _free_port(bind: str, wanted: int) -> int:
    """`wanted`, or the next port that nobody uses; any free one for 0."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    for port in range(wanted, min(wanted + PORTS_TRIED, 65_536)):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((bind, port))
            except OSError as why:
                if why.errno == errno.EADDRINUSE:
                    continue
                sys.exit(f"start: cannot listen on {bind} port {port}: {why.strerror}; give another --port or --bind")
            free: int = probe.getsockname()[1]
            return free
    sys.exit(f"start: ports {wanted} and up are taken; give another --port")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/start", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=8080, help="TCP port of the camera's web pages (default 8080, or the next free one)"
    )
    parser.add_argument("--bind", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument(
        "--frames",
        type=Path,
        help="folder of pictures, or a video file, to replay (default: our own short clip, with lists filled for it)",
    )
    parser.add_argument("--state", type=Path, default=ROOT / "state", help="folder that keeps everything (default ./state)")
    parser.add_argument(
        "--profile",
        choices=("sim", "sim_small"),
        default="sim",
        help="the simulated board; sim_small has 512 MB (default sim)",
    )
    parser.add_argument("--fps", type=float, help="pictures a second (default: 2 for a folder, a video's own)")
    options = parser.parse_args()
    if not 0 <= options.port <= 65_535:
        parser.error(f"--port {options.port}: must be from 0 (any free one) to 65535")
    if options.fps is not None and not 0 < options.fps <= 60:
        parser.error(f"--fps {options.fps:g}: must be over 0 and at most 60")
    return options


def _build(folder: Path, key: Path) -> Path:
    if not key.exists():
        _make("keygen", "--key", str(key))
    lines = _make("build", "--licensed", "--out", str(folder), "--key", str(key)).strip().splitlines()
    return Path(lines[-1])


def _licence(state: State, key: Path) -> Path:
    """For the package on this camera, by its MAC address (its serial number where it has none); a new one at each start."""
    path = state.root / "packages" / "ANPR.licence.json"
    bound = next(iter(mac_addresses()), device_serial(state))
    expires = (Clock().now().date() + LICENSED_FOR).isoformat()
    _make("licence", "--key", str(key), "--serial", bound, "--expires", expires, "--out", str(path))
    return path


def _fill_lists(state: State) -> None:
    """Entries for cars of our own clip, so that the first minute shows a list match and a gate that opens."""
    from engine.lists import EARLIEST, LATEST
    from engine.settings import GeneralSettings
    from engine.store import Store
    from engine.types import ActionRule, ListEntry, WeekSchedule

    cars = [car["plate"] for car in json.loads((DEMO.parent / "street.json").read_text("utf-8"))["plates"]]
    store = Store(state.database, Clock())
    lists = {each.role: each.id for each in store.lists()}
    for role, plate, card in (("white", cars[0], 4711), ("white", cars[4], None), ("black", cars[6], None)):
        entry = ListEntry(0, lists[role], plate, "a car of the demo clip", EARLIEST, LATEST)
        store.save_entry(replace(entry, wiegand_facility=7, wiegand_card=card) if card else entry, "demo")
    for kind, name, settings in (
        ("io", "Open the gate", {"output": "DO1", "duration_ms": 2000}),
        ("wiegand", "Tell the panel", {}),
    ):
        store.save_rule(ActionRule(0, lists["white"], name, kind, True, WeekSchedule(), json.dumps(settings)), "demo")
    # Servers that are tried with a camera on this computer are on this computer too.
    general = store.settings(GeneralSettings)
    store.settings.put(general.model_copy(update={"action_addresses": "127.0.0.0/8 ::1"}), "demo")
    store.close()


def _make(*arguments: str) -> str:
    """What a command of the package maker printed; it runs here, as the start of a Python for each took longer."""
    said, wrong = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(wrong):
        status = package_maker(list(arguments))
    if status:
        sys.exit(f"start: {wrong.getvalue().strip()}")
    return said.getvalue()


def _run(module: str, *arguments: str) -> str:
    """What it printed; its errors are shown only when it fails."""
    done = subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        hint = "\nstart: each camera needs a folder of its own: --state DIR" if "already runs on" in done.stderr else ""
        sys.exit(f"start: {done.stderr.strip()}{hint}")
    return done.stdout


class _Host:
    """The host's process, which ends with this one, however that ends; of its log, which it also keeps in STATE/logs/hostd.log, the
    last lines are shown when it fails. `port`: at which it listens; 0 before it does."""

    def __init__(self, command: list[str]) -> None:
        ending_with_us = [sys.executable, "-I", "-S", str(CHILD), str(os.getpid())]
        self.process = subprocess.Popen([*ending_with_us, *command], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        self.port = 0
        self._tail: deque[str] = deque(maxlen=10)
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._tail.append(line)
            found = LISTENS.search(line) if not self.port else None  # later lines may have words of strangers
            if found:
                self.port = int(found[1])

    def last_words(self) -> str:
        self._reader.join(2)
        return "".join(self._tail).rstrip()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
            self.process.kill()


def _keep_running(command: list[str], state: State, bind: str, port: int, wanted: int) -> int:
    """What systemd is on a board: starts the host again when it dies, ends it when we are told to end."""
    host = _Host([*command, "--port", str(port)])
    try:
        port = _await_portal(host, bind)
        if not port:
            if host.process.poll() is not None:
                sys.exit(f"start: the camera does not run:\n{host.last_words()}")
            sys.exit(f"start: the portal did not come up within {READY_WITHIN_S:.0f} s; see {state.logs}")
        if wanted not in (0, port):
            print(f"port: {wanted} is taken, so the web pages are on {port}", flush=True)
        _announce(state, url_of("http", bind, port))
        while True:
            status = host.process.wait()
            if status == 0:  # somebody else asked it to end
                return 0
            print(f"start: the host ended with status {status}; starting it again\n{host.last_words()}", file=sys.stderr)
            time.sleep(RESTART_AFTER_S)
            host = _Host([*command, "--port", str(port)])
            now = _await_portal(host, bind)
            if now not in (0, port):
                print(f"port: {port} is taken by now, so the web pages are on {now}", flush=True)
                print(f"ready: {url_of('http', bind, now)}/", flush=True)
                port = now
    finally:
        host.end()


def _await_portal(host: _Host, bind: str) -> int:
    """Its port, 0 when it does not come up: another program, such as a second start, may have taken the one that was meant, and a
    portal may answer there."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and host.process.poll() is None:
        port = host.port
        try:
            with urllib.request.urlopen(f"{url_of('http', bind, port)}/health", timeout=2) as answer:
                if port and answer.status == 200:
                    return port
        except (urllib.error.URLError, OSError):
            pass  # not up yet
        time.sleep(0.1)
    return 0


def _announce(state: State, address: str) -> None:
    """One line for each server that is on; "ready" is the last."""
    initial = state.host / "initial-password"
    secret = initial.read_text("utf-8").strip() if initial.exists() else ""
    print(f"login: admin / {secret or 'the password that you chose'}")
    for name, url in _servers(state).items():
        print(f"{name}: {url}")
    if secret:
        print("The first log-in asks for a password of your own and for the region; until then no plate is read. Ctrl-C ends all.")
    print(f"ready: {address}/", flush=True)


def _servers(state: State) -> Mapping[str, str]:
    """{name: address} of the servers that are on; they may be a moment later than the portal."""
    wanted = {"ftp"} if FtpService(state, "").settings.enabled else set()
    wanted |= {"https"} if HttpsService(state, "", Clock()).settings.enabled else set()
    recorders = _recorder_settings(state)
    wanted |= {name for name in ("onvif", "rtsp", "nvr") if getattr(recorders, name)}
    deadline = time.monotonic() + SERVERS_WITHIN_S
    while time.monotonic() < deadline:
        found = read_servers(state)
        if found and wanted <= set(found):
            return found
        time.sleep(0.1)
    return read_servers(state)


def _recorder_settings(state: State) -> RecorderSettings:
    from engine.settings import RecorderSettings
    from engine.store import Store

    store = Store(state.database, Clock())
    try:
        return store.settings(RecorderSettings)
    finally:
        store.close()


if __name__ == "__main__":
    sys.exit(main())
