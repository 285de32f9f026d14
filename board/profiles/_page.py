"""Page: the boards as the reference page docs/boards.md, from the profiles themselves."""

from __future__ import annotations

from board.i2c import ExpanderKind, all_kinds
from board.lines import place
from board.profiles import all_profiles, boot_pull
from board.types import BoardProfile

HEAD = """# Boards

Printed from the profiles by `python -m board profiles --markdown`; a test keeps this page current. A board is chosen with
`--profile` when the host is started. A new board is one file in `board/profiles/`.

## Lines of your own

STATE/lines.json adds lines and I2C devices to the profile; a line with a name of the profile's replaces that one:

```json
{"i2c": ["i2c://1/0x20?kind=pcf8574"],
 "outputs": [{"name": "DO1", "pin": 5},
             {"name": "DO3", "expander": 0, "pin": 3, "active_high": false}],
 "inputs": [{"name": "DI3", "expander": 0, "pin": 4, "debounce_ms": 50}]}
```

`pin` is a number of the board, the kernel's name of a line (boards on gpiod), or a pin of the expander at that place of the board's
I2C devices. An output may have `active_high`, `drive` ("push-pull", or "open-drain" on gpiod), `max_on_s` and `held`; an input
`active_high`, `pull` ("up", "down", "off"), `debounce_ms` and `stuck_after_s`; a Wiegand port `d0`, `d1` and `active_high`.

Refused, with the reason, are: two users of a pin; a pin of the board's own (I2C, SPI, UART); a pin that is pulled to its active
level at boot, unless `held` says that a resistor of the board outdoes the pull. What the kernel gave away (1-Wire, I2C, SPI, UART,
PWM, another program) is named when the pins are claimed, and by `python -m board selftest`.

## Serial lines

A serial line is an address in the settings of the DISPLAY and WIEGAND VIVOTEK actions and of the serial trigger:

| address | what it is |
| --- | --- |
| `serial:///dev/ttyUSB0?baud=9600` | a port of the board; also `parity` (none, even, odd), `bits`, `stop` and `rs485=1` |
| `socket://192.168.1.20:4001` | a serial device server on the network |
| `loop://` | what is sent comes back: tries the settings without a device |
| `sim://gate?baud=9600` | a simulated device: `python -m board sim serial plug gate 9600`, then `sent`, `say`, `pull` |

For RS-485 most adapters switch their transceiver themselves; `rs485=1` has the port's driver do it. Several actions may use one
line. A line that went away is opened again within 2 s of its return, until then the Live tab says what is wrong; that a device
server on the network has lost its power is noticed within 25 s. A port that the kernel's console or a log-in is on is not free: the
self-test names who has it.

VIVOTEK's Wiegand converter has no public protocol: the message of WIEGAND VIVOTEK is our own (`W26 11 12345`, CR LF) and can be
set to what the converter at hand understands, with the answer that it gives. A message whose answer was lost is sent again within
10 s, so a converter may make its frame twice.

## I2C devices

| kind | device | addresses | pins | after power-on |
| --- | --- | --- | --- | --- |
"""

SAFE = """
Where an expander's outputs are not safe: it keeps its levels for as long as it has power. When our software ends or crashes its
outputs are driven to rest like the others; when the board itself stops (power cut of the board alone, reset by the watchdog), a
PCF8574 stays as it was until the software is up again, and an MCP23017 too unless its RESET pin is wired to the board's reset
line. Pulled from the bus with its power on it also stays as it was. So lamps, displays and sirens belong on an expander, the gate
on a pin of the board. Inputs are read every 20 ms: too slow for Wiegand, good for loops and buttons.
"""


def markdown() -> str:
    """The whole page."""
    page = HEAD
    for kind in all_kinds().values():
        addresses = ", ".join(f"0x{address:02x}" for address in kind.addresses)
        pins, boot = (str(kind.pins), BOOT[kind.boot_pull]) if isinstance(kind, ExpanderKind) else ("", "")
        page += f"| `{kind.name}` | {kind.title} | {addresses} | {pins} | {boot} |\n"
    page += SAFE
    for profile in all_profiles().values():
        page += _board(profile)
    return page


BOOT = {"up": "pulled up", "down": "pulled down", "off": "not held", "": "not known"}


def _board(profile: BoardProfile) -> str:
    chip = ", ".join(f"`{label}`" for label in profile.chip_labels) or ("simulated" if profile.simulated else "found by line names")
    text = f"\n## {profile.title} (`{profile.name}`)\n\nGPIO back end `{profile.gpio}`, chip {chip}. {profile.why}\n\n"
    text += "| line | where | active | at boot | drive, pull, debounce |\n| --- | --- | --- | --- | --- |\n"
    rows = [(line.name, line.pin, line.active_high, line.drive) for line in profile.outputs]
    rows += [(line.name, line.pin, line.active_high, f"pull {line.pull}, {line.debounce_ms} ms") for line in profile.inputs]
    for port in profile.wiegand:
        rows += [(f"{port.name}.D0", port.d0, port.active_high, ""), (f"{port.name}.D1", port.d1, port.active_high, "")]
    for name, pin, active_high, rest in rows:
        boot = "" if profile.simulated else BOOT[boot_pull(profile, pin)]
        text += f"| {name} | {place(profile, pin)} | {'high' if active_high else 'low'} | {boot} | {rest} |\n"
    own = ", ".join(f"{pin} ({user})" for pin, user in profile.reserved)
    return text + (f"\nThe board's own: {own}.\n" if own else "")
