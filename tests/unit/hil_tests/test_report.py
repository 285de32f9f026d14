"""Report: says everything, loads nothing, and nothing in it can be mistaken for markup."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from board.kit.state import State
from board.profiles import all_profiles
from hil_tests import report
from hil_tests.__main__ import main
from hil_tests.plate_sheet import scene
from hil_tests.progress import Result
from hil_tests.report import LINE_PT, ROW_PT, TABLE_PT, Facts, Names, clip, render, share, write_report
from hil_tests.signature import verify_report

FACTS = Facts("Pi 5 & more", "10f3", "Debian 12", "0.1.0", "ab" * 32, "cd" * 32, datetime(2026, 11, 21, 10, 30, tzinfo=UTC))
PASSED = Result("pulses", "Pulses", "they last", "passed", figures=("p50 0.2 ms", "worst 0.9 ms"), kernel=("rpi on rp1",))
FAILED = Result("camera", "Camera", "it reads", "failed", "no <script>alert(1)</script> picture", through=("replay",))
SKIPPED = Result("i2c", "I2C", "it answers", "skipped", "this board names no I2C devices")


def page(*results: Result, names: Names = Names(), board: str = "pi5") -> str:  # noqa: B008 (frozen)
    return render(all_profiles()[board], results, names, FACTS)


def test_the_page_says_what_was_measured_and_why_something_was_not() -> None:
    text = page(PASSED, FAILED, SKIPPED)
    for word in ("1 FAILED", "p50 0.2 ms · worst 0.9 ms", "this board names no I2C devices", "10f3", "ab" * 32, "2026-11-21 10:30"):
        assert word in text
    assert "1 of 1 passed tests ran through a real driver of the kernel" in text
    assert "1 passed · 1 failed · 1 skipped" in text


def test_nothing_run_is_not_passed() -> None:
    assert "NOTHING RAN" in page(SKIPPED)


def test_only_a_simulated_board_says_that_it_is_one() -> None:
    said = "It says nothing about a board, a lens or a gate."
    assert said in page(PASSED, board="sim")
    assert said not in page(PASSED, board="pi5")


def test_names_and_reasons_are_escaped() -> None:
    text = page(FAILED, names=Names("<img src=x onerror=alert(1)>", 'A "B" & C', "</td>"))
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "</td></dd>" not in text


def test_the_page_loads_nothing_from_outside() -> None:
    text = page(PASSED, FAILED)
    assert re.findall(r"(?:src|href)=\"(?!data:)", text) == []
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}


def test_long_texts_are_shortened_to_one_line() -> None:
    assert clip("a  b\nc", 10) == "a b c"
    assert clip("abcdefghij", 5) == "abcd…"


def test_rows_have_the_lines_they_need_and_longer_ones_what_is_left() -> None:
    assert share([1, 3, 2], 3 * ROW_PT + 6.5 * LINE_PT) == [1, 3, 2]
    assert share([1, 3, 2], 3 * ROW_PT + 8.5 * LINE_PT) == [1, 4, 3]
    assert share([0], ROW_PT + 1.5 * LINE_PT) == [1]
    assert share([], TABLE_PT) == []


def test_where_lines_are_short_the_longest_rows_lose_first_and_none_loses_all() -> None:
    assert share([1, 9, 4], 3 * ROW_PT + 7.5 * LINE_PT) == [1, 3, 3]
    assert share([5, 5, 5], 0) == [1, 1, 1]


def test_the_page_gives_its_rows_no_more_lines_than_it_has() -> None:
    long = replace(FAILED, reason="the wire is missing " * 50, proves="it lasts " * 50, through=("a chip " * 50,))
    text = page(*[long] * 17)
    given = [int(lines) for lines in re.findall(r'<tr [^>]*style="--most: (\d+)"', text)]
    assert len(given) == 17
    assert sum(given) * LINE_PT + 17 * ROW_PT <= TABLE_PT
    assert f"font: 7.1pt/{LINE_PT}pt" in text


def test_a_written_report_verifies_and_names_its_key(tmp_path: Path, monkeypatch: object) -> None:
    Image.fromarray(scene()).save(tmp_path / "picture.jpg")
    original = report.package_sha256
    report.package_sha256 = lambda: "ef" * 32
    try:
        path = write_report(
            tmp_path / "out", State(tmp_path), all_profiles()["sim"], (PASSED,), Names("J. N."), tmp_path / "picture.jpg"
        )
    finally:
        report.package_sha256 = original
    assert verify_report(path).startswith("report.html is as it was signed")
    assert "data:image/jpeg;base64," in path.read_text()
    assert "ef" * 32 in path.read_text()


def test_a_report_that_cannot_be_kept_is_said_before_the_bench_runs_and_not_after_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken"
    taken.touch()
    damaged = tmp_path / "damaged"
    (damaged / "host").mkdir(parents=True)
    (damaged / "host" / "device.key").write_text("junk")
    for words, why in (
        (("--report", taken, "--state", tmp_path / "state"), f"the report cannot be written to {taken}: File exists"),
        (("--report", tmp_path / "out", "--state", damaged), "signing key device.key: not an unencrypted PEM private key"),
    ):
        assert main(["--board", "sim", "--only", "none of them", *map(str, words)]) == 2
        assert capsys.readouterr() == ("", f"{why}\n")


def test_a_folder_or_a_file_that_the_command_line_names_wrongly_is_a_wrong_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--board", "sim", "--only", "none of them", "--sd", str(tmp_path / "card")])
    assert end.value.code == 2
    assert f"--sd: there is no folder {tmp_path / 'card'}" in capsys.readouterr().err
    assert main(["sheet", str(tmp_path / "folder" / "plates.pdf")]) == 2
    assert capsys.readouterr() == ("", f"{tmp_path / 'folder' / 'plates.pdf'} cannot be written: No such file or directory\n")


def test_a_damaged_file_of_lines_is_named_where_the_installer_finds_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lines.json").write_text('{"outputs": [')
    assert main(["--board", "sim", "--only", "none of them", "--state", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path / 'lines.json'} is not JSON")
