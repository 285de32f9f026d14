"""Safe state: drives every output and Wiegand pin of the board to its rest level when nobody owns it any more.

Run by pins at its start and end, by pins' guardian and by the host whenever pins died, for whatever reason. A pin that a
living process owns is left to that process: it drove the pin to rest itself when it claimed it.
`python -m board.safe --state DIR` does it by hand.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from pathlib import Path

from board.gpio import open_gpio
from board.kit.child import environment
from board.kit.errors import BoardError, GatewrightError, PinBusy
from board.kit.state import State
from board.kit.words import Text, joined
from board.lines import load_polarity, pin_names, rest_levels
from board.profiles import load
from board.types import BoardProfile

log = logging.getLogger("board.safe")

CHILD_TIMEOUT_S = 20.0


def make_safe(state: State) -> tuple[str, ...]:
    """Drives the board's outputs to rest; returns the lines that were left to a living owner ("DO1 ... is taken by ...").

    BoardError when a line could not be driven. On a real chip a child process does it: RPi.GPIO's libraries give a pin back
    only by ending (their `cleanup` floats it), and the caller must not stay its owner."""
    if load(state).simulated:
        return drive_to_rest(state)
    command = [sys.executable, "-m", "board.safe", "--state", str(state.root)]
    try:
        done = subprocess.run(
            command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=CHILD_TIMEOUT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as why:
        raise BoardError("the outputs could not be made safe: {why}", why=why) from why
    if done.returncode:
        raise BoardError("the outputs could not be made safe: {said}", said=done.stderr.strip()[-500:])
    return tuple(done.stdout.splitlines())


def drive_to_rest(state: State, profile: BoardProfile | None = None) -> tuple[str, ...]:
    """As `make_safe`, in this process. `profile`: whose lines; None: those of the board as STATE has it now."""
    profile = profile or load(state)
    names = pin_names(profile)
    chip = open_gpio(profile, state)
    left: list[str] = []
    broken: list[Text] = []
    try:
        for pin, level in rest_levels(profile, load_polarity(state, profile)).items():
            try:
                chip.claim_output(pin, level, "safe")
            except PinBusy as why:
                left.append(str(why))
            except BoardError as why:
                broken.append(Text("{line}: {why}", {"line": names[pin], "why": why}))
    finally:
        chip.close()
    if broken:
        raise BoardError("not at rest: {broken}", broken=joined(broken))
    return tuple(left)


def main() -> int:
    """The command: prints the lines left to living owners; 1 with the reason on stderr when a line is not at rest."""
    parser = argparse.ArgumentParser(prog="python -m board.safe", description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        left = drive_to_rest(State(arguments.state))
    except GatewrightError as why:
        print(why, file=sys.stderr)
        return 1
    for line in left:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
