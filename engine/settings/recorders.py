"""Recorder settings: the camera's own servers for recorders and video management systems. All of it takes effect at once."""

from __future__ import annotations

from board.kit.settings import Problem, Settings, field_validator, option
from board.kit.words import mark
from engine.line_settings import PULSE_S, pulses

ONVIF_EVENTS = (mark("every passage"), mark("by an action"))
NVR_LAYOUTS = ("seed", "noprefix")
NVR_CONFIDENCE = (mark("0 to 1"), mark("0 to 100"))


class RecorderSettings(Settings):
    """What listens for recorders, and what it says. On by default: without a device password nobody gets in."""

    key = "recorders"

    onvif: bool = option(
        True,
        "ONVIF",
        "Recorders find video, events and outputs of this camera at /onvif/device_service on the port of these web pages; a device "
        "password of the use onvif logs in.",
        group="ONVIF",
    )
    discovery: bool = option(
        True,
        "Discovery",
        "Answers recorders that look for cameras in this network (WS-Discovery, UDP port 3702). It tells name, model and address to "
        "everybody there.",
        group="ONVIF",
        when={"onvif": (True,)},
    )
    onvif_events: str = option(
        ONVIF_EVENTS[0],
        "Events by ONVIF",
        "every passage: all plates are told. by an action: only plates of lists that have the action ONVIF EVENT, as that action says.",
        group="ONVIF",
        choices=ONVIF_EVENTS,
        when={"onvif": (True,)},
    )
    onvif_outputs: str = option(
        "",
        "Outputs by ONVIF",
        'What a recorder\'s "on" does: a pulse of so many seconds, or it is held until it switches off. Without an entry it is a pulse of '
        "1 s. Recorders may change this too. In files and for the API: DO1=2.5 DO2=hold.",
        unit="s",
        widget="output_pulses",
        within=PULSE_S,
        group="ONVIF",
        max_length=200,
        when={"onvif": (True,)},
    )
    snapshots_login: bool = option(
        True,
        "Snapshots ask for a log-in",
        "The pictures of the ten newest passages below /LPR/ are for device passwords of the use onvif, accounts and tokens. Without "
        "it everybody on the network sees them; some recorders know no log-in.",
        group="ONVIF",
    )
    rtsp: bool = option(
        True,
        "RTSP",
        "Video and plates as a stream at /main, smaller at /sub; a device password of the use onvif logs in.",
        group="RTSP",
    )
    rtsp_port: int = option(
        8554,
        "RTSP port",
        "TCP port of RTSP. If another program has it, the next free one is taken and shown.",
        group="RTSP",
        ge=1,
        le=65_535,
        when={"rtsp": (True,)},
    )
    rtsp_sound: bool = option(
        False,
        "Sound",
        "What the board's microphone hears goes with the video, where the board has one. Mind that many countries forbid to record "
        "what people say.",
        group="RTSP",
        when={"rtsp": (True,)},
    )
    nvr: bool = option(
        True,
        "Plates by TCP",
        "Recorders connect and log in with a device password of the use nvr; each plate is sent to all of them (docs/nvr.md).",
        group="Plates by TCP",
    )
    nvr_port: int = option(
        17_001,
        "Port",
        "TCP port that recorders connect to. If another program has it, the next free one is taken and shown.",
        group="Plates by TCP",
        ge=1,
        le=65_535,
        when={"nvr": (True,)},
    )
    nvr_layout: str = option(
        NVR_LAYOUTS[0],
        "Layout",
        "seed: with the car number in a field of 16 bytes. noprefix: as newer recorders read it, without that field; the plate comes "
        "once, with its length.",
        group="Plates by TCP",
        choices={NVR_LAYOUTS[0]: "seed: with the car number", NVR_LAYOUTS[1]: "noprefix: without it"},
        when={"nvr": (True,)},
    )
    nvr_confidence: str = option(
        NVR_CONFIDENCE[0],
        "Confidence",
        "The scale of the confidence in these messages.",
        group="Plates by TCP",
        choices=NVR_CONFIDENCE,
        when={"nvr": (True,)},
    )

    @field_validator("onvif_outputs")
    @classmethod
    def _are_pulses(cls, text: str) -> str:
        pulses(text)
        return text

    def conflicts(self) -> tuple[Problem, ...]:
        if self.rtsp and self.nvr and self.rtsp_port == self.nvr_port:
            return (self.conflict("nvr_port", "is the port of RTSP"),)
        return ()
