"""Reading: what a page tells people, and which of it is English although they read another language."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from board.kit.languages import LOCALES, entries, languages

TEXTS = """() => {
  const unread = "script, style, pre, code, .mono, .plate, [data-unit], #lines, datalist, [lang]:not(html)";
  const found = [];
  const walk = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) if (!walk.currentNode.parentElement.closest(unread)) found.push(walk.currentNode.data);
  const told = ["aria-label", "title", "placeholder", "alt", "data-name"];
  const nodes = [...document.querySelectorAll("*")].filter((node) => !node.closest(unread));
  for (const node of nodes) found.push(...told.map((name) => node.getAttribute(name) || ""));
  return [...new Set(found.map((text) => text.trim()).filter(Boolean))];
}"""
"""Every text of the page, of closed dialogs too; not what programs or boards are named."""

ENGLISH = re.compile(r"\b(the|and|of|with|this|that|which|from|your|have|has|been|are|would|by|to)\b", re.IGNORECASE)
"""Words of English that neither German nor Spanish has."""

CODES = tuple(each.code for each in languages() if each.code != "en")


@cache
def known() -> frozenset[str]:
    """The English of all that is translated, as a catalogue has it: tests/house/test_words.py finds in it what the product says."""
    texts = (LOCALES / f"{CODES[0]}.po").read_text("utf-8")
    return frozenset(text for each in entries(texts) for text in (each["msgid"], each.get("msgid_plural", "")) if text)


@cache
def said(code: str) -> frozenset[str]:
    """The same in that language, and the name of the user who looks."""
    language = next(each for each in languages() if each.code == code)
    return frozenset(language.translate(text) for text in known()) | {"admin"}


def left_in_english(page: Any, code: str) -> list[str]:
    """What a page in that language says in English; its language is `code`."""
    assert page.locator("html").get_attribute("lang") == code
    return [text for text in page.evaluate(TEXTS) if text not in said(code) and (text in known() or ENGLISH.search(text))]
