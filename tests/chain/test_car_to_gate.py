"""From a car to an open gate through every process, and what a kill -9 of each of them does to it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import requests

from board.kit.state import State
from board.profiles import load
from board.wiegand.codes import LAYOUTS, decode
from board.wiegand.receive import read_edges, receive
from tests.chain.conftest import Camera, started, wait_for

PULSE_MS = 300
FIRST_ACCESS = {"region": "Europe", "countries": ["SK", "GB"]}
LATE_MS = 1500
"""How much longer than ordered a pulse may look on a shared computer that replays, reads and kills at once."""


def _open_gate_for(camera: Camera, list_name: str, plate: str = "") -> list[int]:
    """Lets `plate` (every plate of the list, when it holds none) pulse DO1 and send its number; ids of both rules."""
    lists = {each["name"]: each["id"] for each in camera.call("GET", "lists")["lists"]}
    if plate:
        entry = {"plate": plate, "description": "test", "wiegand_facility": 7, "wiegand_card": 4711}
        camera.call("POST", f"lists/{lists[list_name]}/entries", entry)
    options = {"output": "DO1", "do": "pulse", "duration_ms": PULSE_MS}
    rules = (
        {"kind": "io", "name": "gate", "options": options},
        {"kind": "wiegand", "name": "panel", "options": {"layout": "w26"}},
    )
    return [camera.call("POST", f"lists/{lists[list_name]}/rules", rule)["id"] for rule in rules]


def test_the_first_minute_without_any_frames_shows_a_list_match_and_a_gate_that_opens(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    with socket.create_server(("127.0.0.1", 0)) as taken, started(state, port=taken.getsockname()[1]) as camera:
        port = taken.getsockname()[1]
        said = [line.strip() for line in camera.said]
        assert said[0] == f"state: {state.root}"
        assert said[1].startswith(f"port: {port} is taken, so the web pages are on ")
        assert said[2].startswith("login: admin / ")
        assert sum(line.startswith("trigger: tcp://127.0.0.1:") for line in said[3:-1]) == 1
        assert said[-1] == f"ready: {camera.address}" and not camera.address.endswith(f":{port}/")
        package = requests.get(f"{camera.address}api/packages", auth=("admin", camera.password), timeout=20).json()["packages"][0]
        assert (package["mechanism"], package["license"]) == ("file", "valid"), package["license_message"]
        # Before the first access nothing is read, whatever the lists say.
        wait_for("the engine", lambda: camera.call("GET", "status")["mode"] == "SETUP")
        wait_for("its camera", lambda: camera.call("GET", "status")["engine"]["camera"] == "ok")
        assert (camera.plates(), camera.edges("DO1")) == ([], [])
        camera.call("PUT", "settings/lpr", FIRST_ACCESS)
        wait_for("the barrier of the demo", lambda: len(camera.edges("DO1")) >= 2)
        passage = next(each for each in camera.call("GET", "passages?limit=100")["passages"] if "WHITELIST" in str(each["lists"]))
        assert passage["plate"]


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Iterator[Camera]:
    """One for the tests below, and for one kill after the other; as fresh as from the factory for the first of them."""
    with started(State(tmp_path_factory.mktemp("camera") / "state"), "--frames", str(pictures), "--fps", "2") as running:
        yield running


def test_a_listed_plate_pulses_the_gate_once_and_sends_its_number(camera: Camera) -> None:
    camera.call("PUT", "settings/lpr", FIRST_ACCESS | {"filter_mode": "off"})
    plate = wait_for("the first passage", lambda: next(iter(camera.plates()), None))
    assert not camera.edges("DO1"), "no list has an action yet"
    rules = _open_gate_for(camera, "WHITELIST", plate)
    camera.restart()

    wait_for("the gate's pulse", lambda: len(camera.edges("DO1")) >= 2)
    opened, closed = camera.edges("DO1")[:2]
    assert (opened.level, closed.level) == (1, 0)
    assert PULSE_MS <= (closed.t_ns - opened.t_ns) / 1e6 <= PULSE_MS + LATE_MS

    def done_kinds() -> set[str]:
        return {each["kind"] for each in camera.call("GET", "deliveries")["deliveries"] if each["state"] == "done"}

    wait_for("both actions done", lambda: done_kinds() == {"io", "wiegand"})
    # A frame whose edges a busy computer spoilt is sent again, so the good ones are what counts.
    frames = receive(read_edges(camera.state.sim / "edges.jsonl"), load(camera.state).wiegand[0])
    whole = {frame.code for frame in frames if frame.code.bits == 26 and not frame.fault}
    assert {decode(LAYOUTS["w26"], code) for code in whole} == {(7, 4711)}

    deliveries = camera.call("GET", "deliveries")["deliveries"]
    assert {each["plate"] for each in deliveries} == {plate}
    per_passage = [(each["passage_id"], each["kind"]) for each in deliveries]
    assert len(per_passage) == len(set(per_passage)), "one passage acts once"
    for rule in rules:
        camera.call("DELETE", f"rules/{rule}")


@dataclass(frozen=True, slots=True)
class Opening:
    """A camera whose `rules` open for every car."""

    camera: Camera
    rules: list[int]

    def switch(self, on: bool) -> None:
        """Cars drive on; only what is done for them begins or ends."""
        for rule in self.rules:
            self.camera.call("PUT", f"rules/{rule}", {"enabled": on})


@pytest.fixture(scope="module")
def opening(camera: Camera) -> Opening:
    """The camera opens for every car."""
    rules = _open_gate_for(camera, "ALL PLATES")
    camera.call("PUT", "settings/lpr", FIRST_ACCESS | {"filter_mode": "off", "mode": "MOTION"})
    return Opening(camera, rules)


@pytest.mark.parametrize("victim", ["pins", "engine", "service", "manager", "host"])
def test_a_killed_process_comes_back_and_leaves_no_output_on(opening: Opening, victim: str) -> None:
    camera = opening.camera
    begun = len(camera.edges("DO1"))
    opening.switch(on=True)
    wait_for("a pulse before the kill", lambda: len(camera.edges("DO1")) >= begun + 2)
    # In the middle of a pulse: that is when it hurts.
    count = len(camera.edges("DO1"))
    wait_for("the next pulse", lambda: (len(camera.edges("DO1")) > count and camera.edges("DO1")[-1].level == 1) or None)
    before = camera.pids()
    stored = {passage["id"] for passage in camera.call("GET", "passages?limit=100")["passages"]}
    killed_ns = time.monotonic_ns()
    camera.kill(victim)

    wait_for(f"{victim} again", lambda: camera.pids().get(victim, before[victim]) != before[victim] or None)
    wait_for("a pulse after the kill", lambda: any(e.level and e.t_ns > killed_ns + 1e9 for e in camera.edges("DO1")) or None, 90)
    wait_for("the portal", lambda: camera.answers() or None, 90)
    opening.switch(on=False)
    wait_for("rest", lambda: _settled(camera) or None)

    edges = camera.edges("DO1")
    assert edges[-1].level == 0
    for edge, following in pairwise(edges):
        if edge.level:  # pulses of cars close together join: one never lasts longer than the cars' pulses one after another
            assert (following.t_ns - edge.t_ns) / 1e6 <= PULSE_MS + LATE_MS, f"DO1 stayed on after {victim} was killed"
    kept = {passage["id"] for passage in camera.call("GET", "passages?limit=1000")["passages"]}
    assert stored <= kept
    states = {each["state"] for each in camera.call("GET", "deliveries")["deliveries"]}
    assert states <= {"done", "expired", "failed"}, "no delivery is left unfinished"
    wiegand = receive(read_edges(camera.state.sim / "edges.jsonl"), load(camera.state).wiegand[0])
    assert wiegand, "frames were sent"


def _settled(camera: Camera) -> bool:
    unfinished = {"pending", "sending"} & {each["state"] for each in camera.call("GET", "deliveries")["deliveries"]}
    return not unfinished and camera.edges("DO1")[-1].level == 0
