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

msgid "{n} gate"
msgid_plural "{n} gates"
msgstr[0] "{n} Tor"
msgstr[1] "{n} Tore"

msgid "{n} list"
msgid_plural "{n} lists"
msgstr[0] "{n} Liste"
msgstr[1] ""

#~ msgid "Old"
#~ msgstr "Alt"
"""


POLISH = """msgid ""
msgstr ""
"Language-Team: polski\\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\\n"

msgid "{n} gate"
msgid_plural "{n} gates"
msgstr[0] "brama"
msgstr[1] "bramy"
msgstr[2] "bram"
"""


@pytest.fixture(autouse=True)
def locales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "de.po").write_text(PO, encoding="utf-8")
    (tmp_path / "pl.po").write_text(POLISH, encoding="utf-8")
    (tmp_path / "pt-br.po").write_text('msgid ""\nmsgstr ""\n"Language-Team: Português (Brasil)\\n"\n', encoding="utf-8")
    monkeypatch.setattr(languages, "LOCALES", tmp_path)
    languages.languages.cache_clear()
    yield
    languages.languages.cache_clear()


def test_the_languages_are_english_and_those_with_a_catalogue() -> None:
    assert [(each.code, each.name) for each in languages.languages()] == [
        ("en", "English"), ("de", "Deutsch"), ("pl", "polski"), ("pt-br", "Português (Brasil)"),
    ]  # fmt: skip


def test_a_catalogue_says_what_is_translated_and_the_rest_in_english() -> None:
    german = best("", "de").translate
    assert german("Log in") == "Anmelden"
    assert german("{n} cars are here") == '"{n}" Fahrzeuge sind hier – schön'
    assert [german(text) for text in ("Log out", "Nothing", "Old", "")] == ["Log out", "Nothing", "Old", ""]


def test_what_counts_has_the_plural_forms_of_the_language_and_english_ones_where_one_is_missing() -> None:
    german, polish = best("", "de"), best("", "pl")
    assert [german.translate("{n} gates", "{n} gate", n) for n in (0, 1, 2)] == ["{n} Tore", "{n} Tor", "{n} Tore"]
    assert [german.translate("{n} lists", "{n} list", n) for n in (1, 2)] == ["{n} list", "{n} lists"]
    assert [polish.translate("{n} gates", "{n} gate", n) for n in (1, 2, 5, 12, 22)] == ["brama", "bramy", "bram", "bram", "bramy"]
    assert [polish.form(n) for n in (1, 22, 112)] == [0, 1, 2]
    assert [best("", "fr").translate("{n} gates", "{n} gate", n) for n in (1, 2)] == ["{n} gate", "{n} gates"]


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
