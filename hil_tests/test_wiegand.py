"""Wiegand: frames of both lengths, sent on the port and received on two inputs, come out as they went in."""

from __future__ import annotations

import threading
import time

import pytest

from board.profiles import load
from board.wiegand.codes import LAYOUTS, bit_text, encode_data
from board.wiegand.pulses import MAX_WIDTH_US, MIN_WIDTH_US
from board.wiegand.receive import Edge, receive
from hil_tests.bench import Bench, percentiles, real_time
from hil_tests.wiring import is_slow

WIDTH_US, PERIOD_US = 80, 1000
TRIES, SIM_TRIES = 5, 40
AGAIN_S = 0.25
ARRIVE_S = 2.0


@pytest.mark.stage("wiegand")
def test_wiegand(bench: Bench) -> None:
    """Wiegand frames: every 26- and 34-bit frame is received as it was sent."""
    bench.through_chip()
    profile = load(bench.state)
    slow = [input_name for _, input_name in bench.pairs if is_slow(profile, input_name)]
    if slow:
        pytest.skip(
            f"{' and '.join(slow)} of an expander cannot hear pulses of {WIDTH_US} µs: the board has no two inputs of its own"
        )
    port = profile.wiegand[0]
    inputs = {line.name: line for line in profile.inputs}
    sources = {inputs[input_name].pin: output for output, input_name in bench.pairs}
    edges: list[Edge] = []
    widths_us: list[float] = []
    worst_us: list[float] = []
    repeated = paused = 0
    tries = SIM_TRIES if bench.profile.simulated else TRIES
    with real_time(), bench.chip() as gpio, bench.ears(gpio) as receiver, bench.maker(port, gpio) as (maker, made_by):
        for pin in sources:
            receiver.claim_input(pin, "off", "hil")
        receiver.watch(list(sources), lambda pin, level, t_ns: edges.append(Edge(t_ns, sources[pin], int(level))))
        for number in range(bench.order.frames):
            layout = LAYOUTS["w26" if number % 2 else "w34"]
            code = encode_data(layout, (number * 40_503 + 977) % (1 << layout.data_bits))
            for turn in range(tries):
                edges.clear()
                timing = maker.send(code, WIDTH_US, PERIOD_US, threading.Event())
                _await_edges(edges, 2 * code.bits)
                if timing.ok or bench.profile.emulated:
                    break
                repeated += 1  # as pins does: a frame whose edges were off is not the panel's to judge
                if turn + 1 < tries:
                    time.sleep(AGAIN_S)
                elif bench.profile.simulated:
                    pytest.skip(f"this computer is too busy to time pulses: frame {number} had bad edges {tries} times")
                else:
                    pytest.fail(f"frame {number} was sent {tries} times with edges out of the limits of 20 to 100 µs")
            frames = receive(sorted(edges, key=lambda edge: edge.t_ns), port)
            bits = "".join(bit_text(frame.code) for frame in frames)
            split = bench.profile.emulated and bits == bit_text(code)  # an emulated computer paused within the frame
            if [frame.code for frame in frames] != [code] and not split:
                received = ", ".join(bit_text(frame.code) for frame in frames) or "nothing"
                heard = {edge.line for edge in edges}
                silent = [f"{output} at {input_name}" for output, input_name in bench.pairs if output not in heard]
                asked = f"; nothing came from {' and '.join(silent)}: is the wire in place?" if silent else ""
                pytest.fail(f"frame {number} of {bench.order.frames}: sent {bit_text(code)}, received {received}{asked}")
            worst_us.append(timing.worst_edge_us)
            widths_us += [width for frame in frames for width in frame.widths_us]
            paused += split and len(frames) > 1
    outside = sum(not MIN_WIDTH_US <= width <= MAX_WIDTH_US for width in widths_us)
    middle, high, widest = percentiles(widths_us, 50, 99, 100)
    if bench.profile.emulated:
        bench.note(f"every bit came in its order; {paused} frames had a pause of the emulated computer, whose times prove nothing")
    stands_in = "" if made_by == port.maker else f", which stands in for {port.maker}"
    bench.note(
        f"{port.name}: {bench.order.frames} frames sent and received, none wrong, {repeated} sent again for their edges, made by "
        f"{made_by}{stands_in}"
    )
    bench.note(
        f"pulse of {WIDTH_US} µs received p50 {middle:.0f}, p99 {high:.0f}, longest {widest:.0f} µs; "
        f"{outside} of {len(widths_us)} outside 20 to 100 µs; latest edge p99 {percentiles(worst_us, 99)[0]:.0f} µs"
    )


def _await_edges(edges: list[Edge], count: int) -> None:
    """The last edges of a frame arrive from another thread a little after it was sent."""
    until = time.monotonic() + ARRIVE_S
    while len(edges) < count and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(0.002)  # and one too many would come now
