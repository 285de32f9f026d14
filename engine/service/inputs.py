"""Inputs: the sources of triggers besides the portal: a line of the board, the trigger socket, a serial line."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from board.kit.clients import Clients
from board.kit.clock import Clock
from board.kit.errors import ConfigError, GatewrightError
from board.kit.servers import url_of
from board.kit.words import Text
from board.serial import SerialLines
from board.types import InputEdge
from engine.dispatch.replies import Replies
from engine.messages import LineState
from engine.service.servers.serial_trigger import SerialTrigger
from engine.service.servers.trigger import TriggerServer
from engine.settings import GeneralSettings, LprSettings
from engine.types import Passage, Trigger

OPEN_AGAIN_NS = 10_000_000_000
"""A trigger port that could not be opened is retried after this."""

PORTS_TRIED = 100
"""If a port is taken, this many of the following ones are tried, so that a second camera on the same machine gets its own."""

MOST_AGAIN = 3
"""A car whose gate cannot open at all must not fill the list of passages: so often it is read anew while it stands there."""

REPEAT_S = 1.0
"""A level triggers at most once in this time, whatever the trigger period is."""


class Lines(Protocol):
    """The lines of the board, as far as they are known (PinsLink)."""

    problem: Text

    def lines(self) -> tuple[LineState, ...]: ...


class Inputs:
    """`fire(cause, wait_taken_s)` accepts a trigger or raises TriggerRefused; it counts and logs both. `bind`: the address that
    the trigger socket listens on; `listening(url)` is told where it listens, "" once it stops; `replies`: routes answers of
    actions to the socket's clients; `clients` is told who they are; `engine_away()`: nobody reads by triggers. Who drove
    onto the loop then is read once somebody does, if he still stands there. `in_vain()`: the last trigger of whatever source saw
    no plate, and the next may come: who drove onto the loop meanwhile, too early for a trigger of his own, is read then."""

    def __init__(
        self,
        clock: Clock,
        pins: Lines,
        serial: SerialLines,
        fire: Callable[[str, float], Trigger],
        wait_taken_s: float,
        report: Callable[[Text], None],
        bind: str,
        listening: Callable[[str], None],
        replies: Replies | None = None,
        clients: Clients | None = None,
        engine_away: Callable[[], bool] = lambda: False,
        in_vain: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clock = clock
        self._pins = pins
        self._serial = serial
        self._fire = fire
        self._wait_taken_s = wait_taken_s
        self._report = report
        self._bind = bind
        self._listening = listening
        self._replies = replies
        self._clients = clients
        self._lpr: LprSettings | None = None
        self._general: GeneralSettings | None = None
        self._engine_away = engine_away
        self._in_vain = in_vain
        self._fired_ns = 0
        self._owed = False
        """The trigger of the line came while the engine was away, or could not begin with it in time."""
        self._is_early = False
        """The trigger of the line was refused, as it came too soon after another."""
        self._fired_id: str | None = None
        """The trigger of who stands there, "" for nobody; None: the service before may have fired it."""
        self._again = 0
        self._firing = threading.Lock()
        """The engine may answer before whoever fired knows the trigger's id."""
        self._server: TriggerServer | None = None
        self._server_again_ns = 0
        self._serial_trigger: SerialTrigger | None = None

    def open(self, lpr: LprSettings, general: GeneralSettings) -> None:
        """Takes triggers by these settings from now on; the socket opens with the next `turn`."""
        self._lpr, self._general = lpr, general
        if lpr.trigger_serial and self._serial_trigger is None:
            try:
                self._serial_trigger = SerialTrigger(
                    self._serial, lpr.trigger_serial, lpr.trigger_serial_pattern, lambda cause: self._fire(cause, 0.0)
                )
            except ConfigError as why:
                self._report(Text("Serial trigger: {why}", {"why": why.text}))

    def turn(self) -> None:
        """About once a second: opens the socket if it is not open yet, and triggers for a level that lasts."""
        if self._general is not None:
            self._open_server(self._general)
        if self._lpr is not None:
            self._fire_while_it_lasts(self._lpr)

    def edge(self, edge: InputEdge) -> None:
        """An input of the board changed."""
        lpr = self._lpr
        if lpr is None or not lpr.trigger_io or edge.input != lpr.trigger_input:
            return
        self._owed, self._is_early, self._fired_id, self._again = False, False, "", 0
        if edge.active == (lpr.trigger_edge == "active"):
            self._fire_by_line(edge.input)

    def refused(self, trigger_id: str) -> None:
        """The engine did not begin with a trigger, as one that has to load its models first, or saw nothing without its camera."""
        with self._firing:
            self._owed = self._owed or trigger_id == self._fired_id

    def read_again(self, passage: Passage) -> None:
        """A car that came by the line was to be let in and was not, or stands there for another reason: it is triggered for once
        more if it still does. One that came by another trigger is the business of whoever sent that."""
        lpr = self._lpr
        with self._firing:
            before = self._fired_id is None and lpr is not None and passage.trigger_cause == f"input {lpr.trigger_input}"
            if self._again < MOST_AGAIN and (before or (passage.trigger_id and passage.trigger_id == self._fired_id)):
                self._owed = True
                self._again += 1

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._listening("")

    def _open_server(self, general: GeneralSettings) -> None:
        now_ns = self._clock.monotonic_ns()
        wanted = general.trigger_port
        if not wanted or now_ns < self._server_again_ns or (self._server is not None and self._server.port == wanted):
            return
        self._server_again_ns = now_ns + OPEN_AGAIN_NS
        before = self._server
        server, problem = self._listen(general, range(wanted, wanted + 1 if before else min(wanted + PORTS_TRIED, 65_536)))
        if server is None:
            if before is None and problem is not None:
                self._report(problem.text)
            return
        if before is not None:  # the wanted port is free again
            before.close()
        self._server = server
        self._listening(url_of("tcp", self._bind, server.port))
        if problem is not None:
            self._report(Text("{problem}; port {port} is used until it is free", {"problem": problem.text, "port": server.port}))

    def _listen(self, general: GeneralSettings, ports: range) -> tuple[TriggerServer | None, ConfigError | None]:
        """A server on the first free port, and what is wrong with the wanted one."""
        problem: ConfigError | None = None
        for port in ports:
            server = TriggerServer(
                port,
                general.trigger_message,
                lambda cause: self._fire(cause, self._wait_taken_s).id,
                self._bind,
                self._replies,
                self._clients,
            )
            try:
                server.start()
            except ConfigError as why:
                problem = problem or why
                continue
            return server, problem
        return None, problem

    def _fire_while_it_lasts(self, lpr: LprSettings) -> None:
        if not lpr.trigger_io or self._pins.problem:
            return
        due_ns = self._fired_ns + round(max(lpr.trigger_period_s, REPEAT_S) * 1e9)
        is_due = lpr.trigger_repeat and self._clock.monotonic_ns() >= due_ns
        is_owed = self._owed or (self._is_early and self._in_vain())
        if not is_due and (not is_owed or self._engine_away()):
            return
        line = next((line for line in self._pins.lines() if line.name == lpr.trigger_input), None)
        if line is not None and line.active == (lpr.trigger_edge == "active"):
            self._fire_by_line(line.name)

    def _fire_by_line(self, name: str) -> None:
        self._fired_ns = self._clock.monotonic_ns()
        with self._firing:
            owed, self._owed, self._is_early, self._fired_id = self._owed, False, False, ""
            try:
                self._fired_id = self._fire(f"input {name}", 0.0).id
            except GatewrightError:  # counted and logged there; an input cannot be answered
                self._owed = owed or self._engine_away()
                self._is_early = True
