"""Imports: go one way between the folders, and what only a board or a training machine has is imported inside functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
OURS = ("board", "engine", "webui", "firmware", "vadp_package", "scripts", "hil_tests", "tests")
MAY_IMPORT = {
    "board/kit": {"board.kit"},
    "board": {"board"},
    "engine": {"engine", "board"},
    "webui": {"webui", "engine", "board"},
    "firmware": {"firmware", "board"},
    "vadp_package": {"vadp_package", "firmware", "board"},
}
"""Folder: what of ours its files may import (ARCHITECTURE.md)."""
ONLY_IN_FUNCTIONS = {"picamera2", "RPi", "lgpio", "gpiod", "av", "tensorflow", "cv2"}
FOLDERS = ("board", "engine", "webui", "firmware", "vadp_package")
FILES = sorted(path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.py"))
MODULES = [pytest.param(path, id=str(path.relative_to(REPOSITORY))) for path in FILES]


def imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Full names of all that a module imports, wherever it does; relative names are resolved against its package."""
    for node in ast.walk(tree):
        yield from names_of(node, package)


def imported_at_start(node: ast.AST, package: str) -> Iterator[str]:
    """Full names of what is imported when the module is: not inside functions, not for type checkers only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield from names_of(child, package)
        yield from imported_at_start(child, package)


def names_of(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, base] if base else above)
        yield from (f"{base}.{alias.name}" for alias in node.names)


def package_of(path: Path) -> str:
    return ".".join(path.relative_to(REPOSITORY).parent.parts)


def rule_for(path: Path) -> set[str]:
    parts = path.relative_to(REPOSITORY).parts
    return MAY_IMPORT.get("/".join(parts[:2])) or MAY_IMPORT[parts[0]]


@pytest.mark.parametrize("path", MODULES)
def test_imports_between_folders_go_one_way(path: Path) -> None:
    allowed = rule_for(path)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ours = {name for name in imported(tree, package_of(path)) if name.split(".")[0] in OURS}
    wrong = sorted(name for name in ours if not any(name == root or name.startswith(f"{root}.") for root in allowed))
    assert wrong == [], f"may import {', '.join(sorted(allowed))} only"


@pytest.mark.parametrize("path", MODULES)
def test_board_only_and_heavy_modules_are_imported_inside_functions(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert sorted({name for name in imported_at_start(tree, package_of(path)) if name.split(".")[0] in ONLY_IN_FUNCTIONS}) == []


def test_the_rule_sees_relative_nested_and_aliased_imports() -> None:
    tree = ast.parse("from . import a\nfrom ..b import c\nimport cv2 as x\ndef f():\n    import av\nclass K:\n    import gpiod\n")
    assert set(imported(tree, "engine.cli")) == {"engine.cli.a", "engine.b.c", "cv2", "av", "gpiod"}
    assert set(imported_at_start(tree, "engine.cli")) == {"engine.cli.a", "engine.b.c", "cv2", "gpiod"}
