"""Wiring of the bench: which output goes to which input in each stage, drawn as text, and checked by slow levels."""

from __future__ import annotations

import time

from board.i2c import parse_url
from board.lines import pin_names, rest_levels
from board.ports import Gpio
from board.types import FIRST_EXPANDER_PIN, BoardProfile

STAGES = {
    "outputs": "every output to the input of its number",
    "wiegand": "the Wiegand port to the first two inputs",
    "gate": "the gate to the second input; output 2 presses the trigger, input 1",
}
"""{stage: what its wires are}, in the order in which a technician plugs them."""

BOARD_PINS = {
    2: 3, 3: 5, 4: 7, 14: 8, 15: 10, 17: 11, 18: 12, 27: 13, 22: 15, 23: 16, 24: 18, 10: 19, 9: 21, 25: 22,
    11: 23, 8: 24, 7: 26, 0: 27, 1: 28, 5: 29, 6: 31, 12: 32, 13: 33, 19: 35, 16: 36, 26: 37, 20: 38, 21: 40,
}  # fmt: skip
"""{BCM number: pin of the 40-pin header}."""

SETTLE_S = 0.02
EXPANDER_SETTLE_S = 0.1
"""Inputs of an expander are looked at every 20 ms (board/gpio/_expanders.py), and a bus takes its time."""
TURNS = 3
"""A wire must carry the level every time, or it is loose."""


def wires(profile: BoardProfile, stage: str) -> tuple[tuple[str, str], ...]:
    """(output line, input line) pairs of a stage; () when the board lacks the lines for it."""
    outputs = [line.name for line in profile.outputs]
    inputs = [line.name for line in profile.inputs]
    if stage == "outputs":
        return tuple(zip(outputs, inputs, strict=False))
    if stage == "wiegand":
        if not profile.wiegand or len(inputs) < 2:
            return ()
        port = profile.wiegand[0].name
        first, second, *_ = sorted(inputs, key=lambda name: is_slow(profile, name))
        return (f"{port}.D0", first), (f"{port}.D1", second)
    return ((outputs[1], inputs[0]), (outputs[0], inputs[1])) if len(outputs) > 1 and len(inputs) > 1 else ()


def is_slow(profile: BoardProfile, input_name: str) -> bool:
    """An input of an expander: it sees no pulse of 80 us."""
    return next(line.pin for line in profile.inputs if line.name == input_name) >= FIRST_EXPANDER_PIN


def left_out(profile: BoardProfile, stage: str) -> tuple[str, ...]:
    """Outputs, or Wiegand ports, that a stage says nothing about, as no input is left for them."""
    if stage == "outputs":
        return tuple(line.name for line in profile.outputs[len(profile.inputs) :])
    return tuple(port.name for port in profile.wiegand[1:]) if stage == "wiegand" else ()


def stages(profile: BoardProfile) -> tuple[str, ...]:
    """The stages that this board has lines for."""
    return tuple(stage for stage in STAGES if wires(profile, stage))


def place(profile: BoardProfile, line: str) -> str:
    """Where a technician finds a line: "GPIO 17, pin 11" on a Pi's header, "line 17" of another chip, "pcf8574 pin 3" of an
    expander, the kernel's name of the line where the profile has one, "" on a simulated board."""
    pin = {name: pin for pin, name in pin_names(profile).items()}[line]
    if profile.simulated:
        return ""
    if pin >= FIRST_EXPANDER_PIN:
        return f"{parse_url(profile.i2c[pin // FIRST_EXPANDER_PIN - 1]).kind} pin {pin % FIRST_EXPANDER_PIN}"
    if named := dict(profile.line_names).get(pin):
        return named
    if profile.gpio == "rpi" and pin in BOARD_PINS:
        return f"GPIO {pin}, pin {BOARD_PINS[pin]}"
    return f"line {pin}"


def diagram(profile: BoardProfile, stage: str) -> str:
    """The stage's wires drawn as text, for a terminal of 80 columns."""
    number = stages(profile).index(stage) + 1
    lines = [f"stage {number} of {len(stages(profile))}, {stage}: {STAGES[stage]}"]
    if not profile.simulated:
        lines.append("  a 1 kOhm resistor in each wire, nothing else on these lines")
    joint = "───────────" if profile.simulated else "──[1 kOhm]──"
    rows = [(f"{a:<6} {place(profile, a)}".rstrip(), f"{b:<6} {place(profile, b)}".rstrip()) for a, b in wires(profile, stage)]
    left, right = (max(8, *(len(row[side]) for row in rows)) for side in (0, 1))
    lines.append(f"  ┌{'─ outputs '.ljust(left + 2, '─')}┐{' ' * len(joint)}┌{'─ inputs '.ljust(right + 2, '─')}┐")
    lines += [f"  │ {output:<{left}} o{joint}o {contact:<{right}} │" for output, contact in rows]
    lines.append(f"  └{'─' * (left + 2)}┘{' ' * len(joint)}└{'─' * (right + 2)}┘")
    return "\n".join(lines) + "\n"


def check_wires(gpio: Gpio, profile: BoardProfile, stage: str) -> tuple[str, ...]:
    """What is wrong with the stage's wires, a sentence each; () when every output moves its input and no other.

    Claims every line of the board and drives one output after the other, slowly. PinBusy names a line's owner."""
    rest = rest_levels(profile, {})
    names = pin_names(profile)
    pins = {name: pin for pin, name in names.items()}
    for pin, level in rest.items():
        gpio.claim_output(pin, level, "hil")
    for line in profile.inputs:
        gpio.claim_input(line.pin, line.pull, "hil")
    inputs = {line.name: line.pin for line in profile.inputs}
    settle_s = EXPANDER_SETTLE_S if max(inputs.values(), default=0) >= FIRST_EXPANDER_PIN else SETTLE_S
    followed = {names[pin]: _followers(gpio, pin, level, inputs, settle_s) for pin, level in rest.items()}
    return _faults(dict(wires(profile, stage)), followed, {name: gpio.read(pins[name]) for name in inputs})


def _followers(gpio: Gpio, pin: int, rest: bool, inputs: dict[str, int], settle_s: float) -> dict[str, tuple[int, int]]:
    """{input: (times it had the output's level after every change, times it had the other)} of the inputs that moved."""
    same = dict.fromkeys(inputs, 0)
    other = dict.fromkeys(inputs, 0)
    for _ in range(TURNS):
        before = {name: gpio.read(at) for name, at in inputs.items()}
        gpio.write(pin, not rest)
        time.sleep(settle_s)
        during = {name: gpio.read(at) for name, at in inputs.items()}
        gpio.write(pin, rest)
        time.sleep(settle_s)
        after = {name: gpio.read(at) for name, at in inputs.items()}
        for name in inputs:
            moved = before[name] == after[name] != during[name]
            same[name] += moved and during[name] != rest
            other[name] += moved and during[name] == rest
    return {name: (same[name], other[name]) for name in inputs if same[name] or other[name]}


def _faults(wanted: dict[str, str], followed: dict[str, dict[str, tuple[int, int]]], idle: dict[str, bool]) -> tuple[str, ...]:
    faults: list[str] = []
    reached = {output: [name for name, (same, _) in moved.items() if same == TURNS] for output, moved in followed.items()}
    crossed = {output for output, name in wanted.items() if reached[output] and name not in reached[output]}
    disputed = {name for output, moved in followed.items() if output not in wanted for name in moved}
    for output, moved in followed.items():
        name = wanted.get(output, "")
        strangers = [other for other in moved if other != name]
        same, upside_down = moved.get(name, (0, 0))
        if output in crossed:
            faults.append(_crossed(output, wanted, reached, crossed))
        elif not name and strangers:
            faults.append(f"{output} reaches {' and '.join(strangers)}: no wire of this stage does that, unplug it")
        elif name and upside_down:
            faults.append(f"{output} to {name}: {name} follows upside down, so there is more than a wire between them")
        elif name and not moved:
            level = "high" if idle[name] else "low"
            faults.append(f"{output} to {name}: the wire is missing or broken ({name} stays {level} whatever {output} does)")
        elif name and same < TURNS and name not in disputed:
            faults.append(f"{output} to {name}: loose contact ({name} followed {same} of {TURNS} times)")
        elif name and strangers:
            faults.append(f"{output} reaches {' and '.join(strangers)} as well as {name}: these inputs are bridged")
    return tuple(dict.fromkeys(faults))


def _crossed(output: str, wanted: dict[str, str], reached: dict[str, list[str]], crossed: set[str]) -> str:
    arrives = " and ".join(reached[output])
    twin = next((other for other in crossed if wanted[other] in reached[output] and wanted[output] in reached[other]), "")
    if twin:
        first, second = sorted((output, twin))
        return f"{first} and {second} are crossed: {first} arrives at {wanted[second]} and {second} at {wanted[first]}; swap them"
    return f"{output} arrives at {arrives} instead of {wanted[output]}: move the wire"
