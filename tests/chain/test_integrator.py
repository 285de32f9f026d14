"""An integrator at a new camera: scripts by VIVOTEK's CGIs, a recorder, and a test that opens nothing, through every process."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from libpyvivotek.vivotek import VivotekCamera, VivotekCameraError

from engine.formats import nvr
from tests.chain.conftest import Camera, wait_for


def cgi(camera: Camera, path: str, **headers: str) -> requests.Response:
    return requests.get(f"{camera.address}cgi-bin/{path}", auth=("admin", camera.password), headers=headers, timeout=20)


def server(camera: Camera, name: str) -> Any:
    return next((each for each in camera.call("GET", "integration")["servers"] if each["name"] == name), None)


class Recorder:
    """Connects to "Plates by TCP" and logs in."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), 20)
        self.sock.sendall(nvr.login(user, password))
        self._reader = nvr.Reader()

    def next(self) -> tuple[int, bytes]:
        while (found := self._reader.next()) is None:
            data = self.sock.recv(65_536)
            assert data, "the camera ended the connection"
            self._reader.add(data)
        return found


def test_a_script_switches_an_output_and_a_test_reaches_a_recorder_while_the_gate_stays_shut(camera: Camera) -> None:
    camera.call("PUT", "settings/lpr", {"region": "Europe", "countries": ["SK", "GB"]})
    wait_for("the outputs", lambda: cgi(camera, "dido/getdo.cgi").text == "do1=0\r\ndo2=0\r\n")

    browser = {"User-Agent": "Mozilla/5.0 (X11)", "Accept-Language": "de"}
    assert cgi(camera, "dido/setdo.cgi?do1=1", **browser).status_code == 403
    assert cgi(camera, "dido/setdo.cgi?do2=1&pulse_ms=200").text == "do2=1\r\n"
    wait_for("the pulse", lambda: len(camera.edges("DO2")) == 2)
    assert [edge.level for edge in camera.edges("DO2")] == [1, 0] and not camera.edges("DO1")

    def audit() -> list[tuple[str, str]]:
        rows = camera.call("GET", "deliveries?kind=io")["deliveries"]
        return [(each["rule_name"], each["decision"]) for each in rows if each["plate"] == ""]

    said = "DO2 pulsed 200 ms, by admin at 127.0.0.1 (CGI)"
    wait_for("its row in Audit", lambda: audit() == [("(by hand)", said)])
    assert cgi(camera, "admin/getparam.cgi?vadp_module_i0_status&status_do_i1").text == (
        "vadp_module_i0_status='on'\r\nstatus_do_i1='0'\r\n"
    )
    place = urlsplit(camera.address)
    vivotek = VivotekCamera(host=place.hostname, port=place.port, usr="admin", pwd=camera.password, sec_lvl="admin")
    wait_for("a picture", lambda: (vivotek.snapshot() or b"")[:2] == b"\xff\xd8")
    wait_for("recognition", lambda: vivotek.event_enabled("event_i0_enable"))
    assert vivotek.model_name == "Gatewright"
    assert (vivotek.set_param("system_hostname", "Gate north"), vivotek.get_param("general_device_name")) == ("Gate north",) * 2
    with pytest.raises(VivotekCameraError, match="ERROR: event_i0_enable: there is no such parameter, or it cannot be set"):
        vivotek.set_param("event_i0_enable", 0)

    made = requests.post(
        f"{camera.address}api/device-passwords", json={"use": "nvr", "name": "NVR"}, auth=("admin", camera.password), timeout=20
    ).json()
    wait_for("plates by TCP", lambda: server(camera, "nvr")["state"] == "on")
    recorder = Recorder(int(server(camera, "nvr")["address"].rpartition(":")[2]), made["user"], made["password"])
    assert json.loads(recorder.next()[1]) == {"result": "200"}
    (client,) = wait_for("the recorder on the page", lambda: server(camera, "nvr")["clients"])
    assert (client["user"], client["answered"]) == (made["user"], "200")

    camera.call("POST", "integration/test", {})
    plates: list[str] = []
    while "TEST" not in plates:
        command, data = recorder.next()
        plates += [nvr.read_recognition(data).plate] if command == nvr.RECOG_POST else []
    wait_for("the messages on the page", lambda: server(camera, "nvr")["clients"][0]["count"] >= len(plates))
    recorder.sock.close()
    assert "TEST" not in camera.plates() and not camera.edges("DO1")
