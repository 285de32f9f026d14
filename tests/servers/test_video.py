"""video as a real process: absent on a board that lacks something, small and orderly on one that does not."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from board.kit.process import NOT_HERE
from board.kit.state import State
from engine.video import run

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    encoder = tmp_path / "video11"
    assert run.missing(tmp_path, [encoder]) == (
        f"Gst-1.0.typelib, GstRtspServer-1.0.typelib not found below {tmp_path}: install GStreamer's RTSP server"
    )
    folder = tmp_path / "aarch64-linux-gnu" / "girepository-1.0"
    folder.mkdir(parents=True)
    for name in run.LIBRARIES:
        (folder / name).touch()
    assert run.missing(tmp_path, [encoder]) == f"no H.264 encoder ({encoder})"
    encoder.touch()
    assert run.missing(tmp_path, [encoder]) == ""


def test_on_a_board_without_an_encoder_it_ends_with_the_code_for_that(tmp_path: Path) -> None:
    if not run.missing():
        pytest.skip("this machine has all that video needs")
    command = [sys.executable, "-m", "engine", "video", "--state", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == NOT_HERE == 78
    assert "no video on this board: " in ended.stderr
    assert not State(tmp_path).beat("video").exists()


@pytest.mark.parametrize("lacks", ["", "no H.264 encoder"])
def test_a_board_that_is_marked_small_has_no_video_whatever_is_installed(tmp_path: Path, lacks: str) -> None:
    State(tmp_path).board_file.write_text('{"profile": "sim_small"}')
    script = f"import sys; from engine.video import run; run.missing = lambda: {lacks!r}; sys.exit(run.main(sys.argv[1:]))"
    command = [sys.executable, "-c", script, "--state", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == NOT_HERE
    assert "no video on this board: Simulated board with 512 MB has neither memory nor a core to spare for it" in ended.stderr
    assert not State(tmp_path).beat("video").exists()


def test_it_beats_and_ends_on_sigterm_without_a_service(tmp_path: Path) -> None:
    script = (
        f"import sys; from engine.video import run; run.missing = lambda: ''; sys.exit(run.main(['--state', {str(tmp_path)!r}]))"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    beat = State(tmp_path).beat("video")
    end = time.monotonic() + 20
    while not beat.exists() and time.monotonic() < end:
        time.sleep(0.05)
    before = beat.stat().st_mtime_ns
    while beat.stat().st_mtime_ns == before and time.monotonic() < end:
        time.sleep(0.05)
    assert beat.stat().st_mtime_ns > before
    process.terminate()
    assert process.wait(20) == 0
