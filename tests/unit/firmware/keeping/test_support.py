"""Support: a file for those who help holds no secret, whatever was typed where, and does not grow without bounds."""

from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path

import pytest

from board.camera import CameraSettings
from board.kit.secrets import for_strangers
from board.kit.settings import Settings
from engine.actions import find_kinds
from engine.exchange.kinds import find_jobs
from engine.settings import GeneralSettings, LprSettings, RecorderSettings
from engine.settings.lane import LaneSettings
from firmware.keeping import support
from firmware.keeping.support import bundle, masked

SECRET = "Tr0ub4dor-and-3"
KINDS = (
    *(kind.options for kind in find_kinds().values()), *(kind.options for kind in find_jobs().values()),
    CameraSettings, GeneralSettings, LprSettings, RecorderSettings, LaneSettings,
)  # fmt: skip


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    "typed",
    [
        *(
            SECRET,
            f"https://u:{SECRET}@host.example:8443/{SECRET}?key={SECRET}",
            f"rtsp://{SECRET}@host",
            [SECRET],
            {SECRET: SECRET},
        ),
        *(f"rtsp://u:{SECRET}{end}x@host/live" for end in "/?#"),
    ],
    ids=["text", "address", "user", "list", "table", "slash", "question mark", "hash"],
)
def test_no_option_tells_what_was_typed_into_it(kind: type[Settings], typed: object) -> None:
    shown = json.dumps(for_strangers(kind, dict.fromkeys([*kind.model_fields, "of_a_later_release"], typed)))
    assert SECRET not in shown


@pytest.mark.parametrize(
    "line",
    [
        f"POST https://anna:{SECRET}@server.example/in failed",
        *(f"rtsp://anna:24{end}{SECRET}@10.0.0.7/live: refused" for end in "/?#"),
        f"GET http://server.example/in?user=anna&pwd={SECRET}&x=1 answers 403",
        f"GET http://server.example/in?api_key={SECRET} answers 403",
        f"sent Authorization: Basic {SECRET}",
        f"sent Authorization: Bearer {SECRET}, then closed",
        f"Cookie: gatewright_session_80={SECRET}",
        f"mqtt: password={SECRET} refused",
        f"passphrase: {SECRET}",
        f"a token gw_{SECRET}{SECRET} was used",
    ],
)
def test_a_line_of_a_log_loses_what_looks_like_a_secret(line: str) -> None:
    assert SECRET not in masked(line) and "(hidden)" in masked(line)


@pytest.mark.parametrize("again", ["://", "?", "key", "?keykeykey", "?key=", "token ", "Basic ", "://a@", "&", "gw_", " ", "?pw"])
def test_no_line_takes_long_whatever_it_holds(again: str) -> None:
    """It took eight times as long for twice the length: 6 s for 4 KB of "?pw", and 64 KB are read at once."""
    began_s = time.process_time()
    for begin in ("", "?", "token"):
        masked(begin + again * (8_000 // len(again)))
    assert time.process_time() - began_s < 1.0


def test_a_common_line_stays_as_it_is() -> None:
    line = "2026-01-02T03:04:05.678Z INFO dispatch: HK55EVB: https://server.example:8443 answers 200 within 12 ms"
    assert masked(line) == line


def test_the_ends_of_all_logs_are_in_it_the_newest_first_and_no_more_than_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(support, "MAX_LOG_BYTES", 1_000)
    monkeypatch.setattr(support, "MAX_LOGS_BYTES", 2_500)
    for name in ("service.log", "service.log.1", "engine.log"):
        (tmp_path / name).write_text("".join(f"{name} line {number:04d}\n" for number in range(500)))
    found = unpacked(b"".join(bundle({"about.json": {"camera": "gw-1"}}, tmp_path)))
    assert list(found) == ["about.json", "logs/engine.log", "logs/service.log", "logs/service.log.1"]
    assert found["about.json"] == b'{\n "camera": "gw-1"\n}'
    lines = found["logs/service.log"].decode().splitlines()
    assert lines[0].startswith("service.log line 0") and lines[-1] == "service.log line 0499"
    assert sum(len(text) for name, text in found.items() if name.startswith("logs/")) <= 2_600


def test_a_line_without_an_end_and_a_log_of_no_text_are_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(bytes(range(256)) * 20_000)
    (tmp_path / "b.log").mkdir()
    assert set(unpacked(b"".join(bundle({}, tmp_path)))) == {"logs/a.log", "logs/b.log"}
