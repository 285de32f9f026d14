"""Parcel: what goes in comes out, and nothing that a stranger wrote is believed."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path

import pytest

from board.kit.parcel import Writer, parts


def head(document: object) -> bytes:
    data = json.dumps(document).encode()
    return struct.pack(">I", len(data)) + data


END = struct.pack(">I", 0)


def read(data: bytes) -> dict[str, bytes]:
    return {part.name: part.whole(1 << 20) for part in parts(io.BytesIO(data).read)}


def test_files_come_out_as_they_went_in_also_when_some_are_not_read(tmp_path: Path) -> None:
    out = bytearray()
    writer = Writer(out.extend)
    (tmp_path / "large").write_bytes(bytes(range(256)) * 1_000)
    writer.add("empty", b"")
    writer.add_file("folder/large.bin", tmp_path / "large")
    writer.add("last.json", b"{}")
    writer.end()
    assert read(bytes(out)) == {"empty": b"", "folder/large.bin": bytes(range(256)) * 1_000, "last.json": b"{}"}
    assert [part.name for part in parts(io.BytesIO(out).read)] == ["empty", "folder/large.bin", "last.json"]


def test_a_file_that_became_shorter_is_an_error_and_no_shorter_file() -> None:
    with pytest.raises(OSError, match="a is 3 bytes shorter than it was"):
        Writer(bytearray().extend).add_read("a", io.BytesIO(b"12").read, 5)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("nothing", b"", "it ends before its end"),
        ("no end", head({"name": "a", "size": 0}), "it ends before its end"),
        ("short file", head({"name": "a", "size": 5}) + b"123", "it ends within a"),
        ("more after the end", END + b"x", "it goes on after its end"),
        ("twice", head({"name": "a", "size": 0}) + head({"name": "A", "size": 0}) + END, "A is in it twice"),
        ("upwards", head({"name": "../a", "size": 0}) + END, "'../a' is no name of a file"),
        ("upwards within", head({"name": "a/../../b", "size": 0}) + END, "is no name of a file"),
        ("absolute", head({"name": "/etc/passwd", "size": 0}) + END, "is no name of a file"),
        ("hidden", head({"name": "host/.ssh", "size": 0}) + END, "is no name of a file"),
        ("empty part", head({"name": "a//b", "size": 0}) + END, "is no name of a file"),
        ("line end", head({"name": "a\n", "size": 0}) + END, "is no name of a file"),
        ("long", head({"name": "a" * 241, "size": 0}) + END, "is no name of a file"),
        ("no number", head({"name": "a", "size": "5"}) + END, "the size of a is none"),
        ("truth", head({"name": "a", "size": True}) + END, "the size of a is none"),
        ("negative", head({"name": "a", "size": -1}) + END, "the size of a is none"),
        ("endless", head({"name": "a", "size": 1 << 60}) + END, "the size of a is none"),
        ("more keys", head({"name": "a", "size": 0, "mode": 7}) + END, "the head of a file is not one"),
        ("no object", head([1]) + END, "the head of a file is not one"),
        ("long head", struct.pack(">I", 1 << 31), "the head of a file is too long"),
        ("no JSON", struct.pack(">I", 2) + b"{{", "Expecting property name"),
    ],
)
def test_what_is_no_parcel_is_refused_with_the_reason(name: str, data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(data)


def test_a_small_file_that_is_large_is_not_taken_into_memory() -> None:
    part = next(parts(io.BytesIO(head({"name": "a", "size": 1 << 40})).read))
    with pytest.raises(ValueError, match="a is larger than 1000 bytes"):
        part.whole(1_000)
