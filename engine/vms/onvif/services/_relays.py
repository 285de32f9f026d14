"""Relays: reports and switches outputs, for the device service and device IO alike.

A client that switches one needs the permission to open (operations.py: ACT). The order takes the same way as the portal's: the
service asks pins, which enforces interlocks, guards and longest times, and Audit records the user
(engine/service/switching.py). The active level belongs to the wiring, so that no client changes it.
"""

from __future__ import annotations

from functools import partial

from engine.line_settings import PULSE_S, USUAL_PULSE_S
from engine.messages import Outcome, SetPulse, SwitchOutput
from engine.vms.access import ordered_ns
from engine.vms.onvif.camera import Camera
from engine.vms.onvif.operations import Call, Done, Later
from engine.vms.onvif.soap import cannot, wrong
from engine.vms.onvif.terms import duration_s
from engine.vms.onvif.xml import Element, Xml, tag

PULSE, HOLD = "Monostable", "Bistable"
IDLE = "open"
THROUGH = "ONVIF"


def outputs(camera: Camera) -> tuple[str, ...]:
    return tuple(line.name for line in camera.board.outputs)


def inputs(camera: Camera) -> tuple[str, ...]:
    return tuple(line.name for line in camera.board.inputs)


def relay_output(camera: Camera, name: str, output: str) -> Xml:
    """tt:RelayOutput."""
    pulse_s = camera.pulse_s(output)
    mode, delay = tag("tt:Mode", PULSE if pulse_s else HOLD), tag("tt:DelayTime", f"PT{pulse_s or USUAL_PULSE_S:g}S")
    settings = tag("tt:Properties", mode, delay, tag("tt:IdleState", IDLE))
    return tag(name, settings, token=output)


def check_output(camera: Camera, token: str) -> str:
    """The token; Fault if there is no such output."""
    if token not in outputs(camera):
        raise wrong("ter:InvalidArgVal", "there is no such output", "ter:RelayToken")
    return token


def get_relay_outputs(camera: Camera, call: Call) -> Xml:
    found = (relay_output(camera, "tds:RelayOutputs", output) for output in outputs(camera))
    return tag("tds:GetRelayOutputsResponse", *found)


def set_relay_output_state(camera: Camera, call: Call) -> Later:
    output = check_output(camera, call.body.word("RelayOutputToken"))
    state = call.body.word("LogicalState")
    if state not in ("active", "inactive"):
        raise wrong("ter:InvalidArgVal", "the state is active or inactive")
    pulse_s = camera.pulse_s(output)
    do = "off" if state == "inactive" else "pulse" if pulse_s else "on"
    who = call.who, call.address, THROUGH, ""
    order = SwitchOutput(output, do, round((pulse_s or USUAL_PULSE_S) * 1000), *who, ordered_ns(call.request))
    return _ordered(camera, order, "tds:SetRelayOutputStateResponse")


def set_relay_output_settings(name: str, camera: Camera, call: Call, output: str, properties: Element | None) -> Later:
    """Has the service keep what "active" does to it; `name`: of the answer's element. Fault when that is not possible."""
    check_output(camera, output)
    if properties is None or properties.word("Mode") not in (PULSE, HOLD):
        raise wrong("ter:InvalidArgVal", "the mode is Monostable or Bistable", "ter:ModeError")
    if properties.word("IdleState") not in ("", IDLE):
        raise wrong("ter:InvalidArgVal", "which level is active is set in the camera's own pages", "ter:ModeError")
    pulse_s = 0.0 if properties.word("Mode") == HOLD else _pulse_s(properties.word("DelayTime"))
    return _ordered(camera, SetPulse(output, pulse_s, call.who, call.address), name)


def _pulse_s(duration: str) -> float:
    try:
        seconds = round(duration_s(duration), 3)
    except ValueError as why:
        raise wrong("ter:InvalidArgVal", str(why), "ter:ModeError") from why
    if not PULSE_S[0] <= seconds <= PULSE_S[1]:
        raise wrong("ter:InvalidArgVal", f"the time is {PULSE_S[0]:g} to {PULSE_S[1]:g} s", "ter:ModeError")
    return seconds


def _ordered(camera: Camera, order: SwitchOutput | SetPulse, name: str) -> Later:
    """The element `name` as an answer once the service has done it."""
    return lambda done: camera.order(order, partial(_carried_out, camera, order, name, done))


def _carried_out(camera: Camera, order: SwitchOutput | SetPulse, name: str, done: Done, outcome: Outcome) -> None:
    if outcome.ok and isinstance(order, SetPulse):
        camera.set_pulse(order)
    done(tag(name) if outcome.ok else cannot("ter:Action", str(outcome.note)))
