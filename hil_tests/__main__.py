"""Command of `./scripts/hil`: prints the wiring, asks for it where wires are real, runs the tests, prints what was measured."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import pytest

from board.profiles import all_profiles
from hil_tests.wiring import STAGES, diagram


def main() -> int:
    """pytest's exit status; 2 for a board that does not exist."""
    profiles = all_profiles()
    parser = argparse.ArgumentParser(prog="scripts/hil", description=__doc__)
    parser.add_argument("--board", required=True, help=f"one of {', '.join(profiles)}")
    parser.add_argument("--frames", type=int, help="Wiegand frames to send (default: 50 on a simulated board, 1000 on a real one)")
    parser.add_argument("--yes", action="store_true", help="do not ask whether the wires are in place")
    options, rest = parser.parse_known_args()
    if options.board not in profiles:
        parser.error(f"there is no board {options.board!r}; there are {', '.join(profiles)}")
    profile = profiles[options.board]
    print(f"{profile.title}: wiring for the bench\n")
    for stage in STAGES:
        print(diagram(profile, stage))
    if not profile.simulated:
        print("Stop the ANPR package first (Package Management): a pin has one owner. The gate must not be connected.\n")
    frames = options.frames or (50 if profile.simulated else 1000)
    with tempfile.TemporaryDirectory(prefix="gatewright-hil-") as folder:
        os.environ |= {
            "GATEWRIGHT_HIL_BOARD": options.board,
            "GATEWRIGHT_HIL_STATE": folder,
            "GATEWRIGHT_HIL_FRAMES": str(frames),
            "GATEWRIGHT_HIL_ASK": "" if options.yes or profile.simulated else "1",
        }
        # -s: where wires are real the tests ask for them on the terminal
        return int(pytest.main([str(Path(__file__).parent), "-s", "-rs", *rest]))


if __name__ == "__main__":
    sys.exit(main())
