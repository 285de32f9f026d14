"""WIEGAND action: sends a number of 26 or 34 bits, or the plate in 64, to an access controller.

Sources: manual 4.4, List tab; docs/sources.md, Wiegand.
"""

from __future__ import annotations

from board.kit.errors import BoardError, ConfigError
from board.kit.settings import Settings, model_validator, option
from board.kit.words import Text, mark
from board.types import PinsTaken, SendWiegand, WiegandCode
from board.wiegand.codes import (
    LAYOUTS,
    PLATE_BITS,
    PLATE_LABEL,
    PLATE_NAME,
    Layout,
    encode,
    encode_data,
    encode_plate64,
    plate_number,
)
from engine.actions._converter import HttpConverter, ask_converter, values_of
from engine.actions._http import server
from engine.actions._kind import ActionEnv, ActionKind, Lane, Taken
from engine.lists import normalise
from engine.types import ListEntry, PlateEvent

ANSWER_TIMEOUT_S = 3.0


class NumberOptions(Settings):
    """Which number a plate becomes, for every action that sends one."""

    layout: str = option(
        "w26",
        "Format",
        "As the controller expects it: how many bits, and what they stand for.",
        choices={**{layout.name: layout.label for layout in LAYOUTS.values()}, PLATE_NAME: PLATE_LABEL},
    )
    number: str = option(
        "list",
        "Number",
        "Nedap and Hikvision readers compute it by the same rule (SHA-1, low bits). The format of 64 bits needs none: it carries "
        "the plate.",
        choices={
            "list": "that of the plate in its list",
            "sha1": "computed from the plate (SHA-1)",
            "fixed": "always the one below",
        },
    )
    without_number: str = option(
        "sha1",
        "Plate without a number",
        "What to send for a plate that has no number in its list.",
        choices={"sha1": "computed from the plate (SHA-1)", "fixed": "the fixed number below", "nothing": "nothing"},
        when={"number": ("list",)},
    )
    fixed_facility: int = option(
        0, "Fixed facility", "Facility or site code of the fixed number.", ge=0, le=0xFFFF, when={"number": ("list", "fixed")}
    )
    fixed_card: int = option(
        0, "Fixed card", "Card number of the fixed number.", ge=0, le=0xFFFFFFFF, when={"number": ("list", "fixed")}
    )

    @model_validator(mode="after")
    def _fits(self) -> NumberOptions:
        layout = LAYOUTS.get(self.layout)
        if layout is not None and (self.number == "fixed" or (self.number == "list" and self.without_number == "fixed")):
            try:
                encode(layout, self.fixed_card, self.fixed_facility)
            except BoardError as why:
                raise ConfigError(why.text) from why
        return self


class WiegandOptions(NumberOptions, HttpConverter):
    by: str = option(
        "pins",
        "By",
        "pins: this board makes the pulses. http: another board does, asked for the URL.",
        choices={"pins": "pins of this board", "http": "another board, by HTTP"},
    )
    port: str = option(
        "W1", "Port", "Which Wiegand output.", widget="wiegand_port", min_length=1, max_length=8, when={"by": ("pins",)}
    )
    width_us: int = option(
        80, "Pulse width", "Length of a pulse (SIA: 20 to 100).", unit="µs", ge=20, le=100, when={"by": ("pins",)}
    )
    period_us: int = option(
        2000, "Pulse interval", "From pulse to pulse (SIA: 200 to 20,000).", unit="µs", ge=200, le=20_000, when={"by": ("pins",)}
    )
    gap_ms: int = option(100, "Gap", "Least pause between two frames.", unit="ms", ge=30, le=5000, when={"by": ("pins",)})
    repeat: int = option(1, "Repeat", "How many times the frame is sent.", ge=1, le=5, when={"by": ("pins",)})
    even_if_blacklisted: bool = option(
        False,
        "Even if blacklisted",
        "Acts also for a plate of a list that refuses or only reports: for a siren or a lamp, not for a barrier.",
    )


def code_for(event: PlateEvent, options: NumberOptions) -> tuple[WiegandCode, Text]:
    """The frame and what it says in words. ConfigError when there is no number or it does not fit the format.

    A number (the plate code too) is computed from a plate only when it matched exactly, or its list takes one confused character
    for the same: of the text in the list, or, for ALL PLATES, NOT IN LIST and wildcards, of the plate as read."""
    entry = event.match.entry
    layout = LAYOUTS.get(options.layout)
    source = options.number
    if layout is not None and source == "list":
        if entry is not None and entry.wiegand_card is not None:
            return _numbered(layout, entry.wiegand_card, entry.wiegand_facility or 0)
        source = options.without_number
    if layout is not None and source == "fixed":
        return _numbered(layout, options.fixed_card, options.fixed_facility)
    if layout is not None and source == "nothing":
        raise ConfigError(
            "plate {plate} has no Wiegand number in {list_name}; nothing was sent",
            plate=event.passage.plate,
            list_name=event.match.list.name,
        )
    if event.match.distance and not event.match.list.fuzzy:
        raise ConfigError(
            "plate {plate} is only similar to the one in the list: no number is computed from it", plate=event.passage.plate
        )
    return _computed(layout, normalise(entry.plate if entry and not entry.is_wildcard else event.passage.plate))


def number_bits(options: NumberOptions) -> int:
    """Length of the frame that these options send."""
    layout = LAYOUTS.get(options.layout)
    return PLATE_BITS if layout is None else layout.bits


def unsendable(entry: ListEntry, options: NumberOptions) -> Text | None:
    """Why these options can never send the number of this plate of a list; None: they can. A plate without a number that is to be
    sent nothing is what was asked for, and no fault."""
    layout = LAYOUTS.get(options.layout)
    source = options.number if layout is not None else "plate"
    if source == "list" and entry.wiegand_card is None:
        source = options.without_number
    if source in ("fixed", "nothing"):
        return None  # said of the options themselves
    if entry.is_wildcard and entry.wiegand_card is None:
        return None  # that of the plate which comes
    try:
        if layout is not None and source == "list":
            _numbered(layout, entry.wiegand_card or 0, entry.wiegand_facility or 0)
        else:
            _computed(layout, normalise(entry.plate))
    except ConfigError as why:
        return why.text
    return None


def _numbered(layout: Layout, card: int, facility: int) -> tuple[WiegandCode, Text]:
    try:
        code = encode(layout, card, facility)
    except BoardError as why:
        raise ConfigError(why.text) from why
    if layout.facility_bits:
        return code, Text("facility {facility} card {card}", {"facility": facility, "card": card})
    return code, Text("number {card}", {"card": card})


def _computed(layout: Layout | None, plate: str) -> tuple[WiegandCode, Text]:
    """What a plate becomes by itself: the plate code, or a number by the SHA-1 rule."""
    try:
        if layout is None:
            return encode_plate64(plate), Text("plate {plate}", {"plate": plate})
        number = plate_number(plate, layout.data_bits)
    except BoardError as why:
        raise ConfigError(why.text) from why
    return encode_data(layout, number), Text("SHA-1 {number}", {"number": f"{number:0{layout.data_bits // 4}X}"})


def _deliver(event: PlateEvent, options: WiegandOptions, env: ActionEnv) -> Text | Taken:
    code, words = code_for(event, options)
    if options.by == "http":
        return ask_converter(values_of(options.layout, code, event.passage.plate), words, options, env)
    request = SendWiegand(
        env.delivery_id, options.port, code, options.width_us, options.period_us, options.gap_ms, options.repeat, env.not_after_ns
    )
    answer = env.pins.request(request, ANSWER_TIMEOUT_S)
    said = Text("{port} sent {bits} bits, {number}", {"port": options.port, "bits": code.bits, "number": words})
    note = Text("{what}, {times} times", {"what": said, "times": options.repeat}) if options.repeat > 1 else said
    return Taken(note) if isinstance(answer, PinsTaken) else note


ACTION = ActionKind(
    name="wiegand",
    label="WIEGAND",
    purpose=mark("Send a Wiegand number"),
    about=mark("To an access controller on this camera's D0 and D1."),
    icon="card",
    options=WiegandOptions,
    deliver=_deliver,
    lane=Lane.FAST,
    max_age_s=10.0,
    needs_plate=True,
    peer=lambda options: server(options.url) if options.by == "http" else "",
    withheld=lambda options: not options.even_if_blacklisted,
    number_bits=number_bits,
    unsendable=unsendable,
)
