"""WIEGAND action: sends a number of 26 or 34 bits, or the plate in 64, to an access controller (manual 4.4; protocols.md 6)."""

from __future__ import annotations

from board.kit.errors import BoardError, ConfigError
from board.kit.settings import Settings, option
from board.types import SendWiegand, WiegandCode
from board.wiegand.codes import LAYOUTS, PLATE_LABEL, PLATE_NAME, Layout, encode, encode_data, encode_plate64, plate_number
from engine.actions._kind import ActionEnv, ActionKind, Lane
from engine.lists import normalise
from engine.types import PlateEvent

ANSWER_TIMEOUT_S = 3.0

FORMATS = {layout.name: layout.label for layout in LAYOUTS.values()} | {PLATE_NAME: PLATE_LABEL}


class NumberOptions(Settings):
    """Which number a plate becomes, for every action that sends one."""

    layout: str = option(
        "w26",
        "Format",
        "; ".join(f"{name}: {label}" for name, label in FORMATS.items()) + ".",
        choices=tuple(FORMATS),
    )
    number: str = option(
        "list",
        "Number",
        "list: the number that the plate has in its list. sha1: computed from the plate (SHA-1, low bits; Nedap and Hikvision "
        "readers use the same rule). fixed: always the number below. The format of 64 bits needs none: it carries the plate.",
        choices=("list", "sha1", "fixed"),
    )
    without_number: str = option(
        "sha1",
        "Plate without a number",
        "What to send with Number = list for a plate that has none there: sha1, fixed, or nothing.",
        choices=("sha1", "fixed", "nothing"),
    )
    fixed_facility: int = option(0, "Fixed facility", "Facility or site code of the fixed number.", ge=0, le=0xFFFF)
    fixed_card: int = option(0, "Fixed card", "Card number of the fixed number.", ge=0, le=0xFFFFFFFF)


class WiegandOptions(NumberOptions):
    port: str = option("W1", "Port", "Which Wiegand output.", widget="wiegand_port", min_length=1, max_length=8)
    width_us: int = option(80, "Pulse width", "Length of a pulse (SIA: 20 to 100).", unit="µs", ge=20, le=100)
    period_us: int = option(2000, "Pulse interval", "From pulse to pulse (SIA: 200 to 20,000).", unit="µs", ge=200, le=20_000)
    gap_ms: int = option(100, "Gap", "Least pause between two frames.", unit="ms", ge=30, le=5000)
    repeat: int = option(1, "Repeat", "How many times the frame is sent.", ge=1, le=5)
    even_if_blacklisted: bool = option(
        False, "Even if blacklisted", "Acts also for a plate that stands on a blacklist as well; otherwise the action is withheld."
    )


def code_for(event: PlateEvent, options: NumberOptions) -> tuple[WiegandCode, str]:
    """The frame and what it says in words. ConfigError when there is no number or it does not fit the format.

    A number (the plate code too) is computed from a plate only when it matched exactly: of the text in the list, or, for ALL PLATES
    and NOT IN LIST, of the plate as read."""
    entry = event.match.entry
    if options.layout == PLATE_NAME:
        plate = _sure_plate(event)
        try:
            return encode_plate64(plate), f"plate {plate}"
        except BoardError as why:
            raise ConfigError(str(why)) from why
    layout = LAYOUTS[options.layout]
    source = options.number
    if source == "list":
        if entry is not None and entry.wiegand_card is not None:
            return _numbered(layout, entry.wiegand_card, entry.wiegand_facility or 0)
        source = options.without_number
    if source == "fixed":
        return _numbered(layout, options.fixed_card, options.fixed_facility)
    if source == "nothing":
        raise ConfigError(
            "plate {plate} has no Wiegand number in {name}; nothing was sent", plate=event.passage.plate, name=event.match.list.name
        )
    try:
        number = plate_number(_sure_plate(event), layout.data_bits)
    except BoardError as why:
        raise ConfigError(str(why)) from why
    return encode_data(layout, number), f"SHA-1 {number:0{layout.data_bits // 4}X}"


def _sure_plate(event: PlateEvent) -> str:
    if event.match.distance:
        raise ConfigError(
            "plate {plate} is only like the one in the list: no number is computed from it", plate=event.passage.plate
        )
    entry = event.match.entry
    return normalise(entry.plate if entry else event.passage.plate)


def _numbered(layout: Layout, card: int, facility: int) -> tuple[WiegandCode, str]:
    try:
        code = encode(layout, card, facility)
    except BoardError as why:
        raise ConfigError(str(why)) from why
    return code, f"facility {facility} card {card}" if layout.facility_bits else f"number {card}"


def _deliver(event: PlateEvent, options: WiegandOptions, env: ActionEnv) -> str:
    code, words = code_for(event, options)
    request = SendWiegand(
        env.delivery_id, options.port, code, options.width_us, options.period_us, options.gap_ms, options.repeat, env.not_after_ns
    )
    frames_s = options.repeat * (code.bits * options.period_us / 1e6 + options.gap_ms / 1000)
    env.pins.request(request, 2 * frames_s + ANSWER_TIMEOUT_S)  # pins may repeat a frame whose edges came late
    times = f", {options.repeat} times" if options.repeat > 1 else ""
    return f"{options.port} sent {code.bits} bits, {words}{times}"


ACTION = ActionKind(
    name="wiegand",
    label="WIEGAND",
    options=WiegandOptions,
    deliver=_deliver,
    lane=Lane.FAST,
    max_age_s=10.0,
    withheld=lambda options: not options.even_if_blacklisted,
)
