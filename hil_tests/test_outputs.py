"""Outputs: pulses and patterns have the times that were ordered, and a held output is let go with the one who held it."""

from __future__ import annotations

import time

import pytest

from board.kit.wire import Codec, connect
from board.types import PINS_MESSAGES, Level, Pattern, Pulse, WatchPins
from hil_tests.bench import Bench, percentiles

ORDERED_MS = (100, 400)
TURNS = 5
BLINK_MS, BLINKS = 150, 4
LET_GO_S = 5.0


@pytest.mark.stage("outputs")
def test_pulses(bench: Bench) -> None:
    """Pulses: each output's pulses of 100 and 400 ms have their length at the input."""
    bench.through_chip()
    with bench.pins() as pins:
        pins.channel.send(WatchPins("watch"))
        for output, input_name in bench.pairs:
            errors_ms = []
            for number in range(TURNS * len(ORDERED_MS)):
                ordered_ms = bench.seen_ms(ORDERED_MS[number % len(ORDERED_MS)])
                pins.channel.send(Pulse(f"hil-{output}-{number}", output, ordered_ms))
                begin, end = pins.edges(input_name, 2, ordered_ms / 1000 + 5)
                measured_ms = (end.monotonic_ns - begin.monotonic_ns) / 1e6
                if abs(measured_ms - ordered_ms) > bench.slack_ms:
                    pytest.fail(
                        f"{output}: a pulse of {ordered_ms} ms lasted {measured_ms:.1f} ms (limit {bench.slack_ms:g} ms off)"
                    )
                errors_ms.append(abs(measured_ms - ordered_ms))
            middle, worst = percentiles(errors_ms, 50, 100)
            bench.note(
                f"{output}: {len(errors_ms)} pulses, error p50 {middle:.1f} ms, worst {worst:.1f} ms (limit {bench.slack_ms:g})"
            )


@pytest.mark.stage("outputs")
def test_patterns(bench: Bench) -> None:
    """Patterns: a siren of 4 times 150 ms on, 150 ms off, has its eight edges where they belong."""
    bench.through_chip()
    with bench.pins() as pins:
        pins.channel.send(WatchPins("watch"))
        for output, input_name in bench.pairs:
            blink_ms = bench.seen_ms(BLINK_MS)
            pins.channel.send(Pattern(f"hil-{output}", output, blink_ms, blink_ms, BLINKS))
            edges = pins.edges(input_name, 2 * BLINKS, 2 * BLINKS * blink_ms / 1000 + 5)
            times_ms = [(edge.monotonic_ns - edges[0].monotonic_ns) / 1e6 for edge in edges]
            worst_ms = max(abs(at_ms - number * blink_ms) for number, at_ms in enumerate(times_ms))
            if worst_ms > bench.slack_ms:
                pytest.fail(f"{output}: an edge of the pattern came {worst_ms:.1f} ms off (limit {bench.slack_ms:g})")
            bench.note(f"{output}: {2 * BLINKS} edges, worst {worst_ms:.1f} ms off")


@pytest.mark.stage("outputs")
def test_hold_let_go(bench: Bench) -> None:
    """Held output: it is let go when the program that held it is gone."""
    bench.through_chip()
    output, input_name = bench.pairs[0]
    with bench.pins() as pins:
        pins.channel.send(WatchPins("watch"))
        holder = connect(bench.state.pins_socket, Codec(PINS_MESSAGES))
        holder.send(Level("hil-hold", output, True))
        pins.edges(input_name, 1, LET_GO_S)
        gone_ns = time.monotonic_ns()
        holder.close()
        (released,) = pins.edges(input_name, 1, LET_GO_S)
    bench.note(f"{output} let go {max(0.0, (released.monotonic_ns - gone_ns) / 1e6):.1f} ms after its holder went")
