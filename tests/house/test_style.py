"""House style that a machine can check: contracts in first lines, nothing left behind, names that say something."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = ("board", "engine", "webui", "firmware", "vadp_package", "scripts", "tests", "hil_tests", "docs")
TEXTS = {".py", ".html", ".tpl", ".css", ".js", ".md", ".sh", ".toml", ".service", ".conf", ""}
LEFT_BEHIND = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|NotImplemented" + r"Error)\b")
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "misc", "common", "stuff"}

FILES = sorted(
    path
    for path in [*REPOSITORY.glob("*.*"), *(file for folder in FOLDERS for file in (REPOSITORY / folder).rglob("*"))]
    if path.is_file() and path.suffix in TEXTS and "__pycache__" not in path.parts
)


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def test_nothing_is_left_for_later() -> None:
    assert len(FILES) > 1000
    assert [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if LEFT_BEHIND.search(line)
    ] == []


def test_a_module_says_in_its_first_line_what_it_is() -> None:
    found = []
    for path in FILES:
        if path.suffix == ".py":
            lines = path.read_text(encoding="utf-8").splitlines()
            first = lines[1] if lines and lines[0].startswith("#!") else lines[0] if lines else ""
            if not re.match(r'r?"""\S', first):
                found.append(f"{name_of(path)} starts with {first!r}")
    assert found == []


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    parts = {part for path in FILES for part in (path, *path.parents) if REPOSITORY in part.parents}
    named = {part.stem if part.suffix == ".py" else part.name for part in parts}
    assert named & EMPTY_NAMES == set()


def test_scripts_run_commands_of_the_environment_as_modules() -> None:
    """The first line of .venv/bin/mypy and the like names the place where the checkout was made: after a move it does not run."""
    wrong = [
        f"{path.relative_to(REPOSITORY)}: {match[0]}"
        for path in (REPOSITORY / "scripts").iterdir()
        if path.is_file() and not path.suffix
        for match in re.finditer(r"\.venv/bin/(?!python\b)\S+", path.read_text("utf-8"))
    ]
    assert not wrong, wrong


FORM = re.compile(r"<form\b[^>]*>")
SENT = re.compile(r'method="(post"|dialog"|get" action="[^"]*" role="search")')


def test_a_form_never_puts_what_was_typed_into_an_address_except_a_search() -> None:
    """A form without a method goes by GET when its script is late or broken: a password would stand in the log of every proxy.
    A form for scripts has method="dialog", which sends nothing by itself."""
    pages = [path for path in FILES if path.suffix == ".html"]
    assert len(pages) > 10
    assert [
        f"{name_of(path)}: {form}" for path in pages for form in FORM.findall(path.read_text("utf-8")) if not SENT.search(form)
    ] == []


PRODUCT = ("board/", "engine/", "webui/", "firmware/")
READS_JSON = ("board/kit/from_json.py", "engine/recognise/", "firmware/processes/starter.py")
"""The reader; what reads the cards of models, which lie in the signed package; the starter, which imports nothing of ours."""


def test_json_is_read_in_one_place() -> None:
    """Python's own reader raises a RecursionError over a thousand brackets, which nobody who expects a ValueError is ready for."""
    product = [path for path in FILES if path.suffix == ".py" and name_of(path).startswith(PRODUCT)]
    read = [name_of(path) for path in product if re.search(r"\bjson\.loads?\(|\bJSONDecoder\b", path.read_text("utf-8"))]
    assert [name for name in read if not name.startswith(READS_JSON)] == []
