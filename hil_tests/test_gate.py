"""Gate: the whole camera from the pressed trigger to the moving gate output, and what happens to the gate when a part is killed."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from board.kit.state import State
from board.lines import rest_levels
from board.profiles import load
from board.types import Pulse, WatchPins
from hil_tests.bench import Bench, percentiles
from hil_tests.whole_camera import GATE_PULSE_MS, OPENS_S, READY_S, WholeCamera, camera_to_use, kill, whole_camera

TURNS = 10
REST_S = 5.0
"""Nobody may hold a gate open longer than this after the process that should have closed it died."""


@pytest.fixture(scope="module")
def camera(one_bench: Bench) -> Iterator[WholeCamera]:
    """The whole camera, once its gate opened for the first time. Its wires are looked at before: over a wrong one it never does."""
    one_bench.must_have("gate")
    url, _ = camera_to_use(one_bench)
    with whole_camera(one_bench, State(one_bench.state.root / "camera"), url) as running:
        running.works_within_s(READY_S * one_bench.patience)
        yield running


@pytest.mark.stage("gate")
def test_latency(bench: Bench, camera: WholeCamera) -> None:
    """Trigger to gate: the gate output moves after the trigger input did, through the whole camera."""
    bench.through_chip()
    bench.through(f"host, pins, engine and service; {camera_to_use(bench)[1]}", kernel=False)
    latencies_ms: list[float] = []
    for _ in range(TURNS):
        opened = camera.press()
        if opened is None:
            pytest.fail(f"the gate stayed shut after trigger {len(latencies_ms) + 1} of {TURNS}: {camera.why_shut()}")
        latencies_ms.append((opened[1].monotonic_ns - opened[0].monotonic_ns) / 1e6)
        camera.closed(REST_S * bench.patience)
    middle, high, worst = percentiles(latencies_ms, 50, 90, 100)
    bench.note(
        f"{TURNS} triggers, each opened the gate: p50 {middle:.0f}, p90 {high:.0f}, worst {worst:.0f} ms (input debounce included)"
    )


@pytest.mark.stage("gate")
@pytest.mark.parametrize("victim", ["engine", "service"])
def test_pulse_survives(bench: Bench, camera: WholeCamera, victim: str) -> None:
    """Killed while the gate opens: the pulse ends in its time all the same, and the camera opens again by itself."""
    bench.through_chip()
    camera.works_within_s(READY_S * bench.patience)
    opened = camera.press()
    if opened is None:
        pytest.fail(f"the gate did not open: {camera.why_shut()}")
    kill(camera.pids(victim), signal.SIGKILL)
    closed = camera.closed(REST_S * bench.patience)
    if closed is None:
        pytest.fail(f"{camera.gate} was still on {REST_S:.0f} s after the {victim} was killed")
    lasted_ms = (closed.monotonic_ns - opened[1].monotonic_ns) / 1e6
    if abs(lasted_ms - GATE_PULSE_MS) > bench.slack_ms:
        pytest.fail(f"the {victim} was killed in a pulse of {GATE_PULSE_MS} ms, which lasted {lasted_ms:.1f} ms")
    again_s = camera.works_within_s(READY_S * bench.patience)
    bench.note(
        f"{victim} killed: pulse of {GATE_PULSE_MS} ms lasted {lasted_ms:.1f} ms; the gate opened again {again_s:.1f} s later"
    )


@pytest.mark.stage("gate")
def test_host_killed(bench: Bench, camera: WholeCamera) -> None:
    """Host killed in a pulse: every process ends and the output is at rest within 5 s."""
    bench.through_chip()
    camera.hold_open(60_000)
    killed_ns = kill([camera.host.pid], signal.SIGKILL)
    until = time.monotonic() + REST_S * bench.patience
    while camera.pids("pins") and time.monotonic() < until:
        time.sleep(0.005)
    bench.note(f"host killed: {camera.gate} at rest after {_rest_ms(bench, camera.state, camera.gate, killed_ns):.0f} ms")


@pytest.mark.stage("outputs")
def test_pins_killed(bench: Bench) -> None:
    """Pins killed in a pulse: the output is at rest within 5 s, though nobody is left to end the pulse."""
    bench.through_chip()
    output, input_name = bench.pairs[0]
    with bench.pins() as pins:
        pins.channel.send(WatchPins("watch"))
        pins.channel.send(Pulse("hil-kill", output, 60_000))
        pins.edges(input_name, 1, OPENS_S)
        killed_ns = kill([pins.process.pid], signal.SIGKILL)
        pins.process.wait(5)
    bench.note(f"pins killed: {output} at rest after {_rest_ms(bench, bench.state, output, killed_ns):.0f} ms")


def _rest_ms(bench: Bench, state: State, output: str, since_ns: int) -> float:
    """How long after `since_ns` the output was seen at rest at its input; fails after REST_S."""
    profile = load(state)
    rest = rest_levels(profile, {})[next(line.pin for line in profile.outputs if line.name == output)]
    line = next(line for line in profile.inputs if line.name == dict(bench.pairs)[output])
    with bench.chip(state) as gpio:
        gpio.claim_input(line.pin, line.pull, "hil")
        while gpio.read(line.pin) != rest:
            if time.monotonic_ns() - since_ns > REST_S * bench.patience * 1e9:
                pytest.fail(f"{output} was still on {REST_S:.0f} s after its process was killed")
            time.sleep(0.001)
    return (time.monotonic_ns() - since_ns) / 1e6
