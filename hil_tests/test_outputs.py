"""Outputs: every one reaches its input, a pulse has its length, and nothing stays on when the pins process is killed."""

from __future__ import annotations

import signal
import time

from board.lines import rest_levels
from board.types import InputEdge, PinsDone, Pulse, WatchPins
from hil_tests.conftest import Bench, Pins, chip


def test_every_output_moves_its_input_and_no_other(bench: Bench) -> None:
    outputs = {line.name: line for line in bench.profile.outputs}
    inputs = {line.name: line for line in bench.profile.inputs}
    rest = rest_levels(bench.profile, {})
    with chip(bench, "outputs") as gpio:
        for line in outputs.values():
            gpio.claim_output(line.pin, rest[line.pin], "hil")
        for contact in inputs.values():
            gpio.claim_input(contact.pin, contact.pull, "hil")
        for output, _ in bench.pairs:
            gpio.write(outputs[output].pin, not rest[outputs[output].pin])
            time.sleep(0.02)
            for other, input_name in bench.pairs:
                wanted = rest[outputs[other].pin] != (other == output)
                assert gpio.read(inputs[input_name].pin) == wanted, f"{input_name} while {output} is on: is the wire in place?"
            gpio.write(outputs[output].pin, rest[outputs[output].pin])


def test_a_pulse_is_as_long_as_it_was_ordered(bench: Bench, pins: Pins) -> None:
    pins.channel.send(WatchPins("watch"))
    for output, input_name in bench.pairs:
        ordered_ms = 400
        pins.channel.send(Pulse(f"hil-{output}", output, ordered_ms))
        edges = _edges(pins, input_name, 2, ordered_ms / 1000 + 5)
        measured_ms = (edges[1].monotonic_ns - edges[0].monotonic_ns) / 1e6
        bench.note(f"{output} -> {input_name}: pulse of {ordered_ms} ms measured {measured_ms:.1f} ms")
        assert ordered_ms - bench.slack_ms <= measured_ms <= ordered_ms + bench.slack_ms


def test_outputs_are_at_rest_after_the_pins_process_was_killed(bench: Bench, pins: Pins) -> None:
    output, input_name = bench.pairs[0]
    pins.channel.send(Pulse("hil-kill", output, 60_000))
    while not isinstance(pins.channel.receive(5), PinsDone):
        pass
    pins.process.send_signal(signal.SIGKILL)
    killed_ns = time.monotonic_ns()
    pins.process.wait(5)
    line = next(line for line in bench.profile.inputs if line.name == input_name)
    driven = next(line for line in bench.profile.outputs if line.name == output)
    rest = rest_levels(bench.profile, {})[driven.pin]
    with chip(bench, "outputs") as gpio:
        gpio.claim_input(line.pin, line.pull, "hil")
        while gpio.read(line.pin) != rest:
            assert time.monotonic_ns() - killed_ns < 5e9, f"{output} is still on 5 s after its process was killed"
            time.sleep(0.001)
    bench.note(f"{output} at rest {(time.monotonic_ns() - killed_ns) / 1e6:.0f} ms after the pins process was killed in a pulse")


def _edges(pins: Pins, input_name: str, count: int, timeout_s: float) -> list[InputEdge]:
    edges: list[InputEdge] = []
    until = time.monotonic() + timeout_s
    while len(edges) < count:
        message = pins.channel.receive(max(0.0, until - time.monotonic()))
        assert message is not None, f"{input_name} saw {len(edges)} of {count} edges: is the wire in place?"
        if isinstance(message, InputEdge) and message.input == input_name:
            edges.append(message)
    return edges
