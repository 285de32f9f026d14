"""Discovery in a network of its own: WSDiscovery finds the camera at the other end of a virtual cable, by multicast."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 30.0

CAMERA = """
import sys, threading
from pathlib import Path
from board.kit.loop import Loop
from engine.vms.onvif.discovery import Discovery
from tests.onvif_bench import Bench
loop, stop = Loop(), threading.Event()
discovery = Discovery(loop, Bench(Path(sys.argv[1])).camera, "")
discovery.start()
print("ready", flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
loop.run(stop, 0.1, lambda: None)
discovery.close()
"""

CLIENT = """
import json, sys, time
from wsdiscovery import QName, Scope
from wsdiscovery.discovery import ThreadedWSDiscovery
said = []
client = ThreadedWSDiscovery()
client.start()
client.setRemoteServiceHelloCallback(lambda service: said.append(["hello", *service.getXAddrs()]))
client.setRemoteServiceByeCallback(lambda service: said.append(["bye"] if hasattr(service, "getEPR") else ["bye"]))
device = QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")
found = []
for _ in range(10):
    found = found or client.searchServices(types=[device], timeout=2)
printers = client.searchServices(types=[QName("urn:p", "Printer")], timeout=1)
print(json.dumps({"found": [list(each.getXAddrs()) for each in found], "printers": len(printers)}), flush=True)
sys.stdin.readline()
end = time.monotonic() + 20
while {each[0] for each in said} != {"hello", "bye"} and time.monotonic() < end:
    time.sleep(0.05)
print(json.dumps(said), flush=True)
client.stop()
"""


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no network of its own: {done.stderr.strip() or words[0]}")


@pytest.fixture
def cable() -> Iterator[tuple[str, str]]:
    """Names of two networks with a cable between them: 192.0.2.1 in the first, 192.0.2.2 in the second."""
    mark = uuid.uuid4().hex[:6]
    names = (f"gw-a-{mark}", f"gw-b-{mark}")
    made = []
    try:
        for name in names:
            try:
                _run("ip", "netns", "add", name)
            except FileNotFoundError:
                pytest.skip("no network of its own: there is no command ip")
            made.append(name)
        _run("ip", "-n", names[0], "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", names[1])
        for name, address in zip(names, ("192.0.2.1/24", "192.0.2.2/24"), strict=True):
            _run("ip", "-n", name, "address", "add", address, "dev", "eth0")
            _run("ip", "-n", name, "link", "set", "eth0", "up")
            _run("ip", "-n", name, "route", "add", "224.0.0.0/4", "dev", "eth0")
        yield names
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "delete", name], check=False)


def _python(network: str, code: str, *words: str) -> subprocess.Popen[str]:
    command = ["ip", "netns", "exec", network, sys.executable, "-c", code, *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GATEWRIGHT_PORT": "8080"}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_client_of_other_people_finds_the_camera_by_multicast_and_hears_it_come_and_go(
    cable: tuple[str, str], tmp_path: Path
) -> None:
    camera = _python(cable[0], CAMERA, str(tmp_path / "first"))
    assert camera.stdin is not None and camera.stdout is not None
    assert camera.stdout.readline() == "ready\n"
    client = _python(cable[1], CLIENT)
    assert client.stdin is not None and client.stdout is not None
    told = json.loads(client.stdout.readline())
    assert told == {"found": [["http://192.0.2.1:8080/onvif/device_service"]], "printers": 0}
    camera.communicate(timeout=WITHIN_S)
    again = _python(cable[0], CAMERA, str(tmp_path / "second"))
    assert again.stdout is not None and again.stdout.readline() == "ready\n"
    said, _ = client.communicate("go on\n", timeout=WITHIN_S)
    assert {tuple(each) for each in json.loads(said)} >= {("hello", "http://192.0.2.1:8080/onvif/device_service"), ("bye",)}
    again.communicate(timeout=WITHIN_S)
