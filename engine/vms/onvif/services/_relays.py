"""Relays: outputs, told and switched by operations of the device service and of device IO alike.

A client that switches one needs the permission to open (operations.py: ACT). The order takes the way that the portal's takes: the
service asks pins, which keeps interlocks, guards and longest times, and Audit says who it was (engine/service/switching.py).
"""

from __future__ import annotations

import logging

from engine.messages import Outcome, SwitchOutput
from engine.vms.onvif.camera import Camera
from engine.vms.onvif.operations import Call, Done, Later
from engine.vms.onvif.relays import PULSE_S, Relay, seconds
from engine.vms.onvif.soap import cannot, wrong
from engine.vms.onvif.xml import Element, Xml, tag

log = logging.getLogger("vms.onvif")

PULSE, HOLD = "Monostable", "Bistable"
IDLE = "open"
THROUGH = "ONVIF"


def outputs(camera: Camera) -> tuple[str, ...]:
    return tuple(line.name for line in camera.board.outputs)


def inputs(camera: Camera) -> tuple[str, ...]:
    return tuple(line.name for line in camera.board.inputs)


def relay_output(camera: Camera, name: str, output: str) -> Xml:
    """tt:RelayOutput."""
    relay = camera.relays.of(output)
    mode = tag("tt:Mode", PULSE if relay.is_pulse else HOLD)
    settings = tag("tt:Properties", mode, tag("tt:DelayTime", f"PT{relay.pulse_s:g}S"), tag("tt:IdleState", IDLE))
    return tag(name, settings, token=output)


def check_output(camera: Camera, token: str) -> str:
    """The token; Fault for one that is none."""
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
    relay = camera.relays.of(output)
    do = "off" if state == "inactive" else "pulse" if relay.is_pulse else "on"
    order = SwitchOutput(output, do, round(relay.pulse_s * 1000), call.who, call.address, THROUGH)

    def later(done: Done) -> None:
        def told(outcome: Outcome) -> None:
            done(tag("tds:SetRelayOutputStateResponse") if outcome.ok else cannot("ter:Action", str(outcome.note)))

        camera.switch(order, told)

    return later


def set_relay_output_settings(camera: Camera, output: str, properties: Element | None) -> None:
    """Takes what "active" does to it; Fault when that is not possible."""
    check_output(camera, output)
    if properties is None or properties.word("Mode") not in (PULSE, HOLD):
        raise wrong("ter:InvalidArgVal", "the mode is Monostable or Bistable", "ter:ModeError")
    if properties.word("IdleState") not in ("", IDLE):
        raise wrong("ter:InvalidArgVal", "which level is active is set in the camera's own pages", "ter:ModeError")
    is_pulse, pulse_s = properties.word("Mode") == PULSE, seconds(properties.word("DelayTime"))
    if is_pulse and (pulse_s is None or not PULSE_S[0] <= pulse_s <= PULSE_S[1]):
        raise wrong("ter:InvalidArgVal", f"the time is {PULSE_S[0]:g} to {PULSE_S[1]:g} s", "ter:ModeError")
    relay = Relay(is_pulse, pulse_s if is_pulse and pulse_s is not None else camera.relays.of(output).pulse_s)
    try:
        camera.relays.put(output, relay)
    except OSError as why:
        raise cannot("ter:Action", f"this is not kept: {why.strerror}") from why
    log.info("%s: %s", output, relay)
