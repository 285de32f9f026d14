"""Environment: a version's bytecode is made once, by the host alone, and anew where it is not what the host made."""

from __future__ import annotations

import errno
import os
import py_compile
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from board.kit.state import State
from firmware.packages.environment import COMPILER, Environment
from firmware.packages.records import CAMERA, GOOD, Slot
from firmware.packages.slots import Slots

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


def run(environment: Environment, version: Path) -> str:
    """What a process of the package prints that imports the module."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import tiny"], env=environment.of(version, True), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def bytecode(version: Path) -> list[Path]:
    return sorted(version.rglob("*.pyc"))


def stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_ino, found.st_mtime_ns


def test_processes_find_the_bytecode_that_was_made_for_them_and_that_of_python_itself(
    environment: Environment, version: Path
) -> None:
    environment.compile(SLOT, version)
    (made,) = bytecode(version)
    before = stamp(made)
    assert run(environment, version) == str(made) and stamp(made) == before
    assert "PYTHONPYCACHEPREFIX" not in environment.of(version, True)


def test_what_makes_it_imports_nothing_that_takes_long_and_passes_over_what_cannot_be_compiled(version: Path) -> None:
    (version / "lib" / "damaged.py").write_text("(\0")
    os.mkfifo(version / "lib" / "pipe.py")
    command = [sys.executable, "-I", "-S", "-X", "importtime", str(COMPILER), str(version / "lib")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert [path.name.partition(".")[0] for path in bytecode(version)] == ["tiny"]
    imported = set(re.findall(r"\| +([\w.]+)$", ended.stderr, re.MULTILINE))
    assert "importlib.machinery" in imported
    assert not imported & {"compileall", "concurrent.futures", "enum", "pathlib", "re", "traceback"}


def test_it_is_made_once_and_anew_when_a_file_is_lost(environment: Environment, version: Path) -> None:
    environment.compile(SLOT, version)
    (made,) = bytecode(version)
    before = stamp(made)
    environment.compile(SLOT, version)
    assert stamp(made) == before
    made.unlink()
    environment.compile(SLOT, version)
    assert made.is_file()


def test_what_was_killed_in_the_middle_is_not_taken_for_done(
    environment: Environment, version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, -9))
        environment.compile(SLOT, version)
    assert not bytecode(version)
    environment.compile(SLOT, version)
    assert bytecode(version)


def foreign(version: Path) -> Path:
    """Bytecode of other code, which Python takes for that of the module."""
    other = version.parent / "tiny.py"
    other.write_text("print('a stranger')\n")
    target = version / "lib" / "__pycache__" / f"tiny.{sys.implementation.cache_tag}.pyc"
    py_compile.compile(str(other), str(target), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    return target


@pytest.mark.parametrize("known", [False, True], ids=["came with the files", "put in the place of ours"])
def test_what_a_stranger_compiled_is_not_run(environment: Environment, version: Path, known: bool) -> None:
    if known:
        environment.compile(SLOT, version)
    assert foreign(version).is_file()
    assert run(environment, version) == "a stranger"  # Python itself does not notice
    environment.compile(SLOT, version)
    assert run(environment, version) == str(bytecode(version)[0])


def test_what_a_stranger_compiled_is_passed_over_where_it_cannot_be_removed(
    environment: Environment, version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign(version)

    def read_only(folder: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(folder))

    monkeypatch.setattr(shutil, "rmtree", read_only)
    environment.compile(SLOT, version)
    assert run(environment, version).startswith(os.devnull)


@pytest.mark.timeout(30)
def test_a_pipe_and_a_link_among_the_bytecode_hold_nobody_up(environment: Environment, version: Path) -> None:
    environment.compile(SLOT, version)
    (made,) = bytecode(version)
    os.mkfifo(made.with_name("pipe.pyc"))
    made.with_name("link.pyc").symlink_to("/dev/zero")
    environment.compile(SLOT, version)
    assert bytecode(version) == [made]


def test_what_is_known_of_versions_that_are_gone_is_forgotten(environment: Environment, version: Path, tmp_path: Path) -> None:
    environment.compile(SLOT, version)
    old = tmp_path / "state" / "host" / "bytecode" / "of-an-older-host"
    old.mkdir(parents=True)
    environment.forget_bytecode()
    assert not list((tmp_path / "state" / "host" / "compiled").iterdir()) and not old.exists()
