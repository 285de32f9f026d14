"""Claims: takes every line of the board before pins serves anybody, and waits for what still has one."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from board.kit.errors import PinBusy
from board.ports import Gpio
from board.types import BoardProfile
from board.wiegand.makers import PulseMaker, claims_wires, open_maker

CLAIM_EVERY_S = 0.02


def claim_lines(profile: BoardProfile, gpio: Gpio, rest: dict[int, bool], patience_s: float) -> dict[str, PulseMaker]:
    """Takes every line of the board, outputs at rest; returns {Wiegand port: its maker}, some of which take the port's wires.
    A line that is taken (by the safe-state routine that runs after a crash) is waited for; PinBusy names its owner when
    `patience_s` is over."""
    until = time.monotonic() + patience_s
    left_to_makers = {pin for port in profile.wiegand if claims_wires(port) for pin in (port.d0, port.d1)}
    for pin, level in rest.items():
        if pin not in left_to_makers:
            _claim(partial(gpio.claim_output, pin, level, "pins"), until)
    makers = {port.name: open_maker(port, gpio, max(0.0, until - time.monotonic())) for port in profile.wiegand}
    for line in profile.inputs:
        _claim(partial(gpio.claim_input, line.pin, line.pull, "pins"), until)
    return makers


def _claim(take: Callable[[], None], until: float) -> None:
    while not _claimed(take, last_try=time.monotonic() > until):
        time.sleep(CLAIM_EVERY_S)


def _claimed(take: Callable[[], None], last_try: bool) -> bool:
    try:
        take()
    except PinBusy:
        if last_try:
            raise
        return False
    return True
