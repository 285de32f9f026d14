"""CGIs of the portal: lines, picture and parameters as integrators script them, and that no page opens a gate by an address."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from board.kit.errors import WireError
from board.kit.settings import Settings
from board.kit.words import NOTHING, Text
from engine.messages import LineState, Outcome, ServiceStatus, SettingsChanged, SwitchOutput
from engine.settings import GeneralSettings, LprSettings
from tests.unit.webui.portal_caller import Caller, Reply
from webui import cgi
from webui.live.newest_picture import Jpeg

PROGRAM = {"HTTP_X_GATEWRIGHT_PROGRAM": "1"}
LINES = (
    LineState("DI1", "input", True, None),
    LineState("DI2", "input", False, None),
    LineState("DO1", "output", False, None),
    LineState("DO2", "output", True, None),
)


class Service:
    """Answers each order with the next of `answers`, or as if all were well."""

    def __init__(self, *answers: Outcome) -> None:
        self.orders: list[Any] = []
        self.answers = list(answers)

    def ask(self, order: object, answer: type[object], timeout_s: float) -> Any:
        self.orders.append(order)
        return self.answers.pop(0) if self.answers else Outcome(True)

    def outcome(self, order: object) -> Outcome:
        self.orders.append(order)
        return Outcome(True)


class Feed:
    def __init__(self, pins: Text = NOTHING, gone: bool = False) -> None:
        self._status = None if gone else ServiceStatus("MOTION", None, None, (), LINES, None, pins, (), NOTHING, None, -1, 50)

    def status(self) -> tuple[ServiceStatus | None, float]:
        return self._status, 0.0


class Camera:
    """What stands behind the CGIs; `get` asks as a program does, through the host."""

    def __init__(self, caller: Caller) -> None:
        self.service = Service()
        self.caller = caller
        self.use(Feed())

    def use(self, feed: Feed) -> None:
        portal = replace(self.caller.portal, service=self.service, feed=feed)  # type: ignore[arg-type]
        self._asked = self.caller.with_portal(portal)

    def get(self, path: str, role: str = "admin", method: str = "GET", body: bytes = b"", **more: str) -> Reply:
        form = "application/x-www-form-urlencoded" if body else ""
        place = {"PATH_INFO": f"/cgi-bin/{path.partition('?')[0]}", "REQUEST_URI": f"/cgi-bin/{path}"}
        return self._asked.call(method, path, role, body, form, **{**PROGRAM, **place, **more})


@pytest.fixture
def camera(caller: Caller) -> Camera:
    return Camera(caller)


def order(output: str, do: str, pulse_ms: int = 500) -> SwitchOutput:
    return SwitchOutput(output, do, pulse_ms, "anna", "10.0.0.7", "CGI")


@pytest.mark.parametrize(
    ("query", "orders", "said"),
    [
        ("do1=1", [order("DO1", "on")], "do1=1\r\n"),
        ("do1=0", [order("DO1", "off")], "do1=0\r\n"),
        ("do2=1&do1=0", [order("DO2", "on"), order("DO1", "off")], "do2=1\r\ndo1=0\r\n"),
        ("do1=1&pulse_ms=700", [order("DO1", "pulse", 700)], "do1=1\r\n"),
        ("do1=1&_=17", [order("DO1", "on")], "do1=1\r\n"),
    ],
)
def test_setdo_switches_outputs_under_the_users_name(camera: Camera, query: str, orders: list[SwitchOutput], said: str) -> None:
    reply = camera.get(f"dido/setdo.cgi?{query}", "operator", HTTP_X_FORWARDED_FOR="10.0.0.7")
    assert (reply.status, reply.text, reply.headers["Content-Type"]) == (200, said, "text/plain; charset=utf-8")
    assert camera.service.orders == orders
    camera.service.orders.clear()
    camera.get(f"dido/setdo.cgi?{query}", "operator", HTTP_X_GATEWRIGHT_CAME_NS="12345")
    assert {each.ordered_ns for each in camera.service.orders} == {12345}


def test_setdo_takes_a_form_as_well(camera: Camera) -> None:
    reply = camera.get("dido/setdo.cgi", "operator", "POST", b"do1=1", HTTP_X_FORWARDED_FOR="10.0.0.7")
    assert (reply.status, camera.service.orders) == (200, [order("DO1", "on")])


def test_a_script_of_the_other_numbering_counts_from_zero(camera: Camera) -> None:
    assert camera.get("dido/setdo.cgi?do0=1").text == "ERROR: there is no do0; this camera has do1, do2\r\n"
    camera.caller.portal.store.settings.put(GeneralSettings(cgi_first_line=0), "admin")
    assert camera.get("dido/setdo.cgi?do0=1").status == 200
    assert camera.service.orders[0].output == "DO1"
    assert camera.get("dido/getdo.cgi").text == "do0=0\r\ndo1=1\r\n"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "ERROR: say which output and what: do1=1 switches it on, 0 off\r\n"),
        ("do1=2", "ERROR: do1 must be 0 or 1\r\n"),
        ("do1", "ERROR: do1 must be 0 or 1\r\n"),
        ("do1=1&do9=1", "ERROR: there is no do9; this camera has do1, do2\r\n"),
        ("do1=1&pulse_ms=5", "ERROR: pulse_ms must be 10 to 600000\r\n"),
        ("do1=1&pulse_ms=-1", "ERROR: pulse_ms must be 10 to 600000\r\n"),
        ("do1=1&pulse_ms=9e9", "ERROR: pulse_ms must be 10 to 600000\r\n"),
        ("do%00=1", "ERROR: say which output and what: do1=1 switches it on, 0 off\r\n"),
    ],
)
def test_an_order_that_makes_no_sense_switches_nothing_at_all(camera: Camera, query: str, said: str) -> None:
    reply = camera.get(f"dido/setdo.cgi?{query}")
    assert (reply.status, reply.text, camera.service.orders) == (400, said, [])


def test_what_pins_refuses_is_said_behind_what_was_done_before(camera: Camera) -> None:
    camera.service.answers = [Outcome(True), Outcome(False, Text("DO1 is on:\nthey are interlocked"))]
    reply = camera.get("dido/setdo.cgi?do1=1&do2=1")
    assert (reply.status, reply.text) == (409, "do1=1\r\nERROR: do2: DO1 is on: they are interlocked\r\n")


@pytest.mark.parametrize("role", ["viewer", ""])
def test_a_viewer_opens_nothing(camera: Camera, role: str) -> None:
    assert camera.get("dido/setdo.cgi?do1=1", role).status == 403
    assert camera.service.orders == []


@pytest.mark.parametrize("path", [f"{route.path}?do1=1" for route in cgi.ROUTES if route.changes and route.method == "GET"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_what_changes_something_is_for_programs_alone(camera: Camera, path: str, method: str) -> None:
    assert camera.get(path, method=method, HTTP_X_GATEWRIGHT_PROGRAM="0").status == (405 if method == "HEAD" else 403)
    assert camera.get(path, method="HEAD").status == 405
    assert camera.service.orders == []


@pytest.mark.parametrize(
    ("page", "status", "place"),
    [
        ("/anpr/live", 303, "/anpr/live"),
        ("//evil.example/", 400, None),
        ("https://evil.example/", 400, None),
        ("/\\evil.example", 400, None),
        ("/x\r\nSet-Cookie: a=b", 400, None),
    ],
)
def test_return_leads_to_a_page_of_this_camera_only(camera: Camera, page: str, status: int, place: str | None) -> None:
    reply = camera.get("dido/setdo.cgi", method="POST", body=f"do1=1&return={page}".encode())
    assert (reply.status, reply.headers.get("Location"), len(camera.service.orders)) == (status, place, 1)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("dido/getdi.cgi", "di1=1\r\ndi2=0\r\n"),
        ("dido/getdi.cgi?di2", "di2=0\r\n"),
        ("dido/getdo.cgi", "do1=0\r\ndo2=1\r\n"),
        ("dido/getdo.cgi?do2&do1", "do2=1\r\ndo1=0\r\n"),
        ("dido/getdo.cgi?_=4711", "do1=0\r\ndo2=1\r\n"),
    ],
)
def test_a_viewer_sees_inputs_and_outputs(camera: Camera, path: str, said: str) -> None:
    assert camera.get(path, "viewer", HTTP_X_GATEWRIGHT_PROGRAM="0").text == said


def test_a_line_that_is_not_there_and_states_that_nobody_knows_are_errors(camera: Camera) -> None:
    for name in ("di9", "DI1", "di", "di1x"):
        answer = camera.get(f"dido/getdi.cgi?di1&{name}")
        assert (answer.status, answer.text) == (400, f"ERROR: there is no {name}; this camera has di1, di2\r\n")
    camera.use(Feed(pins=Text("not connected yet")))
    assert camera.get("dido/getdi.cgi").status == 503
    camera.use(Feed(gone=True))
    assert camera.get("dido/getdi.cgi").status == 503


def test_the_picture_is_the_one_that_all_viewers_share(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    widths: list[int] = []
    taken_ns = [time.monotonic_ns()]

    def newest(picture: object, width: int) -> Jpeg:
        widths.append(width)
        return Jpeg(1, taken_ns[0], (1280, 960), width, b"\xff\xd8picture")

    monkeypatch.setattr("webui.live.newest_picture.Picture.newest", newest)
    reply = camera.get("viewer/video.jpg?resolution=640x480&quality=5&channel=0", "viewer", HTTP_X_GATEWRIGHT_PROGRAM="0")
    assert (reply.status, reply.headers["Content-Type"], reply.body) == (200, "image/jpeg", b"\xff\xd8picture")
    camera.get("viewer/video.jpg")
    assert widths == [640, 4096]
    for wrong in ("640", "0x0", "640x", "99999x1", "-1x5"):
        assert camera.get(f"viewer/video.jpg?resolution={wrong}").text == "ERROR: resolution must be like 640x480\r\n"
    taken_ns[0] -= 31 * 10**9  # the camera went away: a recorder must not show this as the present
    assert camera.get("viewer/video.jpg").status == 503


def test_without_a_picture_yet_it_says_so(camera: Camera) -> None:
    assert camera.get("viewer/video.jpg").status == 503


def parse(text: str) -> dict[str, str]:
    """As strict as the strictest known client: every line has "=", every value is wrapped in single quotes."""
    found = {}
    for line in text.split("\r\n")[:-1]:
        name, equals, value = line.partition("=")
        assert equals and len(value) >= 2 and value[0] == value[-1] == "'", line
        found[name] = value[1:-1]
    return found


def test_parameters_are_told_by_level_in_the_strict_format(camera: Camera) -> None:
    viewer = parse(camera.get("viewer/getparam.cgi", "viewer").text)
    assert viewer["system_hostname"] == "Gatewright"
    assert (viewer["capability_ndi"], viewer["capability_ndo"]) == ("2", "2")
    assert {name: viewer[name] for name in viewer if name.startswith("status")} == {
        "status_di_i0": "1",
        "status_di_i1": "0",
        "status_do_i0": "0",
        "status_do_i1": "1",
    }
    assert camera.get("anonymous/getparam.cgi", "viewer").text == camera.get("viewer/getparam.cgi", "viewer").text
    operator = parse(camera.get("operator/getparam.cgi", "operator").text)
    assert operator.keys() - viewer.keys() == {"event_i0_name", "event_i0_enable"}
    admin = parse(camera.get("admin/getparam.cgi").text)
    assert admin["lpr_countries"] == "DE"
    assert {"general_save_full_image", "lpr_min_confidence_pct", "recorders_nvr_port", "lane_stuck_s"} <= admin.keys()
    assert camera.get("admin/getparam.cgi", "operator").status == 403
    assert camera.get("anonymous/getparam.cgi", "").status == 403


def test_groups_and_names_are_joined_and_what_is_not_there_is_left_out(camera: Camera) -> None:
    asked = "viewer/getparam.cgi?status_do&system_info_modelname&nothing&general_device_name"
    assert camera.get(asked, "viewer").text == "system_info_modelname='Gatewright'\r\nstatus_do_i0='0'\r\nstatus_do_i1='1'\r\n"


def test_a_service_that_is_away_costs_the_states_alone_unless_they_are_asked_for(camera: Camera) -> None:
    camera.use(Feed(gone=True))
    assert "status_di_i0" not in parse(camera.get("viewer/getparam.cgi").text)
    assert camera.get("viewer/getparam.cgi?status").status == 503
    assert camera.get("viewer/getparam.cgi?status_do_i0").status == 503


def stored(camera: Camera, kind: type[Settings]) -> Any:
    return camera.caller.portal.store.settings(kind)


def test_setparam_sets_all_and_says_what_they_are_now(camera: Camera) -> None:
    sent = b"system_hostname=Gate 'north'&lpr_countries=DE, FR&general_save_full_image=0&lpr_min_confidence_pct=85&update=1"
    reply = camera.get("admin/setparam.cgi", method="POST", body=sent)
    assert (reply.status, parse(reply.text)) == (
        200,
        {
            "system_hostname": "Gate ’north’",
            "lpr_countries": "DE,FR",
            "general_save_full_image": "0",
            "lpr_min_confidence_pct": "85",
        },
    )
    general, lpr = stored(camera, GeneralSettings), stored(camera, LprSettings)
    assert (general.device_name, general.save_full_image, lpr.countries, lpr.min_confidence_pct) == (
        "Gate 'north'",
        False,
        ("DE", "FR"),
        85,
    )
    assert camera.service.orders == [SettingsChanged()]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("lpr_min_confidence_pct=85&general_history_passages=-1", "ERROR: general_history_passages: must be 0 or more\r\n"),
        ("lpr_countries=XX&general_site=x", None),
        (
            "vadp_module_i0_enable=1&general_site=x",
            "ERROR: vadp_module_i0_enable: there is no such parameter, or it cannot be set\r\n",
        ),
        ("lpr_roi=1&general_site=x", "ERROR: lpr_roi: there is no such parameter, or it cannot be set\r\n"),
        ("status_do_i0=1", "ERROR: status_do_i0: there is no such parameter, or it cannot be set\r\n"),
        ("lpr_min_confidence_pct=85&lpr_min_confidence_pct=1", "ERROR: lpr_min_confidence_pct is there twice\r\n"),
    ],
)
def test_one_wrong_parameter_and_nothing_is_set(camera: Camera, query: str, said: str | None) -> None:
    before = stored(camera, GeneralSettings), stored(camera, LprSettings)
    reply = camera.get(f"admin/setparam.cgi?{query}")
    assert (reply.status, reply.text[:7]) == (400, "ERROR: ")
    assert said is None or reply.text == said
    assert (stored(camera, GeneralSettings), stored(camera, LprSettings)) == before


def test_only_who_may_configure_sets_parameters_and_no_password_is_told(camera: Camera) -> None:
    assert camera.get("admin/setparam.cgi?general_site=x", "operator").status == 403
    camera.get("admin/setparam.cgi?lpr_camera_url=rtsp://user:secret@10.0.0.9/main")
    assert stored(camera, LprSettings).camera_url == "rtsp://user:secret@10.0.0.9/main"
    told = camera.get("admin/getparam.cgi").text
    assert ("rtsp://" in told, "secret" in told) == (True, False)


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("nothing.cgi", "GET", 404), ("dido/", "GET", 404), ("dido/setdo.cgi", "PUT", 405), ("dido/setdo.cgi", "DELETE", 405)],
)
def test_an_address_or_method_that_is_not_there_is_refused_as_data(camera: Camera, path: str, method: str, status: int) -> None:
    reply = camera.get(path, method=method)
    assert (reply.status, reply.headers["Content-Type"], camera.service.orders) == (status, "application/json", [])


@pytest.mark.parametrize(
    "query", ["&".join(f"x{number}=1" for number in range(500)) + "&do1=1", "do1=%ff", "do1=1%00", "do1=%F0%9F%9A%97"]
)
def test_hostile_queries_switch_nothing(camera: Camera, query: str) -> None:
    assert camera.get(f"dido/setdo.cgi?{query}").status in (400, 422)
    assert camera.service.orders == []


def test_a_service_that_does_not_answer_is_no_switched_output(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(order: object, answer: object, timeout_s: float) -> None:
        raise WireError("service does not answer")

    monkeypatch.setattr(camera.service, "ask", ask)
    assert camera.get("dido/setdo.cgi?do1=1").status == 503
