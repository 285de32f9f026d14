"""Apart: the whole camera where each process is a user of its own: it opens the gate as ever, and what takes over one process
reaches neither the pins nor a key nor what others keep."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from board.kit.state import State
from firmware.packages.keys import public_of, public_pem
from tests import apart
from tests.chain.conftest import DEMO, ROOT, Camera, wait_for
from tests.daemons import free_port
from tests.tiny_package import PROGRAM, contents, trust_file, write
from vadp_package.build import build

STARTER = ROOT / "firmware" / "processes" / "starter.py"
PYTHON = Path(sys.executable)
PROCESSES = ("pins", "service", "engine", "manager", "vms")
MAY = {
    "run/pins.sock": {"service"},
    "run/service.sock": {"engine", "manager", "vms"},
    "run/manager.sock": {"vms"},
    "run/broadcasts.sock": {"service", "manager"},
    "run/people.sock": {"pins", "service", "engine", "manager", "vms", "video", "ftp", "check"},
    "run/frames.ring": {"pins", "service", "engine", "manager", "vms", "video", "ftp", "check"},
    "run/pins.acts": {"pins", "service", "engine", "manager", "vms", "video", "ftp", "check"},
    "run/unstored": set(),
    "own/pins/polarity.json": {"pins", "service"},
    "anpr/anpr.db": {"service", "engine", "manager"},
    "host/accounts.json": set(),
    "host/trust/vendor.pub": set(),
    "host/packages/ANPR/record.json": set(),
}
"""{what lies below STATE: the users, besides who made it, that can open it}."""


@contextmanager
def running(folder: Path) -> Iterator[tuple[Camera, subprocess.Popen[str]]]:
    """The camera in `folder`/state, started as the unit starts it."""
    state, port = State(folder / "state"), free_port()
    command = [str(PYTHON), "-I", "-S", str(STARTER), "gatewright", str(PYTHON), "-m", "firmware", "--state", str(state.root)]
    command += ["--port", str(port), "--profile", "sim", "--camera", f"replay:{folder / 'street.mp4'}"]
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(apart.inside(folder, *command), cwd=ROOT, stderr=said, text=True)
    camera = Camera(process, state, f"http://127.0.0.1:{port}/", "")
    try:
        wait_for("a healthy camera", lambda: _healthy(camera), 90)
        yield camera, process
    finally:
        if process.poll() is None:
            process.terminate()
            assert process.wait(40) == 0
        print((folder / "said").read_text())


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """With a state in which the package is installed and another vendor's, which knows of no users of its own, beside it; all of it
    is the host's user's, and every user may pass through it."""
    if not apart.permitted():
        pytest.skip("this user may not change users in a mount namespace")
    made = Path(tempfile.mkdtemp(prefix="apart-"))
    made.chmod(0o755)
    key = Ed25519PrivateKey.generate()
    (made / "vendor.pub").write_bytes(public_pem(public_of(key)))
    package = build(made / "packages", key).path
    second = contents(
        processes={"second": "http"},
        conf=lambda text: text.replace("url = /tiny/", "url = /tiny/\nsocket = second.sock"),
        files={"lib/tiny/__main__.py": PROGRAM.replace("manager.sock", "second.sock").encode()},
    )
    for archive, trusted in ((package, made / "vendor.pub"), (write(made / "second.tar.gz", second), trust_file(made))):
        install = [sys.executable, "-m", "firmware", "install", str(archive), "--state", str(made / "state")]
        subprocess.run([*install, "--trust", str(trusted)], cwd=ROOT, check=True, capture_output=True)
    for path in (made / "state", *(made / "state").rglob("*")):
        os.chown(path, apart.number("gatewright"), apart.number("gatewright"))
    shutil.copy(DEMO / "street.mp4", made)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_each_process_is_a_user_of_its_own_and_the_gate_opens(folder: Path) -> None:
    with running(folder) as (camera, process):
        users = {name: _user(pid) for name, pid in _processes(process.pid).items()}
        assert {name: users[name] for name in PROCESSES} == {name: apart.number(f"gatewright-{name}") for name in PROCESSES}
        assert users["firmware"] == apart.number("gatewright")
        package, second = requests.get(f"{camera.address}api/packages", auth=_log_in(camera), timeout=20).json()["packages"]
        assert (package["status"], package["alike"]) == ("on", "")
        assert (second["status"], second["alike"]) == ("on", "this version of the package does not know of users of their own")
        settings = {"enabled": True, "port": free_port(), "passive_from": 52_000, "passive_to": 52_500}
        requests.put(f"{camera.address}api/ftp", json=settings, auth=("admin", camera.password), timeout=20).raise_for_status()
        _let_in(camera)
        wait_for("an opening", lambda: camera.edges("DO1"))
        _polarity_is_kept(camera)
        wait_for("the FTP server", camera.state.ftp_status.exists)
        assert camera.state.ftp_status.stat().st_uid == apart.number("gatewright-ftp")
        # A process that a starved machine takes for hung begins anew, and what it makes is gone for that long.
        wait_for("what others open", lambda: all((camera.state.root / path).exists() for path in MAY))
        everyone = MAY["run/people.sock"]
        reached = {path: {user for user in everyone if _opens(user, camera.state.root / path)} for path in MAY}
        expected = {path: {*users, *_owner(camera.state.root / path)} for path, users in MAY.items()}
        assert reached == expected


def test_with_its_host_every_process_ends_and_the_next_one_goes_on(folder: Path) -> None:
    with running(folder) as (_, process):
        before = _processes(process.pid)
        os.kill(before["firmware"], signal.SIGKILL)
        assert process.wait(20) == -signal.SIGKILL
        wait_for("the end of all", lambda: not any(_is_there(pid) for pid in before.values()))
    with running(folder) as (_, process):
        assert set(PROCESSES) < set(_processes(process.pid))


def _healthy(camera: Camera) -> bool:
    try:
        return requests.get(f"{camera.address}health", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def _log_in(camera: Camera) -> tuple[str, str]:
    camera.password = (camera.state.host / "initial-password").read_text().strip()
    camera.choose_password()
    return ("admin", camera.password)


def _let_in(camera: Camera) -> None:
    plates = [car["plate"] for car in json.loads((DEMO / "street.json").read_text())["plates"]]
    camera.call("PUT", "settings/lpr", {"region": "Europe", "countries": ["SK", "DE", "GB"], "filter_mode": "off"})
    lists = {each["name"]: each["id"] for each in camera.call("GET", "lists")["lists"]}
    for plate in plates:
        camera.call("POST", f"lists/{lists['WHITELIST']}/entries", {"plate": plate})
    options = {"output": "DO1", "do": "pulse", "duration_ms": 300, "polarity": "active low"}
    camera.call("POST", f"lists/{lists['WHITELIST']}/rules", {"kind": "io", "name": "gate", "options": options})
    camera.restart()


def _polarity_is_kept(camera: Camera) -> None:
    wait_for("the polarity", (camera.state.root / "own" / "pins" / "polarity.json").exists)


def _processes(parent: int) -> dict[str, int]:
    """{name: pid} of what runs below that process."""
    found: dict[str, int] = {}
    below = {parent}
    for number in sorted(int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()):
        try:
            words = Path(f"/proc/{number}/cmdline").read_bytes().decode(errors="replace").split("\0")
            mother = int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if number != parent and mother not in below:
            continue
        below.add(number)
        if "-m" in words and "starter.py" not in " ".join(words):
            module, *more = words[words.index("-m") + 1 :]
            name = {"board.pins": "pins", "webui": "manager", "engine": {"run": "engine"}.get(more[0], more[0])}.get(module, module)
            found.setdefault(name, number)
    return found


def _user(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def _owner(path: Path) -> set[str]:
    number = path.stat().st_uid
    return {user.removeprefix("gatewright-") for user in apart.users() if apart.number(user) == number} - {"gatewright"}


def _opens(user: str, path: Path) -> bool:
    """Whether a process of that user can connect to the socket, or read the file."""
    names = (f"gatewright-{user}", *apart.users()[f"gatewright-{user}"])
    numbers = [str(apart.number(each)) for each in names if apart.number(each)]
    program = (
        "import socket, stat, os, sys\n"
        "path = sys.argv[1]\n"
        "os.chdir(os.path.dirname(path))\n"
        "name = os.path.basename(path)\n"
        "if stat.S_ISSOCK(os.stat(name).st_mode): os.access(name, os.W_OK) or sys.exit(1)\n"
        "else: open(name, 'rb').read(1)\n"
    )
    drop = ["setpriv", "--reuid", numbers[0], "--regid", numbers[0], "--groups", ",".join(numbers)]
    done = subprocess.run([*drop, "/usr/bin/python3", "-I", "-c", program, str(path)], capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


def _is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
