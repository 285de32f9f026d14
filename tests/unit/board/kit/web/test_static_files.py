"""Which scripts a page names, and the address that its files are kept under for good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from board.kit.web.static_files import SHARED, StaticFiles
from firmware.host import STATIC as HOST
from webui.page_layout import STATIC as PORTAL


@pytest.mark.parametrize("files", [HOST, PORTAL], ids=["host", "portal"])
def test_a_script_is_named_with_all_that_it_imports_however_it_is_written(files: StaticFiles) -> None:
    folder = SHARED.parents[3] / ("firmware" if files is HOST else "webui") / "static"
    for path in folder.glob("*.js"):
        named = files.scripts(path.stem)
        assert named[0] == path and len(set(named)) == len(named)
        for each in named:
            assert set(re.findall(r"""["'][./]+(\w+\.js)["']""", each.read_text("utf-8"))) <= {other.name for other in named}, each


def test_the_address_changes_with_a_file_its_name_or_one_that_comes_or_goes(tmp_path: Path) -> None:
    seen = set()
    for name, text in (("a.js", "1"), ("a.js", "2"), ("b.css", "2"), ("readme.txt", "x")):
        (tmp_path / name).write_text(text)
        seen.add(StaticFiles(tmp_path).version)
    (tmp_path / "b.css").rename(tmp_path / "c.css")
    assert len(seen | {StaticFiles(tmp_path).version}) == 4  # a file that is not given out is none


def test_of_a_circle_of_imports_each_script_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "one.js").write_text('import "./two.js";\nimport {\n  a,\n} from "./three.js";\n')
    (tmp_path / "two.js").write_text('export {b} from "./one.js";\nconst text = "import it";\n')
    (tmp_path / "three.js").write_text("// from nobody\n")
    assert [path.stem for path in StaticFiles(tmp_path).scripts("one")] == ["one", "two", "three"]


def test_a_file_that_a_worn_card_does_not_give_costs_no_page(tmp_path: Path) -> None:
    """Neither host nor portal showed any page then."""
    (tmp_path / "one.js").write_text('import "./two.js";\n')
    (tmp_path / "two.js").mkdir()  # an OSError for whoever reads it
    files = StaticFiles(tmp_path)
    assert files.version and [path.stem for path in files.scripts("one", "two")] == ["one"]
