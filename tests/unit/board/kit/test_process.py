"""Process: a log that cannot be kept is no reason not to start."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.kit.process import open_log
from board.kit.state import State


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield root
    for handler in [one for one in root.handlers if one not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def test_a_disk_that_takes_no_log_sends_it_to_stderr_alone(
    tmp_path: Path, root_logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("not a folder")
    open_log(State(tmp_path), "pins")
    logging.getLogger("pins").info("all outputs at rest")
    said = capsys.readouterr().err
    assert f"ERROR root: the log is not kept in {tmp_path}/logs" in said
    assert "INFO pins: all outputs at rest" in said


def test_the_log_lies_in_its_file_and_on_stderr(
    tmp_path: Path, root_logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    open_log(State(tmp_path), "pins")
    logging.getLogger("pins").info("all outputs at rest")
    assert (tmp_path / "logs" / "pins.log").read_text() == capsys.readouterr().err
