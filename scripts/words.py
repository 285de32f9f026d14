"""Words: what is to be translated, collected from sources, templates and scripts of pages into the catalogues, and checked there.

    python -m scripts.words extract         brings every board/kit/locales/LANGUAGE.po up to date
    python -m scripts.words extract fr      also begins that language
    python -m scripts.words check           1 when a catalogue is out of date, incomplete or wrong

Needs Babel, which is not on the camera. A new sentence is translated by editing the .po file; `#, fuzzy` marks a guess of the
merge: correct it and take the mark away, as a guess is never shown.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from board.kit.web.render import COUNTED, SENTENCE

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("board", "engine", "webui", "firmware")
LOCALES = ROOT / "board" / "kit" / "locales"

ROOT_ERROR = "GatewrightError"
CONFLICT = "conflict"
"""The method of settings that says what does not go together (board/kit/settings.py)."""

PLACES = {
    "Text": (0,), "_": (0,), "mark": (0,), "Refused": (1,), "unfit": (1, 2), "Problem": (1,), CONFLICT: (1,), "option": (1, 2),
    "Tab": (1,), "settings_tab": (1,),
    "SettingsError": (), "Country": (1,), "JobKind": (), "ActionKind": (),
}  # fmt: skip
"""What is called -> which of its arguments are said to people; of errors it is the first."""

NOT_FILLED_IN = ("option", "Problem", "Tab", "settings_tab", "Country")
"""Whose other arguments are no values of the text."""

NAMED = {"option": ("unit", "group", "choices", "zero"), "JobKind": ("label",), "ActionKind": ("label",)}
"""Arguments by name that are said to people."""


@dataclass(frozen=True, slots=True)
class Found:
    """A text to translate. `place`: file below the repository; `line`: where it is said; `given`: names of its values, None when
    they cannot be told from the source; `one`: its template for exactly one, "" when it does not count."""

    text: str
    place: str
    line: int
    given: frozenset[str] | None = None
    one: str = ""

    @property
    def id(self) -> str | tuple[str, str]:
        """As Babel's catalogues name it."""
        return (self.one, self.text) if self.one else self.text


@dataclass(frozen=True, slots=True)
class Saying:
    """A call that says something to people. `place`: file below the repository; `name`: what is called."""

    place: str
    name: str
    call: ast.Call


def found_in_product(said: Sequence[Saying] = ()) -> list[Found]:
    """Every text of the product, by file and line. `said`: the sayings of its Python, where they are known already."""
    sayings: dict[str, list[Saying]] = {}
    for each in said or sayings_in_product():
        sayings.setdefault(each.place, []).append(each)
    found: list[Found] = []
    for place, path in _sources():
        if path.suffix == ".py":
            found += _in_source(sayings.get(place, ()))
        elif path.suffix == ".html":
            found += _in_template(place, path.read_text("utf-8"))
        else:
            found += _in_script(place, path.read_text("utf-8"))
    return found


def sayings_in_product() -> list[Saying]:
    """An error's own `super().__init__` is among them. Each tree is walked once: that is what takes long."""
    nodes = {
        place: [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call | ast.ClassDef)]
        for place, path in _sources()
        if path.suffix == ".py"
    }
    errors = error_names(node for each in nodes.values() for node in each if isinstance(node, ast.ClassDef))
    return [Saying(place, name, call) for place, each in nodes.items() for name, call in _sayings(each, errors)]


def _sources() -> list[tuple[str, Path]]:
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".html", ".js"))
    return [(path.relative_to(ROOT).as_posix(), path) for path in paths]


def error_names(found: Iterable[ast.ClassDef]) -> frozenset[str]:
    """Names of GatewrightError and of every class that derives from it."""
    classes = list(found)
    names = {ROOT_ERROR}
    while True:
        more = {each.name for each in classes if names & {base.id for base in each.bases if isinstance(base, ast.Name)}}
        if more <= names:
            return frozenset(names)
        names |= more


def _in_source(sayings: Iterable[Saying]) -> Iterator[Found]:
    for each in sayings:
        place, name, node = each.place, each.name, each.call
        last = max(PLACES.get(name, (0,)), default=-1)
        one = next((text for keyword in node.keywords if keyword.arg == "one" for text in _texts(keyword.value)), "")
        for at in PLACES.get(name, (0,)):
            if at < len(node.args):
                given = values_given(node) if at == last and name not in NOT_FILLED_IN else frozenset()
                yield from (Found(text, place, node.lineno, given, one if at == last else "") for text in _texts(node.args[at]))
        for keyword in node.keywords:
            if keyword.arg in NAMED.get(name, ()):
                yield from (Found(text, place, node.lineno, frozenset()) for text in _texts(keyword.value))


def _sayings(nodes: Iterable[ast.Call | ast.ClassDef], errors: frozenset[str]) -> Iterator[tuple[str, ast.Call]]:
    """(what is called, the call)."""
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and (node.func.id in PLACES or node.func.id in errors):
            yield node.func.id, node
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == CONFLICT:
            yield CONFLICT, node
        if isinstance(node, ast.ClassDef) and node.name in errors:
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__":
                    yield ROOT_ERROR, call


def values_given(call: ast.Call) -> frozenset[str] | None:
    """Names of the values that a call gives its template; None when they are in a variable."""
    if isinstance(call.func, ast.Name) and call.func.id == "Text":
        if len(call.args) < 2:
            return frozenset()
        keys = call.args[1].keys if isinstance(call.args[1], ast.Dict) else [None]
        return frozenset(str(key.value) for key in keys if isinstance(key, ast.Constant)) if None not in keys else None
    names = [keyword.arg for keyword in call.keywords if keyword.arg not in ("field", "headers", "one")]
    return None if None in names else frozenset(str(name) for name in names)


def _texts(node: ast.expr) -> list[str]:
    """The constant texts of an argument: its own, those of a tuple, or what the keys of a mapping stand for."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip():
        return [node.value]
    inner = node.elts if isinstance(node, ast.Tuple) else node.values if isinstance(node, ast.Dict) else []
    return [text for each in inner for text in _texts(each)]


def _in_template(place: str, source: str) -> Iterator[Found]:
    from jinja2 import Environment, nodes

    for call in Environment().parse(source).find_all(nodes.Call):
        texts = [each.value for each in call.args if isinstance(each, nodes.Const)]
        given = frozenset(keyword.key for keyword in call.kwargs)
        match call.node, texts:
            case nodes.Name(name="_"), [str(text), *_]:
                yield Found(text, place, call.lineno, given)
            case nodes.Name(name="_n"), [str(one), str(many), *_]:
                yield Found(many, place, call.lineno, given | {"count"}, one)


def _in_script(place: str, source: str) -> Iterator[Found]:
    for match in SENTENCE.finditer(source):
        yield Found(json.loads(match[1]), place, source.count("\n", 0, match.start()) + 1)
    for match in COUNTED.finditer(source):
        yield Found(json.loads(match[2]), place, source.count("\n", 0, match.start()) + 1, one=json.loads(match[1]))


def fields(text: str) -> frozenset[str]:
    """Names of the values that a template wants; ValueError when it is not one."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def template_catalogue(found: list[Found]) -> Catalog:
    catalogue = Catalog(creation_date=datetime(2026, 1, 1, tzinfo=UTC))
    for each in sorted(found, key=lambda each: (each.place, each.line)):
        catalogue.add(each.id, locations=[(each.place, 0)])
    return catalogue


def load(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.stem.replace("-", "_"))


def extract(languages: list[str]) -> None:
    template = template_catalogue(found_in_product())
    for name in languages:
        if not (LOCALES / f"{name}.po").exists():
            begun = Catalog(locale=name.replace("-", "_"), creation_date=template.creation_date)
            begun.language_team = Locale.parse(name, sep="-").get_display_name() or name
            _write(LOCALES / f"{name}.po", begun)
    for path in sorted(LOCALES.glob("*.po")):
        catalogue = load(path)
        catalogue.update(template)
        catalogue.obsolete.clear()
        _write(path, catalogue)
        missing = sum(1 for entry in catalogue if entry.id and not _said(entry))
        print(f"{path.relative_to(ROOT)}: {missing} not translated")


def _write(path: Path, catalogue: Catalog) -> None:
    catalogue.header_comment = f"# {catalogue.language_team}: what Gatewright says. Merged by `python -m scripts.words extract`."
    catalogue.project, catalogue.version, catalogue.fuzzy = "Gatewright", "1", False
    catalogue.revision_date = catalogue.creation_date = datetime(2026, 1, 1, tzinfo=UTC)
    with path.open("wb") as file:
        write_po(file, catalogue, width=130, include_lineno=False, sort_by_file=True, ignore_obsolete=True)


def mistakes(found: Sequence[Found] = ()) -> list[str]:
    """What is wrong with texts and catalogues, one line each. `found`: the texts of the product, where they are known already."""
    found = found or found_in_product()
    wrong = [f"{each.place}:{each.line}: {problem}" for each in found if (problem := wrong_template(each))]
    wanted = {each.id for each in found}
    for path in sorted(LOCALES.glob("*.po")):
        entries = {entry.id: entry for entry in load(path) if entry.id}
        wrong += [f"{path.name}: out of date, run extract: {text!r}" for text in sorted(wanted ^ entries.keys(), key=str)]
        for text, entry in entries.items():
            said = _said(entry)
            if any(_broken(text, each) for each in said):
                wrong.append(f"{path.name}: other values than its English: {text!r}")
            if not said:
                wrong.append(f"{path.name}: not translated: {text!r} ({entry.locations[0][0]})")
    return wrong


def _forms(entry: Message) -> tuple[str, ...]:
    """What an entry is translated to: one text, or every plural form."""
    return tuple(entry.string) if isinstance(entry.string, tuple | list) else (str(entry.string or ""),)


def _said(entry: Message) -> tuple[str, ...]:
    """What is shown of it: nothing of a guess, and of half a translation."""
    forms = _forms(entry)
    return forms if all(forms) and not entry.fuzzy else ()


def wrong_template(each: Found) -> str:
    if not each.given:
        return ""  # without values a text is said as it is, braces and all
    try:
        wanted = fields(each.text) | fields(each.one)
    except ValueError as why:
        return f"not a template ({why}): {each.text!r}"
    return "" if wanted == each.given else f"wants {sorted(wanted)}, is given {sorted(each.given)}: {each.text!r}"


def _broken(id: str | Sequence[str], said: str) -> bool:
    forms = (id,) if isinstance(id, str) else id
    may_lack = frozenset() if isinstance(id, str) else frozenset({"count"})  # "one plate", "no plate"
    try:
        return fields(said) - may_lack not in [fields(form) - may_lack for form in forms]
    except ValueError:
        return forms[-1].count("{") != said.count("{")  # an example such as "{plate}" in a text without values


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.words", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("do", choices=("extract", "check"))
    parser.add_argument("language", nargs="*", help="to begin: its code, such as fr or pt-br")
    arguments = parser.parse_args()
    if arguments.do == "extract":
        extract(arguments.language)
        return 0
    wrong = mistakes()
    print("\n".join(wrong) or "catalogues are complete and current")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
