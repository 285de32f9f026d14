"""Conformance: makes docs/conformance.md from scripts/conformance.toml: `python scripts/conformance.py`.

A row of the table is one promise of the manual: `number`; `section` of the manual; `promise`, one sentence; `where` it lives (page,
API); `verdict`, one of VERDICTS; `lacks`, what keeps a "partly" from "works"; `tests` that prove it and `hardware`, tests that need
a wired bench, both as `path::name`.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "scripts" / "conformance.toml"
PAGE = ROOT / "docs" / "conformance.md"
VERDICTS = ("works", "partly", "missing")

HEAD = """# Conformance

Made from `scripts/conformance.toml` by `scripts/conformance.py`; a test keeps it current. Each promise of VIVOTEK's manual
(docs/sources.md), where it lives, how far it is kept today, and what proves it.

- **works**: done as promised, and a test of this repository shows it.
- **partly**: what lacks, or what nobody has proved yet, is said behind it.
- **missing**: there is no such thing.
- **bench**: what only a board with its wires can show; `./scripts/hil` runs that test. On the simulated board all of them pass; no
  real board has run them yet.

A test fails when a test named here does not exist or is always skipped, and when something "works" that no test proves.
"""

COLUMNS = "| # | manual | promise | where | verdict | proof |"


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    section: str
    promise: str
    where: str
    verdict: str
    lacks: str = ""
    tests: tuple[str, ...] = ()
    hardware: tuple[str, ...] = ()


def rows(text: str) -> list[Row]:
    """Raises TypeError for a field that no row has or that one lacks, tomllib.TOMLDecodeError for what is no TOML."""
    return [_row(each) for each in tomllib.loads(text)["row"]]


def _row(table: Mapping[str, object]) -> Row:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}
    return Row(**fields)


def page(of: Iterable[Row]) -> str:
    table = list(of)
    chapters: dict[str, Counter[str]] = {}
    for row in table:
        chapters.setdefault(_chapter(row.section), Counter())[row.verdict] += 1
    total = Counter(row.verdict for row in table)
    lines = [HEAD, "| chapter | works | partly | missing | all |", "| --- | --- | --- | --- | --- |"]
    for chapter, counted in (*chapters.items(), ("all", total)):
        lines.append(f"| {chapter} | {' | '.join(str(counted[each]) for each in VERDICTS)} | {counted.total()} |")
    for chapter in chapters:
        lines += ["", f"## {chapter}", "", COLUMNS, "| --- | --- | --- | --- | --- | --- |"]
        lines += [_line(row) for row in table if _chapter(row.section) == chapter]
    return "\n".join(lines) + "\n"


def _chapter(section: str) -> str:
    """4.4.1 is part of 4.4; the short chapters 3, 5, 6 and 7 are one each."""
    return ".".join(section.split(".")[:2]) if section.startswith("4.") else section.split(".")[0]


def _line(row: Row) -> str:
    verdict = f"**{row.verdict}**" + (f": {row.lacks}" if row.lacks else "")
    proof = [f"`{each}`" for each in row.tests] + [f"bench: `{each}`" for each in row.hardware]
    cells = (str(row.number), row.section, row.promise, row.where, verdict, "<br>".join(proof))
    return f"| {' | '.join(each.replace('|', chr(92) + '|') for each in cells)} |"


def problems(of: Iterable[Row], root: Path = ROOT) -> Iterator[str]:
    """What is wrong with the rows, and with the tests that they name below `root`."""
    seen: set[int] = set()
    for row in of:
        if row.number in seen:
            yield f"{row.number}: the number stands twice"
        seen.add(row.number)
        if row.verdict not in VERDICTS:
            yield f"{row.number}: no verdict is called {row.verdict}"
        if row.verdict == "works" and not row.tests and not row.hardware:
            yield f"{row.number}: works, but no test proves it"
        if (row.verdict == "partly") != bool(row.lacks):
            yield f"{row.number}: what lacks is said of what works partly, and of nothing else"
        for test in (*row.tests, *row.hardware):
            path, _, name = test.partition("::")
            if not (root / path).is_file() or name not in (always_skipped := _tests(root / path)):
                yield f"{row.number}: there is no test {test}"
            elif always_skipped[name]:
                yield f"{row.number}: {test} is always skipped"
        yield from (f"{row.number}: {each} is no test of the bench" for each in row.hardware if not each.startswith("hil_tests/"))


@cache
def _tests(path: Path) -> dict[str, bool]:
    """Every test of a file: whether it is skipped without a condition."""
    tree = ast.parse(path.read_text("utf-8"))
    whole = any(_skips(node) or _marks(node) for node in tree.body)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")]
    return {each.name: whole or any(map(_is_skip, each.decorator_list)) or any(map(_skips, each.body)) for each in functions}


def _is_skip(node: ast.expr) -> bool:
    """`pytest.mark.skip`, called or not, or an xfail, which proves as little."""
    called = node.func if isinstance(node, ast.Call) else node
    return ast.unparse(called) in ("pytest.mark.skip", "pytest.mark.xfail")


def _marks(node: ast.stmt) -> bool:
    """`pytestmark = pytest.mark.skip`, alone or in a list."""
    if not isinstance(node, ast.Assign) or ast.unparse(node.targets[0]) != "pytestmark":
        return False
    return any(map(_is_skip, node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]))


def _skips(node: ast.stmt) -> bool:
    """A call of `pytest.skip` that stands under no condition."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "pytest.skip"


if __name__ == "__main__":
    known = rows(ROWS.read_text("utf-8"))
    PAGE.write_text(page(known), "utf-8")
    sys.exit("\n".join(problems(known)) or 0)
