"""SOAP 1.2: parses clients' envelopes, and writes answers and faults (W3C SOAP 1.2 Part 1; ONVIF Core, 5.8).

WS-Addressing's Action and MessageID are answered if a client sends them. If a header comes twice, the first one counts: Home
Assistant has sent all of them twice.
"""

from __future__ import annotations

from board.kit.dataclass import dataclass
from engine.vms.onvif.xml import BadXml, Element, Xml, parse, tag

TYPE = "application/soap+xml; charset=utf-8"
TYPES = ("application/soap+xml", "application/xml", "text/xml")
"""Types of requests. None of them can come from a page of another site without a question before (CORS)."""

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
EXPECTED = "an envelope of SOAP 1.2 is expected"

MAX_HEADER_CHARACTERS = 1_000
"""Characters of an Action or MessageID, which is sent back."""

SOAP = "http://www.w3.org/2003/05/soap-envelope"
OLD_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
"""Of version 1.1, and what its clients read."""
OLD_TYPE = "text/xml; charset=utf-8"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
OUR_ROLES = ("", f"{SOAP}/role/next", f"{SOAP}/role/ultimateReceiver")
"""A header for anybody else is not looked at (SOAP 1.2 Part 1, 2.2 and 2.4)."""
UNDERSTOOD = (ADDRESSING, SECURITY, "http://schemas.xmlsoap.org/ws/2004/08/addressing")

NAMESPACES = {
    "s": SOAP,
    "wsa": ADDRESSING,
    "ter": "http://www.onvif.org/ver10/error",
    "tt": "http://www.onvif.org/ver10/schema",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "tmd": "http://www.onvif.org/ver10/deviceIO/wsdl",
    "timg": "http://www.onvif.org/ver20/imaging/wsdl",
    "tan": "http://www.onvif.org/ver20/analytics/wsdl",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
    "tns1": "http://www.onvif.org/ver10/topics",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "wstop": "http://docs.oasis-open.org/wsn/t-1",
    "wsrf-bf": "http://docs.oasis-open.org/wsrf/bf-2",
    "wsrf-r": "http://docs.oasis-open.org/wsrf/r-2",
    "xsd": "http://www.w3.org/2001/XMLSchema",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xop": "http://www.w3.org/2004/08/xop/include",
}
"""Prefixes used in answers; a document declares those that occur in it."""


class Fault(Exception):
    """What a client is told instead of an answer. `code`: "Sender" (the request is wrong), "Receiver" (the camera cannot),
    "VersionMismatch" or "MustUnderstand"; `subcodes`: "ter:InvalidArgVal", then the more special one; `reason`: in English;
    `detail`: the fault's own element."""

    def __init__(self, code: str, subcodes: tuple[str, ...], reason: str, detail: Xml | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.subcodes = subcodes
        self.reason = reason
        self.detail = detail

    @property
    def status(self) -> int:
        """Of HTTP (SOAP 1.2 Part 2, table 20)."""
        return 400 if self.code == "Sender" else 500


class OldVersion(Fault):
    """The client speaks SOAP 1.1, and is told in its own version which one is spoken here (SOAP 1.2 Part 1, appendix A)."""

    def __init__(self) -> None:
        super().__init__("VersionMismatch", (), EXPECTED)


def wrong(subcode: str, reason: str, special: str = "") -> Fault:
    """A fault of the sender: wrong("ter:InvalidArgVal", "there is no such profile", "ter:NoProfile")."""
    return Fault("Sender", (subcode, special) if special else (subcode,), reason)


def cannot(subcode: str, reason: str, special: str = "") -> Fault:
    """A fault of the camera: the request is valid but cannot be carried out here or now."""
    return Fault("Receiver", (subcode, special) if special else (subcode,), reason)


@dataclass(frozen=True, slots=True)
class Token:
    """A WS-UsernameToken as sent: `nonce` in base64; `created` is hashed as it came: clients write "Z" and "+00:00"."""

    user: str
    password: str
    is_digest: bool
    nonce: str
    created: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """`body`: the operation's element; `action`, `message`: of WS-Addressing, "" when not sent; `token`: None without one."""

    body: Element
    action: str
    message: str
    token: Token | None


def envelope(document: bytes) -> Envelope:
    """The parsed request; Fault if it is not a supported envelope."""
    try:
        root = parse(document)
    except BadXml as why:
        raise wrong("ter:WellFormed", str(why)) from why
    if (root.name, root.space) == ("Envelope", OLD_SOAP):
        raise OldVersion
    if root.name != "Envelope" or root.space != SOAP:
        raise Fault("VersionMismatch", (), EXPECTED)
    body = root.first("Body")
    if body is None or not body.children:
        raise wrong("ter:TagMismatch", "the envelope asks for nothing")
    header = root.first("Header")
    if header is None:
        return Envelope(body.children[0], "", "", None)
    for each in header.children:
        ours = each.attributes.get("role", "") in OUR_ROLES
        if ours and each.attributes.get("mustUnderstand") in ("1", "true") and each.space not in UNDERSTOOD:
            raise Fault("MustUnderstand", (), f"the header {each.name} is not understood")
    action, message = (header.word(name)[:MAX_HEADER_CHARACTERS] for name in ("Action", "MessageID"))
    return Envelope(body.children[0], action, message, _token(header))


def _token(header: Element) -> Token | None:
    found = header.first("Security", "UsernameToken")
    if found is None:
        return None
    password = found.first("Password")
    is_digest = password is not None and password.attributes.get("Type", "").endswith("#PasswordDigest")
    return Token(
        user=found.word("Username"),
        password=password.text.strip() if password is not None else "",
        is_digest=is_digest,
        nonce=found.word("Nonce"),
        created=found.word("Created"),
    )


def answer(body: Xml, asked: Envelope | None = None) -> bytes:
    """The document around `body`; `asked`: the request, whose addressing is answered."""
    header = None
    if asked is not None and (asked.action or asked.message):
        action = f"{asked.action.removesuffix('Request')}Response" if asked.action else None
        header = _addressing(action, asked)
    return document(body, header)


def fault(what: Fault, asked: Envelope | None = None) -> bytes:
    """The document of a fault."""
    if isinstance(what, OldVersion):
        supported = tag("s:Upgrade", tag("s:SupportedEnvelope", qname="s:Envelope"))
        said = tag("e:Fault", tag("faultcode", "e:VersionMismatch"), tag("faultstring", what.reason))
        whole = tag("e:Envelope", tag("e:Header", supported), tag("e:Body", said), **{"xmlns:e": OLD_SOAP, "xmlns:s": SOAP})
        return f"{DECLARATION}{whole}".encode()
    subcode: Xml | None = None
    for name in reversed(what.subcodes):
        subcode = tag("s:Subcode", tag("s:Value", name), subcode)
    body = tag(
        "s:Fault",
        tag("s:Code", tag("s:Value", f"s:{what.code}"), subcode),
        tag("s:Reason", tag("s:Text", what.reason, **{"xml:lang": "en"})),
        tag("s:Detail", what.detail) if what.detail is not None else None,
    )
    header = _addressing(f"{ADDRESSING}/soap/fault", asked) if asked is not None and asked.message else None
    return document(body, header)


def document(body: Xml, header: Xml | None = None) -> bytes:
    """An envelope around `body`, with the namespaces whose prefixes occur."""
    inside = tag("s:Body", body) if header is None else Xml(tag("s:Header", header) + tag("s:Body", body))
    spaces = "".join(f' xmlns:{prefix}="{space}"' for prefix, space in NAMESPACES.items() if f"{prefix}:" in inside)
    return f"{DECLARATION}<s:Envelope{spaces}>{inside}</s:Envelope>".encode()


def _addressing(action: str | None, asked: Envelope) -> Xml:
    told = tag("wsa:Action", action, **{"s:mustUnderstand": "1"}) if action else ""
    return Xml(told + (tag("wsa:RelatesTo", asked.message) if asked.message else ""))
