"""Framing: how a receiver of a stream of messages knows where each ends."""

from __future__ import annotations

from board.kit.words import mark

FRAMINGS = (mark("newline"), mark("length"), "none")
"""Messages have no line feed within: in XML and JSON it is escaped."""

EXPLAINED = mark(
    "Newline: a line feed ends each message; length: each begins with its length in bytes as four bytes, the highest first; "
    "none: nothing parts them."
)


def framed(body: bytes, framing: str) -> bytes:
    if framing == "length":
        return len(body).to_bytes(4, "big") + body
    return body + b"\n" if framing == "newline" else body
