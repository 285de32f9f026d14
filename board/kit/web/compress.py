"""Compress: text is sent gzipped to those who take it; pictures, archives and streams are not."""

from __future__ import annotations

import gzip
from dataclasses import replace

from board.kit.web.routes import Answer

LEAST_BYTES = 1_000
"""Below, the headers cost more than is saved."""
LEVEL = 5
_TYPES = ("text/", "application/json", "application/javascript", "image/svg+xml")


def takes_gzip(accept_encoding: str) -> bool:
    """Whether the client's Accept-Encoding allows gzip (RFC 9110, 12.5.3)."""
    weights = {}
    for part in accept_encoding.lower().split(","):
        name, _, weight = part.partition(";")
        weights[name.strip()] = weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return weights.get("gzip", weights.get("*", False))


def is_worth_it(content_type: str, body: object) -> bool:
    return isinstance(body, bytes) and len(body) >= LEAST_BYTES and content_type.startswith(_TYPES)


def pack(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0)


def compressed(answer: Answer, accept_encoding: str) -> Answer:
    """The answer as it is sent to a client with that Accept-Encoding."""
    names = {name.lower() for name, _ in answer.headers}
    if not is_worth_it(answer.type, answer.body) or "content-encoding" in names:
        return answer
    headers = answer.headers if "vary" in names else (*answer.headers, ("Vary", "Accept-Encoding"))
    if not takes_gzip(accept_encoding):
        return replace(answer, headers=headers)
    return replace(answer, body=pack(answer.body), headers=(*headers, ("Content-Encoding", "gzip")))
