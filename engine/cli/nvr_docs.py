"""`engine nvr`: the fields of the messages to recorders over TCP, and samples in bytes: the generated part of docs/nvr.md."""

from __future__ import annotations

import argparse
import struct
from collections.abc import Mapping, Sequence

from engine.cli.messages_docs import CAMERA, PICTURE, SAMPLE
from engine.formats import nvr

PATH = "/LPR/2026010203040501.jpg"
ROW_BYTES = 16


def main(arguments: Sequence[str]) -> int:
    """Prints the generated part of the page; 0."""
    argparse.ArgumentParser(prog="python -m engine nvr", description=__doc__).parse_args(arguments)
    print(markdown(), end="")
    return 0


def markdown() -> str:
    """Fields, colours, and a log-in, its answer and a recognition byte for byte."""
    length = struct.calcsize("<" + "".join(code for code, _ in nvr.BEFORE.values()))
    sample = nvr.recognition(SAMPLE, nvr.device_id(CAMERA.id), (PICTURE,), nvr.SEED, False, PATH)
    colours = ", ".join(f"{code} {name or 'not known'}" for code, name in enumerate(nvr.COLOURS))
    return "\n".join(
        [
            "## Metadata",
            "",
            "| offset | field | type | says |",
            "| --- | --- | --- | --- |",
            *_rows(nvr.BEFORE, 0, ""),
            f"| {length} | `plate_length` | B | bytes of the plate, n |",
            f"| {length + 1} | `plate` | n bytes | the whole plate in UTF-8, without an end mark |",
            *_rows(nvr.AFTER, length + 1, " + n"),
            "",
            "Types are those of Python's `struct`: B, H, I and Q are unsigned numbers of 1, 2, 4 and 8 bytes, i a signed one of 4,",
            "f a float of 4, 16s a field of 16 bytes. Codes of colours:",
            f"{colours}.",
            "",
            "## Samples",
            "",
            "A log-in as `admin` with the password 1234, and its answer:",
            "",
            *_block(nvr.login("admin", "1234")),
            "",
            *_block(nvr.answer(nvr.LOGIN_REQ, 200)),
            "",
            f"`{SAMPLE.passage.plate}` in the layout seed, with one picture of {len(PICTURE)} bytes:",
            "",
            *_block(sample),
            "",
        ]
    )


def _rows(fields: Mapping[str, tuple[str, str]], offset: int, more: str) -> list[str]:
    rows = []
    for name, (code, says) in fields.items():
        rows.append(f"| {offset}{more} | `{name}` | {code} | {says} |")
        offset += struct.calcsize("<" + code)
    return rows


def _block(data: bytes) -> list[str]:
    """Sixteen bytes a line: in hexadecimal, and as text where they are ASCII."""
    lines = ["```"]
    for start in range(0, len(data), ROW_BYTES):
        row = data[start : start + ROW_BYTES]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        lines.append(f"{start:04x}  {row.hex(' '):<{3 * ROW_BYTES}} {text}")
    return [*lines, "```"]
