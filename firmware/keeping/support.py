"""Support: one ZIP file for those who help from afar: versions, health, what was set (never a secret), what was changed, the logs.

It is made while it is sent, in constant memory. What is written by people or comes from outside is not in it, but for plates, names
and addresses in the logs: the page says so.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

MAX_LOG_BYTES = 1 << 20
"""Of one log: its end."""
MAX_LOGS_BYTES = 24 << 20
"""Of all logs, before they are packed."""
PIECE_BYTES = 1 << 16
HIDDEN = "(hidden)"

_SECRETS = re.compile(
    r"gw_[A-Za-z0-9_-]{16,}"  # API tokens
    r"|(?<=[?&])(?=[^=&?\s\"']*=[^&\s\"'])[^=&?\s\"']*?(?:pass|pwd|pw|token|secret|key|auth|sign?)[^=&?\s\"']*=[^&\s\"']+"
    r"|\b(?:Authorization|Proxy-Authorization|Cookie|Set-Cookie|X-Api-Key)\s*[:=].*"
    r"|\b(?:Basic|Bearer|Digest)\s+[A-Za-z0-9+/=._~-]{8,}"
    r"|(?<![A-Za-z])(?:password|passphrase|passwd|secret|token)\s*[=:]\s*\S+",
    re.IGNORECASE,
)
"""What a line of a log should not hold and might all the same: another program's message, an address of a person's own. No line
may take long, whatever it holds: nothing here looks again and again for what does not come."""

_ADDRESS = re.compile(r"(?<=://)[^\s\"']+")


def masked(line: str) -> str:
    """The line without what looks like a secret."""
    return _SECRETS.sub(HIDDEN, _ADDRESS.sub(_without_user, line))


def _without_user(address: re.Match[str]) -> str:
    """User and password are all before the last @: one that is not written with % may hold what ends a host."""
    _, at, rest = address[0].rpartition("@")
    return HIDDEN + rest if at else rest


def bundle(documents: Mapping[str, object], logs: Path) -> Iterator[bytes]:
    """The ZIP, piece by piece. `documents`: {name: what is written into it as JSON}; `logs`: the folder of logs."""
    out = _Out()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, document in documents.items():
            file.writestr(name, json.dumps(document, indent=1, ensure_ascii=False, default=str))
            yield out.taken()
        left = MAX_LOGS_BYTES
        for path in sorted(logs.glob("*.log*"), key=_rank):
            if left <= 0:
                break
            with file.open(f"logs/{path.name}", "w") as packed:
                for line in _tail(path, min(MAX_LOG_BYTES, left)):
                    left -= len(line)
                    packed.write(masked(line.decode("utf-8", "replace")).encode())
                    if len(out.waiting) >= PIECE_BYTES:
                        yield out.taken()
    yield out.taken()


def _rank(path: Path) -> tuple[int, str]:
    """The newest of each process first: where there is no room for all, the older ones are left out."""
    return path.name.count("."), path.name


def _tail(path: Path, most: int) -> Iterator[bytes]:
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        size = file.seek(0, 2)
        file.seek(max(0, size - most))
        if size > most:
            file.readline(PIECE_BYTES)  # torn
        while line := file.readline(PIECE_BYTES):  # a line without an end must not fill the memory
            yield line
            most -= len(line)
            if most <= 0:  # it grows faster than it is read
                return


class _Out(io.RawIOBase):
    """What the ZIP has written and nobody has sent yet; it cannot seek, so that the ZIP never goes back."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.waiting += data
        return len(data)

    def taken(self) -> bytes:
        data = bytes(self.waiting)
        self.waiting.clear()
        return data
