"""One host: two never drive one camera, and what a storage does to the file that says so keeps none from starting."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import GatewrightError
from board.kit.state import RUN, State
from firmware import run
from firmware.__main__ import _become
from firmware.run import _OneHost


def test_a_second_host_on_the_same_state_is_refused(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.host.mkdir()
    with _OneHost(state), pytest.raises(GatewrightError, match=rf"process {os.getpid()}\) already runs"), _OneHost(state):
        pass
    with _OneHost(state):
        pass


@pytest.mark.parametrize("code", [errno.EIO, errno.EROFS, errno.ENOSPC])
def test_a_storage_that_does_not_give_the_file_keeps_no_host_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def opened(path: Path, mode: str) -> Any:
        raise OSError(errno.ENOENT if mode == "r" and code != errno.EIO else code, "")

    monkeypatch.setattr(Path, "open", opened)
    with _OneHost(State(tmp_path)):
        pass


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC])
def test_a_storage_on_which_no_folder_for_sockets_can_be_made_keeps_no_host_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    state, real = State(tmp_path / "state"), Path.mkdir
    (state.host / "trust").mkdir(parents=True)
    (tmp_path / "memory").mkdir()

    def mkdir(path: Path, *arguments: Any, **named: Any) -> None:
        if path == state.root / "run":
            raise OSError(code, os.strerror(code))
        real(path, *arguments, **named)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    monkeypatch.setattr(run, "MEMORY", tmp_path / "memory")
    monkeypatch.setenv(RUN, "")
    run._run_in_memory(run._state(state.root))
    assert state.run.parent == tmp_path / "memory" and state.run.is_dir()


def test_a_file_that_this_user_may_not_open_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(path: Path, mode: str) -> Any:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(GatewrightError, match="cannot be written: Permission denied"), _OneHost(State(tmp_path)):
        pass


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO])
def test_a_folder_of_uploaded_hosts_that_cannot_be_looked_into_keeps_no_host_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    real = os.stat

    def stat(path: Any, *arguments: Any, **named: Any) -> Any:
        if str(path).startswith(str(tmp_path)):
            raise OSError(code, os.strerror(code))
        return real(path, *arguments, **named)

    monkeypatch.setattr(os, "stat", stat)
    _become(["--state", str(tmp_path)])
