"""Languages: which one a reader gets, and what a catalogue says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from board.kit import languages
from board.kit.languages import best

PO = """msgid ""
msgstr ""
"Language: de\\n"
"Language-Team: Deutsch\\n"

#: firmware/templates/login.html:3
msgid "Log in"
msgstr "Anmelden"

#, fuzzy
msgid "Log out"
msgstr "Anmelden"

msgid "{n} cars are "
"here"
msgstr ""
"\\"{n}\\" Fahrzeuge "
"sind hier – schön"

msgid "Nothing"
msgstr ""

#~ msgid "Old"
#~ msgstr "Alt"
"""


@pytest.fixture(autouse=True)
def locales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "de.po").write_text(PO, encoding="utf-8")
    (tmp_path / "pt-br.po").write_text('msgid ""\nmsgstr ""\n"Language-Team: Português (Brasil)\\n"\n', encoding="utf-8")
    monkeypatch.setattr(languages, "LOCALES", tmp_path)
    languages.languages.cache_clear()
    yield
    languages.languages.cache_clear()


def test_the_languages_are_english_and_those_with_a_catalogue() -> None:
    assert [(each.code, each.name) for each in languages.languages()] == [
        ("en", "English"), ("de", "Deutsch"), ("pt-br", "Português (Brasil)"),
    ]  # fmt: skip


def test_a_catalogue_says_what_is_translated_and_the_rest_in_english() -> None:
    german = best("", "de").translate
    assert german("Log in") == "Anmelden"
    assert german("{n} cars are here") == '"{n}" Fahrzeuge sind hier – schön'
    assert [german(text) for text in ("Log out", "Nothing", "Old", "")] == ["Log out", "Nothing", "Old", ""]


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr, en;q=0.5, de;q=0.9", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("pt-BR", "pt-br"),
        ("pt", "en"),
        ("de;q=0", "en"),
        ("*", "en"),
        ("de;q=x,,;;q=,\x00", "en"),
        (",".join(["xx"] * 500 + ["de"]), "en"),
    ],
)
def test_the_browser_is_asked_by_accept_language(wishes: str, code: str) -> None:
    assert best("", wishes).code == code


@pytest.mark.parametrize(
    ("cookies", "code"),
    [
        ("gatewright_language=en", "en"),
        ("a=b; gatewright_language=PT-BR; c=d", "pt-br"),
        ("gatewright_language=xx", "de"),
        ("my_gatewright_language=en", "de"),
        ("gatewright_language=../../etc", "de"),
        ('gatewright_language="', "de"),
    ],
)
def test_what_was_chosen_on_a_page_comes_before_the_browsers_wish(cookies: str, code: str) -> None:
    assert best(cookies, "de").code == code
