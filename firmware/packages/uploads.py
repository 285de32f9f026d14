"""Uploads: takes a package or a licence from a request onto the disk, within limits."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from board.kit.errors import PackageError
from board.kit.files import space
from board.kit.web.bodies import length_of
from board.kit.web.routes import Call, Refused
from firmware.gateway.multipart import receive
from firmware.packages.licence import MAX_LICENCE_BYTES
from firmware.packages.records import CAMERA, SD
from firmware.packages.verify import MAX_ARCHIVE_BYTES

FORM_BYTES = 64 << 10
"""A multipart form's own part of a request."""
MAX_UPLOAD_BYTES = MAX_ARCHIVE_BYTES + FORM_BYTES
SPARE_BYTES = 16 << 20


class Uploads:
    """Temporary files in one folder, which is emptied at start and after each upload."""

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self._folder = folder

    @contextmanager
    def package(self, call: Call) -> Iterator[tuple[Path, str, bool]]:
        """(archive, storage, whether what has to be confirmed is): the first file part, whatever its name, and the fields save2sd
        and older; gone at the end."""
        length = _length(call, MAX_UPLOAD_BYTES)
        if space(self._folder)[1] < length + SPARE_BYTES:
            raise PackageError("there is not enough space on the camera for an upload of {size_mb} MB", size_mb=length >> 20)
        path = self._new("package-")
        try:
            upload = receive(call.stream, length, call.content_type, path, MAX_ARCHIVE_BYTES)
            on_card, confirmed = _is_on(upload.fields, "save2sd"), _is_on(upload.fields, "older")
            yield path, SD if on_card else CAMERA, confirmed
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def file(self, call: Call[Any, Any], most_bytes: int, times: int) -> Iterator[tuple[Path, Mapping[str, str]]]:
        """(the first file part, the other fields), gone at the end; `times`: so many times its size must be free."""
        length = _length(call, most_bytes + FORM_BYTES)
        if space(self._folder)[1] < length * times + SPARE_BYTES:
            raise PackageError("there is not enough space on the camera for an upload of {size_mb} MB", size_mb=length >> 20)
        path = self._new("file-")
        try:
            yield path, receive(call.stream, length, call.content_type, path, most_bytes).fields
        finally:
            path.unlink(missing_ok=True)

    def licence(self, call: Call) -> bytes:
        """A licence file, as multipart form or as the plain body."""
        length = _length(call, MAX_LICENCE_BYTES + FORM_BYTES)
        if not call.content_type.startswith("multipart/"):
            try:
                return call.stream.read(length)
            except OSError as why:
                raise PackageError("the upload broke off before its end") from why
        path = self._new("licence-")
        try:
            receive(call.stream, length, call.content_type, path, MAX_LICENCE_BYTES)
            return path.read_bytes()
        finally:
            path.unlink(missing_ok=True)

    def _new(self, prefix: str) -> Path:
        """An empty file; PackageError when the storage takes none."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=prefix, dir=self._folder)
        except OSError as why:
            raise PackageError("the {storage} cannot be written: {reason}", storage=CAMERA, reason=why.strerror) from why
        os.close(handle)
        return Path(name)


def _is_on(fields: Mapping[str, str], name: str) -> bool:
    choice = fields.get(name, "0").strip().lower()
    if choice not in ("0", "1", "on", "off", "true", "false", ""):
        raise PackageError("{name} must be 0 or 1", name=name)
    return choice in ("1", "on", "true")


def _length(call: Call[Any, Any], limit: int) -> int:
    """The body's length; Refused 411 without one, 413 when it is over `limit`."""
    if not call.environ.get("CONTENT_LENGTH"):
        raise Refused(411, "Send the upload with a Content-Length.")
    return length_of(call.environ, limit)
