"""Documents tell the truth: paths and commands they name exist, generated pages are current."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from board.profiles import _page as boards
from engine.__main__ import COMMANDS
from engine.cli import countries, lane_docs, messages_docs, nvr_docs, settings_docs

REPOSITORY = Path(__file__).resolve().parents[2]
PRODUCT = ("board", "engine", "webui", "firmware", "vadp_package")
FOLDERS = (*PRODUCT, "models", "scripts", "tests", "hil_tests", "docs", ".ci")
DOCUMENTS = [
    pytest.param(path, id=path.name)
    for path in [REPOSITORY / "README.md", REPOSITORY / "ARCHITECTURE.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
    if path.exists()
]
FILE = re.compile(r"[\w.-]+\.(py|md|toml|json|tflite|service|conf|sh|cfg|txt)")


def paths_in(text: str) -> Iterator[str]:
    """Paths of the repository that a document names in backticks: `engine/types.py`, `board/gpio/`, `models/*.json`,
    `./scripts/test -k x` (the first word counts). Others (`../shared`, `STATE/run`, `/etc`) are not ours to check."""
    for quoted in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        word = quoted.split()[0] if quoted.split() else ""
        path = word.removeprefix("./").rstrip(":,;")
        if not re.fullmatch(r"[\w./*{},-]+", path) or ("_*" in path and "/" not in path):
            continue
        if (path.split("/")[0] in FOLDERS and "/" in path) or (FILE.fullmatch(path) and (REPOSITORY / path).suffix == ".md"):
            yield path


def spelt_out(path: str) -> list[str]:
    """The paths of one with braces: a/{b,c}.py is a/b.py and a/c.py."""
    pieces = re.split(r"\{([^}]*)\}", path)
    return ["".join(way) for way in product(*(piece.split(",") if at % 2 else [piece] for at, piece in enumerate(pieces)))]


def exists(path: str) -> bool:
    return any(REPOSITORY.glob(path)) if "*" in path else (REPOSITORY / path).exists()


def commands_in(text: str) -> list[tuple[str, str]]:
    """(module, first word behind it) of every `python -m ...` of ours."""
    found = re.findall(r"python3? -m ([\w.]+)(?: ([\w-]+))?", text)
    return [(module, word) for module, word in found if module.split(".")[0] in (*PRODUCT, "scripts")]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_named_in_a_document_exists(document: Path) -> None:
    named = {each for path in paths_in(document.read_text(encoding="utf-8")) for each in spelt_out(path)}
    assert sorted(path for path in named if not exists(path)) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_script_a_document_calls_exists(document: Path) -> None:
    called = set(re.findall(r"(?<![\w/.])\./((?:scripts|\.ci)/[\w./-]*\w)", document.read_text(encoding="utf-8")))
    assert sorted(path for path in called if not (REPOSITORY / path).is_file()) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_a_document_names_exists(document: Path) -> None:
    missing = []
    for module, word in commands_in(document.read_text(encoding="utf-8")):
        name = module.rstrip(".")
        place = REPOSITORY / name.replace(".", "/")
        if not place.with_suffix(".py").is_file() and not (place / "__main__.py").is_file():
            missing.append(f"python -m {name}")
            continue
        if word and word[0].islower() and (place / "__main__.py").is_file():
            commands = getattr(importlib.import_module(f"{name}.__main__"), "COMMANDS", None)
            if commands is not None and word not in commands:
                missing.append(f"python -m {name} {word}")
    assert missing == []


def test_every_command_of_the_engine_has_its_file() -> None:
    assert sorted(name for name, (module, _) in COMMANDS.items() if importlib.util.find_spec(module) is None) == []


@pytest.mark.parametrize(
    ("page", "command", "current"),
    [
        pytest.param("docs/boards.md", "board profiles", boards.markdown, id="boards"),
        pytest.param("docs/countries.md", "engine countries", countries.markdown, id="countries"),
        pytest.param("docs/messages.md", "engine messages", messages_docs.markdown, id="messages"),
        pytest.param("docs/settings.md", "engine settings", settings_docs.markdown, id="settings"),
    ],
)
def test_generated_pages_are_current(page: str, command: str, current: object) -> None:
    assert callable(current)
    written = (REPOSITORY / page).read_text(encoding="utf-8")
    assert written == current(), f"write it again: python -m {command} --markdown > {page}"


def test_the_lane_is_drawn_as_its_table_says() -> None:
    written = (REPOSITORY / "docs" / "lane.md").read_text(encoding="utf-8")
    assert written.endswith(lane_docs.markdown()), "its end is what python -m engine lane prints"


def test_the_bytes_of_the_messages_to_recorders_are_those_that_are_sent() -> None:
    written = (REPOSITORY / "docs" / "nvr.md").read_text(encoding="utf-8")
    assert written.endswith(nvr_docs.markdown()), "its end is what python -m engine nvr prints"


def test_the_check_reads_paths_braces_and_commands() -> None:
    text = "`engine/types.py` `./scripts/test -k x` `../shared` `STATE/run` `ARCHITECTURE.md` `board/gpio/{sim,rpi}.py`"
    assert list(paths_in(text)) == ["engine/types.py", "scripts/test", "ARCHITECTURE.md", "board/gpio/{sim,rpi}.py"]
    assert spelt_out("board/gpio/{sim,rpi}.py") == ["board/gpio/sim.py", "board/gpio/rpi.py"]
    assert commands_in("run `python -m engine read x.jpg` or python -m pytest") == [("engine", "read")]


def sources() -> dict[str, str]:
    """{number: title} of the manual's sections in docs/sources.md, each number and title of a row alone."""
    rows = re.findall(r"^\| ([\d., a-z]+) \| ([^|]+) \|", (REPOSITORY / "docs" / "sources.md").read_text("utf-8"), re.MULTILINE)
    named = {}
    for numbers, title in rows:
        parts = numbers.split(", ")
        titles = title.split(", ") if len(parts) == title.count(", ") + 1 else [title] * len(parts)
        named.update(zip(parts, titles, strict=True))
    return named


def citing() -> Iterator[tuple[str, str]]:
    """(path, its text as one line) of every source and page that may cite something."""
    listed = [path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*")]
    for path in sorted(path for path in listed if path.suffix in (".py", ".js", ".html", ".md")):
        if path.name != "sources.md" and path != Path(__file__):
            yield path.relative_to(REPOSITORY).as_posix(), " ".join(path.read_text("utf-8").split())


def test_every_section_of_the_manual_is_cited_by_the_number_and_title_of_the_page_of_sources() -> None:
    known = sources()
    assert known["4.4"] == "List tab"
    assert known["3.2"] == "Management browser"
    wrong = [
        f"{path}: manual {match[1]}{match[2][:30]}"
        for path, text in citing()
        for match in re.finditer(r"\bmanual (\d[\d.]*\d|\d)([^\"]{0,60})", text)
        if match[1] not in known or not match[2].startswith(f", {known[match[1]]}")
    ]
    assert wrong == []


def test_no_page_is_cited_that_is_not_in_the_repository() -> None:
    headings = set(re.findall(r"^## (.+)$", (REPOSITORY / "docs" / "sources.md").read_text("utf-8"), re.MULTILINE))
    gone = [path for path, text in citing() if "protocols.md" in text]
    cited = [(path, match[1]) for path, text in citing() for match in re.finditer(r"docs/sources\.md, ([A-Z][^).;:]*)", text)]
    assert gone == []
    assert len(cited) > 8
    assert [(path, title) for path, title in cited if not any(title.startswith(heading) for heading in headings)] == []
