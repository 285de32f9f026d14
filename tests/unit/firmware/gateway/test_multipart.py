"""Multipart: one file lands on the disk whatever its part is called and however the body is cut."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest

from board.kit.errors import PackageError
from firmware.gateway.multipart import Upload, receive

FILE = bytes(range(256)) * 300 + b"\r\n--bound\r\n--boun"
TYPE = 'multipart/form-data; boundary="bound1"'


def body(*parts: tuple[str, bytes], end: bytes = b"--bound1--\r\n") -> bytes:
    return (
        b"".join(f"--bound1\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + data + b"\r\n" for head, data in parts)
        + end
    )


class Trickle(io.BytesIO):
    """Gives at most `step` bytes at once."""

    step = 7

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(self.step, size) if size is not None and size >= 0 else self.step)


def take(tmp_path: Path, data: bytes, limit: int = 1 << 20, stream: type[io.BytesIO] = io.BytesIO, kind: str = TYPE) -> Upload:
    return receive(stream(data), len(data), kind, tmp_path / "out", limit)


@pytest.mark.parametrize("stream", [io.BytesIO, Trickle])
@pytest.mark.parametrize("name", ["packfil", "smartvca_pkg", "x"])
def test_the_file_and_the_fields_around_it_arrive(tmp_path: Path, stream: type[io.BytesIO], name: str) -> None:
    data = body(
        ('name="a"', b"1"),
        (f'name="{name}"; filename="VCA-1.tar.gz"\r\nContent-Type: application/gzip', FILE),
        ('name="save2sd"', b"1"),
    )
    assert take(tmp_path, data, stream=stream) == Upload("VCA-1.tar.gz", len(FILE), {"a": "1", "save2sd": "1"})
    assert (tmp_path / "out").read_bytes() == FILE


def test_an_empty_file_and_a_text_before_the_first_boundary_are_fine(tmp_path: Path) -> None:
    assert take(tmp_path, b"hello\r\n" + body(('name="f"; filename="e"', b""))).file_bytes == 0


def test_of_two_files_the_first_counts(tmp_path: Path) -> None:
    assert take(tmp_path, body(('name="f"; filename="one"', b"1"), ('name="g"; filename="two"', b"22"))).filename == "one"
    assert (tmp_path / "out").read_bytes() == b"1"


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (body(('name="f"; filename="x"', b"1")), "application/json", "not multipart/form-data"),
        (body(('name="f"; filename="x"', b"1")), "multipart/form-data", "not multipart/form-data"),
        (body(('name="f"; filename="x"', b"1")), "multipart/form-data; boundary=" + "x" * 80, "boundary is malformed"),
        (body(('name="f"', b"1")), TYPE, "the upload holds no file"),
        (b"", TYPE, "broke off"),
        (body(('name="f"; filename="x"', b"1"))[:-20], TYPE, "broke off"),
        (body(('name="f"; filename="x"', b"x" * 101)), TYPE, "larger than the limit"),
        (body(('name="f"; filename="x"', b"x"), ('name="a"', b"y" * 5000)), TYPE, "field of the upload is too long"),
        (body(*[(f'name="{n}"', b"") for n in range(30)]), TYPE, "more than 20 parts"),
        (b"--bound1\r\nX: " + b"y" * 20_000, TYPE, "header in the upload is too long"),
    ],
)
def test_a_wrong_upload_is_refused(tmp_path: Path, data: bytes, kind: str, said: str) -> None:
    with pytest.raises(PackageError, match=said):
        take(tmp_path, data, limit=100, kind=kind)


def test_a_large_upload_takes_a_little_memory_only(tmp_path: Path) -> None:
    data = body(('name="f"; filename="x"', bytes(16 << 20)))
    stream = io.BytesIO(data)
    tracemalloc.start()
    upload = receive(stream, len(data), TYPE, tmp_path / "out", 32 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert upload.file_bytes == 16 << 20
    assert peak < 1 << 20


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    data = body(('name="f"; filename="x"', bytes(1 << 20)))
    with pytest.raises(PackageError, match="cannot be stored: No space left on device"):
        receive(io.BytesIO(data), len(data), TYPE, Path("/dev/full"), 1 << 21)
