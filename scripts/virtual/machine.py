"""Machine: builds what the virtual board boots, once for all checkouts of this user, and gives the command line that boots it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatewright" / "virtual"
"""What is booted, for all checkouts of this user: one folder a processor."""

RECIPE = ("build.sh", "init.sh", "gpio-sim-wire.patch", "absent.py")
CANNOT = 3
"""build.sh's exit code for what this machine lacks; the reason is in `not-built`."""
TERMINAL = re.compile(r"\x1b(\[[0-9;?=]*[A-Za-z]|c)")
"""What a guest's console says to a terminal alone."""
OWN = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, "")


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


def build(folder: Path, arch: str) -> str:
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


def command(folder: Path, arch: str, out: Path, script: Path, root: str, machine: Sequence[str], processor: str = "") -> list[str]:
    """Boots what `build` left in `folder` and runs `script` in the guest, whose console is QEMU's standard output. `out`: the
    folder that both share; `root`: the root file system in `folder`, "" for this machine's own files; `machine`: words for QEMU
    about accelerator and clock; `processor`: QEMU's name of it, "" for the usual one."""
    kind = MACHINES[arch]
    quick = "mitigations=off"
    if arch == "amd64":
        # What a kernel tries at its start for other computers, and does at each call for its own safety, takes an emulated
        # processor seconds. The other guest's kernel does what a board's does: its instructions are counted.
        quick += " lsm=capability audit=0 init_on_alloc=0 nokaslr cryptomgr.notests"
        quick += " nolapic_timer no_timer_check noreplace-smp tsc=reliable"
    python = "/usr/bin/python3" if root else sys.executable
    words = f"console={kind.console} quiet loglevel=3 panic=-1 {quick} board.script={script} "
    words += f"board.repository={ROOT} board.python={python}"
    line = [kind.qemu, *machine, "-M", kind.machine, "-cpu", processor or kind.processor, "-smp", "1", "-m", "2048"]
    line += ["-display", "none", "-nodefaults", "-no-reboot", "-serial", "stdio"]
    line += ["-kernel", str(folder / "vmlinuz"), "-initrd", str(folder / "first.gz"), "-append", words]
    shares = {"files": folder / root if root else Path("/"), "repository": ROOT, "board": folder, "out": out}
    for tag, path in shares.items():
        read_only = "" if tag == "out" else ",readonly=on"
        line += ["-fsdev", f"local,id={tag},path={path},security_model=none,multidevs=remap{read_only}"]
        line += ["-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
    return line
