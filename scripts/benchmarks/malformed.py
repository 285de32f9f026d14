"""Malformed: input for servers of which something is not as it should be. The tests send a few thousand, the bench 100,000."""

from __future__ import annotations

import json
import random
import struct

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
