"""Templates: escaping, sentences in the reader's language, and that every template of ours compiles."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from board.kit.errors import ConfigError
from board.kit.web.render import SHARED, Templates, _environment, page_words
from board.kit.words import ENGLISH, Language, Text, english

ROOT = Path(__file__).resolve().parents[5]
GERMAN = {"{user} is logged in.": "{user} ist angemeldet.", "{host} answers {status}": "{host} antwortet {status}"}.get
DE = Language("de", "Deutsch", lambda key: GERMAN(key, key))
BRAMY = ("{count} brama", "{count} bramy", "{count} bram")
PL = Language(
    "pl",
    "polski",
    lambda key, one="", count=0: BRAMY[polish_form(count)] if one == "{count} gate" else english(key, one, count),
    lambda count: polish_form(count),
)
SCRIPT = """show(_n("{count} gate", "{count} gates", 3), _("Log in"), _n(
  "{count} car", "{count} cars", found.length, { x }));"""


def polish_form(count: int) -> int:
    return 0 if count == 1 else 1 if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14 else 2


def rendered(folder: Path, source: str, language: Language = ENGLISH, **values: object) -> str:
    (folder / "page.html").write_text(source)
    return Templates(folder).html("page", language, **values)


def test_values_are_escaped_and_none_prints_nothing(tmp_path: Path) -> None:
    assert rendered(tmp_path, "<b>{{ name }}</b>{{ other }}", name="<script>&'", other=None) == "<b>&lt;script&gt;&amp;&#39;</b>"


def test_a_plate_in_arabic_script_within_a_text_stands_as_it_is_seen(tmp_path: Path) -> None:
    said = rendered(
        tmp_path, "{{ text | with_plates }}", text=Text("{plate} is on {list}", {"plate": "۸۱و۶۳۸۱۳", "list": "<قائمة 1>"})
    )
    assert said == '<span class="as-seen">۸۱و۶۳۸۱۳</span> is on &lt;قائمة 1&gt;'
    assert rendered(tmp_path, "{{ text | with_plates }}", text="M-AB 12") == "M-AB 12"
    for word in ("تونس", "الف"):  # the letters of a word the other way round are none
        said = rendered(tmp_path, "{{ text | with_plates }}", text=f"12{word}345 <")
        assert said == f'<span class="as-seen">12<bdi>{word}</bdi>345</span> &lt;'
    assert rendered(tmp_path, "{{ text | with_plates }}", text="12قائمة") == "12قائمة"


def test_a_word_in_a_plate_that_a_person_has_typed_stays_a_word(tmp_path: Path) -> None:
    assert rendered(tmp_path, "{{ text | plate }}", text="123 تونس <4") == "123 <bdi>تونس</bdi> &lt;4"


def test_a_sentence_is_said_in_the_language_of_the_reader_with_its_values_escaped(tmp_path: Path) -> None:
    page = "{{ _('{user} is logged in.', user=user) }}"
    assert rendered(tmp_path, page, user="<anna>") == "&lt;anna&gt; is logged in."
    assert rendered(tmp_path, page, DE, user="<anna>") == "&lt;anna&gt; ist angemeldet."


def test_texts_and_errors_that_are_printed_are_said_in_the_language_of_the_reader(tmp_path: Path) -> None:
    text = Text("{host} answers {status}", {"host": "a<b", "status": 500})
    error = ConfigError("{host} answers {status}", host="c", status=404)
    page = "{{ text }}, {{ error }}"
    assert rendered(tmp_path, page, DE, text=text, error=error) == "a&lt;b antwortet 500, c antwortet 404"


@pytest.mark.parametrize(
    ("value", "to", "stamp", "shown"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "seconds", "2026-01-02T03:04:05Z", "2026-01-02 16:04:05"),
        ("2026-01-02T03:04:05+00:00", "minutes", "2026-01-02T03:04:05Z", "2026-01-02 16:04"),
        ("2026-01-02T15:04:05.250+00:00", "day", "2026-01-03", "2026-01-03"),
        ("2026-01-02 16:04:05", "seconds", "2026-01-02T03:04:05Z", "2026-01-02 16:04:05"),
        ("2026-01-02T16:04", "seconds", "2026-01-02T03:04:00Z", "2026-01-02 16:04"),
        ("2026-01-02 16:04:05.250", "clock", "2026-01-02T03:04:05Z", "16:04:05.250"),
    ],
)
def test_a_moment_is_shown_by_the_clock_of_the_page_and_says_when_it_was(
    tmp_path: Path, value: object, to: str, stamp: str, shown: str
) -> None:
    found = rendered(tmp_path, "{{ value | moment(to) }}", value=value, to=to, time_zone=ZoneInfo("Pacific/Auckland"))
    assert found == f'<time datetime="{stamp}">{shown}</time>'


def test_what_is_no_moment_is_shown_escaped_and_none_shows_nothing(tmp_path: Path) -> None:
    assert (
        rendered(tmp_path, "{{ a | moment }}{{ b | moment }}{{ c | moment }}", a=None, b="", c="<yesterday>") == "&lt;yesterday&gt;"
    )


def test_large_counts_are_written_by_a_script_and_small_ones_as_they_are(tmp_path: Path) -> None:
    page = "{{ _n('{count} gate', '{count} gates', count) }}"
    assert rendered(tmp_path, page, count=999) == "999 gates"
    assert rendered(tmp_path, page, count=1234) == '<data class="number" value="1234">1\u202f234</data> gates'


def test_what_counts_has_the_plural_form_of_the_language_in_templates_and_scripts(tmp_path: Path) -> None:
    page = "{% for count in (1, 2, 5) %}{{ _n('{count} gate', '{count} gates', count) }}, {% endfor %}"
    assert rendered(tmp_path, page) == "1 gate, 2 gates, 5 gates, "
    assert rendered(tmp_path, page, PL) == "1 brama, 2 bramy, 5 bram, "
    script = tmp_path / "gate.js"
    script.write_text(SCRIPT)
    assert page_words(ENGLISH, script) == {}
    words = page_words(PL, script)
    assert words.keys() == {"", "{count} gate"}
    assert words["{count} gate"] == list(BRAMY)
    assert words[""] == "".join(str(polish_form(count)) for count in range(200))


def test_a_form_for_whole_millions_alone_leaves_the_others_their_places(tmp_path: Path) -> None:
    """Spanish and Portuguese as Babel begins them: one, millions, others."""

    def form(count: int) -> int:
        return 0 if count == 1 else 1 if count and count % 1_000_000 == 0 else 2

    spanish = Language("es", "Español", lambda text, one="", count=0: ("barrera", "de barreras", "barreras")[form(count)], form)
    script = tmp_path / "gate.js"
    script.write_text(SCRIPT)
    words = page_words(spanish, script)
    assert words["{count} gate"] == ["barrera", "barreras"]
    assert words[""] == "10" + "1" * 198


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
    environment = _environment((ROOT / folder, SHARED))
    names = sorted(path.name for path in (ROOT / folder).glob("*.html"))
    assert names
    for name in names:
        assert environment.get_template(name).name == name
