"""Words: every text that people read is a whole sentence with its values, which can be said in another language."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from scripts.words import FOLDERS, PLACES, ROOT, Found, error_names, found_in_product, mistakes, sayings, wrong_template

SOURCES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


@cache
def trees() -> dict[Path, ast.Module]:
    """Not when this file is read: every worker of a run reads it."""
    return {path: ast.parse(path.read_text("utf-8")) for path in SOURCES}


@cache
def texts() -> list[Found]:
    return found_in_product()


def glued(name: str, call: ast.Call) -> bool:
    """The template is put together in Python, or one of its values is a piece of English that is."""
    places = PLACES.get(name, (0,))
    templates = [call.args[at] for at in places if at < len(call.args)]
    return any(_is_glued(each) for each in (*templates, *(keyword.value for keyword in call.keywords)))


def _is_glued(value: ast.expr) -> bool:
    """Words and something else in one f-string, sum or choice. "GPIO 4" and "kg" of a value are no words of English."""
    if isinstance(value, ast.IfExp):
        return any(_has_words(each) or _is_glued(each) for each in (value.body, value.orelse))
    return isinstance(value, ast.JoinedStr | ast.BinOp) and any(_has_words(each) for each in ast.walk(value))


def _has_words(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip()


def test_no_error_or_text_is_glued_from_pieces() -> None:
    """A translator needs whole sentences: give the template and its values, and a Text where a value is English itself."""
    errors = error_names(trees().values())
    found = [
        f"{Path(path).relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)[:100]}"
        for path, tree in trees().items()
        for name, node in sayings(tree, errors)
        if glued(name, node)
    ]
    assert found == []


def test_every_template_is_given_the_values_that_it_names() -> None:
    found = texts()
    assert len(found) > 500
    assert [f"{each.place}:{each.line}: {problem}" for each in found if (problem := wrong_template(each))] == []


def test_catalogues_are_current_and_complete_and_use_the_values_of_their_english() -> None:
    """`python -m scripts.words extract` brings them up to date; what is new is then translated by hand in the .po files."""
    assert mistakes(texts()) == []
