"""Server: whatever strangers send, nothing of it is left."""

from __future__ import annotations

import gc

import pytest

from scripts.benchmarks.malformed_rtsp import measure


def test_malformed_input_leaves_no_memory_and_no_connection(leak_free: None, caplog: pytest.LogCaptureFixture) -> None:
    gc.collect()  # what earlier tests left is not counted, nor missed when it goes meanwhile
    found = measure(3_000)
    assert (found["inputs"], found["adds_descriptors"], found["left"]) == (3_000, 0, 0)
    assert isinstance(found["adds_mb"], float) and found["adds_mb"] < 3
    assert isinstance(found["answers"], dict) and set(found["answers"]) >= {"400", "401", "404", "454", "505", "551"}
    assert "500" not in found["answers"]
    assert not [record for record in caplog.records if record.exc_info]
