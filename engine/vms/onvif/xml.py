"""XML: parses strangers' input with expat into a small tree within bounds; builds answers, escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.parsers import expat

from engine.formats.characters import NOT_XML

MAX_DEPTH = 32
MAX_ELEMENTS = 2_000
MAX_ATTRIBUTES = 32
"""Of one element."""
MAX_PREFIXES = 256
"""In force at one element: clients made with gSOAP declare in each envelope all that their WSDLs know, dozens."""
MAX_KEPT_PREFIXES = 20_000
"""Of all elements: each that declares some has a table of its own."""


class BadXml(ValueError):
    """Not XML, or beyond the bounds."""


class Element:
    """`space`: its namespace, "" for none; `text`: what stands in it before, between and behind its children; `attributes` by local
    name; `prefixes`: what names in its text may begin with -> namespace."""

    __slots__ = ("attributes", "children", "name", "prefixes", "space", "text")

    def __init__(self, space: str, name: str, attributes: Mapping[str, str], prefixes: Mapping[str, str]) -> None:
        self.space = space
        self.name = name
        self.attributes = attributes
        self.prefixes = prefixes
        self.text = ""
        self.children: list[Element] = []

    def all(self, name: str) -> Iterator[Element]:
        """The children of that name, whatever their namespace."""
        return (child for child in self.children if child.name == name)

    def first(self, *path: str) -> Element | None:
        """The first child of that name, in it the first one of the next name ...; None when there is none."""
        found: Element | None = self
        for name in path:
            found = next(found.all(name), None) if found is not None else None
        return found

    def word(self, *path: str) -> str:
        """The text there without surrounding white space, "" if there is no such element."""
        found = self.first(*path)
        return found.text.strip() if found is not None else ""


def parse(document: bytes) -> Element:
    """The root. BadXml if it is not well-formed, holds a document type, or exceeds the bounds."""
    builder = _Builder()
    try:
        _parser_for(builder).Parse(document, True)
    except expat.ExpatError as why:
        raise BadXml(f"not well-formed: {why}") from why
    except (ValueError, LookupError) as why:  # an encoding that nobody knows, or a bound
        raise BadXml(str(why)) from why
    assert builder.root is not None
    return builder.root


def _parser_for(builder: _Builder) -> expat.XMLParserType:
    """The builder does not know it: in a circle it would keep what strangers send until Python's collector comes."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartNamespaceDeclHandler = builder.declare
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.doctype
    return parser


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._path: list[Element] = []
        self._count = self._kept = 0
        self._declared: dict[str, str] = {}

    def doctype(self, *values: object) -> None:
        raise BadXml("a document type is not taken")

    def declare(self, prefix: str | None, space: str | None) -> None:
        self._declared[prefix or ""] = space or ""

    def start(self, qualified: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self._path) >= MAX_DEPTH or len(attributes) > MAX_ATTRIBUTES:
            raise BadXml("more elements than anybody needs")
        prefixes: Mapping[str, str] = self._path[-1].prefixes if self._path else {}
        if self._declared:
            prefixes, self._declared = {**prefixes, **self._declared}, {}
            self._kept += len(prefixes)
            if len(prefixes) > MAX_PREFIXES or self._kept > MAX_KEPT_PREFIXES:
                raise BadXml("more namespaces than anybody needs")
        space, _, name = qualified.rpartition(" ")
        element = Element(space, name, {key.rpartition(" ")[2]: value for key, value in attributes.items()}, prefixes)
        if self._path:
            self._path[-1].children.append(element)
        else:
            self.root = element
        self._path.append(element)

    def end(self, qualified: str) -> None:
        self._path.pop()

    def text(self, text: str) -> None:
        self._path[-1].text += text


class Xml(str):
    """Markup that is inserted as it is; a plain str is escaped."""

    __slots__ = ()


def tag(name: str, *content: object, **attributes: object) -> Xml:
    """<name attributes>content</name>. What is None is left out; Xml stays as it is, a truth is "true" or "false", anything else is
    said as text. An attribute whose name has a prefix or is a word of Python's is given by `**{"xsi:nil": ...}`."""
    inside = "".join(_said(each) for each in content if each is not None)
    named = "".join(f' {key}="{_said(value)}"' for key, value in attributes.items() if value is not None)
    return Xml(f"<{name}{named}>{inside}</{name}>" if inside else f"<{name}{named}/>")


def join(*parts: str) -> Xml:
    """Pieces of markup behind each other."""
    return Xml("".join(parts))


def _said(value: object) -> str:
    if isinstance(value, Xml):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    text = NOT_XML.sub("\ufffd", str(value))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;").replace("\r", "&#13;")
