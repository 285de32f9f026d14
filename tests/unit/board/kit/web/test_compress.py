"""Compress: who gets gzip and for what."""

from __future__ import annotations

import gzip

import pytest

from board.kit.web.compress import compressed, takes_gzip
from board.kit.web.routes import Answer

TEXT = b"a plate " * 500


@pytest.mark.parametrize(
    ("accept", "takes"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("*, gzip; q=0", False),
        ("br", False),
        ("identity", False),
        ("", False),
    ],
)
def test_gzip_is_for_those_who_take_it(accept: str, takes: bool) -> None:
    assert takes_gzip(accept) is takes
    sent = compressed(Answer(TEXT), accept)
    assert (dict(sent.headers).get("Content-Encoding") == "gzip") is takes
    assert (gzip.decompress(sent.body) if takes else sent.body) == TEXT
    assert ("Vary", "Accept-Encoding") in sent.headers


@pytest.mark.parametrize(
    "answer",
    [
        Answer(TEXT, "image/jpeg"),
        Answer(TEXT, "application/zip"),
        Answer(b"short"),
        Answer(iter([TEXT]), "text/plain"),
        Answer(TEXT, "text/css", 200, (("Content-Encoding", "gzip"),)),
    ],
)
def test_what_gains_nothing_goes_as_it_is(answer: Answer) -> None:
    assert compressed(answer, "gzip") is answer


def test_the_same_text_is_always_packed_into_the_same_bytes() -> None:
    assert compressed(Answer(TEXT), "gzip").body == compressed(Answer(TEXT), "gzip").body
    assert len(compressed(Answer(TEXT), "gzip").body) < 100
