"""Catalogues: what the extraction finds, and what it says is wrong (tests/house/test_words.py looks at those of the product)."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import words
from scripts.words import Found, found_in_product, mistakes

SOURCE = """
class GateError(ConfigError):
    def __init__(self, gate: str) -> None:
        super().__init__("{gate} does not open", gate=gate)

def check(card: int, why: Exception) -> None:
    raise ConfigError("card {card}: {why}", card=card, why=why)
    raise Refused(404, "There is no such gate.")
    raise unfit("card", "Card", "must be {least} or more", least=1)
    Text("{n} cards", {"n": 2})
    Text("{count} gates open", {"count": 2}, one="{count} gate opens")

gate: int = option(5, "Opening time", "How long.", unit="s", choices=("short", "long"))
log.info("no text of %s", gate)
"""
PO = """msgid ""
msgstr ""
"Language: de\\n"
"Language-Team: Deutsch\\n"

#: firmware/gate.py
msgid "{n} cards"
msgstr "{m} Karten"

#: firmware/gate.py
msgid "Card"
msgstr ""
"""


@pytest.fixture
def product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product of two files and a catalogue."""
    monkeypatch.setattr(words, "ROOT", tmp_path)
    monkeypatch.setattr(words, "LOCALES", tmp_path / "board" / "kit" / "locales")
    (tmp_path / "board" / "kit" / "locales").mkdir(parents=True)
    (tmp_path / "firmware" / "static").mkdir(parents=True)
    (tmp_path / "board" / "errors.py").write_text("class ConfigError(GatewrightError): ...")
    return tmp_path


def test_texts_of_errors_settings_templates_and_scripts_are_found(product: Path) -> None:
    (product / "firmware" / "gate.py").write_text(SOURCE)
    page = '<p>{{ _("{n} gates", n=count) }}{{ _n("{count} car", "{count} cars", 3) }}</p>{{ count }}'
    (product / "firmware" / "gate.html").write_text(page)
    script = 'show(_("Gate {name}", { name }), _n("{count} day", "{count} days", 1));'
    (product / "firmware" / "static" / "gate.js").write_text(script)
    assert {each.text for each in found_in_product()} == {
        "{gate} does not open", "card {card}: {why}", "There is no such gate.", "Card", "must be {least} or more", "{n} cards",
        "Opening time", "How long.", "s", "short", "long", "{n} gates", "Gate {name}", "{count} gates open", "{count} cars",
        "{count} days",
    }  # fmt: skip
    counted = {each.id for each in found_in_product() if each.one}
    assert counted == {
        ("{count} gate opens", "{count} gates open"), ("{count} car", "{count} cars"), ("{count} day", "{count} days"),
    }  # fmt: skip
    assert Found("card {card}: {why}", "firmware/gate.py", 7, frozenset({"card", "why"})) in found_in_product()
    assert Found("{n} gates", "firmware/gate.html", 1, frozenset({"n"})) in found_in_product()


def test_what_is_wrong_with_texts_and_catalogues_is_said(product: Path) -> None:
    (product / "firmware" / "gate.py").write_text('Text("{n} cards", {"m": 2})\nText("Card")\nText("New")\n')
    (product / "board" / "kit" / "locales" / "de.po").write_text(PO)
    assert mistakes() == [
        "firmware/gate.py:1: wants ['n'], is given ['m']: '{n} cards'",
        "de.po: out of date, run extract: 'New'",
        "de.po: other values than its English: '{n} cards'",
        "de.po: not translated: 'Card' (firmware/gate.py)",
    ]


COUNTED = """msgid ""
msgstr ""
"Language: de\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

#: firmware/gate.py
msgid "{count} gate of {name}"
msgid_plural "{count} gates of {name}"
msgstr[0] "Ein Tor von {name}"
msgstr[1] "{count} Tore"
"""


def test_every_plural_form_is_wanted_and_only_the_number_may_be_left_out(product: Path) -> None:
    text = 'Text("{count} gates of {name}", {"count": 2, "name": "x"}, one="{count} gate of {name}")\n'
    (product / "firmware" / "gate.py").write_text(text)
    catalogue = product / "board" / "kit" / "locales" / "de.po"
    catalogue.write_text(COUNTED)
    id = ("{count} gate of {name}", "{count} gates of {name}")
    assert mistakes() == [f"de.po: other values than its English: {id!r}"]
    catalogue.write_text(COUNTED.replace("Tore", "Tore von {name}"))
    assert mistakes() == []
    catalogue.write_text(COUNTED.replace("{count} Tore", ""))
    assert mistakes() == [f"de.po: not translated: {id!r} (firmware/gate.py)"]
    (product / "firmware" / "gate.py").write_text(text.replace('{name}")\n', '{other}")\n'))
    assert "wants ['count', 'name', 'other']" in mistakes()[0]


def test_extracting_counts_a_guess_as_not_translated(product: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = PO.replace('msgstr ""\n', 'msgstr "Karte"\n').replace('msgid ""\nmsgstr "Karte"', 'msgid ""\nmsgstr ""')
    (product / "board" / "kit" / "locales" / "de.po").write_text(said)
    for text, missing in (("Card", 0), ("Cards", 1)):
        (product / "firmware" / "gate.py").write_text(f'Text("{{n}} cards", {{"n": 2}})\nText("{text}")\n')
        words.extract([])
        assert f"de.po: {missing} not translated" in capsys.readouterr().out
    assert "#, fuzzy" in (product / "board" / "kit" / "locales" / "de.po").read_text()


def test_extracting_adds_what_is_new_takes_out_what_is_gone_and_keeps_what_is_said(product: Path) -> None:
    (product / "firmware" / "gate.py").write_text('Text("{n} cards", {"n": 2})\nText("New")\n')
    (product / "board" / "kit" / "locales" / "de.po").write_text(PO.replace("{m}", "{n}"))
    words.extract(["fr"])
    german = (product / "board" / "kit" / "locales" / "de.po").read_text()
    assert 'msgstr "{n} Karten"' in german
    assert 'msgid "New"\nmsgstr ""' in german
    assert '"Card"' not in german
    french = (product / "board" / "kit" / "locales" / "fr.po").read_text()
    assert '"Language-Team: français\\n"' in french
    words.extract([])
    assert (product / "board" / "kit" / "locales" / "de.po").read_text() == german
