"""The service as a real process, with the real pins process on the simulated chip and this test as engine and portal."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from board.gpio.sim import set_input
from board.kit.clock import Clock
from board.kit.wire import Channel
from board.kit.words import NOTHING, Text
from board.profiles import load
from board.wiegand.codes import bit_text
from board.wiegand.receive import read_edges, receive
from engine.messages import (
    SETTINGS,
    TOPICS,
    DeliveryEvent,
    EngineHello,
    FireTrigger,
    LineChanged,
    LiveReads,
    Outcome,
    PassageEvent,
    PassageReport,
    PassageStored,
    ReadTold,
    RestartService,
    RulesChanged,
    ServerSettings,
    ServiceStatus,
    SettingsChanged,
    StartTrigger,
    StopEngine,
    Subscribe,
    Subscribed,
    TestAction,
    TriggerAnswer,
    TriggerTaken,
    UseZone,
)
from engine.service.counters import BAD_FRAMES
from engine.service.events import LEAST_GAP_NS
from engine.settings import GeneralSettings, LprSettings, RecorderSettings
from engine.store import DeliveryQuery, PassageQuery
from engine.store.backup import Backup
from engine.types import Start
from tests.asked import http_judge
from tests.samples import ALL, BLACK, WHITE, entry, rule
from tests.service_camera import CODEC, PATIENCE_S, PULSE_MS, ROOT, Camera
from tests.waiting import until

T = TypeVar("T")
LATE_MS = 1500
"""How much longer than ordered a pulse may last where other tests run beside."""


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    made = Camera(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def running(camera: Camera) -> Camera:
    camera.start("pins")
    camera.start("service")
    camera.connect_engine()
    camera.pins_ready()
    return camera


def answer_of(channel: Channel | None, kind: type[T]) -> T:
    assert channel is not None
    message = channel.receive(PATIENCE_S)
    assert isinstance(message, kind), message
    return message


def test_a_listed_car_opens_the_gate_once_for_the_set_time_and_sends_its_number(running: Camera) -> None:
    store = running.store()
    store.rules.save(rule(WHITE, "wiegand", "Door"), "admin")
    store.close()
    one = running.report()
    assert answer_of(running.engine, PassageStored) == PassageStored(one.id)
    assert running.engine is not None
    running.engine.send(PassageReport(one))
    assert answer_of(running.engine, PassageStored) == PassageStored(one.id)
    until(lambda: running.delivery_states() == ["done", "done"], "both deliveries")
    until(running.pulses_ms, "the pulse")
    (pulse_ms,) = running.pulses_ms()
    assert PULSE_MS <= pulse_ms < PULSE_MS + LATE_MS
    # pins sends a frame again whose edges a busy computer spoilt: what is whole must be the number.
    frames = receive(read_edges(running.state.sim / "edges.jsonl"), load(running.state).wiegand[0])
    whole = {bit_text(frame.code) for frame in frames if frame.code.bits == 26}
    assert whole == {"11000000011001111000101010"}
    status = running.status()
    assert {one.name: one.value for one in status.counters if one.name != BAD_FRAMES} == {
        "Results": 1,
        "Actions": 2,
        "Exports": 0,
        "Imports": 0,
        "Triggers received": 0,
        "Triggers refused": 0,
        "Frames processed": 7,
    }
    assert status.wiegand is not None
    assert (status.wiegand.port, status.wiegand.code.bits, status.sd_free_pct) == ("W1", 26, -1)
    assert {(line.name, line.kind) for line in status.lines} == {
        ("DI1", "input"),
        ("DI2", "input"),
        ("DO1", "output"),
        ("DO2", "output"),
    }


def test_an_unlisted_and_a_blacklisted_car_stay_outside_and_the_audit_says_why(running: Camera) -> None:
    store = running.store()
    store.entries.save(entry("BAD1", BLACK), "admin")
    store.entries.save(entry("BAD1", WHITE), "admin")
    store.rules.save(rule(ALL, "wiegand", "Everyone"), "admin")
    for plate in ("GUEST1", "BAD1", ""):
        running.report(plate)
        answer_of(running.engine, PassageStored)
    until(lambda: running.delivery_states() == ["done", "withheld", "withheld"], "the deliveries")
    notes = {str(one.delivery.note) for one in store.deliveries(DeliveryQuery(state="withheld"))}
    store.close()
    assert (notes, running.edges("DO1")) == ({"the plate is on BLACKLIST"}, [])


def test_a_service_killed_after_the_commit_opens_once_after_its_restart(camera: Camera) -> None:
    camera.start("service")
    camera.connect_engine()
    one = camera.report()  # without pins: the delivery waits
    answer_of(camera.engine, PassageStored)
    camera.kill("service")
    assert camera.delivery_states()[0] in ("pending", "sending")
    camera.start("pins")
    camera.start("service")
    until(lambda: camera.delivery_states() == ["done"], "the delivery")
    until(camera.pulses_ms, "the pulse")
    engine = camera.connect_engine()
    engine.send(PassageReport(one))
    assert answer_of(engine, PassageStored) == PassageStored(one.id)
    assert (camera.delivery_states(), len(camera.pulses_ms())) == (["done"], 1)


def test_pins_killed_and_back_carries_out_the_next_car(running: Camera) -> None:
    running.report()
    until(running.pulses_ms, "the first pulse")
    running.kill("pins")
    until(lambda: running.status().pins != NOTHING, "the loss of pins")
    running.report()
    running.start("pins")
    until(lambda: len(running.pulses_ms()) == 2, "the second pulse")
    running.pins_ready()


def test_without_pins_the_gate_stays_shut_and_the_status_says_why(camera: Camera) -> None:
    camera.start("service")
    camera.connect_engine()
    until(lambda: str(camera.status().pins) == "pins.sock does not answer: [Errno 2] No such file or directory", "the reason")
    one = camera.report()
    assert answer_of(camera.engine, PassageStored) == PassageStored(one.id)
    store = camera.store()
    until(lambda: store.rules.results(), "the first try")
    assert str(store.rules.results()[1].error).startswith("the pins process is not there: pins.sock")
    store.close()


def test_a_tcp_trigger_reaches_the_engine_and_a_second_one_too_soon_is_refused(running: Camera) -> None:
    with socket.create_connection(("127.0.0.1", running.trigger_port), timeout=PATIENCE_S) as peer:
        peer.sendall(b"TRIGGER\r\n")
        begun = answer_of(running.engine, StartTrigger)
        assert running.engine is not None
        running.engine.send(TriggerTaken(begun.trigger.id, NOTHING))
        assert peer.recv(200) == f"OK {begun.trigger.id}\r\n".encode()
        assert begun.trigger.cause == "socket 127.0.0.1"
        peer.sendall(b"TRIGGER\r\n")
        assert b"too early: at least 20 s must lie between two triggers\r\n" in peer.recv(200)
    until(lambda: {one.name: one.value for one in running.status().counters}["Triggers refused"] == 1, "the count")


def test_an_input_starts_a_trigger_on_its_active_edge_only(running: Camera) -> None:
    set_input(running.state, "DI1", 1)
    assert answer_of(running.engine, StartTrigger).trigger.cause == "input DI1"
    set_input(running.state, "DI1", 0)
    set_input(running.state, "DI2", 1)
    until(lambda: [one.active for one in running.status().lines if one.name == "DI2"] == [True], "the input")
    assert running.engine is not None
    assert running.engine.receive(0) is None


def test_a_car_that_came_while_the_camera_was_away_is_read_once_it_is_back(camera: Camera) -> None:
    store = camera.store()
    store.settings.put(LprSettings(mode="TRIGGER", trigger_period_s=3.0), "admin")
    store.close()
    camera.start("pins")
    camera.start("service")
    engine = camera.connect_engine()
    camera.pins_ready()
    camera.send_status(camera=Text("cable pulled"))
    set_input(camera.state, "DI1", 1)
    trigger = answer_of(engine, StartTrigger).trigger
    one = camera.report("", trigger_id=trigger.id, size=(0, 0))
    assert answer_of(engine, PassageStored).passage_id == one.id
    camera.send_status(camera=Text("cable pulled"))
    assert engine.receive(1.5) is None  # nobody would see it
    camera.send_status(mode="SETUP")
    assert engine.receive(2.5) is None  # somebody draws its regions
    assert {each.name: each.value for each in camera.status().counters}["Triggers refused"] == 0
    camera.send_status()
    again = answer_of(engine, StartTrigger).trigger
    assert (again.id != trigger.id, again.cause) == (True, "input DI1")
    seen = camera.report("", trigger_id=again.id)
    assert answer_of(engine, PassageStored).passage_id == seen.id
    assert engine.receive(1.5) is None  # it was seen, and had no plate


def test_the_portal_waits_for_the_passage_of_its_trigger(running: Camera) -> None:
    portal = running.channel()
    portal.send(FireTrigger("http admin", wait_s=PATIENCE_S))
    begun = answer_of(running.engine, StartTrigger)
    assert running.engine is not None
    running.engine.send(TriggerTaken(begun.trigger.id, NOTHING))
    none = running.report("", trigger_id=begun.trigger.id, trigger_cause="http admin")
    answer = answer_of(portal, TriggerAnswer)
    assert answer == TriggerAnswer(True, NOTHING, begun.trigger.id, none)
    portal.close()


def test_another_mode_refuses_a_trigger_with_the_reason(running: Camera) -> None:
    running.send_status(mode="MOTION")
    until(lambda: running.status().mode == "MOTION", "the mode")
    answer = running.ask(FireTrigger("http admin"))
    assert (answer.accepted, str(answer.why), answer.trigger_id, answer.passage) == (
        False, "the mode is MOTION; triggers are read in mode TRIGGER", "", None
    )  # fmt: skip


def test_the_mode_is_stopped_without_an_engine_and_frames_count_on_over_its_restart(running: Camera) -> None:
    running.send_status(frames=10)
    until(lambda: running.frames_processed() == 10, "the frames")
    assert running.engine is not None
    running.engine.send(LiveReads(3, ()))
    running.engine.close()
    until(lambda: running.status().mode == "STOPPED", "the end of the engine")
    status = running.status()
    assert (status.engine, status.live) == (None, None)
    running.connect_engine()
    until(lambda: running.frames_processed() == 17, "the frames of the second engine")


def test_frames_are_not_counted_twice_when_the_service_alone_restarts(running: Camera) -> None:
    running.kill("service")
    assert running.engine is not None
    running.engine.close()
    running.start("service")
    running.engine = running.channel()
    running.engine.send(EngineHello(os.getpid()))
    running.send_status(frames=5000)
    running.send_status(frames=5010)
    # 7 more when the first service had written them down before it was killed
    until(lambda: running.frames_processed() in (10, 17), "the frames since")


def test_the_engine_hears_of_a_changed_time_zone_at_once_and_the_next_one_as_it_comes(running: Camera) -> None:
    assert running.engine is not None
    store = running.store()
    store.settings.put(store.settings(GeneralSettings).model_copy(update={"time_zone": "Asia/Taipei"}), "admin")
    store.close()
    assert running.ask(SettingsChanged()) == Outcome(True)
    assert answer_of(running.engine, UseZone) == UseZone("Asia/Taipei")
    running.engine.close()
    assert answer_of(running.connect_engine(), UseZone) == UseZone("Asia/Taipei")


def test_an_action_can_be_tried_before_it_is_saved(running: Camera) -> None:
    done = running.ask(TestAction("io", '{"output": "DO2", "duration_ms": 50}', WHITE, "ab 12"))
    assert (done.ok, str(done.note)) == (True, "DO2 pulsed 50 ms")
    until(lambda: running.pulses_ms("DO2"), "the pulse")
    inverted = TestAction("io", '{"output": "DO2", "duration_ms": 50, "polarity": "active low"}', WHITE, "ab 12")
    said = [str(running.ask(inverted).note) for _ in range(2)]
    assert said[0] == "DO2 pulsed 50 ms (DO2 is active low from now on)" and "from now on" not in said[1], "pins keeps it"
    for request, problem in (
        (TestAction("io", '{"output": "DO9"}', WHITE, ""), "DO9"),
        (TestAction("io", '{"polarity": "active low"}', WHITE, ""), "Polarity: an enabled action wants DO1 active high"),
        (TestAction("rocket", "{}", WHITE, ""), "there is no action"),
        (TestAction("io", "{}", 99, ""), "this list was deleted"),
        (TestAction("http", '{"url": "http://127.0.0.1:9/", "timeout_s": 1}', WHITE, ""), "actions may not reach it"),
        (TestAction("http", '{"url": "http://127.0.0.2:9/", "timeout_s": 1}', WHITE, ""), "no connection (Connection refused)"),
        (TestAction("display", '{"line": "socket://127.0.0.1:9"}', WHITE, ""), "actions may not reach it"),
    ):
        answer = running.ask(request)
        assert isinstance(answer, Outcome)
        assert (answer.ok, problem in str(answer.note)) == (False, True), answer
    store = running.store()
    assert store.deliveries(DeliveryQuery()) == []
    store.close()


def test_who_lets_somebody_in_by_a_test_of_an_action_stands_in_audit(running: Camera) -> None:
    """It opened the gate, and sent any plate's number to a controller, without a trace of who did."""
    tests = [
        TestAction("io", '{"output": "DO2", "duration_ms": 50}', WHITE, "ab 12", user="anna", address="10.0.0.7"),
        TestAction("wiegand", "{}", WHITE, "ab 12", user="bert", address="10.0.0.8"),
        TestAction("http", '{"url": "http://127.0.0.2:9/", "timeout_s": 1}', WHITE, "", user="anna", address="10.0.0.7"),
    ]
    assert [running.ask(each).ok for each in tests] == [True, True, False]
    store = running.store()
    until(lambda: len(store.deliveries(DeliveryQuery())) == 2, "what opens something, and no message")
    kept = [(each.delivery.kind, each.delivery.state) for each in store.deliveries(DeliveryQuery())]
    assert sorted(kept) == [("io", "done"), ("wiegand", "done")]
    said = " ".join(str(each.decision.reason) for each in store.passages(PassageQuery()))
    assert "DO2 pulsed 50 ms, by anna at 10.0.0.7 (TEST)" in said and "by bert at 10.0.0.8 (TEST)" in said
    store.close()


def test_a_changed_polarity_reaches_the_pins(running: Camera) -> None:
    store = running.store()
    store.rules.save(rule(WHITE, output="DO2", polarity="active low"), "admin")
    store.close()
    assert running.ask(RulesChanged()) == Outcome(True)
    assert json.loads(running.state.polarity_file.read_text())["DO2"] is False
    until(lambda: running.edges("DO2") and running.edges("DO2")[-1][1] == 1, "the output's rest")


def test_a_delayed_pulse_of_an_action_that_is_switched_off_meanwhile_does_not_begin(running: Camera) -> None:
    store = running.store()
    waits = store.rules.save(rule(WHITE, output="DO2", delay_ms=2000), "admin")
    assert running.ask(RulesChanged()) == Outcome(True)
    running.report()
    until(lambda: running.delivery_states() == ["done", "sending"], "the pulse that pins has taken")
    store.rules.save(replace(waits, enabled=False), "admin")
    assert running.ask(RulesChanged()) == Outcome(True)
    until(lambda: sorted(running.delivery_states()) == ["done", "failed"], "its end")
    (failed,) = store.deliveries(DeliveryQuery(state="failed"))
    assert str(failed.delivery.note) == "the action was switched off or deleted before it was carried out"
    later = TestAction("io", '{"output": "DO1", "duration_ms": 50, "delay_ms": 2500}', WHITE, "")
    assert running.ask(later).ok
    until(lambda: len(running.pulses_ms("DO1")) == 2, "what begins after it would have begun")
    assert running.edges("DO2") == []
    store.close()


def test_nonsense_on_the_socket_is_answered_and_stops_nothing(running: Camera) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
        peer.settimeout(PATIENCE_S)
        os.chdir(running.state.run)
        try:
            peer.connect("service.sock")
        finally:
            os.chdir(ROOT)
        for nonsense in (b"\x00\xff", b"{}", b'{"type":"FireTrigger","body":{"cause":7}}', b'{"type":"StopEngine","body":{}}'):
            peer.send(nonsense)
            answer = CODEC.decode(peer.recv(10_000))
            assert isinstance(answer, Outcome)
            assert answer.ok is False
    assert running.status().mode == "TRIGGER"


def test_a_service_with_a_damaged_store_opens_the_gate_by_the_lists_of_the_copy(camera: Camera) -> None:
    store = camera.store()
    assert Backup(camera.state.database, Clock()).turn(store.changes.newest())
    store.close()
    camera.state.database.write_bytes(b"damaged" * 1000)
    for extra in camera.state.database.parent.glob("anpr.db-*"):
        extra.unlink()
    camera.start("pins")
    camera.start("service")
    engine = camera.connect_engine()
    camera.pins_ready()
    one = camera.report()
    assert engine.receive(PATIENCE_S) == PassageStored(one.id)
    until(camera.pulses_ms, "the gate")
    assert camera.state.database.with_name("anpr.db.damaged").read_bytes() == b"damaged" * 1000


def test_a_service_whose_store_is_damaged_while_it_runs_ends_and_the_next_one_opens_the_gate(camera: Camera) -> None:
    store = camera.store()
    assert Backup(camera.state.database, Clock()).turn(store.changes.newest())
    camera.start("pins")
    camera.start("service")
    engine = camera.connect_engine()
    camera.pins_ready()
    store.db.checkpoint()
    with camera.state.database.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(range(1, 256)) * 2000)
    one = camera.report()
    until(lambda: camera.processes["service"].poll() is not None, "the end of the service")
    assert camera.processes["service"].returncode == 0, "it is started again at once"
    store.close()
    engine.close()
    camera.start("service")
    engine = camera.connect_engine()
    camera.pins_ready()

    def stored() -> bool:
        engine.send(PassageReport(one))
        return engine.receive(0.2) == PassageStored(one.id)

    until(stored, "the commit of the repeated passage")


def test_without_a_licence_the_mode_says_so_and_triggers_are_refused(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWRIGHT_LICENSED", "0")
    camera.start("service")
    until(lambda: camera.status().mode == "NO LICENSE", "the mode")
    answer = camera.ask(FireTrigger("http admin"))
    assert (answer.accepted, str(answer.why)) == (False, "the mode is NO LICENSE; triggers are read in mode TRIGGER")
    assert (answer.trigger_id, answer.passage) == ("", None)


def test_a_trigger_port_that_is_taken_is_said_and_the_rest_works(camera: Camera) -> None:
    with socket.create_server(("", camera.trigger_port)):
        camera.start("service")
        camera.connect_engine()
        until(lambda: f"the trigger socket cannot listen on {camera.trigger_port}" in str(camera.status().last_error), "the reason")
        one = camera.report("GUEST1")
        assert answer_of(camera.engine, PassageStored) == PassageStored(one.id)


def test_restart_service_stops_the_engine_and_ends_with_0(running: Camera) -> None:
    assert running.ask(RestartService()) == Outcome(True, Text("engine and service restart"))
    assert answer_of(running.engine, StopEngine) == StopEngine()
    assert running.processes["service"].wait(PATIENCE_S) == 0
    store = running.store()
    assert store.counters()["Frames processed"].value == 7
    store.close()
    said = (running.state.logs / "service.log").read_text().splitlines()
    assert [line for line in said if " WARNING " in line or " ERROR " in line] == []


def test_the_service_says_that_it_lives_and_ends_on_sigterm(running: Camera) -> None:
    beat = running.state.beat("service")
    before = beat.stat().st_mtime_ns
    until(lambda: beat.stat().st_mtime_ns > before, "the next heartbeat")
    running.processes["service"].terminate()
    assert running.processes["service"].wait(PATIENCE_S) == 0


def test_the_settings_of_outputs_and_inputs_are_in_force_at_pins(camera: Camera) -> None:
    store = camera.store()
    general = GeneralSettings(trigger_port=camera.trigger_port, keep_free_pct=1)
    lines = {"interlocks": "DO1 DO2", "longest_on": "DO2=1", "stuck_after": "DI1=1"}
    store.settings.put(general.model_copy(update=lines), "admin")
    store.close()
    camera.start("pins")
    camera.start("service")
    camera.pins_ready()
    assert camera.ask(TestAction("io", '{"output": "DO1", "do": "on"}', WHITE, "")).ok
    refused = camera.ask(TestAction("io", '{"output": "DO2"}', WHITE, ""))
    assert (refused.ok, str(refused.note)) == (False, "DO2 stays off: it is interlocked with DO1, which is on")
    assert camera.ask(TestAction("io", '{"output": "DO1", "do": "off"}', WHITE, "")).ok
    pattern = '{"output": "DO2", "do": "pattern", "on_ms": 700, "off_ms": 20, "repeat": 9}'
    played = camera.ask(TestAction("io", pattern, WHITE, ""))
    assert (played.ok, str(played.note)) == (True, "DO2 switched on and off, 700 and 20 ms, 9 times")
    cut = "DO2 was switched off: it had been on for 1 s, its longest time"
    until(lambda: [str(text) for text in camera.status().warnings] == [cut], "the longest time")
    set_input(camera.state, "DI1", 1)
    until(lambda: any("DI1 has been active for more than 1 s" in str(text) for text in camera.status().warnings), "the stuck input")
    set_input(camera.state, "DI1", 0)
    until(lambda: [str(text) for text in camera.status().warnings] == [cut], "the input's release")


def test_lines_that_the_board_does_not_have_are_told(camera: Camera) -> None:
    store = camera.store()
    store.settings.put(GeneralSettings(trigger_port=camera.trigger_port, keep_free_pct=1, interlocks="DO1 DO9"), "admin")
    store.close()
    camera.start("pins")
    camera.start("service")
    camera.pins_ready()
    until(lambda: any("there is no output 'DO9'" in str(text) for text in camera.status().warnings), "the refusal")
    assert camera.ask(TestAction("io", '{"output": "DO1", "duration_ms": 20}', WHITE, "")).ok


def test_what_happens_is_pushed_to_who_subscribed(running: Camera) -> None:
    channel = running.channel()
    channel.send(Subscribe(TOPICS))
    came: list[Any] = []

    def first(kind: type[T], which: Callable[[T], bool] = lambda message: True) -> T:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = [each for each in came if isinstance(each, kind) and which(each)]
            if found:
                return found[0]
            message = channel.receive(0.1)
            came.extend([message] if message is not None else [])
        raise AssertionError(f"{kind.__name__} did not come: {came}")

    assert first(Subscribed) == Subscribed(0)
    assert first(LineChanged, lambda each: each.line.name == "DI1").line.active is False
    assert first(ServiceStatus).mode == "TRIGGER"
    one = running.report()
    event = first(PassageEvent)
    assert (event.row, event.passage) == (1, one)
    assert [(match.list.id, match.entry is not None) for match in event.matches] == [(ALL, False), (WHITE, True)]
    assert [(each.kind, each.passage_id) for each in event.deliveries] == [("io", one.id)]
    done = first(DeliveryEvent).delivery
    assert (done.id, done.state, str(done.note)) == (event.deliveries[0].id, "done", f"DO1 pulsed {PULSE_MS} ms")
    assert first(LineChanged, lambda each: each.line.name == "DO1" and each.line.active)
    assert running.engine is not None
    running.engine.send(LiveReads(3, ()))
    assert first(LiveReads) == LiveReads(3, ())
    running.engine.close()
    stopped = first(ServiceStatus, lambda each: each.mode == "STOPPED")
    assert (stopped.engine, stopped.live) == (None, None)
    assert stopped.last_engine is not None
    assert (stopped.last_engine.frames_per_s, stopped.last_engine_age_s >= 0) == (12.5, True)
    channel.close()


def test_changed_settings_that_need_no_restart_are_in_force_at_once(running: Camera) -> None:
    channel = running.channel()
    channel.send(Subscribe((SETTINGS,)))
    assert answer_of(channel, Subscribed) == Subscribed(0)
    before = answer_of(channel, ServerSettings)
    assert (before.camera_name, before.time_zone, before.snapshots_login, before.nvr_port) == ("Gatewright", "", True, 17_001)
    store = running.store()
    general = {
        "log_level": 4,
        "log_engine": True,
        "device_name": "Gate 1",
        "camera_id": "north",
        "site": "Depot",
        "time_zone": "Asia/Seoul",
    }
    store.settings.put(store.settings(GeneralSettings).model_copy(update=general), "admin")
    store.settings.put(RecorderSettings(snapshots_login=False, nvr_layout="noprefix"), "admin")
    store.close()
    assert running.ask(SettingsChanged()) == Outcome(True)
    named = {"camera_id": "north", "camera_name": "Gate 1", "site": "Depot", "time_zone": "Asia/Seoul"}
    assert answer_of(channel, ServerSettings) == replace(before, snapshots_login=False, nvr_layout="noprefix", **named)
    assert running.state.log_level_file.read_text() == "4 engine=5 manager=3"
    channel.close()


def _steady(get: Callable[[], T]) -> T | None:
    """What stays the same for a second: a frame whose edges came late is sent once more."""
    before = get()
    time.sleep(1)
    return before if get() == before else None


def test_what_the_engine_says_of_a_read_stands_in_the_services_log(running: Camera) -> None:
    assert running.engine is not None
    running.engine.send(ReadTold("reads", "read 'BA123CD' in frame 7 not valid: confidence 60 %, minimum 80 %"))
    log = running.state.logs / "service.log"
    line = " INFO reads: read 'BA123CD' in frame 7 not valid: confidence 60 %, minimum 80 %\n"
    until(lambda: line in log.read_text(), "the line")


def test_the_trigger_period_and_the_last_wiegand_frame_outlive_a_restart_of_the_service(camera: Camera) -> None:
    store = camera.store()
    store.settings.put(LprSettings(mode="TRIGGER", trigger_period_s=60.0), "admin")
    store.close()
    camera.start("pins")
    camera.start("service")
    camera.connect_engine()
    camera.pins_ready()
    assert camera.ask(TestAction("wiegand", "{}", WHITE, "HK55EVB")).ok
    until(lambda: camera.status().wiegand, "the frame")
    frame = until(lambda: _steady(lambda: camera.status().wiegand), "the frame as it stays")
    assert camera.engine is not None
    camera.ask(FireTrigger("http admin"))
    camera.kill("service")
    camera.engine.close()
    camera.start("service")
    camera.connect_engine()
    assert camera.status().wiegand == frame
    answer = camera.ask(FireTrigger("http admin"))
    assert (answer.accepted, "too early: at least 60 s" in str(answer.why)) == (False, True), answer
    camera.state.last_trigger_file.write_text("damaged")
    camera.kill("service")
    camera.engine.close()
    camera.start("service")
    camera.connect_engine()
    assert "too early" not in str(camera.ask(FireTrigger("http admin")).why)


def is_active(camera: Camera, line: str) -> bool:
    return {each.name: each.active for each in camera.status().lines}[line]


def empty(camera: Camera, loop: str) -> None:
    """The car has left, for longer than a contact bounces."""
    set_input(camera.state, loop, 0)
    until(lambda: not is_active(camera, loop), "the empty loop")
    time.sleep(LEAST_GAP_NS / 1e9)


@pytest.mark.parametrize("licensed", ["1", "0"])
def test_an_exit_loop_opens_the_gate_and_is_an_event_of_its_own_also_without_a_licence(
    camera: Camera, licensed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWRIGHT_LICENSED", licensed)
    store = camera.store()
    loop = replace(rule(ALL, name="Exit", duration_ms=PULSE_MS), start=Start("input", "DI2", opens=True))
    store.rules.save(loop, "admin")
    store.close()
    camera.start("pins")
    camera.start("service")
    camera.pins_ready()
    set_input(camera.state, "DI2", 1)
    until(lambda: camera.pulses_ms(), "the pulse")
    until(lambda: camera.delivery_states() == ["done"], "the end of the delivery")
    store = camera.store()
    (found,) = store.passages(PassageQuery())
    store.close()
    assert (found.passage.what, found.passage.plate, found.lists) == ("input", "", ())
    assert (found.decision.outcome, str(found.decision.reason)) == ("opened", "DI2 became active")
    assert len(camera.pulses_ms()) == 1
    for opened, killed in enumerate(("service", "pins"), 2):  # a car drives onto the loop meanwhile, and stands there
        empty(camera, "DI2")
        camera.kill(killed)
        set_input(camera.state, "DI2", 1)
        camera.start(killed)
        until(lambda opened=opened: camera.delivery_states() == ["done"] * opened, f"the gate without {killed}")  # type: ignore[misc]
    for killed in ("service", "pins"):
        camera.kill(killed)
        camera.start(killed)
        camera.pins_ready()
        until(lambda: is_active(camera, "DI2"), "the line")
    empty(camera, "DI2")
    set_input(camera.state, "DI2", 1)
    until(lambda: len(camera.delivery_states()) > 3, "the next car")
    until(lambda: camera.delivery_states() == ["done"] * 4, "one opening for each car")
    empty(camera, "DI2")
    camera.kill("service")
    storage = camera.state.database.parent
    away = storage.rename(storage.with_name("away"))
    storage.touch()
    camera.start("service")
    camera.pins_ready()
    set_input(camera.state, "DI2", 1)
    until(lambda: is_active(camera, "DI2"), "the line")
    storage.unlink()
    away.rename(storage)
    until(lambda: camera.delivery_states() == ["done"] * 5, "the gate, once the storage is there")


def test_a_server_that_is_asked_opens_the_gate_for_a_stranger_and_shuts_it_for_a_guest(camera: Camera) -> None:
    def judge(question: dict[str, Any]) -> dict[str, object]:
        return {"allow": question["plate"] == "STRANGER", "reason": "as the office says"}

    with http_judge(judge, host="127.0.0.2") as server:
        store = camera.store()
        asks = rule(ALL, "ask", "Office", host="127.0.0.2", port=server.port, tls=False, timeout_s=5.0)
        store.rules.save(asks, "admin")
        store.rules.save(rule(ALL, duration_ms=PULSE_MS), "admin")
        store.close()
        camera.start("pins")
        camera.start("service")
        camera.connect_engine()
        camera.pins_ready()
        camera.report("HK55EVB")
        camera.report("STRANGER")
        until(lambda: camera.pulses_ms(), "the pulse")
        until(lambda: sorted(camera.delivery_states()) == ["done", "done", "done", "withheld", "withheld"], "the ends")
    store = camera.store()
    found = {one.passage.plate: one.decision for one in store.passages(PassageQuery())}
    told = {str(one.delivery.note) for one in store.deliveries(DeliveryQuery(kind="ask"))}
    store.close()
    assert {plate: (each.outcome, str(each.reason)) for plate, each in found.items()} == {
        "HK55EVB": ("refused", "asked 127.0.0.2: refused"),
        "STRANGER": ("opened", "asked 127.0.0.2: allowed"),
    }
    assert {re.sub(r"\d+ ms", "N ms", each) for each in told} == {
        "asked 127.0.0.2: refused, after N ms: as the office says",
        "asked 127.0.0.2: allowed, after N ms: as the office says",
    }
    assert len(camera.pulses_ms()) == 1


def test_a_broker_knows_a_camera_by_the_name_that_it_has_now(running: Camera) -> None:
    """Whoever enters the old camera's id after the board was replaced needs no restart: the camera stayed offline for all who asked
    the broker, and its plates were heard under the new board's id."""
    with socket.create_server(("127.0.0.2", 0)) as broker, closing(running.store()) as store:
        broker.settimeout(PATIENCE_S)
        store.rules.save(rule(WHITE, "mqtt", host="127.0.0.2", port=broker.getsockname()[1], tls=False), "admin")
        assert running.ask(RulesChanged()) == Outcome(True)
        first, _ = broker.accept()
        with first:
            assert b"gatewright/gw-" in first.recv(4096)  # CONNECT, with the last will's topic
            store.settings.put(store.settings(GeneralSettings).model_copy(update={"camera_id": "old-one"}), "admin")
            assert running.ask(SettingsChanged()) == Outcome(True)
            second, _ = broker.accept()
            with second:
                assert b"gatewright/old-one/status" in second.recv(4096)
