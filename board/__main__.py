"""Board command: self-test, boards, I2C devices and the simulated chips, for technicians and tests.

Exit codes: 0 done (selftest: the camera can work), 1 something the camera needs is missing, 2 the request was wrong.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from datetime import UTC, datetime
from pathlib import Path

from board import serial
from board.gpio.sim import plug_wire, set_input, show
from board.i2c import _twins, open_device, parse_url
from board.i2c.ds3231 import Ds3231
from board.kit.errors import ConfigError, GatewrightError, in_one_line
from board.kit.state import State
from board.profiles import _page, all_profiles, load
from board.selftest import examine, table
from board.serial import _twin


def main(words: list[str] | None = None) -> int:
    """Runs one command line; returns its exit code."""
    arguments = _parser().parse_args(words)
    try:
        return int(arguments.run(State(arguments.state), arguments))
    except (GatewrightError, OSError) as why:
        print(in_one_line(why), file=sys.stderr)
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

    profiles = commands.add_parser("profiles", help="the boards there are; --markdown prints the page docs/boards.md")
    profiles.add_argument("--markdown", action="store_true")
    profiles.set_defaults(run=_profiles, state=Path("state"))

    i2c = commands.add_parser("i2c", help="an I2C device by its URL").add_subparsers(required=True, metavar="command")
    read = i2c.add_parser("read", parents=[common], help="what it says now: read 'i2c://1/0x48?kind=lm75'")
    read.add_argument("url")
    read.set_defaults(run=_i2c_read)
    clock = i2c.add_parser("set-clock", parents=[common], help="sets a clock chip to the system's time")
    clock.add_argument("url")
    clock.set_defaults(run=_i2c_set_clock)

    simulated = argparse.ArgumentParser(add_help=False)
    simulated.add_argument("--state", type=_folder, default="state", help="folder of the camera's state (default: state)")
    sim = commands.add_parser("sim", help="the simulated chip").add_subparsers(required=True, metavar="command")
    press = sim.add_parser("set", parents=[simulated], help="drive an input from outside: set DI1 1")
    press.add_argument("input")
    press.add_argument("level", type=int, choices=(0, 1))
    press.set_defaults(run=_sim_set)
    wire = sim.add_parser("wire", parents=[simulated], help="join an output to an input: wire DO1 DI1; without an input: unplug it")
    wire.add_argument("output")
    wire.add_argument("input", nargs="?", default="")
    wire.set_defaults(run=_sim_wire)
    sim.add_parser("show", parents=[simulated], help="every line, its level and its owner").set_defaults(run=_sim_show)
    device = sim.add_parser("i2c", parents=[simulated], help="plug or pull a simulated I2C chip: i2c plug 1/0x20 pcf8574")
    device.add_argument("do", choices=("plug", "pull"))
    device.add_argument("place", help="bus/address")
    device.add_argument("kind", nargs="?", default="")
    device.set_defaults(run=_sim_i2c)
    line = sim.add_parser(
        "serial", parents=[simulated], help="a simulated serial device: serial plug gate 9600; say gate 'OK\\r'; sent gate"
    )
    line.add_argument("do", choices=("plug", "pull", "say", "sent"))
    line.add_argument("name")
    line.add_argument("what", nargs="?", default="")
    line.set_defaults(run=_sim_serial)
    return parser


def _folder(text: str) -> Path:
    """A simulated chip begins in any folder: beside a camera whose name is mistyped, it would be one that nobody looks at."""
    try:
        Path(text).stat()
    except (FileNotFoundError, NotADirectoryError):
        raise argparse.ArgumentTypeError(f"there is no folder {text}; name the one in which the camera keeps its state") from None
    except OSError as why:
        raise argparse.ArgumentTypeError(f"{text}: {why.strerror}") from why
    return Path(text)


def _profiles(state: State, arguments: argparse.Namespace) -> int:
    if arguments.markdown:
        print(_page.markdown(), end="")
    else:
        for profile in all_profiles().values():
            print(f"{profile.name:<10} {profile.title}")
    return 0


def _i2c_read(state: State, arguments: argparse.Namespace) -> int:
    device, bus = open_device(arguments.url, state)
    print(device.reading())
    bus.close()
    return 0


def _i2c_set_clock(state: State, arguments: argparse.Namespace) -> int:
    device, bus = open_device(arguments.url, state)
    if not isinstance(device, Ds3231):
        raise ConfigError("{url} is not a clock", url=arguments.url)
    device.set_time(datetime.now(UTC))
    print(device.reading())
    bus.close()
    return 0


def _sim_i2c(state: State, arguments: argparse.Namespace) -> int:
    bus, _, address = arguments.place.partition("/")
    if arguments.do == "plug":
        place = parse_url(f"sim://{bus}/{address}?kind={arguments.kind}")
        _twins.plug(state, place.bus, place.address, place.kind)
    else:
        try:
            _twins.pull(state, int(bus), int(address, 0))
        except ValueError as why:
            raise ConfigError("{place!r} is not a place such as 1/0x20 (bus and address)", place=arguments.place) from why
    return 0


def _sim_serial(state: State, arguments: argparse.Namespace) -> int:
    name = serial.parse_url(f"sim://{arguments.name}").place
    if arguments.do == "plug":
        _twin.plug(state, name, serial.parse_url(f"sim://{name}?baud={arguments.what or 9600}").baud)
    elif arguments.do == "pull":
        _twin.pull(state, name)
    elif arguments.do == "say":
        try:
            said = arguments.what.encode().decode("unicode_escape").encode("latin-1")
        except UnicodeError:
            print(rf"{arguments.what!r} cannot be said: write bytes as \r, \n, \x02", file=sys.stderr)
            return 2
        _twin.say(state, name, said)
    else:
        print(ascii(_twin.sent(state, name).decode("latin-1")))
    return 0


def _selftest(state: State, arguments: argparse.Namespace) -> int:
    profiles = all_profiles()
    if arguments.profile and arguments.profile not in profiles:
        raise ConfigError(
            "there is no board {profile!r}; there are {profiles}", profile=arguments.profile, profiles=tuple(profiles)
        )
    profile = load(state, arguments.profile)
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
