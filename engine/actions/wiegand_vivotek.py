"""WIEGAND VIVOTEK action: sends a number to a converter, which makes the Wiegand pulses: over a serial (RS-485) line or over HTTP.

VIVOTEK's converter has no public protocol (docs/sources.md, Wiegand). Message and address are therefore templates of ours that are
set to what the converter at hand understands; by default `W26 0 12345` and a line end, which a few lines on a microcontroller can
read. Rules of releases that named this kind `wiegand_serial` keep working.

Source: manual 4.4, List tab.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from board.kit.errors import BoardError, DeliveryError
from board.kit.settings import field_validator, option
from board.kit.words import Text, mark
from board.serial import parse_url
from engine.actions._converter import PLACES, HttpConverter, ask_converter, values_of
from engine.actions._http import server
from engine.actions._kind import ActionEnv, ActionKind, Lane
from engine.actions.wiegand import NumberOptions, code_for, number_bits, unsendable
from engine.formats.serial_text import check_places, fill, unescape
from engine.types import PlateEvent


class ConverterOptions(NumberOptions, HttpConverter):
    by: str = option(
        "line",
        "By",
        "line: over the serial line below. http: by asking for the URL.",
        choices={"line": "serial line", "http": "another board, by HTTP"},
    )
    line: str = option(
        "serial:///dev/ttyUSB0?baud=9600",
        "Serial line",
        "Where the converter is: serial:///dev/ttyUSB0?baud=9600 (also parity, bits, stop, rs485=1), or socket://host:port.",
        max_length=200,
        when={"by": ("line",)},
    )
    message: str = option(
        r"W{bits} {facility} {card}\r\n",
        "Message",
        "What is sent. {bits}, {facility}, {card}, {hex} (the data), {code} (all bits, parity included) and {plate} are filled in; "
        r"\r, \n and \x02 stand for bytes. Our own default; set it to what the converter understands.",
        min_length=1,
        max_length=200,
        when={"by": ("line",)},
    )
    answer: str = option(
        "",
        "Expected answer",
        "The delivery counts once this comes back; empty: no answer is awaited.",
        max_length=60,
        when={"by": ("line",)},
    )
    answer_ms: int = option(
        500, "Answer within", "How long the answer may take.", unit="ms", ge=50, le=3000, when={"by": ("line",), "answer": ("*",)}
    )
    even_if_blacklisted: bool = option(
        False,
        "Even if blacklisted",
        "Acts also for a plate of a list that refuses or only reports: for a siren or a lamp, not for a barrier.",
    )

    @field_validator("line")
    @classmethod
    def _is_line(cls, line: str) -> str:
        parse_url(line)
        return line

    @field_validator("message", "answer")
    @classmethod
    def _is_message(cls, text: str) -> str:
        check_places(text, PLACES)
        unescape(text)
        return text


def _deliver(event: PlateEvent, options: ConverterOptions, env: ActionEnv) -> Text:
    code, words = code_for(event, options)
    values = values_of(options.layout, code, event.passage.plate)
    if options.by == "http":
        return ask_converter(values, words, options, env)
    escaped = {name: value.replace("\\", "\\\\") for name, value in values.items()}
    message, answer = (unescape(fill(template, escaped)) for template in (options.message, options.answer))
    if env.clock.monotonic_ns() > env.not_after_ns:
        raise DeliveryError("it was too late for the converter")
    try:
        env.serial.send(options.line, message, answer, options.answer_ms / 1000)
    except BoardError as why:
        raise DeliveryError(why.text) from why
    line = parse_url(options.line).place or "line"
    said = Text("{line} sent {bits} bits, {number}", {"line": line, "bits": code.bits, "number": words})
    return Text("{what}, answered", {"what": said}) if options.answer else said


def _peer(options: ConverterOptions) -> str:
    return server(options.url) if options.by == "http" else options.line


def _open(peer: str, env: ActionEnv) -> AbstractContextManager[object]:
    return env.serial.opened(peer) if "://" in peer else nullcontext()


ACTION = ActionKind(
    name="wiegand_vivotek",
    former=("wiegand_serial",),
    label="WIEGAND VIVOTEK",
    purpose=mark("Send to VIVOTEK's Wiegand converter"),
    about=mark("Over a serial line or HTTP."),
    icon="card",
    options=ConverterOptions,
    deliver=_deliver,
    lane=Lane.FAST,
    max_age_s=10.0,
    needs_plate=True,
    peer=_peer,
    open=_open,
    withheld=lambda options: not options.even_if_blacklisted,
    number_bits=number_bits,
    unsendable=unsendable,
)
