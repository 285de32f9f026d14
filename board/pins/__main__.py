"""Command of the pins process: claims the board's lines, serves STATE/run/pins.sock, leaves every output at rest."""

from __future__ import annotations

import argparse
import logging
import os
from contextlib import suppress
from pathlib import Path

from board.gpio import open_gpio
from board.gpio._claims import Claims
from board.kit.clock import Clock
from board.kit.errors import GatewrightError, PinBusy
from board.kit.process import Life, open_log
from board.kit.state import State
from board.line_rules import load_rules
from board.lines import load_polarity, pin_names, rest_levels
from board.pins import realtime
from board.pins.claims import claim_lines
from board.pins.guardian import Guardian
from board.pins.server import PinsServer
from board.profiles import load
from board.types import BoardProfile
from board.wiegand.makers import claims_wires

log = logging.getLogger("pins")

CLAIM_PATIENCE_S = 5.0


def main() -> int:
    """0: stopped by SIGTERM or SIGINT; 1: an error, which is logged."""
    parser = argparse.ArgumentParser(prog="python -m board.pins", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of the camera's state")
    state = State(parser.parse_args().state)
    life = Life(state, "pins")
    unwritten = open_log(state, "pins", patience_s=0)  # nothing waits in the thread that ends pulses
    realtime.settle_process()
    code = 0
    try:
        _run(state, life)
    except GatewrightError as why:
        log.error("%s", why)
        code = 1
    except Exception:
        log.exception("pins ends by an error of its own")
        code = 1
    unwritten.flush()
    return code


def _run(state: State, life: Life) -> None:
    guardian = Guardian(state)
    profile = load(state)
    guardian.guard(profile)
    polarity = load_polarity(state, profile)
    # A maker on lgpio makes a FIFO there: the working folder may be a package's slot.
    os.environ.setdefault("LG_WD", str(state.run))
    gpio = open_gpio(profile, state)
    try:
        makers = claim_lines(profile, gpio, rest_levels(profile, polarity), CLAIM_PATIENCE_S)
        _sign_wires(profile, state)
        log.info("%s: all outputs at rest", profile.title)
        PinsServer(state, profile, gpio, makers, polarity, load_rules(state, profile), Clock()).run(life, guardian)
    finally:
        gpio.close()
    guardian.dismiss()  # not reached after an error: then the guardian makes sure


def _sign_wires(profile: BoardProfile, state: State) -> None:
    """Wires that a maker claimed itself are known to the kernel under its library's name only. Until this process ends it stands
    where the back end `rpi` keeps its claims that they are pins', for the self-test and the safe-state routine to say."""
    names = pin_names(profile)
    for port in profile.wiegand:
        if claims_wires(port):
            claims = Claims(state.run / "claims")
            for pin in (port.d0, port.d1):
                with suppress(PinBusy):  # busy-wait stands in for the maker, and the back end has signed
                    claims.take(pin, names[pin], "pins")


if __name__ == "__main__":
    os._exit(main())  # the outputs are at rest: a log that nobody reads (a full pipe) must not keep the process
