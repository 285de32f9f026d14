"""Live tab: what it says of a working camera, of one that does not, and what its buttons do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from board.camera import CameraSettings
from board.kit.clock import TestClock
from board.kit.errors import WireError
from board.kit.settings import fingerprints
from board.kit.wire import Codec, accept, listen
from board.kit.words import NOTHING, Text
from board.types import Frame, WiegandCode
from engine.messages import (
    SERVICE_MESSAGES,
    AskStatus,
    Counter,
    EngineStatus,
    FireTrigger,
    LineState,
    LiveReads,
    Outcome,
    RestartService,
    ServiceStatus,
    SettingsChanged,
    TriggerAnswer,
)
from engine.ring import RingWriter
from engine.types import Delivery, PlateRead, WiegandFrame
from tests.samples import NOW, WHITE, passage
from tests.unit.webui.portal_caller import Caller

pytestmark = pytest.mark.usefixtures("leak_free")

ENGINE = EngineStatus("MOTION", 7, 2.0, 18.5, 25.0, NOTHING, NOTHING, None, (640, 480), 12, 1, (), "night")
READ = PlateRead("AB1", (), 91.0, "DE", (10, 20, 60, 20), 18.0)
STATUS = ServiceStatus(
    mode="MOTION",
    engine=ENGINE,
    live=LiveReads(7, (READ,)),
    counters=(Counter("Results", 3, NOW), Counter("Actions", 0, None)),
    lines=(LineState("DI1", "input", False, None), LineState("DO1", "output", True, NOW), LineState("DO2", "output", False, None)),
    wiegand=WiegandFrame("W1", WiegandCode(26, 0b10000101100110000001110011), NOW, True),
    pins=NOTHING,
    warnings=(),
    last_error=NOTHING,
    last_error_at=None,
    sd_free_pct=-1,
    camera_free_pct=73,
)

STOPPED_ENGINE = replace(STATUS, engine=None, mode="STOPPED")


@contextmanager
def service(caller: Caller, answer: Callable[[Any], object]) -> Iterator[list[Any]]:
    """A service process that answers as it is told; gives what it was asked."""
    asked: list[Any] = []
    codec = Codec(SERVICE_MESSAGES)
    socket = listen(caller.state.service_socket)

    def run() -> None:
        while True:
            try:
                channel = accept(socket, codec)
            except OSError:
                return
            try:
                asked.append(channel.receive(20))
                channel.send(answer(asked[-1]))
            except WireError:
                pass
            channel.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        socket.shutdown(2)
        socket.close()
        thread.join(20)


def test_without_a_service_the_mode_is_stopped_and_it_says_what_to_do(caller: Caller) -> None:
    status = caller.get("api/status", "viewer").json
    assert status["mode"] == "STOPPED"
    assert status["simulated"] is True
    assert [(each["kind"], each["where"]) for each in status["problems"]] == [("bad", "Service")]
    assert "Package Management" in status["problems"][0]["todo"]
    names = [row["name"] for row in status["info"]]
    assert names[-6:-4] == ["Frames lost", "Frames late"]
    assert names[-4:] == ["SD space free (%)", "Camera free space (%)", "Last Size (pixels)", "Mode"]


def test_a_working_camera_shows_counters_lines_reads_and_the_wiegand_frame_decoded(caller: Caller) -> None:
    with service(caller, lambda _: STATUS) as asked:
        status = caller.get("api/status").json
    assert asked == [AskStatus()]
    assert status["mode"] == "MOTION"
    assert status["problems"] == []
    assert {row["name"]: row["value"] for row in status["info"]} == {
        "Results": "3",
        "Actions": "0",
        "Frames lost": "12",
        "Frames late": "1",
        "Exposure": "night",
        "SD space free (%)": "no card",
        "Camera free space (%)": "73",
        "Last Size (pixels)": "25",
        "Mode": "MOTION",
    }
    assert status["info"][0]["changed"] == "2026-01-02 03:04:05"
    assert {line["name"]: (line["active"], line["gate"], line["settable"]) for line in status["lines"]} == {
        "DI1": (False, False, True),
        "DO1": (True, True, False),
        "DO2": (False, False, False),
    }
    frame = status["wiegand"]
    assert (frame["bits"], frame["binary"], frame["facility"], frame["card"]) == (26, "10000101100110000001110011", 11, 12345)
    assert status["live"] == {"frame_seq": 7, "reads": [{"text": "AB1", "confidence": 91.0, "box": [10, 20, 60, 20]}]}


def test_the_gate_is_the_output_that_an_action_of_a_list_drives(caller: Caller) -> None:
    caller.send("POST", "api/lists/3/rules", {"kind": "io", "options": {"output": "DO1"}})
    caller.send("POST", "api/lists/4/rules", {"kind": "io", "options": {"output": "DO2"}})
    with service(caller, lambda _: STATUS):
        lines = caller.get("api/status").json["lines"]
    assert [line["name"] for line in lines if line["gate"]] == ["DO2"]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"engine": None, "mode": "STOPPED"}, "Engine"),
        ({"engine": replace(ENGINE, camera=Text("the camera was unplugged"))}, "Camera"),
        ({"engine": replace(ENGINE, camera_notes=(Text("Focus: this camera module has no such control (AfMode)"),))}, "Camera"),
        ({"pins": Text("pin 17 is used by 1-Wire")}, "Pins"),
        ({"storage": Text("storage is full: anpr.db cannot be written")}, "Storage"),
        ({"mode": "NO LICENSE"}, "Licence"),
        ({"camera_free_pct": 4}, "Camera storage"),
        ({"warnings": (Text("DI1 has been active for more than 600 s: is its contact stuck, or a car on the loop?"),)}, "Board"),
        ({"sd_free_pct": 0}, "SD card"),
    ],
)
def test_what_is_wrong_is_named(caller: Caller, changes: dict[str, Any], where: str) -> None:
    with service(caller, lambda _: replace(STATUS, **changes)):
        problems = caller.get("api/status").json["problems"]
    assert [problem["where"] for problem in problems] == [where]


@pytest.mark.parametrize(
    ("now", "where"),
    [
        (datetime(1970, 1, 1, 0, 3, tzinfo=UTC), ["Time"]),
        (datetime(2024, 12, 31, 23, 59, tzinfo=UTC), ["Time"]),
        (datetime(2026, 1, 1, tzinfo=UTC), []),
    ],
)
def test_a_clock_that_was_never_set_is_said_because_entries_with_limits_open_nothing(
    caller: Caller, now: datetime, where: list[str]
) -> None:
    asked = caller.with_portal(replace(caller.portal, clock=TestClock(now)))
    with service(caller, lambda _: STATUS):
        problems = asked.get("api/status").json["problems"]
        german = asked.call("GET", "api/status", "viewer", HTTP_ACCEPT_LANGUAGE="de").json["problems"]
    assert [each["where"] for each in problems] == where
    assert all("those with limits do not" in each["text"] and "time server" in each["todo"] for each in problems)
    assert all("Zeitserver" in each["todo"] for each in german) and len(german) == len(where)


def test_an_error_is_shown_while_it_is_new(caller: Caller) -> None:
    now = caller.portal.clock.now()
    with service(caller, lambda _: replace(STATUS, last_error=Text("disk full"), last_error_at=now)):
        assert "disk full" in caller.get("api/status").json["problems"][0]["text"]
    with service(caller, lambda _: replace(STATUS, last_error=Text("disk full"), last_error_at=NOW)):
        assert caller.get("api/status").json["problems"] == []


def test_the_picture_is_sent_once_and_then_only_when_there_is_a_newer_one(caller: Caller) -> None:
    assert caller.get("api/frame").status == 503
    ring = RingWriter(caller.state.frames, 1600, 1200)
    ring.write(Frame(5, NOW, caller.portal.clock.monotonic_ns(), np.zeros((1200, 1600, 3), np.uint8)))
    reply = caller.get("api/frame?width=600", "viewer")
    assert (reply.status, reply.headers["Content-Type"], reply.body[:2]) == (200, "image/jpeg", b"\xff\xd8")
    assert (reply.headers["X-Frame-Seq"], reply.headers["X-Frame-Size"]) == ("5", "1600x1200")
    assert caller.get("api/frame?width=600&seq=5").status == 204
    assert caller.get("api/frame?width=600&seq=4").status == 200
    assert caller.get("api/frame?width=abc&seq=%3Cx%3E").status == 200
    ring.write(Frame(6, NOW, caller.portal.clock.monotonic_ns() - 31 * 10**9, np.zeros((1200, 1600, 3), np.uint8)))
    assert [caller.get(f"api/frame?max_age_s={most}").status for most in (0, 30, 3600)] == [200, 503, 200]
    ring.close()


def test_sharpness_is_measured_where_plates_are_read_and_only_when_asked_for(caller: Caller) -> None:
    picture = np.full((480, 640, 3), 90, np.uint8)
    picture[200:280, ::4] = 200
    ring = RingWriter(caller.state.frames, 640, 480)
    ring.write(Frame(5, NOW, caller.portal.clock.monotonic_ns(), picture))
    assert "X-Sharpness" not in caller.get("api/frame?width=600").headers
    everywhere = float(caller.get("api/frame?width=600&focus=1", "viewer").headers["X-Sharpness"])
    again = caller.get("api/frame?width=600&focus=1&seq=5")
    assert (again.status, float(again.headers["X-Sharpness"])) == (204, everywhere)
    assert everywhere > 10
    ring.write(Frame(6, NOW, caller.portal.clock.monotonic_ns(), picture))
    caller.send("PUT", "api/settings/lpr", {"roi": [0, 0, 1, 0.3]})
    assert caller.get("api/frame?width=600&focus=1").headers["X-Sharpness"] == "0.0"
    ring.close()


def running_now(caller: Caller) -> ServiceStatus:
    """A service and an engine that were started with what is stored now."""
    stored = (caller.portal.lpr(), caller.portal.general(), caller.portal.store.settings(CameraSettings))
    return replace(STATUS, settings=fingerprints(*stored[:2]), engine=replace(ENGINE, settings=fingerprints(*stored)))


def status_of(status: ServiceStatus) -> Callable[[Any], object]:
    return lambda asked: status if isinstance(asked, AskStatus) else Outcome(True, Text("restarts"))


def test_camera_settings_are_kept_and_problems_are_listed(caller: Caller) -> None:
    with service(caller, status_of(running_now(caller))):
        saved = caller.send("PUT", "api/settings/camera", {"night": "schedule", "flicker": "50 Hz"}).json
    assert (saved["settings"]["night"], saved["restart_due"]) == ("schedule", ["Lamp flicker", "Night preset"])
    assert caller.get("api/settings/camera").json["settings"]["flicker"] == "50 Hz"
    refused = caller.send("PUT", "api/settings/camera", {"night_from": "25:00", "day_gain": -1, "focus": "laser"})
    assert {problem["field"] for problem in refused.json["problems"]} == {"night_from", "day_gain", "focus"}
    assert caller.send("PUT", "api/settings/camera", {}, "operator").status == 403
    assert 'data-path="settings/camera"' in caller.get("camera").text


def test_a_trigger_is_fired_in_the_users_name_and_a_refusal_says_why(caller: Caller) -> None:
    with service(caller, lambda _: TriggerAnswer(True, NOTHING, "t1", passage())) as asked:
        reply = caller.send("POST", "api/trigger", {"wait_s": 2}, "operator").json
    assert asked == [FireTrigger("http anna", 2.0)]
    assert (reply["accepted"], reply["trigger_id"], reply["passage"]["plate"]) == (True, "t1", "HK55EVB")
    with service(caller, lambda _: TriggerAnswer(False, Text("only 1 s after the last one"), "")):
        refusal = caller.send("POST", "api/trigger", {})
    assert (refusal.status, refusal.json["why"]) == (409, "only 1 s after the last one")
    assert caller.send("POST", "api/trigger", {"wait_s": 31}).status == 422
    assert caller.send("POST", "api/trigger", {"wait_s": True}).status == 422
    assert caller.send("POST", "api/trigger", {}).status == 503


def test_a_simulated_input_is_driven_and_nothing_else(caller: Caller) -> None:
    from board.gpio.sim import show

    assert caller.send("POST", "api/board/inputs/DI1", {"active": True}, "operator").json == {"name": "DI1", "active": True}
    assert {name: level for name, level, _ in show(caller.state)}["DI1"] == 1
    caller.send("POST", "api/board/inputs/DI1", {"active": False})
    assert {name: level for name, level, _ in show(caller.state)}["DI1"] == 0
    assert caller.send("POST", "api/board/inputs/DI1", {"active": 1}).status == 422
    assert caller.send("POST", "api/board/inputs/DO1", {"active": True}).status == 404


def test_passages_come_newest_first_and_only_the_new_ones(caller: Caller) -> None:
    caller.portal.store.add_passage(passage(), [], caller.portal.store.lookup("HK55EVB", NOW, True))
    first = caller.get("api/passages", "viewer").json
    caller.portal.store.add_passage(passage("", "p2"), [])
    second = caller.get(f"api/passages?after={first['newest']}").json
    assert [each["plate"] for each in first["passages"]] == ["HK55EVB"]
    assert [each["name"] for each in first["passages"][0]["lists"]] == ["ALL PLATES", "NOT IN LIST"]
    assert (first["passages"][0]["country_name"], first["passages"][0]["at_local"]) == ("Germany", "2026-01-02 03:04:05")
    assert [each["plate"] for each in second["passages"]] == [""]
    assert caller.get("api/passages/p1").json["plate"] == "HK55EVB"
    assert caller.get("api/passages/p9").status == 404


def test_who_asks_for_what_is_new_again_and_again_misses_nothing_and_gets_nothing_twice(caller: Caller) -> None:
    """More had come than one answer holds: those between were left out. Nothing had come: all came once more."""
    kept = caller.portal.store
    for number in range(7):
        sent = Delivery(f"d{number}", f"p{number}", 9, "io", "done", NOW, NOW, 1, NOW, NOW, NOTHING)
        kept.add_passage(passage(f"AA{number}", f"p{number}"), [sent])
        kept.transfers.add("export", "hand", 0, WHITE, "WHITELIST", "anna", NOW, "done", Text(f"file {number}"))
    for name in ("passages", "deliveries", "transfers"):
        newest, found = caller.get(f"api/{name}?limit=1").json["newest"] - 6, []
        for _ in range(4):
            told = caller.get(f"api/{name}?limit=3&after={newest}").json
            newest, rows = told["newest"], told[name]
            found += [row["note"] if name == "transfers" else row["plate"] for row in reversed(rows)]
        assert found == [f"file {n}" if name == "transfers" else f"AA{n}" for n in range(1, 7)]


def test_what_waits_for_a_restart_is_what_the_processes_do_not_run_with(caller: Caller) -> None:
    with service(caller, status_of(running_now(caller))):
        caller.send("PUT", "api/settings/lpr", {"votes": 3, "fold_lookalikes": False})
        saved = caller.send("PUT", "api/settings/general", {"log_level": 4, "image_quality_pct": 80})
        assert saved.json["restart_due"] == ["Agreeing reads", "Image quality"]
        assert caller.get("api/settings/lpr").json["restart_due"] == ["Agreeing reads", "Image quality"]
        assert "Agreeing reads, Image quality" in caller.get("live").text
        caller.send("PUT", "api/settings/lpr", {"votes": 2})
        assert caller.get("api/settings/lpr").json["restart_due"] == ["Image quality"]
    with service(caller, status_of(running_now(caller))):  # started anew
        assert caller.get("api/settings/lpr").json["restart_due"] == []
        assert "Image quality" not in caller.get("live").text


def test_a_service_that_did_not_restart_with_the_engine_still_waits(caller: Caller) -> None:
    before = running_now(caller)
    caller.send("PUT", "api/settings/general", {"trigger_port": 11001})
    now = running_now(caller)
    with service(caller, status_of(replace(now, settings=before.settings))):
        assert caller.get("api/settings/general").json["restart_due"] == ["Trigger socket port"]


def test_nothing_waits_for_a_restart_while_nothing_runs_as_what_starts_takes_what_is_stored(caller: Caller) -> None:
    assert caller.send("PUT", "api/settings/lpr", {"votes": 3}).json["restart_due"] == []
    assert caller.send("POST", "api/restart", {}).status == 503
    with service(caller, status_of(replace(running_now(caller), engine=None))) as asked:
        assert caller.send("POST", "api/restart", {}).status == 200
        assert asked == [RestartService()]


def test_the_service_is_told_of_settings_that_take_effect_at_once(caller: Caller) -> None:
    with service(caller, status_of(running_now(caller))) as asked:
        assert caller.send("PUT", "api/settings/general", {"log_level": 4}).json["restart_due"] == []
    assert SettingsChanged() in asked


def test_the_default_configuration_keeps_region_and_countries(caller: Caller) -> None:
    caller.send("PUT", "api/settings/lpr", {"votes": 5, "mode": "TRIGGER", "roi": [0, 0, 0.5, 0.5]})
    settings = caller.send("POST", "api/settings/lpr/default", {}).json["settings"]
    assert (settings["votes"], settings["mode"], settings["roi"]) == (2, "MOTION", None)
    assert (settings["region"], settings["countries"]) == ("Europe", ["DE"])


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("lpr", {"min_char_height_px": 100, "max_char_height_px": 50}, "min_char_height_px"),
        ("lpr", {"min_char_height_px": 161}, "min_char_height_px"),
        ("lpr", {"min_char_height_px": 11, "max_char_height_px": 10}, "min_char_height_px"),
        ("lpr", {"connection": "URL"}, "camera_url"),
        ("lpr", {"connection": "URL", "camera_url": "javascript:1"}, "camera_url"),
        ("lpr", {"camera_url": "/etc/passwd"}, "camera_url"),
        *(("lpr", {"camera_url": f"rtsp://guard:24{end}68@10.0.0.9/live"}, "camera_url") for end in "/?#"),
        ("lpr", {"camera_url": "Http:///video"}, "camera_url"),
        ("camera", {"night": "schedule", "night_from": "06:30", "night_until": "06:30"}, "night_until"),
        ("camera", {"day_above_lux": 5}, "day_above_lux"),
    ],
    ids=repr,
)
def test_values_that_do_not_go_together_are_refused_at_their_field(
    caller: Caller, path: str, body: dict[str, object], field: str
) -> None:
    before = caller.get(f"api/settings/{path}").json["settings"]
    reply = caller.send("PUT", f"api/settings/{path}", body)
    assert (reply.status, [problem["field"] for problem in reply.json["problems"]]) == (422, [field])
    assert "68" not in reply.text
    assert caller.get(f"api/settings/{path}").json["settings"] == before


def test_what_an_earlier_release_stored_is_read_although_it_does_not_go_together(caller: Caller) -> None:
    odd = caller.portal.lpr().model_copy(update={"min_char_height_px": 100, "max_char_height_px": 50})
    caller.portal.store.db.execute("UPDATE settings SET body = ? WHERE name = 'lpr'", (odd.model_dump_json(),))
    assert caller.portal.lpr() == odd
    assert caller.send("PUT", "api/settings/lpr", {"max_char_height_px": 120}).status == 200


def test_the_schemes_of_camera_addresses_are_those_of_the_back_ends() -> None:
    import board.camera
    from board.camera._kind import CameraKind
    from board.kit.registry import find
    from engine.settings.lpr import CAMERA_SCHEMES

    kinds = find(board.camera, "CAMERA", CameraKind).values()
    assert tuple(sorted(scheme for kind in kinds for scheme in kind.schemes)) == CAMERA_SCHEMES


def test_a_recording_stands_in_for_the_camera_on_a_simulated_board_only(caller: Caller) -> None:
    body = {"connection": "URL", "camera_url": "Replay:/etc"}
    assert caller.send("PUT", "api/settings/lpr", body).status == 200
    real = replace(caller.portal, profile=replace(caller.portal.profile, simulated=False))
    reply = caller.with_portal(real).send("PUT", "api/settings/lpr", body)
    assert (reply.status, reply.json["problems"][0]["field"]) == (422, "camera_url")


def test_what_is_wrong_and_a_refused_trigger_are_said_in_the_readers_language(caller: Caller) -> None:
    early = Text(
        "{early_s:.1f} s too early: at least {period_s:g} s must lie between two triggers", {"early_s": 1.5, "period_s": 4}
    )
    with service(caller, lambda asked: STOPPED_ENGINE if isinstance(asked, AskStatus) else TriggerAnswer(False, early, "")):
        (problem,) = caller.call("GET", "api/status", "admin", HTTP_ACCEPT_LANGUAGE="de").json["problems"]
        refused = caller.call("POST", "api/trigger", "admin", b"{}", HTTP_ACCEPT_LANGUAGE="de").json
    assert (problem["where"], problem["text"]) == ("Erkennung", "läuft nicht: Es wird nichts gelesen.")
    assert refused["why"] == "1.5 s zu früh: Zwischen zwei Auslösungen müssen mindestens 4 s liegen"
    assert refused["error"] == f"Auslösung abgelehnt: {refused['why']}"
    assert (refused["key"], refused["values"]["why"]["values"]) == ("Trigger refused: {why}", {"early_s": 1.5, "period_s": 4})


def test_a_restart_that_the_service_takes_is_told_in_words_and_by_key(caller: Caller) -> None:
    with service(caller, lambda _: Outcome(True, Text("engine and service restart"))):
        told = caller.call("POST", "api/restart", "admin", b"{}", HTTP_ACCEPT_LANGUAGE="de").json
    assert told == {"ok": True, "note": "Erkennung und Dienst starten neu", "key": "engine and service restart", "values": {}}
