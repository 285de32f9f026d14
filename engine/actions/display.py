"""DISPLAY action: shows the plate and a greeting on a text display at the gate, over a serial line."""

from __future__ import annotations

from board.kit.errors import BoardError, DeliveryError
from board.kit.settings import Settings, field_validator, model_validator, option
from board.kit.words import Text, mark
from board.serial import parse_url
from board.serial.display import MAX_COLUMNS, MAX_LINES, PROTOCOLS, show
from engine.actions._kind import ActionEnv, ActionKind
from engine.formats.places import one_line
from engine.formats.serial_text import check_places, fill
from engine.types import PlateEvent

PLACES = ("plate", "description", "list", "time", "device")


class DisplayOptions(Settings):
    line: str = option(
        "serial:///dev/ttyUSB0?baud=9600",
        "Serial line",
        "Where the display is: serial:///dev/ttyUSB0?baud=9600 (also parity, bits, stop, rs485=1), or socket://host:port.",
        max_length=200,
    )
    protocol: str = option(
        "epson",
        "Protocol",
        "The display's commands. plain: lines of text only; vt100: terminals; epson, cd5220: customer displays in that mode.",
        choices={"plain": "plain text", "vt100": "VT100 terminal", "epson": "Epson display", "cd5220": "CD5220 display"},
    )
    lines: int = option(2, "Lines", "How many lines the display has.", ge=1, le=MAX_LINES)
    columns: int = option(20, "Columns", "How many characters a line has.", ge=1, le=MAX_COLUMNS)
    text: str = option(
        "WELCOME\n{plate}",
        "Text",
        "What is shown, line by line. {plate}, {description} (of the list entry), {list}, {time} and {device} are filled in.",
        widget="textarea",
        max_length=800,
    )
    clear_after_s: int = option(
        10, "Clear after", "The display is cleared after this time; 0: never.", unit="s", zero="never", ge=0, le=600
    )

    @field_validator("line")
    @classmethod
    def _is_line(cls, line: str) -> str:
        parse_url(line)
        return line

    @field_validator("text")
    @classmethod
    def _is_text(cls, text: str) -> str:
        return check_places(text.replace("\r\n", "\n"), PLACES)

    @model_validator(mode="after")
    def _fits(self) -> DisplayOptions:
        if self.protocol in PROTOCOLS:  # a wrong name is said by its own field
            show(self.protocol, "", self.lines, self.columns)
        return self


def _deliver(event: PlateEvent, options: DisplayOptions, env: ActionEnv) -> Text:
    entry = event.match.entry
    values = {
        "plate": event.passage.plate, "description": entry.description if entry else "", "list": event.match.list.name,
        "time": f"{event.passage.at.astimezone(env.time_zone):%H:%M}", "device": env.device_name,
    }  # fmt: skip
    text = fill(options.text, {name: one_line(said) for name, said in values.items()})  # a description may have several lines
    try:
        env.serial.send(options.line, show(options.protocol, text, options.lines, options.columns))
    except BoardError as why:
        raise DeliveryError(why.text) from why
    if options.clear_after_s:
        env.serial.later(options.line, show(options.protocol, "", options.lines, options.columns), options.clear_after_s)
    shown = " / ".join(row.strip() for row in text.splitlines())
    return Text("{line} shows {text}", {"line": parse_url(options.line).place or "line", "text": shown})


ACTION = ActionKind(
    name="display",
    label="DISPLAY",
    purpose=mark("Show a text on a display"),
    about=mark("On an LED display at the serial line."),
    icon="screen",
    options=DisplayOptions,
    deliver=_deliver,
    max_age_s=10.0,
    peer=lambda options: options.line,
    open=lambda line, env: env.serial.opened(line),
)
