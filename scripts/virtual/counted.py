"""Counted: runs a module in an arm64 guest whose clock advances one ns per instruction (QEMU's -icount shift=0), so that a second
of its processor is 10^9 instructions, whatever this computer is and does."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from scripts.virtual.machine import CACHE, HERE, OWN, TERMINAL, build, command, missing

LIMIT_S = 3600
POWER_DOWN = re.compile(r"\n*\[ *\d+\.\d+\] reboot: Power down$")
"""The kernel's last word."""

GIVEN = Path("/run/out/given")
CLOCK = ("-accel", "tcg", "-icount", "shift=0,sleep=off", "-rtc", "clock=vm")


def counted(processor: str, module: str, *words: str, given: Path | None = None) -> tuple[str, str]:
    """(what `python -m module words` printed, ""); or ("", why this computer cannot boot that guest).

    `given`: a folder that the guest sees as GIVEN, read by its module alone.
    `processor`: QEMU's name of it: cortex-a72 has no dot product instructions, as the A53 has none, cortex-a76 has them. SystemExit
    with the guest's last words when the module failed."""
    why = missing("arm64")
    folder = CACHE / "arm64"
    why = why or build(folder, "arm64")
    if why:
        return "", why
    with tempfile.TemporaryDirectory() as kept:
        out = Path(kept)
        (out / "module").write_bytes(b"".join(word.encode() + b"\0" for word in (module, *words)))
        if given:
            shutil.copytree(given, out / GIVEN.name, symlinks=True)
        line = command(folder, "arm64", out, HERE / "guest.sh", "" if OWN == "arm64" else "root", CLOCK, processor)
        try:
            done = subprocess.run(
                line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace", timeout=LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise SystemExit(f"virtual board: python -m {module} did not end within {LIMIT_S} s") from None
        said = POWER_DOWN.sub("", TERMINAL.sub("", done.stdout).replace("\r", "").strip())
        code = (out / "rc").read_text().strip() if (out / "rc").exists() else "stopped before it ended"
    if code != "0":
        raise SystemExit(f"virtual board: python -m {module}: {code}: {said[-2000:]}")
    return said, ""
