"""Multipart: reads one uploaded file from multipart/form-data straight to the disk, in constant memory, with a cap (RFC 7578)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO

from board.kit.errors import PackageError

MAX_FIELD_BYTES = 4_096
MAX_PARTS = 20
_MAX_HEAD_BYTES = 8_192
_READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Upload:
    """`file_bytes` were stored; `fields`: the form's other parts as text."""

    filename: str
    file_bytes: int
    fields: dict[str, str]


def receive(stream: IO[bytes], length: int, content_type: str, target: Path, max_file_bytes: int) -> Upload:
    """Stores the first part that has a file name at `target`, whatever the part is called; PackageError when that does not work."""
    boundary = _boundary(content_type)
    reader = _Reader(stream, length, b"\r\n--" + boundary)
    filename, stored = "", -1
    fields: dict[str, str] = {}
    for _ in reader.part():  # what stands before the first boundary
        pass
    for count in range(MAX_PARTS + 1):
        if reader.at_end():
            break
        if count == MAX_PARTS:
            raise PackageError("the upload has more than {most} parts", most=MAX_PARTS)
        name, file = _disposition(reader.head())
        if file is not None and stored < 0:
            filename = file
            stored = _store(reader.part(), target, max_file_bytes)
        else:
            value = b"".join(_capped(reader.part(), MAX_FIELD_BYTES if file is None else max_file_bytes, keep=file is None))
            if file is None:
                fields[name] = value.decode("utf-8", "replace")
    if stored < 0:
        raise PackageError("the upload holds no file")
    return Upload(filename, stored, fields)


def _boundary(content_type: str) -> bytes:
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise PackageError("the upload is not multipart/form-data")
    if not re.fullmatch(r"[ -~]{1,70}", boundary):
        raise PackageError("the upload's boundary is malformed")
    return boundary.encode("ascii")


def _disposition(head: bytes) -> tuple[str, str | None]:
    for line in head.split(b"\r\n"):
        field, _, value = line.partition(b":")
        if field.strip().lower() == b"content-disposition":
            header = Message()
            header["Content-Disposition"] = value.strip().decode("utf-8", "replace")
            name = header.get_param("name", "", "content-disposition")
            return str(name)[:100], header.get_filename()
    return "", None


def _capped(chunks: Iterator[bytes], limit: int, keep: bool) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise PackageError("a field of the upload is too long")
        if keep:
            yield chunk


def _store(chunks: Iterator[bytes], target: Path, limit: int) -> int:
    size = 0
    try:
        with target.open("wb") as out:
            for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise PackageError("the file is larger than the limit of {most_mb} MB", most_mb=limit >> 20)
                out.write(chunk)
    except OSError as why:
        raise PackageError("the upload cannot be stored: {reason}", reason=why.strerror or why) from why
    return size


class _Reader:
    """Cuts a body at its boundary; holds at most two blocks of it."""

    def __init__(self, stream: IO[bytes], length: int, mark: bytes) -> None:
        self._stream = stream
        self._left = length
        self._mark = mark
        self._kept = b"\r\n"  # so that a boundary at the very start is found like any other

    def part(self) -> Iterator[bytes]:
        """The content up to the next boundary, which is passed."""
        while True:
            at = self._kept.find(self._mark)
            if at >= 0:
                data, self._kept = self._kept[:at], self._kept[at + len(self._mark) :]
                if data:
                    yield data
                return
            sure = len(self._kept) - len(self._mark) + 1
            if sure > 0:
                data, self._kept = self._kept[:sure], self._kept[sure:]
                yield data
            self._more()

    def at_end(self) -> bool:
        """After a boundary: it was the last one; else its line is passed."""
        while len(self._kept) < 2:
            self._more()
        if self._kept[:2] == b"--":
            return True
        self._until(b"\r\n")
        return False

    def head(self) -> bytes:
        """The part's header lines."""
        if not self._kept.startswith(b"\r\n"):
            while len(self._kept) < 2:
                self._more()
        if self._kept.startswith(b"\r\n"):
            self._kept = self._kept[2:]
            return b""
        return self._until(b"\r\n\r\n")

    def _until(self, end: bytes) -> bytes:
        while (at := self._kept.find(end)) < 0:
            if len(self._kept) > _MAX_HEAD_BYTES:
                raise PackageError("a header in the upload is too long")
            self._more()
        data, self._kept = self._kept[:at], self._kept[at + len(end) :]
        return data

    def _more(self) -> None:
        try:
            data = self._stream.read(min(_READ_BYTES, self._left)) if self._left else b""
        except OSError as why:
            raise PackageError("the upload broke off before its end") from why
        if not data:
            raise PackageError("the upload broke off before its end")
        self._left -= len(data)
        self._kept += data
