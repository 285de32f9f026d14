"""Container: what FFmpeg says of a source that it cannot open holds no password, also where a trace is written down."""

from __future__ import annotations

import traceback

import pytest

from board.camera._address import parse_address
from board.camera._container import open_container
from board.kit.errors import CameraError


@pytest.mark.parametrize("url", ["rtsp://guard:hunter2@127.0.0.1:9/live", "http://guard:hunter2@127.0.0.1:9/x?loginpas=hunter2"])
def test_no_trace_of_a_source_that_fails_holds_its_password(url: str) -> None:
    address = parse_address(url)
    with pytest.raises(CameraError) as failed:
        open_container(address.url, address.name, {})
    assert "hunter2" not in "".join(traceback.format_exception(failed.value))
