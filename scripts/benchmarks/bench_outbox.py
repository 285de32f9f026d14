"""Outbox: deliveries to 4 servers that answer and the gate's latency, alone and beside 60 that take a connection and are silent.

The service and the pins process are real, on the simulated chip; this process plays the engine and the servers.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from board.kit.clock import Clock
from board.kit.errors import WireError
from board.kit.state import State
from board.kit.wire import Channel, Codec, connect
from board.wiegand.receive import read_edges
from engine.messages import SERVICE_MESSAGES, EngineHello, PassageReport, PassageStored, RulesChanged
from engine.settings import GeneralSettings
from engine.store import Store
from engine.types import ActionRule, Passage, PassageImages, WeekSchedule

LIVE = 4
DEAD = 60
TRY_S = 1
"""After this a silent server's try is over."""

PASSAGES = 150
EVERY_S = 0.2
WARM_UP = 10
PULSE_MS = 50
START_S = 30.0
REST_S = 3.0
"""For the deliveries of the last passages."""

ALL = 1
ROOT = Path(__file__).resolve().parents[2]
CODEC = Codec(SERVICE_MESSAGES)

Say = Callable[[str], None]


def measure(say: Say) -> dict[str, object]:
    """Both halves of one run; times in ms."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        state = State(Path(folder) / "state")
        live = [stack.enter_context(server()) for _ in range(LIVE)]
        dead = [stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128)).getsockname()[1] for _ in range(DEAD)]
        rules = save_rules(state, live, dead)
        engine = stack.enter_context(camera(state))
        drive(engine, WARM_UP)
        say(f"{PASSAGES} passages, {LIVE} servers that answer")
        alone = _half(state, engine, rules[:LIVE])
        enable(state, rules[LIVE:], True)
        say(f"{PASSAGES} passages, and {DEAD} that do not")
        beside = _half(state, engine, rules[:LIVE])
        tried = _tried(state, rules[LIVE:])
    return {
        "live": LIVE,
        "dead": DEAD,
        "passages": PASSAGES,
        "alone": alone,
        "beside_dead": beside,
        "delivery_p99_ratio": round(beside["delivery_ms"]["p99"] / alone["delivery_ms"]["p99"], 2),
        "gate_p99_ratio": round(beside["gate_ms"]["p99"] / alone["gate_ms"]["p99"], 2),
        "tries_of_dead": tried,
    }


def save_rules(state: State, live: Sequence[int], dead: Sequence[int]) -> list[ActionRule]:
    """Saved: a pulse of the gate, an action for each server; those of the dead ones are off. Gives the servers' ones."""
    store = Store(state.database, Clock())
    general = store.settings(GeneralSettings)
    store.settings.put(general.model_copy(update={"trigger_port": 0, "keep_free_pct": 1, "action_addresses": "127.0.0.1"}), "bench")
    gate = json.dumps({"output": "DO1", "duration_ms": PULSE_MS})
    store.save_rule(ActionRule(0, ALL, "gate", "io", True, WeekSchedule(), gate), "bench")
    saved = []
    for port in (*live, *dead):
        options = {"url": f"http://127.0.0.1:{port}/", "timeout_s": TRY_S, "plate_image": False}
        rule = ActionRule(0, ALL, f"server {port}", "http", port in live, WeekSchedule(), json.dumps(options))
        saved.append(store.save_rule(rule, "bench"))
    store.close()
    return saved


def enable(state: State, rules: Sequence[ActionRule], enabled: bool) -> None:
    """Switches them on or off, and tells the service."""
    store = Store(state.database, Clock())
    for rule in rules:
        store.save_rule(replace(rule, enabled=enabled), "bench")
    store.close()
    channel = connect(state.service_socket, CODEC)
    channel.send(RulesChanged())
    channel.receive(START_S)
    channel.close()


class _Answers(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def server() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def camera(state: State) -> Iterator[Channel]:
    """pins and service; gives the connection of their engine."""
    with ExitStack() as stack:
        for module in (["board.pins"], ["engine", "service"]):
            command = [sys.executable, "-m", *module, "--state", str(state.root)]
            process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
        until = time.monotonic() + START_S
        while True:
            try:
                channel = connect(state.service_socket, CODEC)
                break
            except WireError:
                if time.monotonic() > until:
                    sys.exit(f"bench: the service does not start; see {state.logs}")
                time.sleep(0.1)
        stack.callback(channel.close)
        channel.send(EngineHello(1))
        time.sleep(1)  # the connection to pins
        yield channel


def _half(state: State, engine: Channel, live: Sequence[ActionRule]) -> dict[str, Any]:
    began = len(read_edges(state.sim / "edges.jsonl"))
    passages = drive(engine, PASSAGES)
    time.sleep(REST_S)
    return {
        "delivery_ms": figures(_delivery_ms(state, passages, live)),
        "gate_ms": figures(gate_ms(state, began, passages)),
    }


def gate_ms(state: State, began: int, passages: Sequence[Passage]) -> list[float]:
    """From each passage's capture to the edge of the gate's output; `began`: how many edges there were before."""
    edges = read_edges(state.sim / "edges.jsonl")[began:]
    opened_ns = [edge.t_ns for edge in edges if (edge.line, edge.level) == ("DO1", 1)]
    found = []
    for passage in passages:
        after = [t_ns for t_ns in opened_ns if t_ns >= passage.monotonic_ns]
        if after and after[0] - passage.monotonic_ns < 5e9:
            found.append((after[0] - passage.monotonic_ns) / 1e6)
    return found


def drive(engine: Channel, number: int) -> list[Passage]:
    passages = []
    clock = Clock()
    for _ in range(number):
        passage = Passage(
            str(uuid.uuid4()), "HK55EVB", 95.0, "", "", 0, "", 30.0, clock.now(), clock.monotonic_ns(), "", "", 2, (0, 0, 1, 1),
            (1280, 960), PassageImages(),
        )  # fmt: skip
        passages.append(passage)
        engine.send(PassageReport(passage))
        while not isinstance(engine.receive(START_S), PassageStored):
            pass
        time.sleep(EVERY_S)
    return passages


def _delivery_ms(state: State, passages: Sequence[Passage], live: Sequence[ActionRule]) -> list[float]:
    """From the passage's capture until the delivery was done."""
    store = Store(state.database, Clock())
    rows = store.db.rows(
        "SELECT p.id, p.at, d.finished_at FROM deliveries d JOIN passages p ON p.id = d.passage_id "
        "WHERE d.state = 'done' AND d.rule_id BETWEEN ? AND ?",
        (live[0].id, live[-1].id),
    )
    store.close()
    wanted = {passage.id for passage in passages}
    spans = [(datetime.fromisoformat(row["at"]), datetime.fromisoformat(row["finished_at"])) for row in rows if row["id"] in wanted]
    return [(finished - at).total_seconds() * 1000 for at, finished in spans]


def _tried(state: State, dead: Sequence[ActionRule]) -> int:
    store = Store(state.database, Clock())
    row = store.db.row("SELECT sum(attempts) AS tries FROM deliveries WHERE rule_id BETWEEN ? AND ?", (dead[0].id, dead[-1].id))
    store.close()
    return int(row["tries"] or 0) if row else 0


def figures(values: list[float]) -> dict[str, float]:
    values.sort()
    at = {percent: values[min(len(values) - 1, len(values) * percent // 100)] for percent in (50, 99)}
    return {"number": len(values), "p50": round(at[50], 1), "p99": round(at[99], 1), "most": round(values[-1], 1)}
