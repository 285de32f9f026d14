"""Feed: subscribes to the service while somebody watches, and encodes each event once for all viewers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from board.kit.clock import Clock
from board.kit.errors import GatewrightError, WireError
from board.kit.state import State
from board.kit.web.routes import said
from board.kit.words import Language
from engine.messages import (
    DELIVERIES,
    LIVE,
    PASSAGES,
    STATUS,
    AskStatus,
    DeliveryEvent,
    LiveReads,
    PassageDecided,
    PassageEvent,
    ServiceStatus,
)
from engine.subscription import Subscription
from webui.live.events import EventStream, event
from webui.service_client import ServiceClient, Silent

log = logging.getLogger("manager")

TOPICS = (STATUS, LIVE, PASSAGES, DELIVERIES)
GONE_S = 2.0
"""A service that cannot be reached for this long is gone. A restart by somebody takes less."""
SILENT_S = 8.0
"""A service that is connected and silent for this long hangs; usually it sends its status every second."""
LEFT_S = 10.0
"""The feed goes on for this long after the last viewer, for one who reloads the page."""
TURN_S = 1.0
ASK_TIMEOUT_S = 2.0


class Documents(Protocol):
    """What the browser gets, as JSON types and Texts; GatewrightError when the store cannot be read."""

    def newest_row(self) -> int:
        """Of the newest stored passage; 0: there is none."""

    def status(self, status: ServiceStatus | None, age_s: float) -> dict[str, Any]:
        """`status` None: the service is gone, and was heard last `age_s` ago (-1: never)."""

    def reads(self, reads: LiveReads) -> dict[str, Any]: ...

    def passage(self, stored: PassageEvent, audit: bool) -> dict[str, Any]:
        """`audit`: for who may see what all actions did, not only whether the gate opened."""

    def decided(self, decided: PassageDecided) -> dict[str, Any]: ...

    def delivery(self, ended: DeliveryEvent, audit: bool) -> dict[str, Any] | None:
        """None: it is nothing for who may not see that."""


class Feed:
    """Thread-safe. Nothing runs while nobody watches."""

    def __init__(self, state: State, clock: Clock, service: ServiceClient) -> None:
        self._state = state
        self._clock = clock
        self._service = service
        self._documents: Documents | None = None
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._viewers: set[EventStream] = set()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._status: ServiceStatus | None = None
        self._heard_s = -1.0
        self._answered = 0

    def show(self, documents: Documents) -> None:
        """To be called once, before the first viewer."""
        self._documents = documents

    def join(self, language: Language, audit: bool) -> EventStream:
        """A stream that gets everything from now on that `audit` says, in `language`; its `begin` is to be called next."""
        stream = EventStream(self._now_s, self._leave, language, audit)
        newest = self._newest_row()  # before it looks for those that it missed: what is stored in between is pushed
        with self._lock:
            self._viewers.add(stream)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, args=(newest,), name="live-feed", daemon=True)
                self._thread.start()
        status, age_s = self._known()
        if status is not None and age_s < SILENT_S:
            self._say_status([stream], status, age_s)
        return stream

    def status(self) -> tuple[ServiceStatus | None, float]:
        """(how the service is, seconds since that was so); None: it is gone. Many who ask at once cost the service one answer."""
        known, age_s = self._known()
        if known is not None and self._thread is not None and age_s < SILENT_S:
            return known, age_s
        before = self._answered
        with self._asking:
            if before != self._answered:  # another one asked meanwhile
                return self._known()
            try:
                self._hear(self._service.ask(AskStatus(), ServiceStatus, ASK_TIMEOUT_S))
            except Silent:
                status, age_s = self._known()
                return (status if age_s < SILENT_S else None), age_s
            except WireError:
                with self._lock:
                    self._status = None
            self._answered += 1
            return self._known()

    def close(self) -> None:
        self._stop.set()
        thread = self._thread
        if thread is not None:
            thread.join(5)

    # --- the service ----------------------------------------------------------------------------------------------------

    def _run(self, newest: int) -> None:
        subscription = Subscription(self._state.service_socket, TOPICS, self._take, self._clock, newest)
        subscription.start()
        connected_s = watched_s = begun_s = self._now_s()
        while not self._stop.wait(TURN_S):
            now = self._now_s()
            if subscription.connected:
                connected_s = now
            with self._lock:
                heard_s = max(begun_s, self._heard_s)
                if self._viewers:
                    watched_s = now
                elif now - watched_s > LEFT_S:
                    self._thread = None
                    break
            if now - connected_s >= GONE_S or now - heard_s >= SILENT_S:
                self._say_gone()
        subscription.close()

    def _newest_row(self) -> int:
        """Passages from here on are pushed; those before, a viewer gets from the store."""
        try:
            return self._documents.newest_row() if self._documents is not None else -1
        except GatewrightError as why:
            log.error("live: %s", why)
            return -1

    # --- what was heard -------------------------------------------------------------------------------------------------

    def _take(self, message: Any) -> None:
        if isinstance(message, ServiceStatus):
            self._hear(message)
            self._say_status(self._all(), message, 0.0)
            return
        viewers, documents = self._all(), self._documents
        if not viewers or documents is None:
            return
        if isinstance(message, LiveReads):
            for viewer, data in _each(viewers, "reads", documents.reads(message)):
                viewer.replace("reads", data)
        elif isinstance(message, PassageEvent):
            for audit, some in _by_audit(viewers):
                for viewer, data in _each(some, "passage", documents.passage(message, audit), message.row):
                    viewer.passage(message.row, data)
        elif isinstance(message, PassageDecided):
            for viewer, data in _each(viewers, "decided", documents.decided(message)):
                viewer.put(data)
        elif isinstance(message, DeliveryEvent):
            for audit, some in _by_audit(viewers):
                document = documents.delivery(message, audit)
                for viewer, data in _each(some, "delivery", document) if document is not None else ():
                    viewer.put(data)

    def _hear(self, status: ServiceStatus) -> None:
        with self._lock:
            self._status, self._heard_s = status, self._now_s()

    def _known(self) -> tuple[ServiceStatus | None, float]:
        with self._lock:
            return self._status, self._now_s() - self._heard_s if self._heard_s >= 0 else -1.0

    def _say_status(self, viewers: list[EventStream], status: ServiceStatus | None, age_s: float) -> None:
        if not viewers or self._documents is None:
            return
        try:
            document = self._documents.status(status, age_s)
        except GatewrightError as why:
            log.error("live: %s", why)
            return
        for viewer, data in _each(viewers, "status", document):
            viewer.replace("status", data)

    def _say_gone(self) -> None:
        with self._lock:
            self._status = None
        _, age_s = self._known()
        self._say_status(self._all(), None, age_s)

    # --- who watches ----------------------------------------------------------------------------------------------------

    def _all(self) -> list[EventStream]:
        with self._lock:
            return list(self._viewers)

    def _leave(self, stream: EventStream) -> None:
        with self._lock:
            self._viewers.discard(stream)

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9


def _by_audit(viewers: list[EventStream]) -> Iterator[tuple[bool, list[EventStream]]]:
    for audit in (False, True):
        if some := [each for each in viewers if each.audit == audit]:
            yield audit, some


def _each(
    viewers: Iterable[EventStream], name: str, document: dict[str, Any], row: int = -1
) -> Iterator[tuple[EventStream, bytes]]:
    """Every viewer with the event in its language: encoded once for each language in use."""
    encoded: dict[str, bytes] = {}
    for viewer in viewers:
        code = viewer.language.code
        if code not in encoded:
            encoded[code] = event(name, said(document, viewer.language), row)
        yield viewer, encoded[code]
