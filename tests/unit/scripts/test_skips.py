"""Skips: every allowed one names a test file that is there and says its reason, and in CI any other fails the run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.skips import ALLOWED, Allowed, unexpected

ROOT = Path(__file__).resolve().parents[3]
TESTS = """
import pytest

def test_a(): pass

def test_b(): pytest.skip("no reason")

@pytest.mark.skip("none")
def test_c(): pass
"""
CONFTEST = (ROOT / "tests" / "conftest.py").read_text("utf-8")


def can_skip(file: Path) -> bool:
    """Whether a test, or a file of the tests that it imports from, mentions a skip."""
    text = file.read_text("utf-8")
    used = re.findall(r"^\s*from (tests[\w.]*) import", text, re.MULTILINE)
    return "skip" in text or any(can_skip(ROOT / f"{name.replace('.', '/')}.py") for name in used)


@pytest.mark.parametrize("each", ALLOWED, ids=lambda each: f"{each.file}-{each.reason}")
def test_an_allowed_skip_belongs_to_a_test_that_is_there(each: Allowed) -> None:
    assert can_skip(ROOT / each.file), "neither it nor what it imports of the tests skips anything"
    assert each.because


def test_a_skip_of_another_test_or_for_another_reason_is_not_allowed() -> None:
    right = ("tests/contract/test_i2c.py", "no i2c-stub: modprobe i2c-dev")
    assert unexpected([right]) == []
    wrong = [("tests/contract/test_i2c.py", "broken"), ("tests/unit/test_x.py", right[1])]
    assert unexpected(wrong) == ["tests/contract/test_i2c.py: broken", f"tests/unit/test_x.py: {right[1]}"]


@pytest.mark.parametrize(("environment", "code"), [({"CI": "1"}, 6), ({"CI": ""}, 0)])
@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_run_with_an_unknown_skip_fails_in_ci_only(tmp_path: Path, environment: dict[str, str], code: int, workers: str) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TESTS)
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-n",
        workers,
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    assert "test_it.py: no reason\ntest_it.py: none\n" in done.stdout
