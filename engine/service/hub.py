"""Hub: the service's socket: the engine's one connection, subscriptions, and requests, each answered by its handler."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from board.kit.errors import GatewrightError, WireError
from board.kit.process import TRACE
from board.kit.reception import Reception
from board.kit.wire import Channel, Codec, PeerGone
from board.kit.words import Text
from engine.messages import SERVICE_MESSAGES, EngineHello, Outcome, Subscribe

log = logging.getLogger("hub")

MAX_CLIENTS = 48


class Hub:
    """`handlers`: {request type: function that returns the answer}; `on_engine(message)` takes what the engine sends, its
    EngineHello first, and None when its connection ends; `subscribe(channel, request)` serves a subscription until it ends."""

    def __init__(
        self,
        path: Path,
        handlers: Mapping[type, Callable[[Any], object]],
        on_engine: Callable[[Any], None],
        subscribe: Callable[[Channel, Subscribe], None],
    ) -> None:
        self._reception = Reception(path, Codec(SERVICE_MESSAGES), "service", log, self._receive)
        self._handlers = handlers
        self._on_engine = on_engine
        self._subscribe = subscribe
        self._lock = threading.Lock()
        self._clients: set[Channel] = set()
        self._engine: Channel | None = None
        self._taking_since_s: float | None = None

    def start(self) -> None:
        self._reception.start()

    def close(self) -> None:
        self._reception.close()
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            client.close()

    def busy_s(self) -> float:
        """How long the engine's current message has been in work, in s; 0 if there is none."""
        since_s = self._taking_since_s
        return 0.0 if since_s is None else time.monotonic() - since_s

    def send_engine(self, message: object) -> None:
        """WireError if no engine is connected or it does not read."""
        with self._lock:
            engine = self._engine
        if engine is None:
            raise WireError("no engine is connected")
        engine.send(message)

    def _receive(self, client: Channel) -> None:
        with self._lock:
            full = len(self._clients) >= MAX_CLIENTS
            if not full:
                self._clients.add(client)
        if full:
            log.error("service socket: %d clients are connected, another is turned away", MAX_CLIENTS)
            client.close()
            return
        try:
            threading.Thread(target=self._serve, args=(client,), name="hub-client", daemon=True).start()
        except RuntimeError:
            with self._lock:
                self._clients.discard(client)
            raise

    def _serve(self, client: Channel) -> None:
        try:
            message = _receive(client)
            if isinstance(message, EngineHello):
                self._serve_engine(client, message)
            elif isinstance(message, Subscribe):
                self._subscribe(client, message)
            else:
                while True:
                    client.send(self._answer(message))
                    message = _receive(client)
        except WireError as why:
            log.debug("client: %s", why)
        except Exception:  # the thread's top
            log.exception("service socket")
        finally:
            with self._lock:
                self._clients.discard(client)
            client.close()

    def _serve_engine(self, channel: Channel, hello: EngineHello) -> None:
        with self._lock:
            old, self._engine = self._engine, channel
        if old is not None:
            log.warning("a second engine (process %d) takes the place of the first", hello.pid)
            old.close()
        log.info("engine connected (process %d)", hello.pid)
        self._take(hello)
        try:
            while True:
                message = _receive(channel)
                if isinstance(message, Outcome):  # a message that is not understood must not cost a passage
                    log.error("engine: %s", message.note)
                else:
                    self._take(message)
        except PeerGone as why:  # at each ordinary restart, too; if it died, the host says so
            log.info("engine: %s", why)
        except WireError as why:
            log.warning("engine: %s", why)
        finally:
            with self._lock:
                last = self._engine is channel
                if last:
                    self._engine = None
            if last:
                self._on_engine(None)

    def _take(self, message: Any) -> None:
        self._taking_since_s = time.monotonic()
        try:
            self._on_engine(message)
        except WireError:
            raise
        except Exception:  # the connection would end, and the same message, sent again, would end the next one: no car would get in
            log.exception("%s of the engine", type(message).__name__)
        finally:
            self._taking_since_s = None

    def _answer(self, message: Any) -> object:
        if isinstance(message, Outcome):
            return message
        log.log(TRACE, "asked: %s", type(message).__name__)
        handler = self._handlers.get(type(message))
        if handler is None:
            return Outcome(False, Text("{message} is not a request", {"message": type(message).__name__}))
        try:
            return handler(message)
        except GatewrightError as why:
            return Outcome(False, why.text)
        except Exception:
            log.exception("%s", type(message).__name__)
            return Outcome(False, Text("unexpected error; the Service log says more"))


def _receive(channel: Channel) -> Any:
    """The next message; an Outcome with the reason for one that is not understood. PeerGone if the peer is gone."""
    try:
        return channel.receive()
    except PeerGone:
        raise
    except WireError as why:
        return Outcome(False, Text("not understood: {why}", {"why": why}))
