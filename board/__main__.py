"""Board command: `python -m board selftest` and `python -m board sim ...`, for technicians and tests.

Exit codes: 0 done (selftest: the camera can work), 1 something the camera needs is missing, 2 the request was wrong.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from board.gpio.sim import plug_wire, set_input, show
from board.kit.errors import ConfigError, GatewrightError
from board.kit.state import State
from board.profiles import all_profiles, load
from board.selftest import examine, table


def main(words: list[str] | None = None) -> int:
    """Runs one command line; returns its exit code."""
    arguments = _parser().parse_args(words)
    try:
        return int(arguments.run(State(arguments.state), arguments))
    except GatewrightError as why:
        print(why, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--state", type=Path, default=Path("state"), help="folder of the camera's state (default: state)")
    parser = argparse.ArgumentParser(prog="python -m board", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    selftest = commands.add_parser("selftest", parents=[common], help="a table of everything found, with the owner of each pin")
    selftest.add_argument("--profile", default="", help="board to test instead of the one in STATE/board.json")
    selftest.add_argument("--camera", default="", help="camera URL to look through instead of the board's")
    selftest.add_argument("--picture", type=Path, help="JPEG file for what the camera sees (default: STATE/selftest.jpg)")
    selftest.set_defaults(run=_selftest)

    sim = commands.add_parser("sim", help="the simulated chip").add_subparsers(required=True, metavar="command")
    press = sim.add_parser("set", parents=[common], help="drive an input from outside: set DI1 1")
    press.add_argument("input")
    press.add_argument("level", type=int, choices=(0, 1))
    press.set_defaults(run=_sim_set)
    wire = sim.add_parser("wire", parents=[common], help="join an output to an input: wire DO1 DI1; without an input: unplug it")
    wire.add_argument("output")
    wire.add_argument("input", nargs="?", default="")
    wire.set_defaults(run=_sim_wire)
    sim.add_parser("show", parents=[common], help="every line, its level and its owner").set_defaults(run=_sim_show)
    return parser


def _selftest(state: State, arguments: argparse.Namespace) -> int:
    profiles = all_profiles()
    if arguments.profile and arguments.profile not in profiles:
        raise ConfigError(f"there is no board {arguments.profile!r}; there are {', '.join(profiles)}")
    profile = profiles[arguments.profile] if arguments.profile else load(state)
    if arguments.camera:
        profile = dataclasses.replace(profile, camera=arguments.camera)
    findings = examine(profile, state, arguments.picture or state.root / "selftest.jpg")
    print(table(findings))
    bad = [finding.part for finding in findings if not finding.good]
    print(f"NOT READY: {', '.join(bad)}" if bad else "READY")
    return 1 if bad else 0


def _sim_set(state: State, arguments: argparse.Namespace) -> int:
    set_input(state, arguments.input, arguments.level)
    return 0


def _sim_wire(state: State, arguments: argparse.Namespace) -> int:
    plug_wire(state, arguments.output, arguments.input)
    print("plugged" if arguments.input else "unplugged", "(a running pins process sees it after its next start)")
    return 0


def _sim_show(state: State, arguments: argparse.Namespace) -> int:
    for name, level, owner in show(state):
        print(f"{name:<6} {level}  {owner or 'free'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
