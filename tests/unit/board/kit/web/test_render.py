"""Templates: escaping, sentences in the reader's language, and that every template of ours compiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from board.kit.errors import ConfigError
from board.kit.web.render import Templates
from board.kit.words import ENGLISH, Language, Text

ROOT = Path(__file__).resolve().parents[5]
GERMAN = {"{user} is logged in.": "{user} ist angemeldet.", "{host} answers {status}": "{host} antwortet {status}"}.get
DE = Language("de", "Deutsch", lambda key: GERMAN(key, key))


def rendered(folder: Path, source: str, language: Language = ENGLISH, **values: object) -> str:
    (folder / "page.html").write_text(source)
    return Templates(folder).html("page", language, **values)


def test_values_are_escaped_and_none_prints_nothing(tmp_path: Path) -> None:
    assert rendered(tmp_path, "<b>{{ name }}</b>{{ other }}", name="<script>&'", other=None) == "<b>&lt;script&gt;&amp;&#39;</b>"


def test_a_sentence_is_said_in_the_language_of_the_reader_with_its_values_escaped(tmp_path: Path) -> None:
    page = "{{ _('{user} is logged in.', user=user) }}"
    assert rendered(tmp_path, page, user="<anna>") == "&lt;anna&gt; is logged in."
    assert rendered(tmp_path, page, DE, user="<anna>") == "&lt;anna&gt; ist angemeldet."


def test_texts_and_errors_that_are_printed_are_said_in_the_language_of_the_reader(tmp_path: Path) -> None:
    text = Text("{host} answers {status}", {"host": "a<b", "status": 500})
    error = ConfigError("{host} answers {status}", host="c", status=404)
    page = "{{ text }}, {{ error }}"
    assert rendered(tmp_path, page, DE, text=text, error=error) == "a&lt;b antwortet 500, c antwortet 404"


def test_a_name_that_was_not_given_is_an_error(tmp_path: Path) -> None:
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError, match="'name' is undefined"):
        rendered(tmp_path, "{{ name }}")


def test_a_page_names_its_language_and_fills_the_blocks_of_the_shared_layout(tmp_path: Path) -> None:
    page = rendered(tmp_path, '{% extends "layout.html" %}{% block main %}here{% endblock %}', DE)
    assert '<html lang="de">' in page
    assert "<main>\nhere</main>" in page


@pytest.mark.parametrize("folder", ["firmware/templates", "webui/templates"])
def test_every_template_compiles(folder: str) -> None:
    templates = Templates(ROOT / folder)
    names = sorted(path.name for path in (ROOT / folder).glob("*.html"))
    assert names
    for name in names:
        assert templates._environment.get_template(name).name == name
