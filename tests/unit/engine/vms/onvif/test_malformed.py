"""Malformed SOAP: none of it ends the process, makes it grow or keeps the next client from being answered."""

from __future__ import annotations

import os
import random
import resource
import threading
from pathlib import Path

import pytest

from engine.vms.http import Request
from scripts.benchmarks.malformed import soap_input
from tests.onvif_bench import PATH, Bench
from tests.onvif_client import envelope, token

COUNT = int(os.environ.get("MALFORMED", "2000"))
"""MALFORMED=100000 sends that many."""

LONGEST_ANSWER = 100_000


def test_malformed_soap_is_answered_and_leaves_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bench, draw = Bench(tmp_path), random.Random(7)
    operations = sorted(bench.table.operations)
    answers: dict[int, int] = {}
    before, threads, files = 0, threading.active_count(), _files()
    header = token("admin", "x")
    for number in range(COUNT):
        body = soap_input(draw, operations, header)
        path = draw.choice((PATH, f"{PATH}/1", "/onvif/"))
        replies = bench.request(Request("POST", path, path, {"content-type": "text/xml"}, body))
        for reply in replies:
            answers[reply.status] = answers.get(reply.status, 0) + 1
            assert len(reply.body) < LONGEST_ANSWER
        bench.loop.advance(0.05)
        bench.access.asked.clear()
        del bench.orders[:]
        if number == COUNT // 5:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
    assert answers.keys() <= {200, 400, 401, 403, 415, 500} and min(answers[200], answers[400], answers[401]) > COUNT // 50
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8_000
    assert threading.active_count() == threads and _files() <= files + 2
    reply = bench.post(envelope("<tds:GetDeviceInformation/>", token("admin", "x")))
    assert reply.status == 200


def _files() -> int:
    """Open ones."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
