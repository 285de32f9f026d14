"""IO action: makes a digital output active for a time, in a pattern, or holds it on or off.

Sources: manual 4.4, List tab; manual 6.5, Problem with actions.
"""

from __future__ import annotations

import re

from board.kit.errors import ConfigError
from board.kit.settings import Settings, model_validator, option
from board.kit.words import Text, mark
from board.types import Level, Pattern, PinsTaken, Pulse
from engine.actions._kind import ActionEnv, ActionKind, Lane, PinsRequest, Taken, noted
from engine.types import PlateEvent

ANSWER_TIMEOUT_S = 3.0
LONGEST_MS = 600_000
"""Of a pulse or a whole pattern."""

NOTES = {
    mark("pulse"): mark("{output} pulsed {duration_ms} ms"),
    mark("pattern"): mark("{output} switched on and off, {on_ms} and {off_ms} ms, {repeat} times"),
    mark("on"): mark("{output} switched on"),
    mark("off"): mark("{output} switched off"),
}
"""What the output does: how the Audit tab says it, with the options' values."""

ON = "on"
BY_HAND = ("pulse", ON, "off")
"""What people and recorders may do with an output, beside the actions."""

PLACE = re.compile(r"\{(\w+)\}")


class IoOptions(Settings):
    output: str = option("DO1", "Output", "Which digital output.", widget="output", min_length=1, max_length=8)
    do: str = option(
        "pulse",
        "Do",
        "pulse: active for the duration, then back. pattern: on and off for the times below, as often as Repeat says (a siren). "
        "on, off: held until another action changes it or the service stops.",
        choices={"pulse": "Pulse", "pattern": "Pattern of pulses", "on": "On", "off": "Off"},
    )
    duration_ms: int = option(500, "Duration", "How long a pulse lasts.", unit="ms", ge=10, le=LONGEST_MS, when={"do": ("pulse",)})
    on_ms: int = option(
        500, "Pattern on", "How long each pulse of a pattern lasts.", unit="ms", ge=20, le=60_000, when={"do": ("pattern",)}
    )
    off_ms: int = option(
        500, "Pattern off", "How long the pause after it lasts.", unit="ms", ge=20, le=60_000, when={"do": ("pattern",)}
    )
    repeat: int = option(5, "Pattern repeat", "How many pulses a pattern has.", ge=1, le=1000, when={"do": ("pattern",)})
    polarity: str = option(
        "active high",
        "Polarity",
        "The level at the pin that means active: a matter of the wiring, so all enabled IO actions of one output must agree. "
        "Most pins are low until the camera has started: an output that is active low is on until then, unless a resistor holds it "
        "high.",
        choices=("active high", "active low"),
    )
    delay_ms: int = option(0, "Delay", "Waits this long before it acts.", unit="ms", ge=0, le=60_000)
    even_if_blacklisted: bool = option(
        False,
        "Even if blacklisted",
        "Acts also for a plate of a list that refuses or only reports: for a siren or a lamp, not for a barrier.",
    )

    @model_validator(mode="after")
    def _is_no_longer_than_a_pulse(self) -> IoOptions:
        if self.do == "pattern" and self.repeat * (self.on_ms + self.off_ms) > LONGEST_MS:
            raise ConfigError("the whole pattern may last at most {longest_s} s", field="repeat", longest_s=LONGEST_MS // 1000)
        return self


def _deliver(event: PlateEvent, options: IoOptions, env: ActionEnv) -> Text | Taken:
    not_after_ns = env.not_after_ns + options.delay_ms * 1_000_000
    answer = env.pins.request(request_of(options, env.delivery_id, not_after_ns), ANSWER_TIMEOUT_S)
    note = noted_as(options)
    return Taken(note) if isinstance(answer, PinsTaken) else noted(note, answer.note)


def request_of(options: IoOptions, request_id: str, not_after_ns: int) -> PinsRequest:
    """What pins is asked for; nothing begins after `not_after_ns`."""
    if options.do == "pulse":
        return Pulse(request_id, options.output, options.duration_ms, options.delay_ms, not_after_ns)
    if options.do == "pattern":
        return Pattern(
            request_id, options.output, options.on_ms, options.off_ms, options.repeat, options.delay_ms, not_after_ns
        )  # fmt: skip
    return Level(request_id, options.output, options.do == "on", options.delay_ms, not_after_ns)


def noted_as(options: IoOptions) -> Text:
    """What these options do, as Audit says it."""
    template = NOTES[options.do]
    said = Text(template, {name: getattr(options, name) for name in PLACE.findall(template)})
    return Text("{what} after {delay_ms} ms", {"what": said, "delay_ms": options.delay_ms}) if options.delay_ms else said


ACTION = ActionKind(
    name="io",
    label="IO",
    purpose=mark("Open a gate or switch a siren"),
    about=mark("Switches an output of this camera for some time."),
    icon="gate",
    options=IoOptions,
    deliver=_deliver,
    lane=Lane.FAST,
    max_age_s=10.0,
    polarity=lambda options: {options.output: options.polarity == "active high"},
    gate_output=lambda options: "" if options.do == "off" else options.output,
    withheld=lambda options: not options.even_if_blacklisted,
)
