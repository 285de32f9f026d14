"""Literals: texts of templates and scripts of pages that people would read in English, whatever their language.

A template must say its texts by `_("...")` or `_n(...)`, a script too (board/kit/web/static/words.js); what is left is found here
and refused by tests/house/test_words.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

from jinja2 import Environment, nodes

from scripts.words import FOLDERS, ROOT

READ = ("aria-label", "aria-description", "title", "placeholder", "alt", "data-name")
"""Attributes that people see or hear."""

UNREAD = ("script", "style", "code")
"""Elements whose text is none."""

NAMES = ("CSV", "DHCP", "GB", "Gatewright", "HTTPS", "KB", "Linux", "MB", "Python", "USB", "UTC", "eMMC", "ppm", "px")
"""Words that are the same in every language."""

WORD = re.compile(rf"(?!(?:{'|'.join(NAMES)})(?![^\W\d_]))(?<![^\W\d_])[^\W\d_]{{2,}}")
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{(.*?)\}\}", re.DOTALL)

TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL)
"""Comments and texts of a script."""

SAID = re.compile(r"\b_n?\(\s*(?:\"(?:[^\"\\]|\\.)*\",\s*)?$")
"""What stands before a text that is said."""

NOT_SHOWN = re.compile(
    r"(?:class(?:Name)?\"?\s*[:=]|classList\.\w+\(|\$\$?\(|querySelector(?:All)?\(|closest\(|el\(|svg\(|make\(|event\.key ===|"
    r"headers(?:\.get)?\(|setRequestHeader\(|throw new Error\()\s*(?:\"[\w-]*\", *)?$"
)
"""What stands before names of classes, selectors, elements, keys and headers, and before an error that a script tells itself."""

FILLED = re.compile(r"\$\{(?:[^{}`]|\{[^{}]*\})*\}")
SENTENCE = re.compile(r"^\s*[A-Z][a-z]+(?![\w-]*[A-Z/:])|[a-z]{2,}[,.:;!?]? [a-z]|(?:^| )[a-z]{3,} ")
"""Begins like a sentence, or has two words."""


@dataclass(frozen=True, slots=True)
class Literal:
    """`place`: file below the repository."""

    place: str
    line: int
    text: str


def found_in_pages() -> list[Literal]:
    """Of every template and script."""
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".html", ".js"))
    return [
        Literal(path.relative_to(ROOT).as_posix(), line, text)
        for path in paths
        for line, text in (in_template if path.suffix == ".html" else in_script)(path.read_text("utf-8"))
    ]


def in_template(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of what is not said."""
    printed: list[str] = []

    def put_by(match: re.Match[str]) -> str:
        lines = "\n" * match[0].count("\n")
        if match[1] is None:
            return f" {lines}"
        printed.append(match[1])
        return f"\x01{len(printed) - 1}\x02{lines}"

    reader = _Texts()
    reader.feed(JINJA.sub(put_by, source))
    reader.close()
    for line, text in reader.found:
        for number in re.findall(r"\x01(\d+)\x02", text):
            yield from ((line, each) for each in _printed(printed[int(number)]))
        plain = " ".join(re.sub(r"\x01\d+\x02|\bclass=\"[^\"]*\"", " ", text).split())
        if WORD.search(plain):
            yield line, plain


class _Texts(HTMLParser):
    """Texts and read attributes of a page, with their lines."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unread += tag in UNREAD
        self.found += [(self.getpos()[0], value) for name, value in attrs if name in READ and value]

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in UNREAD

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.found.append((self.getpos()[0], data))


def _printed(expression: str) -> list[str]:
    """Texts that an expression may print without a word from `_`."""
    outputs = Environment().parse(f"{{{{{expression}}}}}").find_all(nodes.Output)
    return [text for output in outputs for node in output.nodes for text in _constants(node)]


def _constants(node: nodes.Node) -> Iterator[str]:
    match node:
        case nodes.Const(value=str(text)) if WORD.search(text):
            yield text
        case nodes.CondExpr(expr1=first, expr2=second):
            yield from (*_constants(first), *(_constants(second) if second else ()))
        case nodes.Or(left=left, right=right) | nodes.Add(left=left, right=right):
            yield from (*_constants(left), *_constants(right))
        case nodes.Mod(left=left):
            yield from _constants(left)
        case nodes.Concat(nodes=parts):
            yield from (text for part in parts for text in _constants(part))
        case nodes.Getitem(node=nodes.Dict(items=items)):
            yield from (text for pair in items for text in _constants(pair.value))


def in_script(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of what is not said."""
    for token in TOKEN.finditer(source):
        before = source[max(0, token.start() - 400) : token.start()]
        if token[0].startswith("/") or SAID.search(before) or NOT_SHOWN.search(before):
            continue
        text = FILLED.sub(" ", token[0][1:-1]) if token[0].startswith("`") else token[0][1:-1]
        if SENTENCE.search(text):
            yield source.count("\n", 0, token.start()) + 1, token[0]
