"""Virtual board: builds and boots a guest with the kernel's own simulated devices and runs the bench tests there; a second guest,
whose libcamera plays a camera, runs the camera test through picamera2.

`./scripts/hil --board virtual [--arch amd64|arm64] [--report DIR] [what hil_tests takes]`. Exit codes: 0 all passed, or skipped
because this machine cannot run it (said as "skipped: ..."), 1 something failed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatewright" / "virtual"
"""What is booted, for all checkouts of this user: one folder a processor."""

OUT = ROOT / ".cache" / "virtual"
"""What the guests write."""

RECIPE = ("build.sh", "init.sh", "gpio-sim-wire.patch", "absent.py")
CANNOT = 3
"""build.sh's exit code for what this machine lacks; the reason is in `not-built`."""
LIMIT_S = 3600
FRAMES = 100
"""A board sends a thousand; here times prove nothing, and each takes a second or more."""

OWN = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, "")
REAL = re.compile(r"^(\d+) of \d+ passed tests ran through a real kernel driver")
TERMINAL = re.compile(r"\x1b(\[[0-9;?=]*[A-Za-z]|c)")


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


@dataclass(frozen=True, slots=True)
class Machine:
    """How QEMU plays a computer, without KVM: the same everywhere. `console`: the kernel's name of its serial line."""

    qemu: str
    package: str
    machine: str
    processor: str
    console: str


MACHINES = {
    "amd64": Machine("qemu-system-x86_64", "qemu-system-x86", "q35", "Nehalem", "ttyS0"),
    "arm64": Machine("qemu-system-aarch64", "qemu-system-arm", "virt,gic-version=3", "cortex-a72", "ttyAMA0"),
}
TOOLS = {
    "apt-get": "apt", "dpkg-deb": "dpkg", "make": "make", "gcc": "gcc", "patch": "patch", "cpio": "cpio", "xz": "xz-utils",
    "/sbin/depmod": "kmod",
}  # fmt: skip
"""{program: Debian package}"""


def missing(arch: str, has: Callable[[str], object] = shutil.which) -> str:
    """Why a guest of `arch` cannot be built or booted here, with what to install; "" when it can."""
    if arch not in MACHINES:
        return f"there is no virtual board for {arch or os.uname().machine}: --arch amd64 or arm64"
    needed = {MACHINES[arch].qemu: MACHINES[arch].package, **TOOLS}
    if arch == "arm64" and OWN != "arm64":
        needed["aarch64-linux-gnu-gcc"] = "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
    elif arch != OWN:
        return f"a guest of {arch} is not built on {OWN or os.uname().machine}"
    absent = {program: package for program, package in needed.items() if not has(program)}
    if not absent:
        return ""
    return f"{', '.join(absent)} missing here: apt-get install {' '.join(absent.values())}"


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
    why = _build(folder, options.arch)
    if why:
        return _skip(why)
    out = OUT / options.arch
    out.mkdir(parents=True, exist_ok=True)
    (out / "instructions").unlink(missing_ok=True)
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
        (out / "instructions").touch()
        code |= _count(folder, out)
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


def _build(folder: Path, arch: str) -> str:
    """Builds what is booted, once for each recipe; why that is not possible here, "" when it is there."""
    parts = [*((HERE / name).read_bytes() for name in RECIPE), sys.version.encode()]
    recipe = hashlib.sha256(b"".join(parts)).hexdigest()
    stamp = folder / "built"
    if stamp.exists() and stamp.read_text() == recipe:
        return ""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    begun = time.monotonic()
    code = subprocess.run([str(HERE / "build.sh"), str(folder), arch, sys.executable], check=False).returncode
    if code == CANNOT:
        return (folder / "not-built").read_text().strip()
    if code:
        raise SystemExit(f"the virtual board could not be built: scripts/virtual/build.sh ended with {code}")
    stamp.write_text(recipe)
    print(f"virtual board: built in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return ""


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


def _count(folder: Path, out: Path) -> int:
    """Boots once for each processor with a clock that counts instructions; the exit code."""
    for processor in ("cortex-a72", "cortex-a76"):
        (out / "rc").unlink(missing_ok=True)
        print(
            f"\ninstructions of a read as {processor} (cortex-a76 has the dot product instructions, A53 and A72 do not)", flush=True
        )
        command = _command(folder, "arm64", out, BOARD, processor, shift=0)
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace", timeout=LIMIT_S
        )
        print(TERMINAL.sub("", done.stdout).strip())
        if not (out / "rc").exists() or int((out / "rc").read_text()):
            return 1
    return 0


def _picture(frames: Path) -> None:
    """What the played camera sees: the bench's plate sheet, the only file of its folder."""
    from PIL import Image

    from hil_tests.plate_sheet import scene

    frames.mkdir(exist_ok=True)
    Image.fromarray(scene()).save(frames / "sheet.jpg", quality=95)


def _command(folder: Path, arch: str, out: Path, guest: Guest, processor: str = "", shift: int = 1) -> list[str]:
    machine = MACHINES[arch]
    native = guest is BOARD and arch == OWN  # on this machine's own files
    python = sys.executable if native else "/usr/bin/python3"
    words = f"console={machine.console} quiet loglevel=3 panic=-1 mitigations=off board.script={HERE / guest.script} "
    words += f"board.repository={ROOT} board.python={python}"
    command = [machine.qemu, "-accel", "tcg", "-M", machine.machine]
    command += ["-cpu", processor or machine.processor, "-smp", "1", "-m", "2048", "-display", "none", "-nodefaults"]
    if guest is BOARD:
        # The guest's clock counts instructions (2**shift ns each): a busy host makes it slow, never late. It leaps while the guest
        # waits for a file, though, past what a camera may take for its first picture: there a second is a second.
        command += ["-icount", f"shift={shift},sleep=off", "-rtc", "clock=vm"]
    command += ["-no-reboot", "-serial", "stdio", "-kernel", str(folder / "vmlinuz"), "-initrd", str(folder / "first.gz")]
    command += ["-append", words]
    shares = {"files": Path("/") if native else folder / guest.root, "repository": ROOT, "board": folder, "out": out}
    for tag, path in shares.items():
        read_only = "" if tag == "out" else ",readonly=on"
        command += ["-fsdev", f"local,id={tag},path={path},security_model=none,multidevs=remap{read_only}"]
        command += ["-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
    return command


def _contract(file: Path) -> int:
    """Passed tests of a JUnit file; 0 when there is none."""
    if not file.exists():
        return 0
    cases = ET.parse(file).getroot().iter("testcase")  # written by pytest in the guest
    return sum(not any(child.tag in ("skipped", "failure", "error") for child in case) for case in cases)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
