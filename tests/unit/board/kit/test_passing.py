"""Passing: a folder is gone at its end, and so is what a killed process left; that of a living one stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from board.kit.passing import passing_folder

PROGRAM = """
import sys, time
from pathlib import Path
from board.kit.passing import passing_folder
with passing_folder(Path(sys.argv[1]), "copy-") as folder:
    (folder / "all").write_bytes(b"copy")
    print(flush=True)
    time.sleep(600)
"""


def test_what_a_killed_process_left_goes_and_what_a_living_one_needs_stays(tmp_path: Path) -> None:
    others = []
    for _ in range(2):
        others.append(subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE))
        assert others[-1].stdout is not None
        others[-1].stdout.readline()
    (tmp_path / "copy-empty").mkdir()
    (tmp_path / "other").mkdir()
    others[0].kill()
    others[0].communicate()
    assert len(list(tmp_path.iterdir())) == 4
    with passing_folder(tmp_path, "copy-") as made:
        found = {each.name for each in tmp_path.iterdir()}
        assert len(found) == 3 and {made.name, "other"} < found
        (survivor,) = found - {made.name, "other"}
        assert (tmp_path / survivor / "all").read_bytes() == b"copy"
    others[1].kill()
    others[1].communicate()
    with passing_folder(tmp_path, "copy-"):
        pass
    assert [each.name for each in tmp_path.iterdir()] == ["other"]
