"""Command of `./scripts/hil`: shows the wiring, checks it, runs the bench tests, writes the signed report; `verify`, `sheet`.

Exit codes: 0 every test passed or was skipped with a reason (verify: the report is what the device signed), 1 a test failed
(verify: it is not), 2 the request was wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import pytest

from board.kit.errors import GatewrightError, in_one_line
from board.kit.state import State
from board.profiles import all_profiles, check_lines
from board.types import BoardProfile
from hil_tests.bench import PICTURE, Order, open_bench
from hil_tests.plate_sheet import write_pdf
from hil_tests.progress import Progress
from hil_tests.report import Names, check_place, write_report
from hil_tests.signature import verify_report
from hil_tests.wiring import STAGES, diagram, stages

STOPPED = 130


def main(words: list[str] | None = None) -> int:
    """Runs one command line; returns its exit code."""
    words = sys.argv[1:] if words is None else words
    commands = {"verify": _verify, "sheet": _sheet}
    try:
        return commands[words[0]](words[1:]) if words and words[0] in commands else _run(words)
    except (GatewrightError, OSError) as why:
        print(in_one_line(why), file=sys.stderr)
        return 2


def _run(words: list[str]) -> int:
    options = _options(all_profiles(), words)
    if options.report:
        check_place(options.report, State(options.state))
    progress = Progress(options.only, options.without, options.verbose)
    # a camera that was killed for a test may still write its last words into it
    with tempfile.TemporaryDirectory(prefix="gatewright-hil-", ignore_cleanup_errors=True) as folder:
        order = _order(options, Path(folder))
        order.to_environment()
        profile = open_bench(order).profile
        _introduce(profile)
        # -s: where wires are real the tests ask for them on the terminal; our own plugin tells how it goes
        arguments = [str(Path(__file__).parent), "-s", "-o", "addopts=", "--import-mode=importlib"]
        code = pytest.main([*arguments, "-p", "no:cacheprovider", "-p", "no:terminal"], plugins=[progress])
        if progress.broken:
            print("\n".join(progress.broken), file=sys.stderr)
        if code == pytest.ExitCode.INTERRUPTED:
            print("\nstopped before the end: no report is written", file=sys.stderr)
            return STOPPED
        if not progress.results:
            left_out = f" outside of stage {options.without}" if options.without else ""
            print(f"no test is called {options.only!r}{left_out}; there are {', '.join(progress.names)}", file=sys.stderr)
            return 2
        _conclude(progress)
        if options.report:
            names = Names(options.technician, options.customer, options.site)
            picture = Path(folder) / PICTURE
            seen = picture if picture.exists() else None
            written = write_report(options.report, State(options.state), profile, tuple(progress.results), names, seen)
            print(f"report: {written} (check it: python -m hil_tests verify {written})")
    return 0 if code == pytest.ExitCode.OK and not progress.broken else 1


def _order(options: argparse.Namespace, folder: Path) -> Order:
    profile = all_profiles()[options.board]
    handless = profile.simulated or profile.emulated
    check_lines(State(options.state))  # here: of the copy below nobody could mend anything
    lines = State(options.state).lines_file
    if lines.exists():  # an installer's own lines belong to the board
        (folder / lines.name).write_bytes(lines.read_bytes())
    return Order(
        board=options.board,
        folder=str(folder),
        frames=options.frames,
        ask=not (options.yes or handless),
        camera=options.camera,
        sd=str(options.sd or ""),
        serial=options.serial,
        wires=dict(pair.split("=", 1) for pair in options.wire),
    )


def _options(profiles: dict[str, BoardProfile], words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/hil", description=__doc__, epilog="Other commands: verify REPORT.html, sheet FILE.pdf (each has --help)"
    )
    parser.add_argument("--board", required=True, help=f"one of {', '.join(profiles)}")
    parser.add_argument("--only", default="", metavar="NAME", help="only tests whose name holds this, and the wires they need")
    parser.add_argument(
        "--without", default="", choices=tuple(STAGES), help="leave out this stage: its wires and the tests that need them"
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="write DIR/report.html, its signature and the public key")
    parser.add_argument("--frames", type=int, default=1000, help="Wiegand frames to send (default 1000)")
    parser.add_argument("--yes", action="store_true", help="do not ask whether the wires are in place")
    parser.add_argument("--camera", default="", help="camera URL (default: the profile's)")
    parser.add_argument("--serial", default="", metavar="PORT", help="serial port whose TX is wired to its RX (/dev/serial0)")
    parser.add_argument("--sd", type=Path, help="folder on the SD card to measure (default: where temporary files lie)")
    parser.add_argument(
        "--state", type=Path, default=Path("state"), help="the camera's STATE: its key signs the report (default: state)"
    )
    parser.add_argument("--technician", default="", help="name for the report")
    parser.add_argument("--customer", default="", help="name for the report")
    parser.add_argument("--site", default="", help="place for the report")
    parser.add_argument("--wire", action="append", default=[], metavar="DO1=DI2", help="simulated board: plug a wire wrongly")
    parser.add_argument("--verbose", action="store_true", help="where in the code a test failed")
    options = parser.parse_args(words)
    if options.board not in profiles:
        parser.error(f"there is no board {options.board!r}; there are {', '.join(profiles)}")
    if options.frames < 1:
        parser.error("--frames: at least 1")
    if options.sd and not options.sd.is_dir():
        parser.error(f"--sd: there is no folder {options.sd}")
    if any("=" not in pair for pair in options.wire) or (options.wire and not profiles[options.board].simulated):
        parser.error("--wire: an output, =, an input (DO1=DI2, or DO1= for none); only on a simulated board")
    return options


def _introduce(profile: BoardProfile) -> None:
    print(f"{profile.title}: wiring for the bench\n")
    for stage in stages(profile):
        print(diagram(profile, stage))
    if profile.simulated:
        print("lens ))) the plate sheet is replayed\n")
        return
    if profile.emulated:
        print("every wire is carried by gpio-sim; times prove nothing here, edges and levels do\n")
        return
    print("lens ))) printed plate sheet, the whole page in the picture (python -m hil_tests sheet plates.pdf)\n")
    print("Stop the ANPR package first (Package Management): a pin has one owner. The gate must not be connected.\n")


def _conclude(progress: Progress) -> None:
    results = progress.results
    count = {outcome: sum(result.outcome == outcome for result in results) for outcome in ("passed", "failed", "skipped")}
    real = [result for result in results if result.kernel and result.outcome == "passed"]
    print(f"\n{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    named = f": {', '.join(result.name for result in real)}" if real else ""
    print(f"{len(real)} of {count['passed']} passed tests ran through a real kernel driver{named}")
    for result in results:
        if result.outcome != "passed":
            print(f"{result.outcome}: {result.title}: {result.reason}")


def _verify(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m hil_tests verify", description="Checks that a report is what the device signed."
    )
    parser.add_argument("report", type=Path, help="report.html; report.sig and report.pub lie beside it")
    parser.add_argument(
        "--key", type=Path, help="the device's public key (STATE/host/device.pub) instead of the one beside the report"
    )
    options = parser.parse_args(words)
    try:
        print(verify_report(options.report, options.key))
    except GatewrightError as why:
        print(why, file=sys.stderr)
        return 1
    return 0


def _sheet(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m hil_tests sheet", description="Writes the plate sheet to print, A4 landscape.")
    parser.add_argument("file", type=Path, help="PDF file to write")
    options = parser.parse_args(words)
    try:
        write_pdf(options.file)
    except OSError as why:
        print(f"{options.file} cannot be written: {why.strerror or why}", file=sys.stderr)
        return 2
    print(f"{options.file}: print it at 100 % on A4")
    return 0


if __name__ == "__main__":
    sys.exit(main())
