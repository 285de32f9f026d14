"""Browser and host for the tests of the host's pages."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_package import trust_file
from tests.waiting import until

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the browser tests need it")
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed at /usr/bin/chromium")
    with sync_api.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    """The host's address; its state folder is tmp_path/state."""
    log = tmp_path / "state" / "logs" / "hostd.log"
    words = ["-m", "tests.quick_host", "--state", str(tmp_path / "state"), "--port", "0", "--trust", str(trust_file(tmp_path))]
    process = subprocess.Popen([sys.executable, *words], cwd=ROOT, stderr=subprocess.DEVNULL)
    until(lambda: log.exists() and "listening on" in log.read_text())
    found = re.search(r"port (\d+)", log.read_text())
    assert found
    yield f"http://127.0.0.1:{found[1]}"
    process.terminate()
    assert process.wait(20) == 0
