"""Languages: the catalogues of board/kit/locales, and the choice among them: made on a page, else what the browser asks for.

One file for each language, LANGUAGE.po, read by Python's gettext as it is: nothing is compiled, so nothing can be out of date.
Its header names the language in itself: `"Language-Team: Deutsch\\n"`. `scripts/words.py` collects what is to be translated.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import IO

from board.kit.from_json import from_json
from board.kit.words import ENGLISH, Language, english_form

LOCALES = Path(__file__).parent / "locales"
COOKIE = "gatewright_language"
"""What was chosen on a page; host and portal read the same."""

MAX_WISHES = 20
"""Languages of an Accept-Language header that are looked at."""


class Catalogue(gettext.GNUTranslations):
    """A .po file. Entries that are marked fuzzy, obsolete or not translated are left out: these are said in English."""

    def _parse(self, fp: IO[bytes]) -> None:  # type: ignore[override]  # documented: what reads another format
        self._catalog: dict[str | tuple[str, int], str] = {}
        self.plural: Callable[[int], int] = english_form
        for entry in entries(fp.read().decode("utf-8")):
            if not entry["msgid"]:
                rule = re.search(r"^Plural-Forms:.*\bplural=([^;\n]+)", entry["msgstr"], re.MULTILINE)
                self.plural = gettext.c2py(rule[1]) if rule else english_form
            elif "fuzzy" not in entry["flags"]:
                self._take(entry)

    def _take(self, entry: dict[str, str]) -> None:
        forms = [entry[name] for name in sorted(entry) if name.startswith("msgstr[")]
        if forms and all(forms):
            self._catalog.update({(entry["msgid"], number): form for number, form in enumerate(forms)})
        elif entry["msgstr"]:
            self._catalog[entry["msgid"]] = entry["msgstr"]

    def said(self, template: str, one: str = "", count: int = 0, /) -> str:
        """As board.kit.words.Translate."""
        return self.ngettext(one, template, count) if one else self.gettext(template)


def entries(po: str) -> Iterator[dict[str, str]]:
    """{"msgid", "msgstr", "flags"} of each entry of a .po file, of one with plural forms also "msgid_plural", "msgstr[0]" ...; the
    header is the one with the msgid ""."""
    for block in re.split(r"\n[ \t]*\n", po.replace("\r\n", "\n")):
        entry = {"msgid": "", "msgstr": "", "flags": ""}
        name = ""
        for line in block.splitlines():
            if line.startswith("#,"):
                entry["flags"] += line[2:]
            found = re.match(r"(?:(msgid|msgid_plural|msgstr|msgstr\[\d\])\s+)?(\".*\")\s*$", line)
            if found:
                name = found[1] or name
                entry[name] = entry.get(name, "") + from_json(found[2])
        if name:
            yield entry


@cache
def languages() -> tuple[Language, ...]:
    """English and every language that has a catalogue, by code. A catalogue is read when something is said in it."""
    return (ENGLISH, *(_language(path) for path in sorted(LOCALES.glob("*.po"))))


def best(cookies: str, wishes: str) -> Language:
    """The language for a reader; `cookies`: the Cookie header, `wishes`: Accept-Language; both may be empty or nonsense."""
    known = {language.code: language for language in languages()}
    for code in (_chosen(cookies), *_wished(wishes)):
        for each in (code, code.partition("-")[0]):
            if each in known:
                return known[each]
    return ENGLISH


def _language(path: Path) -> Language:
    with path.open(encoding="utf-8") as lines:
        head = "".join(line for _, line in zip(range(30), lines, strict=False))
    name = re.search(r'"Language-Team: (.+?)\\n"', head)

    @cache
    def catalogue() -> Catalogue:
        with path.open("rb") as file:
            return Catalogue(file)

    def translate(template: str, one: str = "", count: int = 0, /) -> str:
        return catalogue().said(template, one, count)

    return Language(path.stem, name[1] if name else path.stem, translate, lambda count: catalogue().plural(count))


def _chosen(cookies: str) -> str:
    found = re.search(rf"(?:^|;)\s*{COOKIE}=([A-Za-z-]{{2,20}})\s*(?:;|$)", cookies)
    return found[1].lower() if found else ""


def _wished(wishes: str) -> list[str]:
    """Codes of an Accept-Language header, the most wanted first: "en;q=0.5, de-AT" is ["de-at", "en"]."""
    found: list[tuple[float, str]] = []
    for wish in wishes[:1000].split(",")[:MAX_WISHES]:
        code, _, quality = wish.partition(";")
        weight = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", quality)
        if not quality or weight:
            found.append((float(weight[1]) if weight else 1.0, code.strip().lower()))
    return [code for weight, code in sorted(found, key=lambda each: -each[0]) if weight > 0]
