"""Virtual board: builds and boots a guest with the kernel's own simulated devices and runs the bench tests there; a second guest,
whose libcamera plays a camera, runs the camera test through picamera2.

`./scripts/hil --board virtual [--arch amd64|arm64] [--report DIR] [what hil_tests takes]`. Exit codes: 0 all passed, or skipped
because this machine cannot run it (said as "skipped: ..."), 1 something failed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from scripts.virtual.counted import counted
from scripts.virtual.machine import CACHE, HERE, MACHINES, OWN, TERMINAL, build, command, missing

ROOT = HERE.parents[1]
OUT = ROOT / ".cache" / "virtual"
"""What the guests write."""

LIMIT_S = 3600
FRAMES = 100
"""A board sends a thousand; here times prove nothing, and each takes a second or more."""

REAL = re.compile(r"^(\d+) of \d+ passed tests ran through a real kernel driver")


@dataclass(frozen=True, slots=True)
class Guest:
    """One boot. `root`: the root file system of the build; `report`: folder of its page in the report; `words`: what hil_tests is
    told after the words of the command line."""

    name: str
    script: str
    root: str
    report: str = "."
    words: tuple[str, ...] = ()


BOARD = Guest("board", "guest.sh", "root")
CAMERA = Guest("camera", "camera.sh", "camera-root", "camera", ("--only", "camera", "--camera", "picamera2:0"))


def main(words: list[str]) -> int:
    """Runs one command line; returns its exit code."""
    parser = argparse.ArgumentParser(prog="scripts/hil --board virtual", description=__doc__)
    parser.add_argument("--board", choices=("virtual",), required=True)
    parser.add_argument("--arch", choices=tuple(MACHINES), default=OWN, help="processor of the guest (default: this machine's)")
    parser.add_argument("--only", default="", metavar="NAME", help="only tests whose name holds this")
    parser.add_argument("--frames", type=int, default=FRAMES, help=f"Wiegand frames to send (default {FRAMES})")
    parser.add_argument("--camera", default="", metavar="URL", help="a camera of the board (default: it has none)")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write DIR/report.html and DIR/camera/report.html, signed")
    parser.add_argument("--guest", choices=(BOARD.name, CAMERA.name), help="only this guest (default: both)")
    parser.add_argument(
        "--gate",
        action="store_true",
        help="also the whole camera at the gate, which an emulated processor takes many minutes to start",
    )
    parser.add_argument(
        "--instructions", action="store_true", help="arm64: only count the instructions of a read (the whole run counts them too)"
    )
    options, others = parser.parse_known_args(words)
    why = missing(options.arch)
    if why:
        return _skip(why)
    folder = CACHE / options.arch
    why = build(folder, options.arch)
    if why:
        return _skip(why)
    out = OUT / options.arch
    out.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out / "report", ignore_errors=True)
    others += [f"--only={options.only}", f"--camera={options.camera}", f"--frames={options.frames}"]
    left_out = not options.gate and not options.only and not any(word.startswith("--without") for word in others)
    if left_out:
        others += ["--without", "gate"]
    code = 0
    for guest in () if options.instructions else guests(options.only, options.camera):
        if options.guest in (None, guest.name):
            code |= _boot(folder, options.arch, out, guest, others, contract=not options.only)
    if options.arch == "arm64" and (options.instructions or not options.only):
        _count()
    if left_out and not options.instructions:
        print("left out: the whole camera at the gate, which an emulated processor takes many minutes to start; --gate has it run")
    if options.report and (out / "report").is_dir():
        shutil.copytree(out / "report", options.report, dirs_exist_ok=True)
        for page in sorted(options.report.glob("**/report.html")):
            print(f"report: {page} (check it: python -m hil_tests verify {page})")
    return code


def guests(only: str, camera: str) -> tuple[Guest, ...]:
    """What is booted for the tests whose names hold `only` ("" for all) and the board's `camera` ("" for none)."""
    if camera or only not in "camera":
        return (BOARD,)
    return (CAMERA,) if only == "camera" else (BOARD, CAMERA)


def _skip(why: str) -> int:
    print(f"skipped: the virtual board did not run, nothing was tested: {why}")
    return 0


def _boot(folder: Path, arch: str, out: Path, guest: Guest, others: list[str], contract: bool) -> int:
    """Boots a guest, shows what it says, and counts; the exit code of its tests. `contract`: the board's contract tests too."""
    for name in ("rc", "contract", "contract.xml"):
        (out / name).unlink(missing_ok=True)
    words = [
        "--board",
        "virtual",
        "--report",
        f"/run/out/report/{guest.report}",
        "--state",
        "/run/out/state",
        *others,
        *guest.words,
    ]
    (out / "words").write_bytes(b"".join(word.encode() + b"\0" for word in words))
    if contract:
        (out / "contract").touch()
    if guest is CAMERA:
        _picture(out / "frames")
    if guest is BOARD and arch == OWN:
        _compile()
    command = _command(folder, arch, out, guest)
    begun = time.monotonic()
    print(f"virtual board ({arch}, {guest.name}): kernel {(folder / 'kernel').read_text().strip()}", flush=True)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace")
    limit = threading.Timer(LIMIT_S, process.kill)
    limit.start()
    bench = 0
    try:
        assert process.stdout is not None
        for line in process.stdout:
            shown = TERMINAL.sub("", line).rstrip()
            print(shown, flush=True)
            if found := REAL.match(shown):
                bench = int(found[1])
        process.wait()
    finally:
        limit.cancel()
        process.kill()
        process.wait()
    passed = f"{bench} bench tests and {_contract(out / 'contract.xml')} contract tests"
    print(
        f"\nvirtual board ({arch}, {guest.name}): {passed} ran through a real kernel driver, {time.monotonic() - begun:.0f} s. ",
        end="",
    )
    print(f"Edges and levels are proved here, microseconds are not: {MACHINES[arch].qemu} is no board.")
    if not (out / "rc").exists():
        print("the guest stopped before its tests ended", file=sys.stderr)
        return 1
    return int((out / "rc").read_text()) and 1


def _count() -> None:
    """Instructions of a read, once for each processor."""
    for processor in ("cortex-a72", "cortex-a76"):
        print(
            f"\ninstructions of a read as {processor} (cortex-a76 has the dot product instructions, A53 and A72 do not)", flush=True
        )
        print(counted(processor, "scripts.virtual.instructions")[0])


def _compile() -> None:
    """Bytecode of what the guest runs: it reads this machine's, and an emulated processor takes long to make its own."""
    words = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    words += ["-o", "addopts=", "--import-mode=importlib", "--noconftest"]
    places = ("hil_tests", *(f"tests/contract/test_{name}.py" for name in ("kernel", "gpio", "i2c", "groups")))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([*words, *places], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False)


def _picture(frames: Path) -> None:
    """What the played camera sees: the bench's plate sheet, the only file of its folder."""
    from PIL import Image

    from hil_tests.plate_sheet import scene

    frames.mkdir(exist_ok=True)
    Image.fromarray(scene()).save(frames / "sheet.jpg", quality=95)


def _command(folder: Path, arch: str, out: Path, guest: Guest) -> list[str]:
    if guest is not BOARD:
        return command(folder, arch, out, HERE / guest.script, guest.root, ("-accel", "tcg"))
    # The guest's clock counts instructions (2 ns each): a busy host makes it slow, never late. It leaps while the guest
    # waits for a file, though, past what a camera may take for its first picture: there a second is a second.
    clock = ("-accel", "tcg", "-icount", "shift=1,sleep=off", "-rtc", "clock=vm")
    return command(folder, arch, out, HERE / guest.script, "" if arch == OWN else guest.root, clock)


def _contract(file: Path) -> int:
    """Passed tests of a JUnit file that have a driver (control groups have none); 0 when there is none."""
    if not file.exists():
        return 0
    cases = ET.parse(file).getroot().iter("testcase")  # written by pytest in the guest
    return sum(
        not case.get("classname", "").endswith("test_groups")
        and not any(child.tag in ("skipped", "failure", "error") for child in case)
        for case in cases
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
