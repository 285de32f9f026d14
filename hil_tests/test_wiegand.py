"""Wiegand: frames of both lengths, sent on the port and received on two inputs, come out as they went in."""

from __future__ import annotations

import threading
import time

from board.lines import pin_names
from board.wiegand.codes import LAYOUTS, encode_data
from board.wiegand.pulses import MAX_WIDTH_US, MIN_WIDTH_US, send_frame
from board.wiegand.receive import Edge, receive
from hil_tests.conftest import Bench, chip

GAP_S = 0.03
WIDTH_US, PERIOD_US = 80, 1000
TRIES = 5


def test_received_wiegand_frames_equal_the_sent_ones(bench: Bench) -> None:
    port = bench.profile.wiegand[0]
    inputs = {line.name: line for line in bench.profile.inputs}
    edges: list[Edge] = []
    widths_us: list[float] = []
    worst_us, repeated = 0.0, 0
    with chip(bench, "wiegand") as gpio:
        sources = {inputs[input_name].pin: output for output, input_name in bench.pairs}
        assert set(sources.values()) == {f"{port.name}.D0", f"{port.name}.D1"} <= set(pin_names(bench.profile).values())
        for pin in (port.d0, port.d1):
            gpio.claim_output(pin, not port.active_high, "hil")
        for pin in sources:
            gpio.claim_input(pin, "off", "hil")
        gpio.watch(list(sources), lambda pin, level, t_ns: edges.append(Edge(t_ns, sources[pin], int(level))))
        for number in range(bench.frames):
            layout = LAYOUTS["w26" if number % 2 else "w34"]
            code = encode_data(layout, (number * 40_503 + 977) % (1 << layout.data_bits))
            for _ in range(TRIES):
                edges.clear()
                timing = send_frame(gpio, port, code, WIDTH_US, PERIOD_US, threading.Event())
                _await_edges(edges, 2 * code.bits)
                if timing.ok:
                    break
                repeated += 1  # as pins does: a frame whose edges were off is not the panel's to judge
                time.sleep(0.25)
            frames = receive(sorted(edges, key=lambda edge: edge.t_ns), port)
            assert [frame.code for frame in frames] == [code], f"frame {number} came out differently"
            worst_us = max(worst_us, timing.worst_edge_us)
            widths_us += frames[0].widths_us
    widths_us.sort()
    outside = sum(not MIN_WIDTH_US <= width <= MAX_WIDTH_US for width in widths_us)
    bench.note(
        f"{port.name}: {bench.frames} frames, {repeated} sent again; pulse of {WIDTH_US} us received "
        f"p50 {widths_us[len(widths_us) // 2]:.0f} us, p99 {widths_us[len(widths_us) * 99 // 100]:.0f} us, "
        f"{outside} of {len(widths_us)} outside 20..100 us; worst edge {worst_us:.0f} us off its plan"
    )


def _await_edges(edges: list[Edge], count: int) -> None:
    """The last edges of a frame arrive from another thread a little after it was sent."""
    until = time.monotonic() + 2
    while len(edges) < count and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(GAP_S)
