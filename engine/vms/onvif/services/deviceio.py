"""Device IO: the camera's digital inputs and its outputs, which ONVIF calls relays (ONVIF Device IO Service Specification)."""

from __future__ import annotations

from engine.line_settings import PULSE_S
from engine.vms.onvif.camera import Camera
from engine.vms.onvif.operations import ACT, READ, Call, Later, Operation, Service
from engine.vms.onvif.services import _relays as relays
from engine.vms.onvif.services._video import SOURCE
from engine.vms.onvif.xml import Xml, join, tag


def _get_relay_output_options(camera: Camera, call: Call) -> Xml:
    token = call.body.word("RelayOutputToken")
    wanted = (relays.check_output(camera, token),) if token else relays.outputs(camera)
    options = (
        tag("tmd:Mode", relays.HOLD),
        tag("tmd:Mode", relays.PULSE),
        tag("tmd:DelayTimes", f"{PULSE_S[0]:g} {PULSE_S[1]:g}"),
        tag("tmd:Discrete", False),
    )
    return tag("tmd:GetRelayOutputOptionsResponse", *(tag("tmd:RelayOutputOptions", *options, token=each) for each in wanted))


def _set_relay_output_settings(camera: Camera, call: Call) -> Later:
    relay = call.body.first("RelayOutput")
    token = relay.attributes.get("token", "") if relay is not None else ""
    properties = relay.first("Properties") if relay is not None else None
    return relays.set_relay_output_settings("tmd:SetRelayOutputSettingsResponse", camera, call, token, properties)


def _get_digital_inputs(camera: Camera, call: Call) -> Xml:
    found = (tag("tmd:DigitalInputs", token=each, IdleState=relays.IDLE) for each in relays.inputs(camera))
    return tag("tmd:GetDigitalInputsResponse", *found)


def _get_video_sources(camera: Camera, call: Call) -> Xml:
    return tag("tmd:GetVideoSourcesResponse", tag("tmd:Token", SOURCE))


def _none(name: str) -> Operation:
    """Tells that there is none."""
    return Operation(name, READ, lambda camera, call: tag(f"tmd:{name}Response"))


def _capabilities(camera: Camera) -> Xml:
    return tag(
        "tmd:Capabilities",
        VideoSources=1,
        VideoOutputs=0,
        AudioSources=0,
        AudioOutputs=0,
        RelayOutputs=len(relays.outputs(camera)),
        SerialPorts=0,
        DigitalInputs=len(relays.inputs(camera)),
        DigitalInputOptions=False,
    )


def _legacy(camera: Camera) -> Xml:
    counts = (1, 0, 0, 0, len(relays.outputs(camera)))
    names = ("VideoSources", "VideoOutputs", "AudioSources", "AudioOutputs", "RelayOutputs")
    return join(*(tag(f"tt:{name}", count) for name, count in zip(names, counts, strict=True)))


SERVICE = Service(
    prefix="tmd",
    path="/onvif/deviceio_service",
    version=(2, 60),
    operations=(
        Operation("GetDigitalInputs", READ, _get_digital_inputs),
        Operation("GetRelayOutputOptions", READ, _get_relay_output_options),
        Operation("SetRelayOutputSettings", ACT, _set_relay_output_settings),
        Operation("GetVideoSources", READ, _get_video_sources),
        _none("GetVideoOutputs"),
        _none("GetAudioSources"),
        _none("GetAudioOutputs"),
        _none("GetSerialPorts"),
        # its own WSDL takes the elements of the device service; some clients send them in its own namespace all the same
        Operation("GetRelayOutputs", READ, relays.get_relay_outputs),
        Operation("SetRelayOutputState", ACT, relays.set_relay_output_state),
    ),
    capabilities=_capabilities,
    category="DeviceIO",
    legacy=_legacy,
)
