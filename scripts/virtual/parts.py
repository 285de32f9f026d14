"""Parts: what guest.sh runs in Python, each part in a child of one process that has loaded what they share: an emulated processor
takes seconds to start a Python and to load pytest."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from board.__main__ import main as board
from hil_tests.__main__ import main as bench

OUT = Path("/run/out")
PYTEST = ["-q", "-p", "no:cacheprovider", "-o", "addopts=", "--import-mode=importlib", "-rfs"]
DRIVERS = [
    "--noconftest", f"--junitxml={OUT / 'contract.xml'}", "-k", "gpiod or kernels or test_groups",
    *(f"tests/contract/test_{name}.py" for name in ("kernel", "gpio", "i2c", "groups")),
]  # fmt: skip


def main() -> int:
    """0: every part passed."""
    if failed := part(lambda: board(["i2c", "set-clock", "i2c://0/0x68?kind=ds3231", "--state", "/tmp/state"])):
        return failed
    contract = 0
    if (OUT / "contract").exists():
        print("Contract tests against this kernel's drivers")
        contract = part(lambda: pytest.main([*PYTEST, *DRIVERS]))
        if os.uname().machine == "aarch64":
            print("\nRecognition tests on this processor")
            contract = part(lambda: pytest.main([*PYTEST, "tests/unit/engine/recognise"])) or contract
    print()
    words = (OUT / "words").read_bytes().decode().split("\0")[:-1]
    return part(lambda: bench(words)) or contract


def part(run: Callable[[], int]) -> int:
    """The exit status of a child that has run it."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        sys.exit(run())
    return abs(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    gc.freeze()  # no child's collector goes over it
    code = main()
    sys.stdout.flush()
    os._exit(code)  # nothing is left to end here, and to take all modules apart takes a second more
