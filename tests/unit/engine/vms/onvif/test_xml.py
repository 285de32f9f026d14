"""The XML that strangers send is read within bounds, and what is answered is escaped."""

from __future__ import annotations

import gc
from contextlib import suppress

import pytest

from engine.vms.onvif.xml import MAX_DEPTH, MAX_ELEMENTS, MAX_PREFIXES, BadXml, Xml, join, parse, tag


def test_a_document_becomes_a_tree_with_namespaces_attributes_and_the_prefixes_of_its_text() -> None:
    root = parse(b'<a xmlns="urn:1" xmlns:t="urn:2"><t:b k="v" t:w="x"> one &amp; two </t:b><b>three</b></a>')
    first, second = root.children
    assert (root.space, root.name, first.space, first.name, second.space) == ("urn:1", "a", "urn:2", "b", "urn:1")
    assert (first.attributes, first.text, first.prefixes["t"]) == ({"k": "v", "w": "x"}, " one & two ", "urn:2")
    assert (root.word("b"), root.word("c"), root.first("b", "c"), [each.text for each in root.all("b")][1]) == (
        "one & two",
        "",
        None,
        "three",
    )


def declared(count: int) -> bytes:
    return b"".join(b' xmlns:n%d="urn:%d"' % (number, number) for number in range(count))


def test_an_envelope_of_gsoap_declares_every_namespace_that_it_knows() -> None:
    assert parse(b"<a%s><n69:b/></a>" % declared(70)).children[0].space == "urn:69"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<a>",
        b"<a></b>",
        b"\x00\xff",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<a>&unknown;</a>",
        b"<t:a/>",
        b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1),
        b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>",
        b"<a " + b" ".join(b'k%d="v"' % number for number in range(40)) + b"/>",
        b"<a%s/>" % declared(MAX_PREFIXES + 1),
        b"<a%s>%s</a>" % (declared(MAX_PREFIXES - 1), b'<b xmlns="urn:b"/>' * 100),
    ],
    ids=range(14),
)
def test_what_is_not_well_formed_or_too_much_is_refused(document: bytes) -> None:
    with pytest.raises(BadXml):
        parse(document)


def test_what_is_said_is_escaped_and_markup_stays() -> None:
    assert tag("t:a", "<&>", tag("b"), None, True, 5, k='"<') == '<t:a k="&quot;&lt;">&lt;&amp;&gt;<b/>true5</t:a>'
    assert tag("a", "\x00\ud800") == "<a>\ufffd\ufffd</a>"
    assert tag("a", **{"xml:lang": "en"}, n=None) == '<a xml:lang="en"/>'
    assert join(tag("a"), tag("b")) == "<a/><b/>" and isinstance(join(), Xml)


@pytest.mark.parametrize("document", [b"<a><b>c</b></a>", b"<a><b>" + b"c" * 60_000, b"<!DOCTYPE a><a/>", b"<a>" * 99])
def test_what_was_read_is_forgotten_at_once(document: bytes) -> None:
    """Each request left its parser to Python's collector: strangers filled the memory with what they sent."""
    gc.collect()
    gc.disable()
    try:
        with suppress(BadXml):
            parse(document)
        assert gc.collect() == 0
    finally:
        gc.enable()
