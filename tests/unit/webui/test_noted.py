"""Noted: a storage that takes nothing stops no search and no download."""

from __future__ import annotations

import pytest

from board.kit.errors import StorageFull
from engine.store.changes import Changes
from engine.store.searches import Searches
from engine.store.transfers import Transfers
from tests.samples import passage
from tests.unit.webui.portal_caller import Caller


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "review?plate=HK55"),
        ("GET", "review/passages.csv?from=2026-01-01"),
        ("GET", "review/passages.xlsx?from=2026-01-01"),
        ("GET", "lists/4/list.xml"),
        ("GET", "lists/4/list.csv"),
        ("GET", "plates/HK55EVB/data.zip"),
        ("POST", "api/configuration/export"),
        ("DELETE", "api/path-images"),
        ("DELETE", "api/logo"),
    ],
)
def test_what_only_reads_goes_on_though_it_cannot_be_recorded(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, method: str, path: str
) -> None:
    caller.portal.store.add_passage(passage(), ())

    def refuse(*what: object) -> None:
        raise StorageFull("storage is full")

    for kind in (Changes, Searches, Transfers):
        monkeypatch.setattr(kind, "add", refuse)
    body = {"passphrase": ""} if method == "POST" else {}
    reply = caller.get(path) if method == "GET" else caller.send(method, path, body)
    assert reply.status == 200 and reply.body
    assert "by anna is not recorded: storage is full" in caplog.text
