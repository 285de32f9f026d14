"""Virtual board: builds and boots a guest with the kernel's own simulated devices and runs the bench tests there.

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
CACHE = ROOT / ".cache" / "virtual"
RECIPE = ("build.sh", "init.sh", "gpio-sim-wire.patch")
CANNOT = 3
"""build.sh's exit code for what this machine lacks; the reason is in `not-built`."""
LIMIT_S = 3600
OWN = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, "")
REAL = re.compile(r"^(\d+) of \d+ passed tests ran through a real kernel driver")
TERMINAL = re.compile(r"\x1b(\[[0-9;?=]*[A-Za-z]|c)")


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
    parser.add_argument("--report", type=Path, metavar="DIR", help="write DIR/report.html, its signature and the public key")
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
    out = folder / "out"
    out.mkdir(exist_ok=True)
    for name in ("rc", "contract", "contract.xml", "instructions"):
        (out / name).unlink(missing_ok=True)
    shutil.rmtree(out / "report", ignore_errors=True)
    inside = ["--board", "virtual", "--report", "/run/out/report", "--state", "/run/out/state", *others]
    (out / "words").write_bytes(b"".join(word.encode() + b"\0" for word in inside))
    whole = not any(word.startswith("--only") for word in others)
    if whole:
        (out / "contract").touch()
    code = 0 if options.instructions else _boot(folder, options.arch, out)
    if options.arch == "arm64" and (whole or options.instructions):
        (out / "instructions").touch()
        code |= _count(folder, out)
    if options.report and (out / "report").is_dir():
        shutil.copytree(out / "report", options.report, dirs_exist_ok=True)
        print(f"report: {options.report / 'report.html'} (check it: python -m hil_tests verify {options.report / 'report.html'})")
    return code


def _skip(why: str) -> int:
    print(f"skipped: the virtual board did not run, nothing was tested: {why}")
    return 0


def _build(folder: Path, arch: str) -> str:
    """Builds what is booted, once for each recipe; why that is not possible here, "" when it is there."""
    recipe = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in RECIPE)).hexdigest()
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


def _boot(folder: Path, arch: str, out: Path) -> int:
    """Boots the guest, shows what it says, and counts; the exit code of its tests."""
    machine = MACHINES[arch]
    command = _command(folder, arch, out)
    begun = time.monotonic()
    print(f"virtual board: {arch}, kernel {(folder / 'kernel').read_text().strip()}", flush=True)
    guest = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace")
    limit = threading.Timer(LIMIT_S, guest.kill)
    limit.start()
    bench = 0
    try:
        assert guest.stdout is not None
        for line in guest.stdout:
            shown = TERMINAL.sub("", line).rstrip()
            print(shown, flush=True)
            if found := REAL.match(shown):
                bench = int(found[1])
        guest.wait()
    finally:
        limit.cancel()
        guest.kill()
        guest.wait()
    contract = _contract(out / "contract.xml")
    print(f"\nvirtual board ({arch}): {bench} bench tests and {contract} contract tests ran through a real kernel driver, ", end="")
    print(f"{time.monotonic() - begun:.0f} s. Edges and levels are proved here, microseconds are not: {machine.qemu} is no board.")
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
        command = _command(folder, "arm64", out, processor, shift=0)
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace", timeout=LIMIT_S
        )
        print(TERMINAL.sub("", done.stdout).strip())
        if not (out / "rc").exists() or int((out / "rc").read_text()):
            return 1
    return 0


def _command(folder: Path, arch: str, out: Path, processor: str = "", shift: int = 1) -> list[str]:
    # The guest's clock counts instructions (2**shift ns each): a busy host makes it slow, never late.
    machine = MACHINES[arch]
    native = arch == OWN
    python = sys.executable if native else "/usr/bin/python3"
    words = f"console={machine.console} quiet loglevel=3 panic=-1 mitigations=off board.script={HERE / 'guest.sh'} "
    words += f"board.repository={ROOT} board.python={python}"
    command = [machine.qemu, "-accel", "tcg", "-M", machine.machine]
    command += ["-cpu", processor or machine.processor, "-smp", "1", "-m", "2048", "-display", "none", "-nodefaults"]
    command += ["-icount", f"shift={shift},sleep=off", "-rtc", "clock=vm"]
    command += ["-no-reboot", "-serial", "stdio", "-kernel", str(folder / "vmlinuz"), "-initrd", str(folder / "first.gz")]
    command += ["-append", words]
    shares = {"files": Path("/") if native else folder / "root", "repository": ROOT, "board": folder, "out": out}
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
