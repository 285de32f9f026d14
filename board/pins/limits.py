"""Limits: what a request may ask of an output or a Wiegand port, and in which words one that asks for more is refused."""

from __future__ import annotations

from collections.abc import Collection

from board.kit.words import NOTHING, Text
from board.types import Level, Pattern, Pulse, SendWiegand
from board.wiegand.pulses import MAX_PERIOD_US, MAX_WIDTH_US, MIN_PERIOD_US, MIN_WIDTH_US

MAX_DURATION_MS = 3_600_000
MAX_DELAY_MS = 3_600_000
MAX_CODE_BITS = 128
MIN_PHASE_MS = 20
"""Shortest phase of a pattern: a relay cannot follow faster."""
MAX_REPEATS = 10_000


def objection(request: Pulse | Pattern | Level | SendWiegand, ports: Collection[str], now_ns: int) -> Text:
    """Why a request cannot be accepted; NOTHING when it can. `ports`: the board's Wiegand ports."""
    if isinstance(request, SendWiegand):
        return _wiegand_objection(request, tuple(ports))
    if not 0 <= request.delay_ms <= MAX_DELAY_MS:
        return Text("the delay must be 0 to {most} ms, not {delay_ms}", {"most": MAX_DELAY_MS, "delay_ms": request.delay_ms})
    if isinstance(request, Pulse) and not 1 <= request.duration_ms <= MAX_DURATION_MS:
        return Text("a pulse lasts 1 to {most} ms, not {ms}", {"most": MAX_DURATION_MS, "ms": request.duration_ms})
    if isinstance(request, Pattern) and (why := _pattern_objection(request)):
        return why
    return too_late(request, now_ns + request.delay_ms * 1_000_000)


def too_late(request: Pulse | Pattern | Level | SendWiegand, begin_ns: int) -> Text:
    """Why it must not begin then; NOTHING when it may."""
    late_ns = begin_ns - request.not_after_ns
    return Text("too late by {late_ms:.0f} ms", {"late_ms": late_ns / 1e6}) if request.not_after_ns and late_ns > 0 else NOTHING


def _pattern_objection(request: Pattern) -> Text:
    length_ms = request.repeats * (request.on_ms + request.off_ms)
    checks = (
        (
            request.on_ms >= MIN_PHASE_MS and request.off_ms >= MIN_PHASE_MS,
            Text("on and off of a pattern last {least} ms or more", {"least": MIN_PHASE_MS}),
        ),
        (1 <= request.repeats <= MAX_REPEATS, Text("a pattern repeats 1 to {most} times", {"most": MAX_REPEATS})),
        (
            length_ms <= MAX_DURATION_MS,
            Text("a pattern lasts {most} ms at most, not {length_ms}", {"most": MAX_DURATION_MS, "length_ms": length_ms}),
        ),
    )
    return next((why for good, why in checks if not good), NOTHING)


def _wiegand_objection(request: SendWiegand, ports: tuple[str, ...]) -> Text:
    code = request.code
    checks = (
        (
            request.port in ports,
            Text("there is no Wiegand port {port!r}; this board has {ports}", {"port": request.port, "ports": ports}),
        ),
        (
            1 <= code.bits <= MAX_CODE_BITS,
            Text("a frame has 1 to {most} bits, not {bits}", {"most": MAX_CODE_BITS, "bits": code.bits}),
        ),
        (
            code.value >= 0 and code.value.bit_length() <= code.bits,
            Text("{value:#x} does not fit {bits} bits", {"value": code.value, "bits": code.bits}),
        ),
        (
            MIN_WIDTH_US <= request.width_us <= MAX_WIDTH_US,
            Text("pulses are {least} to {most} us wide", {"least": MIN_WIDTH_US, "most": MAX_WIDTH_US}),
        ),
        (
            MIN_PERIOD_US <= request.period_us <= MAX_PERIOD_US,
            Text("pulses are {least} to {most} us apart", {"least": MIN_PERIOD_US, "most": MAX_PERIOD_US}),
        ),
        (0 <= request.gap_ms <= 60_000, Text("the gap between frames is 0 to 60000 ms")),
        (1 <= request.repeat <= 10, Text("a frame is sent 1 to 10 times")),
    )
    return next((why for good, why in checks if not good), NOTHING)
