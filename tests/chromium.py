"""Chromium: the browser of the tests and of the bench. Without windows it takes three fifths of the whole one's processor time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HEADLESS, WHOLE = Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")
MISSING = f"Chromium is not installed: neither {HEADLESS} nor {WHOLE}"
# One process draws a context's pages: the headers of ours say that they share none with the blank page before them, and to
# start a second one took each test a twentieth of a second. Letters as wide as on paper, where nothing is hinted. Threads that
# translate scripts ahead take time that other tests need.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--font-render-hinting=none", "--js-flags=--single-threaded",
    "--renderer-process-limit=1", "--in-process-gpu",
]  # fmt: skip


def installed() -> Path | None:
    return next((path for path in (HEADLESS, WHOLE) if path.exists()), None)


def launch(driver: Any, **more: Any) -> Any:
    """A browser of Playwright's driver; who starts it closes it."""
    return driver.chromium.launch(executable_path=str(installed()), args=FLAGS, **more)
