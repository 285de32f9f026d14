"""Multipart: takes one uploaded file of multipart/form-data straight to the disk, in constant memory, with caps (RFC 7578)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import field
from pathlib import Path
from typing import IO

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser, parse_options_header

from board.kit.dataclass import dataclass
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
    parser = PushMultipartParser(_boundary(content_type), max_header_size=_MAX_HEAD_BYTES, max_header_count=MAX_PARTS)
    with ExitStack() as files:
        form = _Form(target, max_file_bytes, files)
        for piece in _pieces(stream, length):
            try:
                form.take(parser.parse(piece))
            except ParserLimitReached as why:
                raise PackageError("a header in the upload is too long") from why
            except MultipartError as why:
                raise PackageError("the upload is malformed: {why}", why=why) from why
        try:
            parser.close()
        except MultipartError as why:
            raise PackageError("the upload broke off before its end") from why
    if form.stored < 0:
        raise PackageError("the upload holds no file")
    return Upload(
        form.filename, form.stored, {name: bytes(value).decode("utf-8", "replace") for name, value in form.fields.items()}
    )


def _boundary(content_type: str) -> str:
    kind, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary:
        raise PackageError("the upload is not multipart/form-data")
    if not re.fullmatch(r"[ -~]{1,70}", boundary):
        raise PackageError("the upload's boundary is malformed")
    return str(boundary)


def _pieces(stream: IO[bytes], length: int) -> Iterator[bytes]:
    """The body as it comes, to its end or to where it breaks off."""
    while length > 0:
        try:
            piece = stream.read(min(_READ_BYTES, length))
        except OSError as why:
            raise PackageError("the upload broke off before its end") from why
        if not piece:
            return
        length -= len(piece)
        yield piece


@dataclass(slots=True)
class _Form:
    """What has come so far. `stored`: bytes of the file, -1 before it; `files`: closes the file."""

    target: Path
    max_file_bytes: int
    files: ExitStack
    filename: str = ""
    stored: int = -1
    fields: dict[str, bytearray] = field(default_factory=dict)
    parts: int = 0
    _size: int = 0
    _out: IO[bytes] | bytearray | None = None

    def take(self, events: Iterator[MultipartSegment | bytearray | bytes | None]) -> None:
        """A part begins, a piece of it comes, or (None) it ends."""
        for event in events:
            if isinstance(event, MultipartSegment):
                self._begin(event)
            elif event is not None:
                self._add(event)
            else:
                self._end()

    def _begin(self, part: MultipartSegment) -> None:
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise PackageError("the upload has more than {most} parts", most=MAX_PARTS)
        self._size = 0
        if part.filename is None:
            self._out = self.fields[part.name[:100]] = bytearray()
        elif self.stored < 0:
            self.filename, self.stored = part.filename, 0
            try:
                self._out = self.files.enter_context(self.target.open("wb"))
            except OSError as why:
                raise _not_stored(why) from why
        else:
            self._out = None  # of several files the first counts

    def _add(self, data: bytes | bytearray) -> None:
        self._size += len(data)
        if isinstance(self._out, bytearray):
            if self._size > MAX_FIELD_BYTES:
                raise PackageError("a field of the upload is too long")
            self._out += data
            return
        if self._size > self.max_file_bytes:
            raise PackageError("the file is larger than the limit of {limit} MB", limit=self.max_file_bytes >> 20)
        if self._out is not None:
            try:
                self._out.write(data)
            except OSError as why:
                raise _not_stored(why) from why
            self.stored = self._size

    def _end(self) -> None:
        if self._out is None or isinstance(self._out, bytearray):
            return
        try:
            self._out.flush()
        except OSError as why:
            raise _not_stored(why) from why


def _not_stored(why: OSError) -> PackageError:
    return PackageError("the upload cannot be stored: {reason}", reason=why.strerror or why)
