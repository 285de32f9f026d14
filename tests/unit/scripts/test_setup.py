"""Set-up: when it installs, when not, and what it leaves when it is ended; with a Python that only notes what pip was asked."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import until

ROOT = Path(__file__).resolve().parents[3]
PYTHON = f"""#!/usr/bin/env bash
here=$(dirname "$0")
if [ "$1 $2" = "-m pip" ]; then
  echo "pip ${{*: -1}}" >>"$LOG"
  if [ -e "$LOG.slow" ]; then sleep 600 & echo $! >"$LOG.pid"; wait; fi
elif [ "$1 $2" = "-m venv" ]; then
  echo "venv ${{*: 3}}" >>"$LOG"
  mkdir -p "${{*: -1}}/bin"
  cp "$0" "${{*: -1}}/bin/python"
elif [ "$1" = -c ] && [ -e "$here/without-pip" ] && [[ $2 == *"import pip"* ]]; then
  exit 1
else
  exec {sys.executable} "$@"
fi
"""


class Checkout:
    """A checkout with nothing but what set-up looks at; `python` stands for the machine's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "scripts").mkdir(parents=True)
        for name in ("setup.py", "scripts/setup", "scripts/start", "scripts/constraints.txt"):
            shutil.copy(ROOT / name, folder / name)
        self.python = folder / "python"
        self.python.write_text(PYTHON)
        self.python.chmod(0o755)
        self.log = folder / "log"
        self.environment = {**os.environ, "PYTHON": str(self.python), "LOG": str(self.log)}

    def setup(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / "scripts" / "setup", *words],
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def asked(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "a checkout")


def test_the_environment_is_made_once(checkout: Checkout) -> None:
    assert checkout.setup().returncode == 0
    assert checkout.asked() == ["venv .venv", "pip ."]
    assert checkout.setup().returncode == 0
    assert checkout.asked() == ["venv .venv", "pip ."]


def test_what_the_tests_installed_is_enough_for_a_start(checkout: Checkout, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "dpkg-query").write_text("#!/bin/sh\necho install ok installed\n")
    (tools / "dpkg-query").chmod(0o755)
    assert checkout.setup("--test", PATH=f"{tools}:{os.environ['PATH']}").returncode == 0
    asked = checkout.asked()
    assert asked[:2] == ["venv .venv", "pip .[test]"]
    assert checkout.setup().returncode == 0
    assert checkout.asked() == asked
    (checkout.folder / "setup.py").write_text((ROOT / "setup.py").read_text() + "\n")
    assert checkout.setup().returncode == 0
    assert checkout.asked() == [*asked, "pip ."]


def test_an_environment_that_an_upgrade_of_python_broke_is_made_anew(checkout: Checkout) -> None:
    checkout.setup()
    (checkout.folder / ".venv" / "bin" / "without-pip").touch()
    (checkout.folder / ".venv" / "pyvenv.cfg").write_text("include-system-site-packages = true\n")
    checkout.log.unlink()
    done = checkout.setup()
    assert (done.returncode, checkout.asked()) == (0, ["venv --system-site-packages .venv", "pip ."])
    assert "setup: .venv is not of Python 3" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_set_up_of_a_start_leaves_nothing_running(checkout: Checkout, number: signal.Signals) -> None:
    pid = checkout.log.with_name("log.pid")
    checkout.log.with_name("log.slow").touch()
    start = subprocess.Popen([checkout.folder / "scripts" / "start"], env=checkout.environment, stderr=subprocess.DEVNULL)
    until(lambda: pid.read_text().strip())
    start.send_signal(number)
    assert start.wait(20) == 143
    until(lambda: not Path(f"/proc/{pid.read_text().strip()}").exists())


def test_a_user_who_may_not_install_is_told_what_to_ask_for(checkout: Checkout, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "env", "cat", "grep", "sha256sum", "cut"):
        (tools / name).symlink_to(str(shutil.which(name)))
    for name, said in (("id", "echo 1000"), ("dpkg-query", "exit 1")):
        (tools / name).write_text(f"#!{shutil.which('bash')}\n{said}\n")
        (tools / name).chmod(0o755)
    done = checkout.setup(PATH=str(tools), PYTHON="")
    assert done.returncode == 1
    assert done.stderr == ("setup: needs the Debian packages python3 python3-venv; as root: apt-get install python3 python3-venv\n")
