"""ONVIF's notifications as XML: the wsnt:NotificationMessage that event services send, and the tt:MetadataStream of RTSP.

Sources: ONVIF Core Specification (Notification structure), Streaming Specification (Metadata), onvif.xsd (tt:Message, tt:ItemList),
metadatastream.xsd, WS-BaseNotification 1.3. Elements stand in the order of those schemas. Values are hostile text: plates are what
strangers paint.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.formats.event import clean
from engine.formats.onvif import Notification
from engine.formats.xml_text import IN_ATTRIBUTE, IN_TEXT

NAMESPACES = {
    "tt": "http://www.onvif.org/ver10/schema",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "tns1": "http://www.onvif.org/ver10/topics",
}
"""Prefix -> namespace: what a document around a `message` must declare, under these prefixes."""

TOPIC_DIALECT = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"

LOCATED = ("ImageURI",)
"""Items whose value is a path at this camera."""

HERE = "\0"
"""Stands where the camera's address belongs; no text of XML can contain it."""


def message(notification: Notification, base: str = "") -> str:
    """A wsnt:NotificationMessage. `base`: where the reader reaches this camera ("http://192.168.0.199"); "": paths stay paths."""
    return base.translate(IN_ATTRIBUTE).join(pieces(notification))


def pieces(notification: Notification) -> tuple[str, ...]:
    """A message cut where the camera's address belongs, so that readers who know it by different ones share the rest."""
    operation = f' PropertyOperation="{notification.operation}"' if notification.operation else ""
    whole = (
        f'<wsnt:NotificationMessage><wsnt:Topic Dialect="{TOPIC_DIALECT}">tns1:{notification.topic}</wsnt:Topic>'
        f'<wsnt:Message><tt:Message UtcTime="{notification.time}"{operation}>'
        f"<tt:Source>{_items(notification.source)}</tt:Source><tt:Data>{_items(notification.data)}</tt:Data>"
        "</tt:Message></wsnt:Message></wsnt:NotificationMessage>"
    )
    return tuple(whole.split(HERE))


def metadata_stream(messages: Iterable[str]) -> bytes:
    """A whole tt:MetadataStream document around messages: what one marker of the RTP stream ends."""
    declared = "".join(f' xmlns:{prefix}="{namespace}"' for prefix, namespace in NAMESPACES.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><tt:MetadataStream{declared}><tt:Event>{"".join(messages)}</tt:Event>'
        "</tt:MetadataStream>"
    ).encode()


def _items(items: Mapping[str, Any]) -> str:
    """A tt:ItemList: its simple items, then those that hold an element."""
    simple = [_simple(name, value) for name, value in items.items() if not isinstance(value, Mapping)]
    return "".join(simple + [_holder(name, value) for name, value in items.items() if isinstance(value, Mapping)])


def _simple(name: str, value: object) -> str:
    return f'<tt:SimpleItem Name="{_attribute(name)}" Value="{HERE if name in LOCATED else ""}{_attribute(value)}"/>'


def _holder(name: str, held: Mapping[str, Any]) -> str:
    inside = "".join(_element(child, value) for child, value in held.items())
    return f'<tt:ElementItem Name="{_attribute(name)}">{inside}</tt:ElementItem>'


def _element(name: str, value: Any) -> str:
    """An element of the tt namespace; of a mapping, names with @ are attributes, #text is the text, others are children."""
    if not isinstance(value, Mapping):
        return f"<tt:{name}>{_text(value)}</tt:{name}>"
    attributes = "".join(f' {key[1:]}="{_attribute(each)}"' for key, each in value.items() if key.startswith("@"))
    children = "".join(_element(key, each) for key, each in value.items() if key[0] not in "@#")
    return f"<tt:{name}{attributes}>{_text(value.get('#text', ''))}{children}</tt:{name}>"


def _attribute(value: object) -> str:
    return clean(str(value)).translate(IN_ATTRIBUTE)


def _text(value: object) -> str:
    return clean(str(value)).translate(IN_TEXT)
