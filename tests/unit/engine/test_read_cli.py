"""`engine read` and `engine bench-read` as another program sees them: output, errors and exit status."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.__main__ import main
from engine.cli import bench_read


@pytest.fixture(scope="module")
def drawn() -> NDArray[np.uint8]:
    return bench_read.drawn_frame()


@pytest.fixture
def frame(drawn: NDArray[np.uint8], tmp_path: Path) -> Path:
    path = tmp_path / "frame.bmp"
    Image.fromarray(drawn).save(path)
    return path


@pytest.fixture
def plate(drawn: NDArray[np.uint8], tmp_path: Path) -> Path:
    x, y, w, h = bench_read.PLATE
    path = tmp_path / "plate.png"
    Image.fromarray(drawn[y : y + h, x : x + w]).save(path)
    return path


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_read_is_one_json_line_with_every_field(frame: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--json", str(frame)]) == 0
    (line,) = lines_of(capfd.readouterr().out)
    assert set(line) == {"file", "ms", "reads"}
    assert line["file"] == str(frame)
    assert isinstance(line["ms"], float) and line["ms"] > 0
    assert isinstance(line["reads"], list)
    for read in line["reads"]:
        assert set(read) == {"plate", "confidence", "country", "box", "char_height_px"}
        assert 0 <= read["confidence"] <= 100
        assert all(isinstance(side, int) for side in read["box"]) and len(read["box"]) == 4


def test_a_crop_is_read_without_the_detector(plate: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--json", "--crop", str(plate)]) == 0
    (line,) = lines_of(capfd.readouterr().out)
    (read,) = line["reads"]
    assert read["box"] == [0, 0, bench_read.PLATE[2], bench_read.PLATE[3]]


def test_without_json_a_picture_is_a_line_for_people(frame: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(frame)]) == 0
    assert capfd.readouterr().out.startswith(f"{frame}: ")


def test_an_unreadable_picture_is_reported_and_the_others_are_read(
    frame: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 cut short")
    missing = tmp_path / "missing.jpg"
    assert main(["read", "--json", str(broken), str(missing), str(frame)]) == 1
    told = capfd.readouterr()
    first, second, third = lines_of(told.out)
    assert first["reads"] == second["reads"] == []
    assert "not a readable picture" in str(first["error"]) and "no such file" in str(second["error"])
    assert "error" not in third
    assert "broken.jpg" in told.err and "missing.jpg" in told.err


def test_a_file_name_of_any_bytes_is_told_in_both_forms(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.png"))
    Image.new("RGB", (64, 48)).save(path)
    assert main(["read", "--json", str(path)]) == 0
    (line,) = lines_of(capfd.readouterr().out)
    assert line["file"] == str(path)
    assert main(["read", str(path)]) == 0
    assert "no plate" in capfd.readouterr().out


def test_a_folder_stands_for_its_pictures(frame: Path, plate: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--json", str(frame.parent)]) == 0
    assert [line["file"] for line in lines_of(capfd.readouterr().out)] == [str(frame), str(plate)]


def test_a_folder_without_pictures_is_an_error_of_its_own(frame: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["read", "--json", str(tmp_path / "empty"), str(frame)]) == 1
    said = capfd.readouterr()
    assert f"{tmp_path}/empty: no picture lies in this folder" in said.err
    assert [line["file"] for line in lines_of(said.out)] == [str(frame)]


def test_a_folder_that_cannot_be_listed_is_told_and_the_others_are_read(
    frame: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "locked").mkdir()

    def refused(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refused)
    assert main(["read", "--json", str(tmp_path / "locked"), str(frame)]) == 1
    said = capfd.readouterr()
    assert f"engine read: {tmp_path}/locked cannot be listed: Permission denied" in said.err
    assert [line["file"] for line in lines_of(said.out)] == [str(frame)]


def test_output_that_has_no_room_or_no_place_is_told(frame: Path) -> None:
    command = [sys.executable, "-m", "engine", "read", "--json", str(frame)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, "engine read: No space left on device")
    closed = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *command], stderr=subprocess.PIPE, text=True)
    assert (closed.returncode, closed.stderr) == (2, "engine read: standard output is closed: give it a file or a pipe\n")


def test_an_unknown_country_and_an_unknown_command_are_refused(frame: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--country", "QX", str(frame)]) == 2
    assert "QX" in capfd.readouterr().err
    assert main(["fly"]) == 2
    assert main([]) == 2
    assert main(["--help"]) == 0


def test_a_missing_model_is_one_clear_line(frame: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--models", str(tmp_path), str(frame)]) == 2
    assert "the model card is missing" in capfd.readouterr().err


def test_the_bench_names_every_step(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench-read", "--json", "--frames", "1"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert {"resize_ms", "detect_ms", "rectify_ms", "ocr_ms", "whole_ms", "peak_rss_mb"} <= set(told)
    assert {"motion_check_ms", "trigger_idle_ms", "trigger_running_ms", "filter_and_vote_ms"} <= set(told)
    assert (told["width"], told["height"]) == (1280, 960)
    assert told["model_bytes"] > 100_000 and {"detector_mmac", "ocr_mmac", "ocr-rows_mmac"} <= set(told)
