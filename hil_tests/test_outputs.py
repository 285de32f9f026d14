"""Outputs: a pulse has the length that was ordered."""

from __future__ import annotations

import pytest

from board.types import Pulse, WatchPins
from hil_tests.bench import Bench, percentiles

ORDERED_MS = (100, 400)
TURNS = 5


@pytest.mark.stage("outputs")
def test_pulses(bench: Bench) -> None:
    """Pulses: each output's pulses of 100 and 400 ms have their length at the input."""
    bench.through_chip()
    with bench.pins() as pins:
        pins.channel.send(WatchPins("watch"))
        for output, input_name in bench.pairs:
            errors_ms = []
            for number in range(TURNS * len(ORDERED_MS)):
                ordered_ms = ORDERED_MS[number % len(ORDERED_MS)]
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
