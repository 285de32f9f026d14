"""Child: what every process of a package begins as."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from firmware.processes.launch import CHILD


def test_it_becomes_the_program_and_imports_nothing_that_takes_long() -> None:
    command = [
        sys.executable,
        "-I",
        "-S",
        "-X",
        "importtime",
        str(CHILD),
        str(os.getpid()),
        "/bin/sh",
        "-c",
        "ulimit -n; ulimit -c",
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["4096", "0"]
    imported = set(re.findall(r"\| +([\w.]+)$", ended.stderr, re.MULTILINE))
    assert "resource" in imported
    assert not imported & {"ctypes", "signal", "enum", "functools", "collections", "struct"}
