"""Actions: the gate's latency with 1 action and with 64 of which 60 talk to dead servers, in turns; memory of the kinds; look-ups.

The service and the pins process are real, on the simulated chip; this process plays the engine and the servers.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any

from board.kit.clock import Clock
from board.kit.errors import ConfigError
from board.kit.state import State
from board.wiegand.receive import read_edges
from engine.actions import ActionKind, find_kinds
from engine.settings import GeneralSettings
from engine.store import Store
from engine.types import ActionRule, WeekSchedule
from scripts.benchmarks import bench_exchange, bench_outbox, bench_store
from scripts.benchmarks.bench_outbox import ALL, DEAD, REST_S, Say, camera, drive, enable, figures, gate_ms, save_rules, server
from scripts.benchmarks.processes import peaks_mb

LIVE = 3
"""Beside 60 dead ones and the gate itself: 64."""

TURNS = 4
PASSAGES = 40
"""In each turn."""

MEMORY_PASSAGES = 4


def measure(say: Say) -> dict[str, object]:
    with TemporaryDirectory() as folder:
        found: dict[str, object] = {"gate": _gate(Path(folder), say)}
    found["service_mb"] = _memory(say)
    with TemporaryDirectory() as folder:
        found["matches"] = bench_store.entries(Path(folder) / "entries.db", say)
    found["exchange"] = bench_exchange.exchange(say)
    return found


def _gate(folder: Path, say: Say) -> dict[str, object]:
    """In ms, from the capture to the output's edge."""
    with ExitStack() as stack:
        state = State(folder / "state")
        live = [stack.enter_context(server()) for _ in range(LIVE)]
        dead = [stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128)).getsockname()[1] for _ in range(DEAD)]
        rules = save_rules(state, (), (*live, *dead))
        engine = stack.enter_context(camera(state))
        drive(engine, bench_outbox.WARM_UP)
        times: dict[bool, list[float]] = {False: [], True: []}
        for turn in range(TURNS):
            for many in (False, True):
                enable(state, rules, many)
                say(f"turn {turn + 1} of {TURNS}: {PASSAGES} passages, {len(rules) + 1 if many else 1} actions")
                before = len(read_edges(state.sim / "edges.jsonl"))
                passages = drive(engine, PASSAGES)
                sleep(REST_S)
                times[many] += gate_ms(state, before, passages)
    one, all_of_them = figures(times[False]), figures(times[True])
    return {
        "actions": len(rules) + 1, "dead": DEAD, "with_1": one, "with_all": all_of_them,
        "p99_ratio": round(all_of_them["p99"] / one["p99"], 2),
    }  # fmt: skip


# --- memory -------------------------------------------------------------------------------------------------------------


def _memory(say: Say) -> dict[str, object]:
    """Peak of the service in MB of 10^6 bytes: with no action, with each kind alone, with all."""
    kinds = dict(find_kinds())
    with _sink() as port:
        rules = {name: rule for name, kind in sorted(kinds.items()) if (rule := _rule(kind, port)) is not None}
        say(f"memory with no action, each of {len(rules)} kinds, and all")
        none = _peak([])
        each = {name: round(_peak([rule]) - none, 1) for name, rule in rules.items()}
        together = _peak(list(rules.values()))
    left_out = [name for name in kinds if name not in rules]
    return {"none": none, "all": together, "all_add": round(together - none, 1), "adds": each, "left_out": left_out}


def _rule(kind: ActionKind[Any], port: int) -> ActionRule | None:
    """With everything that may cost memory switched on, told to a server that says nothing; None: it cannot be used here."""
    url = f"https://127.0.0.1:{port}/"
    wanted = {
        "host": "127.0.0.1", "port": port, "url": url, "timeout_s": 1, "user": "gate", "password": "secret", "by": "http",
        "sender": "camera@example.com", "to": "guard@example.com", "verify_tls": False, "format": "XML_IMG",
    }  # fmt: skip
    options = {name: value for name, value in wanted.items() if name in kind.options.model_fields and _fits(kind, name, value)}
    for tls in (True, "implicit", "tls", "starttls"):
        if "tls" in kind.options.model_fields and _fits(kind, "tls", tls):
            options["tls"] = tls
            break
    try:
        kind.check_usable()
        kind.options.model_validate(options)
    except (ConfigError, ValueError):
        return None
    return ActionRule(0, ALL, kind.name, kind.name, True, WeekSchedule(), json.dumps(options))


def _fits(kind: ActionKind[Any], name: str, value: object) -> bool:
    try:
        kind.options.model_validate({name: value})
    except (ConfigError, ValueError):
        return False
    return True


def _peak(rules: list[ActionRule]) -> float:
    with TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        with closing(Store(state.database, Clock())) as store:
            general = store.settings(GeneralSettings)
            changes = {"trigger_port": 0, "keep_free_pct": 1, "action_addresses": "127.0.0.1"}
            store.settings.put(general.model_copy(update=changes), "bench")
            for rule in rules:
                store.save_rule(rule, "bench")
        with camera(state) as engine:
            drive(engine, MEMORY_PASSAGES)
            sleep(REST_S)
            return peaks_mb(state)["service"]


@contextmanager
def _sink() -> Iterator[int]:
    """A port that takes connections and what comes, and says nothing."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    stop = threading.Event()

    def serve(take: Callable[[], tuple[socket.socket, Any]]) -> None:
        while not stop.is_set():
            try:
                connection, _ = take()
            except OSError:
                return
            with connection:
                connection.settimeout(0.2)
                try:
                    connection.recv(65_536)
                except OSError:
                    pass

    thread = threading.Thread(target=serve, args=(listener.accept,), daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(2)
