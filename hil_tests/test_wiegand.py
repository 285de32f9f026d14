"""Wiegand: frames of both lengths, sent on the port and received on two inputs, come out as they went in."""

from __future__ import annotations

import threading
import time

from board.lines import pin_names
from board.types import WiegandCode
from board.wiegand.codes import LAYOUTS, encode_data
from board.wiegand.pulses import MAX_WIDTH_US, MIN_WIDTH_US, send_frame
from board.wiegand.receive import Edge, receive
from hil_tests.conftest import Bench, chip

GAP_S = 0.03


def test_received_wiegand_frames_equal_the_sent_ones(bench: Bench) -> None:
    port = bench.profile.wiegand[0]
    inputs = {line.name: line for line in bench.profile.inputs}
    sent: list[WiegandCode] = []
    edges: list[Edge] = []
    worst_us = 0.0
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
            timing = send_frame(gpio, port, code, 80, 1000, threading.Event())
            worst_us = max(worst_us, timing.worst_edge_us)
            sent.append(code)
            time.sleep(GAP_S)
        time.sleep(0.2)
    frames = receive(edges, port)
    widths_us = sorted(width for frame in frames for width in frame.widths_us)
    outside = sum(not MIN_WIDTH_US <= width <= MAX_WIDTH_US for width in widths_us)
    bench.note(
        f"{port.name}: {bench.frames} frames; pulse of 80 us received p50 {widths_us[len(widths_us) // 2]:.0f} us, "
        f"p99 {widths_us[len(widths_us) * 99 // 100]:.0f} us, {outside} of {len(widths_us)} outside 20..100 us; "
        f"worst edge {worst_us:.0f} us off its plan"
    )
    assert [frame.code for frame in frames] == sent
