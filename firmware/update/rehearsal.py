"""Rehearsal: starts the host that this file belongs to on an empty folder, beside the one that runs, and asks it once: whether it
works on this board with the libraries that are here is known before anything is switched. It is the check of a firmware file's
`initscr` and touches neither outputs nor what the camera stores."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).parents[1] / "processes" / "child.py"
UP_WITHIN_S = 120.0
ANSWERS_WITHIN_S = 30.0
ENDS_WITHIN_S = 20.0
LISTENS = re.compile(r"listening on 127\.0\.0\.1 port (\d+)")


class Failed(Exception):
    """Why it does not work, in English."""


def rehearse() -> None:
    """Failed when the host that this file belongs to does not come up, does not answer or does not end."""
    with tempfile.TemporaryDirectory(prefix="gatewright-rehearsal-") as folder:
        state = Path(folder) / "state"
        words = ["--state", str(state), "--port", "0", "--no-https", "--profile", "sim", "--helper", str(Path(folder) / "none")]
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("GATEWRIGHT_", "NOTIFY_", "WATCHDOG_"))},
            "PYTHONPATH": str(ROOT),
        }
        with (Path(folder) / "said").open("w+b") as said:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(CHILD), str(os.getpid()), sys.executable, "-P", "-m", "firmware", *words],
                env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            )  # fmt: skip
            try:
                _try(process, lambda: (Path(folder) / "said").read_text("utf-8", "replace"))
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()


def _try(process: subprocess.Popen[bytes], said: Callable[[], str]) -> None:
    until = time.monotonic() + UP_WITHIN_S
    found = None
    while found is None:
        if process.poll() is not None:
            lines = [line for line in said().splitlines() if line.strip()]
            raise Failed(lines[-1][:300] if lines else f"it ended with code {process.returncode}")
        if time.monotonic() > until:
            raise Failed(f"it did not listen within {UP_WITHIN_S:.0f} s")
        time.sleep(0.1)
        found = LISTENS.search(said())
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"http://127.0.0.1:{found[1]}/login", timeout=30
        ) as page:
            if b"<form" not in page.read(1 << 20):
                raise Failed("its log-in page is none")
    except (OSError, urllib.error.URLError) as why:
        raise Failed(f"it does not answer: {why}") from why
    process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired as why:
        raise Failed("it does not end when it is told to") from why
    if code:
        raise Failed(f"it ended with code {code}")


def main() -> int:
    """0, or 1 with the reason as last line. If the host that asks for it dies, it ends with all that it has started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        rehearse()
    except Failed as why:
        print(why)
        return 1
    return 0
