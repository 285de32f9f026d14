"""setdo.cgi: a pulse that is said wrongly opens nothing; it was taken for none, and the gate stayed open."""

from __future__ import annotations

import pytest

from tests.unit.webui.portal_caller import Caller
from tests.unit.webui.test_cgi import Camera


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("do1=1&pulse_ms=", "pulse_ms must be 10 to 600000"),
        ("do1=1&pulse_ms", "pulse_ms must be 10 to 600000"),
        ("do1=1&pulse=500", "there is no pulse; there are do1, do2, pulse_ms"),
        ("do1=1&PULSE_MS=500", "there is no PULSE_MS; there are do1, do2, pulse_ms"),
        ("do1=1&pulse_ms%20=500", "there is no pulse_ms ; there are do1, do2, pulse_ms"),
        ("do1=1&pulse_ms=500&pulse_ms=600000", "pulse_ms is there twice"),
        ("do1=1&do1=0", "do1 is there twice"),
        ("do1=1&DO2=1", "there is no DO2; there are do1, do2, pulse_ms"),
    ],
)
def test_a_pulse_or_an_output_that_is_said_wrongly_switches_nothing(caller: Caller, sent: str, said: str) -> None:
    camera = Camera(caller)
    reply, form = camera.get(f"dido/setdo.cgi?{sent}"), camera.get("dido/setdo.cgi", method="POST", body=sent.encode())
    assert (reply.status, reply.text, form.status) == (400, f"ERROR: {said}\r\n", 400)
    if "twice" in said:  # said of any form
        assert f"'{said.split()[0]}' is there twice" in form.text
    else:
        assert form.text == reply.text
    assert camera.service.orders == []


def test_what_stands_in_address_and_form_is_said_twice(caller: Caller) -> None:
    camera = Camera(caller)
    reply = camera.get("dido/setdo.cgi?do1=1&pulse_ms=500", method="POST", body=b"pulse_ms=60000")
    assert (reply.status, camera.service.orders) == (400, [])


def test_what_does_not_concern_outputs_is_passed_over_as_ever(caller: Caller) -> None:
    camera = Camera(caller)
    assert camera.get("dido/setdo.cgi?do1=1&pulse_ms=500&_=17&channel=0").text == "do1=1\r\n"
    assert len(camera.service.orders) == 1
