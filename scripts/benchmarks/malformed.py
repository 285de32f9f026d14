"""Malformed: input for servers of which something is not as it should be. The tests send a few thousand, the bench 100,000."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Sequence
from xml.sax.saxutils import escape

from engine.formats import nvr


def nvr_input(draw: random.Random, user: str) -> bytes:
    """Bytes for the port of recorders; never a log-in as it should be, with a wrong password: that is a guess."""
    kind = draw.randrange(6)
    if kind == 0:
        return draw.randbytes(draw.randrange(1, 200))
    if kind == 1:
        return nvr.SIG + draw.randbytes(draw.randrange(0, 100))
    if kind == 2:
        return struct.pack("<2sHI", nvr.SIG, draw.randrange(1 << 16), draw.randrange(1 << 32)) + draw.randbytes(20)
    if kind == 3:
        return nvr.message(nvr.LOGIN_REQ, draw.randbytes(draw.randrange(0, 300)))
    if kind == 4:
        text = json.dumps({"id": draw.choice([user, 1, None, [user], {}]), draw.choice(["pass", "Password"]): "x"})
        return nvr.message(nvr.LOGIN_REQ, text.encode())
    whole = bytearray(nvr.message(draw.randrange(2, 1 << 16), draw.randbytes(10)))
    whole[draw.randrange(len(whole))] = draw.randrange(256)
    return bytes(whole[: draw.randrange(1, len(whole) + 1)])


def rtsp_input(draw: random.Random, url: str) -> bytes:
    """Bytes for the port of video ("rtsp://127.0.0.1:8554/main"); what logs in is wrong, and is no guess either."""
    methods = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN", "GET_PARAMETER", "RECORD", "get")
    urls = (url, f"{url}/video", "*", "/", "rtsp://[", url + "x" * 2_000)
    headers = {
        "CSeq": ("1", "1", "1", "", "-1", "9" * 40),
        "Session": ("0123456789abcdef", ";", ""),
        "Transport": ("RTP/AVP/TCP", "RTP/AVP;client_port=1-2,;;=,", "RTP/AVP/TCP;interleaved=256-1"),
        "Authorization": ("Digest", "Basic", 'Digest realm="Gatewright", nonce="1.2"', "Bearer", "Basic w6Q="),
        "Content-Length": ("0", "3", "5000", "-1", "1e3"),
        "Require": ("onvif-replay", "", "x" * 3_000),
    }
    request = [f"{draw.choice(methods)} {draw.choice(urls)} RTSP/{draw.choice(('1.0', '1.0', '2.0', '1'))}"]
    request += [f"{name}: {draw.choice(values)}" for name, values in headers.items()]
    kept = request[:2] + [line for line in request[2:] if draw.random() < 0.4]
    kind = draw.randrange(6)
    if kind == 0:
        return draw.randbytes(draw.randrange(1, 200))
    if kind == 1:
        return b"$" + draw.randbytes(draw.randrange(0, 100))
    if kind == 2:
        draw.shuffle(kept)
    whole = bytearray("\r\n".join([*kept, "", ""]).encode() + draw.randbytes(draw.choice([0, 3, 40])))
    if kind > 3:
        for _ in range(draw.randrange(1, 8)):
            whole[draw.randrange(len(whole))] = draw.randrange(256)
    return bytes(whole[: draw.randrange(1, len(whole) + 1)] if kind == 3 else whole)


TOKENS = ("main", "sub", "VideoSourceToken", "VideoAnalyticsToken", "Metadata", "DO1", "DI1")
WORDS = (
    *TOKENS, "", "true", "active", "PT1S", "PT0S", "P1Y", "-1", "Bistable", "tns1:RuleEngine//.", "\U0001f697",
    "' OR 1=1", "x" * 5000,
)  # fmt: skip
PARTS = (
    "ProfileToken", "ConfigurationToken", "VideoSourceToken", "Token", "Type", "Category", "IncludeCapability",
    "RelayOutputToken", "LogicalState", "Properties", "Mode", "DelayTime", "IdleState", "RelayOutput", "Configuration",
    "Resolution", "Width", "Encoding", "Bounds", "StreamSetup", "Stream", "Protocol", "Filter", "TopicExpression",
    "MessageContent", "InitialTerminationTime", "TerminationTime", "Timeout", "MessageLimit", "ConsumerReference", "Address",
    "SubscriptionPolicy", "ImagingSettings",
)  # fmt: skip
SOAP = "http://www.w3.org/2003/05/soap-envelope"


def soap_input(draw: random.Random, operations: Sequence[tuple[str, str]], header: str) -> bytes:
    """A body for ONVIF's services: one of `operations` ((namespace, name)) with nonsense in it, or none. `header`: what logs in; a
    part of them has it."""
    kind = draw.randrange(8)
    if kind == 0:
        return draw.randbytes(draw.randrange(0, 300))
    if kind == 1:
        depth = draw.randrange(1, 2000)
        return b"<a>" * depth + b"</a>" * draw.randrange(depth + 1)
    if kind == 2:
        return f'<!DOCTYPE a [<!ENTITY b "{"c" * 50}">]><s:Envelope xmlns:s="{SOAP}">&b;</s:Envelope>'.encode()
    space, name = draw.choice(operations) if draw.randrange(8) else ("urn:x", draw.choice(PARTS))
    inside = _nonsense(draw, 4)
    header = header if draw.randrange(4) else _nonsense(draw, 3)
    whole = (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:tns1="http://www.onvif.org/ver10/topics"><s:Header>{header}</s:Header>'
        f'<s:Body><{name} xmlns="{space}">{inside}</{name}></s:Body></s:Envelope>'
    )
    if kind == 3:
        return whole.encode(draw.choice(("utf-16", "utf-16-le", "utf-32", "utf-7", "cp037")), "replace")
    data = bytearray(whole.encode())
    if kind == 4:
        del data[draw.randrange(len(data)) :]
    elif kind == 5:
        for _ in range(draw.randrange(1, 6)):
            data[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(data)


def _nonsense(draw: random.Random, depth: int) -> str:
    """Elements that requests have, in no order, with words that they have or not."""
    made = []
    for _ in range(draw.randrange(4)):
        name = draw.choice(PARTS)
        inside = _nonsense(draw, depth - 1) if depth and draw.randrange(2) else escape(draw.choice(WORDS))
        made.append(f'<{name} token="{draw.choice(TOKENS)}" mustUnderstand="{draw.randrange(2)}">{inside}</{name}>')
    return "".join(made)
