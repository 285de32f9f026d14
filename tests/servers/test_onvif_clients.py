"""Five ONVIF clients of other people ask one camera: what it is, its streams, its lines; and have it open the gate."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from board.kit.servers import read_servers
from board.types import Frame
from engine.ring import RingWriter
from engine.settings import RecorderSettings
from engine.store import PassageQuery
from tests.onvif_client import SPACES
from tests.onvif_stack import PICTURE, Stack
from tests.waiting import until

HERE = Path(__file__).resolve().parents[1] / "clients"
INSTALLED = Path(sys.prefix) / "onvif-clients"
"""Where scripts/setup --test puts clients that cannot lie beside each other."""
WITHIN_S = 60
LATE_MS = 1500
"""How much longer than ordered a pulse may last where other tests run beside."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("onvif"))
    try:
        yield made
    finally:
        made.stop()


def run(stack: Stack, words: list[str], environment: dict[str, str], password: str = "") -> dict[str, Any]:
    arguments = ["127.0.0.1", str(stack.port), stack.user, password or stack.password, "DO1"]
    done = subprocess.run([*words, *arguments], capture_output=True, text=True, timeout=WITHIN_S, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def python_client(name: str, script: str) -> tuple[list[str], dict[str, str]]:
    """A Python client's command and environment; skipped where it is not installed."""
    folder = INSTALLED / name / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    if name and not folder.is_dir():
        pytest.skip(f"{name} is not installed")
    return [sys.executable, str(HERE / script)], {"PYTHONPATH": str(folder) if name else "", "PATH": "/usr/bin:/bin"}


def node_client(name: str, script: str) -> tuple[list[str], dict[str, str]]:
    modules, node = INSTALLED / "node" / "node_modules", shutil.which("node")
    if node is None or not (modules / name).is_dir():
        pytest.skip(f"{name} is not installed")
    return [node, str(HERE / script)], {"NODE_PATH": str(modules)}


CLIENTS = {
    "onvif-zeep": lambda: python_client("onvif-zeep", "onvif_zeep_client.py"),
    "onvif-zeep-async": lambda: python_client("onvif-zeep-async", "onvif_zeep_async_client.py"),
    "onvif-python": lambda: python_client("", "onvif_python_client.py"),
    "npm onvif": lambda: node_client("onvif", "onvif_node_client.js"),
    "node-onvif": lambda: node_client("node-onvif", "node_onvif_client.js"),
}
WITHOUT_OUTPUTS = ("node-onvif",)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_of_other_people_finds_everything_and_opens_the_gate(stack: Stack, client: str) -> None:
    pulses = len(stack.camera.pulses_ms())
    told = run(stack, *CLIENTS[client]())
    base = f"http://127.0.0.1:{stack.port}"
    assert (told["manufacturer"], told["profiles"]) == ("Gatewright", ["main", "sub"])
    assert told["stream"] == read_servers(stack.camera.state)["rtsp"]
    assert told["snapshot"] == f"{base}/onvif/snapshot.jpg?profile=main"
    assert told["encoding"] in ("H264", "JPEG")
    if client in WITHOUT_OUTPUTS:
        return
    assert told["media"] == f"{base}/onvif/media_service"
    assert {SPACES[each] for each in ("tds", "trt", "tr2", "tmd", "timg")} <= set(told["services"])
    assert told["outputs"][:2] == ["DO1", "DO2"] and told["host"]
    assert told.get("inputs", ["DI1"])[0] == "DI1"
    assert told.get("picture", PICTURE.decode()) == PICTURE.decode()
    until(lambda: len(stack.camera.pulses_ms()) == pulses + 1, "the pulse")
    assert 1000 <= stack.camera.pulses_ms()[-1] < 1000 + LATE_MS


def test_the_address_that_a_client_gets_plays(stack: Stack) -> None:
    address = run(stack, *CLIENTS["onvif-python"]())["stream"]
    with_log_in = address.replace("rtsp://", f"rtsp://{stack.user}:{stack.password}@")
    stop = threading.Event()
    camera = threading.Thread(target=_film, args=(stack, stop))
    camera.start()
    try:
        with av.open(with_log_in, options={"rtsp_transport": "tcp"}, timeout=WITHIN_S) as stream:
            picture = next(stream.decode(video=0))
            kinds = [each.type for each in stream.streams]
    finally:
        stop.set()
        camera.join()
    assert ((picture.width, picture.height), kinds) == ((640, 480), ["video", "data"])


def _film(stack: Stack, stop: threading.Event) -> None:
    """Ten pictures a second of a grey wall."""
    writer, number = RingWriter(stack.camera.state.frames, 640, 480), 0
    while not stop.wait(0.1):
        number += 1
        grey = np.full((480, 640, 3), number % 200, np.uint8)
        writer.write(Frame(number, datetime.now(UTC), time.monotonic_ns(), grey))
    writer.close()


def test_audit_says_who_opened_the_gate_and_a_viewer_opens_nothing(stack: Stack) -> None:
    before = _by_hand(stack)
    run(stack, *CLIENTS["onvif-python"]())
    until(lambda: len(_by_hand(stack)) == len(before) + 1, "the row in Audit")
    assert "Recorder onvif at 127.0.0.1 (ONVIF)" in _by_hand(stack)[0]
    words, environment = CLIENTS["onvif-python"]()
    user, password = stack.device("onvif", view_only=True)
    arguments = ["127.0.0.1", str(stack.port), user, password, "DO1"]
    done = subprocess.run([*words, *arguments], capture_output=True, text=True, timeout=WITHIN_S, env=environment)
    assert done.returncode != 0 and "lacks the permission open" in done.stderr + done.stdout
    assert len(_by_hand(stack)) == len(before) + 1


def test_what_a_client_sets_an_output_to_do_is_kept_with_the_settings_and_who_it_was(stack: Stack) -> None:
    run(stack, *CLIENTS["onvif-python"]())
    store = stack.camera.store()
    try:
        assert store.settings(RecorderSettings).onvif_outputs == "DO2=0.7"
        (change,) = (each for each in store.changes() if each.user != "admin")
    finally:
        store.close()
    assert (change.user, change.after) == ("Recorder onvif at 127.0.0.1 (ONVIF)", {"recorders.onvif_outputs": "DO2=0.7"})


def _by_hand(stack: Stack) -> list[str]:
    """What Audit says of outputs that were switched by hand, newest first."""
    store = stack.camera.store()
    try:
        found = store.passages(PassageQuery())
        return [str(each.decision.reason) for each in found if each.passage.event == "by_hand"]
    finally:
        store.close()


def test_the_picture_of_now_is_fetched_with_a_device_password_by_digest_or_basic(stack: Stack) -> None:
    address = f"http://127.0.0.1:{stack.port}/onvif/snapshot.jpg?profile=main"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(address, timeout=20)
    for kind in (urllib.request.HTTPDigestAuthHandler, urllib.request.HTTPBasicAuthHandler):
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, address, stack.user, stack.password)
        with urllib.request.build_opener(kind(passwords)).open(address, timeout=20) as reply:
            assert (reply.read(), reply.headers["Content-Type"]) == (PICTURE, "image/jpeg")
