"""Filters: which events a client wants: topic expressions and message content filters (ONVIF Core, Topic Filter and Message
Content Filter; WS-Topics 1.3).

Strangers write them: they are bounded, compiled once into functions, and never given to a general XPath engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from board.kit.dataclass import dataclass
from engine.formats.onvif_xml import NAMESPACES, TOPIC_DIALECT

TOPIC_DIALECTS = (
    TOPIC_DIALECT,
    "http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete",
    "http://docs.oasis-open.org/wsn/t-1/TopicExpression/Simple",
    "http://docs.oasis-open.org/wsn/t-1/TopicExpression/Full",
)
"""Parsed alike: each is a subset of what is supported here."""
CONTENT_DIALECT = "http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter"

MOST_CHARACTERS = 2_000
MOST_ALTERNATIVES = 64
MOST_NESTED = 16

STEP = re.compile(r"(?:(?P<prefix>[\w.-]+):)?(?P<name>[\w.-]+|\*)")
TOKEN = re.compile(r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<word>//(?:[\w.-]+:)?\w+|@?\w+)|(?P<sign>[()\[\]=]))""")


class BadFilter(ValueError):
    """An unsupported expression."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a message, of Source or Data. `value`: "" of an ElementItem."""

    kind: str
    """SimpleItem or ElementItem."""
    name: str
    value: str


TopicTest = Callable[[str], bool]
"""Whether the topic (its path below tns1:) is wanted."""
ContentTest = Callable[[tuple[Item, ...]], bool]


# --- topics ---------------------------------------------------------------------------------------------------------------


def topic_test(expression: str, prefixes: Mapping[str, str]) -> TopicTest:
    """Of "tns1:RuleEngine//.|tns1:Device/Trigger/Relay"; `*` stands for any name. `prefixes`: as declared where it stands; tns1 is
    ONVIF's where it is not declared, as some clients write it so."""
    if len(expression) > MOST_CHARACTERS:
        raise BadFilter("the topic expression is too long")
    alternatives = [each.strip() for each in expression.split("|")]
    if len(alternatives) > MOST_ALTERNATIVES:
        raise BadFilter("the topic expression has too many alternatives")
    tests = [_path_test(each, {"tns1": NAMESPACES["tns1"], **prefixes}) for each in alternatives]
    return lambda topic: any(test(topic) for test in tests)


def _path_test(path: str, prefixes: Mapping[str, str]) -> TopicTest:
    subtree = path.endswith("//.")
    names = []
    spaces = set()
    for step in path.removesuffix("//.").split("/"):
        found = STEP.fullmatch(step)
        if found is None:
            raise BadFilter(f"{path!r} is no topic expression")
        if found["prefix"] is not None and found["prefix"] not in prefixes:
            raise BadFilter(f"the prefix {found['prefix']} is not declared")
        if found["prefix"] is not None:  # as in XPath, the default namespace is none of a name without a prefix
            spaces.add(prefixes[found["prefix"]])
        names.append(found["name"])
    if not spaces <= {NAMESPACES["tns1"]}:
        return lambda topic: False  # a topic of somebody else's

    def test(topic: str) -> bool:
        parts = topic.split("/")
        if len(parts) < len(names) or (len(parts) > len(names) and not subtree):
            return False
        return all(name in ("*", part) for name, part in zip(names, parts, strict=False))

    return test


# --- content --------------------------------------------------------------------------------------------------------------


def content_test(expression: str) -> ContentTest:
    """Of 'boolean(//tt:SimpleItem[@Name="Rule" and @Value="LPR1"]) and not(boolean(//tt:ElementItem[@Name="BoundingBox"]))'."""
    if len(expression) > MOST_CHARACTERS:
        raise BadFilter("the content filter is too long")
    tokens = list(_tokens(expression))
    reader = _Reader(tokens)
    test = reader.either(reader.statement)
    reader.end()
    return test


ItemTest = Callable[[Item], bool]


def _tokens(expression: str) -> Iterator[str]:
    place = 0
    expression = expression.rstrip()
    while place < len(expression):
        found = TOKEN.match(expression, place)
        if found is None:
            raise BadFilter(f"not understood: {expression[place : place + 20]!r}")
        yield found[0].strip()
        place = found.end()


class _Reader:
    """By the grammar of ONVIF Core, section Message Content Filter; `and` binds tighter than `or`."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0
        self._nested = 0

    def end(self) -> None:
        if self._place < len(self._tokens):
            raise BadFilter(f"not understood: {self._tokens[self._place]!r}")

    def either(self, part: Callable[[], Callable[..., bool]]) -> Callable[..., bool]:
        """Parts with `and`, `or`, `not` and brackets."""
        tests = [self._both(part)]
        while self._next("or"):
            tests.append(self._both(part))
        return tests[0] if len(tests) == 1 else lambda what: any(test(what) for test in tests)

    def statement(self) -> ContentTest:
        """boolean(//tt:SimpleItem[...])"""
        self._need("boolean")
        self._need("(")
        kind = self._take().removeprefix("//").rpartition(":")[2]
        if kind not in ("SimpleItem", "ElementItem"):
            raise BadFilter("a filter looks at SimpleItem or ElementItem")
        self._need("[")
        wanted = self.either(self._comparison)
        self._need("]")
        self._need(")")
        return lambda items: any(item.kind == kind and wanted(item) for item in items)

    def _both(self, part: Callable[[], Callable[..., bool]]) -> Callable[..., bool]:
        tests = [self._one(part)]
        while self._next("and"):
            tests.append(self._one(part))
        return tests[0] if len(tests) == 1 else lambda what: all(test(what) for test in tests)

    def _one(self, part: Callable[[], Callable[..., bool]]) -> Callable[..., bool]:
        negated = self._next("not")
        if not negated and not self._is("("):
            return part()
        self._nested += 1
        if self._nested > MOST_NESTED:
            raise BadFilter("the content filter is nested too deeply")
        self._need("(")
        inside = self.either(part)
        self._need(")")
        self._nested -= 1
        return (lambda what: not inside(what)) if negated else inside

    def _comparison(self) -> ItemTest:
        """@Name="Rule" """
        attribute = self._take()
        self._need("=")
        text = self._take()
        if attribute not in ("@Name", "@Value") or text[0] not in "\"'":
            raise BadFilter("an item is compared by @Name or @Value with a text")
        wanted = text[1:-1]
        return (lambda item: item.name == wanted) if attribute == "@Name" else (lambda item: item.value == wanted)

    def _is(self, token: str) -> bool:
        return self._place < len(self._tokens) and self._tokens[self._place] == token

    def _next(self, token: str) -> bool:
        if not self._is(token):
            return False
        self._place += 1
        return True

    def _take(self) -> str:
        if self._place >= len(self._tokens):
            raise BadFilter("the content filter has no end")
        self._place += 1
        return self._tokens[self._place - 1]

    def _need(self, token: str) -> None:
        if not self._next(token):
            raise BadFilter(f"{token!r} is missing in the content filter")
