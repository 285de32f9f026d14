"""Start: a process that reads what the engine needs of the database, then becomes the engine (`python -m engine run --state DIR`).

The database and the classes of settings and actions are memory that reading plates needs no more. execve(2) gives it back;
process id, death signal and log stay.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from board.kit.clock import Clock
from board.kit.process import open_log
from board.kit.state import State
from engine.reading.begin import OPTION, begin, sent


def main(arguments: Sequence[str]) -> int:
    """Sub-command `run`: becomes `engine run --begin FD`, whose exit code this is then."""
    if any(word.partition("=")[0] == OPTION for word in arguments):
        from engine.reading import run

        return run.main(arguments)
    parser = argparse.ArgumentParser(prog="python -m engine run", description="Reads the camera and reports passages.")
    parser.add_argument("--state", type=Path, required=True, help="folder of the camera's state")
    state = State(parser.parse_args(arguments).state.resolve())
    open_log(state, "engine")
    os.execv(sys.executable, [*sys.orig_argv, f"{OPTION}={sent(begin(state, Clock()))}"])
