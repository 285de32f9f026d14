"""Imports: go one way between the folders, in no circle, and what only a board has or is heavy is imported inside functions."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
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
APART = (("engine/reading", "engine.service"), ("engine/service", "engine.reading"))
"""Folder, and what its files never import: the processes that read and that open meet by messages alone."""
ONLY_IN_FUNCTIONS = {"picamera2", "RPi", "lgpio", "gpiod", "av", "torch", "cv2"}
FOLDERS = ("board", "engine", "webui", "firmware", "vadp_package")
FILES = sorted(path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.py"))


def imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Full names of all that a module imports, wherever it does; relative names are resolved against its package."""
    for child in statements(tree):
        yield from names_of(child, package)
        yield from imported(child, package)


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Those right inside of a module or another statement, also in its `except` and `case`: no import is in an expression, and to
    walk all of those takes ten times as long."""
    for field in ("body", "orelse", "handlers", "finalbody", "cases"):
        yield from getattr(node, field, ())


def imported_at_start(node: ast.AST, package: str) -> Iterator[str]:
    """Full names of what is imported when the module is: not inside functions, not for type checkers only."""
    for child in statements(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
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


@cache
def imports_of(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(imported anywhere, imported at start). No tree is kept: Python's collector would go over all of them again and again."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(imported(tree, package_of(path))), tuple(imported_at_start(tree, package_of(path)))


def package_of(path: Path) -> str:
    return ".".join(path.relative_to(REPOSITORY).parent.parts)


def rule_for(path: Path) -> set[str]:
    parts = path.relative_to(REPOSITORY).parts
    return MAY_IMPORT.get("/".join(parts[:2])) or MAY_IMPORT[parts[0]]


def wrong(names: Callable[[Path], Iterable[str]]) -> list[str]:
    """ "FILE imports NAME" of each of ours for which `names` finds any."""
    assert len(FILES) > 500
    return [f"{path.relative_to(REPOSITORY)} imports {name}" for path in FILES for name in sorted(set(names(path)))]


def below(name: str, roots: Iterable[str]) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def test_imports_between_folders_go_one_way() -> None:
    def against_the_rule(path: Path) -> Iterator[str]:
        names = (name for name in imports_of(path)[0] if name.split(".")[0] in OURS)
        return (name for name in names if not below(name, rule_for(path)))

    assert wrong(against_the_rule) == []


def test_board_only_and_heavy_modules_are_imported_inside_functions() -> None:
    def heavy(path: Path) -> Iterator[str]:
        names = imports_of(path)[1]
        return (name for name in names if name.split(".")[0] in ONLY_IN_FUNCTIONS)

    assert wrong(heavy) == []


def test_the_rule_sees_relative_nested_and_aliased_imports() -> None:
    tree = ast.parse("from . import a\nfrom ..b import c\nimport cv2 as x\ndef f():\n    import av\nclass K:\n    import gpiod\n")
    assert set(imported(tree, "engine.cli")) == {"engine.cli.a", "engine.b.c", "cv2", "av", "gpiod"}
    assert set(imported_at_start(tree, "engine.cli")) == {"engine.cli.a", "engine.b.c", "cv2", "gpiod"}
    tree = ast.parse(
        "try: import a\nexcept E: import b\nelse: import c\nfinally: import d\nmatch x:\n    case 1: import e\n"
        "with x:\n    if y: import f\n    elif z: import g\n    else: import h\n"
    )
    for found in (imported(tree, "engine"), imported_at_start(tree, "engine")):
        assert list(found) == list("acbdefgh")


def test_nothing_imports_what_costs_every_process_its_memory() -> None:
    """Settings, option, field_validator and model_validator are in board/kit/settings.py, types in board/kit/fields.py; typing has
    TypedDict."""
    dear = {"pydantic", "pydantic_core", "annotated_types", "typing_extensions"}
    assert wrong(lambda path: {name.split(".")[0] for name in imports_of(path)[1]} & dear) == []


def test_every_process_declares_its_dataclasses_quickly() -> None:
    """By board/kit/dataclass.py, as no type checker tells: by those of the standard library a start takes a third longer."""
    assert wrong(lambda path: {"dataclasses.dataclass"}.intersection(imports_of(path)[1])) == []


def test_no_dataclass_has_fields_of_a_kind_that_ours_do_not_know() -> None:
    """board/kit/dataclass.py would take them for others."""
    unknown = re.compile(r"\bInitVar\b|\bKW_ONLY\b|\bfield\([^()]*\b(?:kw_only|hash)=")
    assert all(map(unknown.search, ("x: InitVar[int]", "_: KW_ONLY", "field(default=1, kw_only=True)", "field(hash=False)")))
    assert [path for path in FILES if unknown.search(path.read_text(encoding="utf-8"))] == []


def test_reading_and_service_never_import_each_other() -> None:
    def of_the_other(path: Path) -> Iterator[str]:
        never = [module for folder, module in APART if path.is_relative_to(REPOSITORY / folder)]
        return (name for name in imports_of(path)[0] if below(name, never))

    assert wrong(of_the_other) == []


def module_of(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def circles(graph: dict[str, set[str]]) -> list[frozenset[str]]:
    """Groups of modules that import each other, wherever they do it (Tarjan's strongly connected components)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[frozenset[str]] = []

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        path.append(module)
        for other in graph[module]:
            if other not in number:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in path:
                lowest[module] = min(lowest[module], number[other])
        if lowest[module] == number[module]:
            circle = frozenset(path[path.index(module) :])
            del path[path.index(module) :]
            if len(circle) > 1 or module in graph[module]:
                found.append(circle)

    for module in graph:
        if module not in number:
            visit(module)
    return found


def reached(name: str, module: str, names: set[str]) -> set[str]:
    """The modules of ours that importing `name` in `module` runs: its own and the packages above it that are not above `module`."""
    parts = name.split(".")
    above = [each for each in (".".join(parts[:length]) for length in range(1, len(parts) + 1)) if each in names]
    return {each for each in above if each == above[-1] or not f"{module}.".startswith(f"{each}.")}


def test_no_modules_import_each_other_in_a_circle() -> None:
    names = {module_of(path) for path in FILES}
    graph: dict[str, set[str]] = {}
    for path in FILES:
        module = module_of(path)
        found = imports_of(path)[0]
        graph[module] = set().union(*(reached(name, module, names) for name in found))
    assert [sorted(circle) for circle in circles(graph)] == []


def test_a_circle_is_found_wherever_it_closes() -> None:
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": set(), "e": {"e", "a"}}
    assert sorted(map(sorted, circles(graph))) == [["a", "b", "c"], ["e"]]


@pytest.mark.parametrize("folder", ["board", "engine", "webui"])
def test_every_module_of_the_package_can_be_imported(folder: str) -> None:
    """As the package's own check does on a camera (vadp_package/initscr), which refuses to install it otherwise."""
    package = importlib.import_module(folder)
    for module in pkgutil.walk_packages(package.__path__, f"{folder}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
