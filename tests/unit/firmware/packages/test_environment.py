"""Environment: a version's bytecode is made once, where its processes look for it, and not among its signed files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from board.kit.state import State
from firmware.packages.environment import COMPILED, Environment
from firmware.packages.slots import CAMERA, GOOD, Slot, Slots

SLOT = Slot("A", CAMERA, GOOD, "1.0.0", "ab" * 32, "cd" * 32)


@pytest.fixture
def version(tmp_path: Path) -> Path:
    module = tmp_path / "version" / "lib" / "tiny.py"
    module.parent.mkdir(parents=True)
    module.write_text("import sys\nprint(__cached__)\n")
    return module.parents[1]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    state = State(tmp_path / "state")
    return Environment(state, Slots(state.host / "packages", None, lambda: False))


def run(environment: Environment, version: Path) -> Path:
    """Where Python finds the bytecode of the module when a process of the package imports it."""
    told = {**environment.of(SLOT, version, True), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-P", "-c", "import tiny"], env=told, capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


def test_processes_find_the_bytecode_that_was_made_for_them(environment: Environment, version: Path) -> None:
    environment.compile(SLOT, version)
    found = run(environment, version)
    assert found.is_file() and found.is_relative_to(environment.bytecode(SLOT))
    assert [path.name for path in version.rglob("*")] == ["lib", "tiny.py"]


def test_it_is_made_once_and_finished_after_a_power_cut(environment: Environment, version: Path) -> None:
    environment.compile(SLOT, version)
    found = run(environment, version)
    found.unlink()
    environment.compile(SLOT, version)
    assert not found.exists()
    (environment.bytecode(SLOT) / COMPILED).unlink()
    environment.compile(SLOT, version)
    assert found.is_file()


def test_what_was_killed_in_the_middle_is_not_taken_for_done(
    environment: Environment, version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, -9))
        environment.compile(SLOT, version)
    assert not (environment.bytecode(SLOT) / COMPILED).exists()
    environment.compile(SLOT, version)
    assert run(environment, version).is_file()
