"""Words: every text that people read is a whole sentence with its values, which can be said in another language."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache

from board.kit.web.forms import fields
from engine.cli.settings_docs import sections
from engine.plates import EntryForm
from scripts.literals import found_in_pages, in_script, in_template
from scripts.words import PLACES, ROOT, Found, Saying, _sources, found_in_product, mistakes, sayings_in_product, wrong_template
from webui.api.jobs import JobTimes
from webui.api.rules import AgeForm, ConditionsForm, StartForm
from webui.view.list_forms import LIST_CHOICES, ListForm

KEPT = {
    ("firmware/static/vadp.js", '"not needed"'): "a key of the table of licence states",
    ("firmware/static/vadp.js", '"wide mono"'): "two classes",
}
"""Literals of pages that nobody reads, with the reason."""

NAMES_ALONE = ("Country",)
"""What says names of states, which are the same in other languages or are said as they are there."""


@cache
def said() -> list[Saying]:
    """Not when this file is read: every worker of a run reads it."""
    return sayings_in_product()


@cache
def texts() -> list[Found]:
    return found_in_product(said())


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
    found = [f"{each.place}:{each.call.lineno}: {ast.unparse(each.call)[:100]}" for each in said() if glued(each.name, each.call)]
    assert len(said()) > 500
    assert found == []


def test_every_template_is_given_the_values_that_it_names() -> None:
    found = texts()
    assert len(found) > 500
    assert [f"{each.place}:{each.line}: {problem}" for each in found if (problem := wrong_template(each))] == []


def test_catalogues_are_current_and_complete_and_use_the_values_of_their_english() -> None:
    """`python -m scripts.words extract` brings them up to date; what is new is then translated by hand in the .po files."""
    assert mistakes(texts()) == []


def test_a_template_or_script_of_a_page_says_every_text_in_the_reader_s_language() -> None:
    """By `_("...")` or `_n(...)`; what is the same in all languages is in scripts/literals.NAMES."""
    found = {(each.place, each.text): each.line for each in found_in_pages()}
    assert [f"{place}:{line}: {text}" for (place, text), line in found.items() if (place, text) not in KEPT] == []
    assert set(KEPT) - set(found) == set()


def test_literals_are_found_where_people_would_read_them() -> None:
    page = """<p class="a b">{{ _("Said") }} left</p><a title="Left too" href="/x y">{{ "this" if x else _("not") }} 3 MB</a>
    <b>{{ "%s, and this" % x or "or this" }}{{ {"a": "this"}[x] }}</b><code>not this</code>{% if a == "no" %}{# nor this #}
    {% endif %}"""
    assert [text for _, text in in_template(page)] == ["left", "Left too", "this", "%s, and this", "or this", "this"]
    script = """el("p", {class: "not this"}, _("said"), "Left"); // Nor this
    $("#nor this"); notice(`left ${too}, ${_("x")} of all`); tell("the key", /* nor that */ "Enter");
    _n("{count} of it", "{count} of them", 2)"""
    assert [text for _, text in in_script(script)] == ['"Left"', '`left ${too}, ${_("x")} of all`', '"the key"', '"Enter"']


def test_every_text_of_a_form_can_be_translated() -> None:
    """Titles, helps and choices of settings, actions, exports and imports: none is put together when the program runs."""
    known = {each.text for each in texts()}
    forms = [*(kind for _, kind in sections()), AgeForm, ConditionsForm, StartForm, JobTimes, ListForm, EntryForm]
    said = {
        text
        for kind in forms
        for each in fields(kind, {}, LIST_CHOICES)
        for text in (each.title, each.help, each.unit, each.group, *(label for _, label in each.choices if " " in label))
    }
    assert said - known - {"", "50 Hz", "60 Hz"} == set()


def test_a_text_that_is_said_through_a_function_of_ours_is_found_where_that_is_called() -> None:
    """`Text(parameter)` is seen by nobody who collects texts: give such a function a Text, or mark what is given to it."""
    known = {text for each in texts() for text in (each.text, each.one)}
    saying = _say_what_they_are_given()
    assert ("board/kit/web/bodies.py", "_refuse") in saying
    found = []
    for place, path in _sources():
        at = {name: at for (where, name), at in saying.items() if where == place or not name.startswith("_")}
        source = path.read_text("utf-8") if path.suffix == ".py" else ""
        for call in ast.walk(ast.parse(source)) if any(f"{name}(" in source for name in at) else ():
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in at:
                given = [each for each in call.args[at[call.func.id] :][:1] if isinstance(each, ast.Constant) and _has_words(each)]
                found += [f"{place}:{call.lineno}: {each.value}" for each in given if each.value not in known]
    assert found == []


def test_a_text_that_is_kept_under_a_name_is_marked_for_the_catalogues() -> None:
    """A constant of the file, or a variable of the function that says it."""
    known = {text for each in texts() for text in (each.text, each.one)}
    told = {(each.place, ast.unparse(each.call)): each for each in said()}
    found = set()
    for place in {place for place, _ in told}:
        tree = ast.parse((ROOT / place).read_text("utf-8"))
        constants = _kept_texts(tree.body)
        for function in (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)):
            kept = constants | _kept_texts(ast.walk(function))
            for call in ast.walk(function):
                each = told.get((place, ast.unparse(call))) if isinstance(call, ast.Call) else None
                for at in PLACES.get(each.name, (0,)) if each else ():
                    template = each.call.args[at] if each and at < len(each.call.args) else None
                    texts_of_it = kept.get(template.id, ()) if isinstance(template, ast.Name) else ()
                    found |= {f"{place}: {text}" for text in texts_of_it if text not in known}
    assert sorted(found) == []


def _kept_texts(nodes: Iterable[ast.AST]) -> dict[str, list[str]]:
    """{name: the words that it may stand for}."""
    kept: dict[str, list[str]] = {}
    for each in nodes:
        if isinstance(each, ast.Assign):
            texts_in = [part.value for part in ast.walk(each.value) if isinstance(part, ast.Constant) and _has_words(part)]
            names = [part.id for target in each.targets for part in ast.walk(target) if isinstance(part, ast.Name)]
            for name in names:
                kept.setdefault(name, []).extend(texts_in)
    return kept


def test_what_is_wrong_with_a_setting_or_an_option_is_an_error_of_ours() -> None:
    """A ValueError's text reaches people as it is: nobody who collects texts looks there."""
    found = []
    for place, path in _sources():
        if path.suffix == ".py" and place.startswith(("engine/actions/", "engine/exchange/", "engine/settings/", "webui/")):
            raised = [each.exc for each in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(each, ast.Raise)]
            calls = [each for each in raised if isinstance(each, ast.Call) and ast.unparse(each.func) == "ValueError" and each.args]
            found += [f"{place}:{each.lineno}: {ast.unparse(each)}" for each in calls]
    assert found == []


def _say_what_they_are_given() -> dict[tuple[str, str], int]:
    """{(file, function): which of its arguments becomes the template of what it says}."""
    told = {(each.place, ast.unparse(each.call)): each for each in said() if each.name not in NAMES_ALONE}
    found = {}
    for place in {place for place, _ in told}:
        for function in ast.walk(ast.parse((ROOT / place).read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef):
                names = [each.arg for each in function.args.args]
                for call in ast.walk(function):
                    each = told.get((place, ast.unparse(call))) if isinstance(call, ast.Call) else None
                    for template in (each.call.args[at : at + 1] for at in PLACES.get(each.name, (0,))) if each else ():
                        if template and isinstance(template[0], ast.Name) and template[0].id in names:
                            found[place, function.name] = names.index(template[0].id)
    return found
