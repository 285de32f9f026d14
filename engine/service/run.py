"""Service process: runs the service until somebody ends it, and beats while a car would be let in."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from board.kit.clock import Clock
from board.kit.process import Life, open_log
from board.kit.state import State
from board.storage import card_of
from engine.actions import find_kinds
from engine.service.core import CARD_LIMIT_S, Service

log = logging.getLogger("service")

TURN_S = 1.0

SWITCH_INTERVAL_S = 0.0005
"""How long a running thread keeps the interpreter: with Python's default of 5 ms, a gate waits that long for each thread that
tells a server something at the same time."""

END_LIMIT_S = 15.0
"""Each part waits a moment for what is under way; peers that take their time make that seconds."""

START_LIMIT_S = 900.0
"""A new release may have to migrate a large database."""


def main(arguments: list[str]) -> int:
    """`service --state DIR`; 0 after SIGTERM and after "Restart service" (the supervisor starts it again)."""
    parser = argparse.ArgumentParser(prog="python -m engine service", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the camera's state folder")
    return run(State(parser.parse_args(arguments).state))


def run(state: State) -> int:
    """Runs the process until it ends."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    open_log(state, "service")
    life = Life(state, "service")
    licensed = os.environ.get("GATEWRIGHT_LICENSED", "1") != "0"
    service = Service(state, Clock(), find_kinds(), licensed, card_of(state))
    with life.patience(START_LIMIT_S):
        service.start()
    log.info("service started")
    while not life.stop.wait(TURN_S) and not service.restart.is_set():
        stuck = service.stuck()
        if stuck:
            log.error("no heartbeat any more: %s", stuck)
            continue
        life.beat()
        with life.patience(CARD_LIMIT_S):  # the gate's threads keep running meanwhile
            service.turn()
    if service.restart.is_set():
        life.stop.wait(0.2)  # the answer to the portal is sent first
    with life.patience(END_LIMIT_S):
        service.close()
    log.info("service ended")
    return 0
