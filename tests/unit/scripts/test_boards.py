"""The scripts that make roots and cards say what is wrong before they make anything."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"


@pytest.mark.parametrize(
    ("script", "words", "said"),
    [
        ("roots", ["buster"], "roots: unknown word buster (known: --arch, --keep, bookworm, trixie)"),
        ("sd-card", ["card.img", "--form", "x"], "sd-card: unknown option --form"),
        ("sd-card", ["--boot"], "sd-card: name the file of the image"),
    ],
)
def test_a_wrong_command_line_makes_nothing(tmp_path: Path, script: str, words: list[str], said: str) -> None:
    asked = subprocess.run([str(SCRIPTS / script), *words], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (asked.returncode, asked.stdout, asked.stderr.strip()) == (2, "", said)
    assert not list(tmp_path.iterdir())
