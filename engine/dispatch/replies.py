"""Replies: routes an action's answer back to the client whose trigger led to the passage."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

MOST = 64
"""Clients remembered; those whose trigger is oldest are forgotten first."""

Send = Callable[[bytes], None]
"""Sends to one client, which has a few seconds to take it; OSError if it is gone or does not."""


class Replies:
    """Servers that take triggers `expect`, actions `send`; any thread may do either."""

    def __init__(self) -> None:
        self.given = False
        """Whether there is an action that answers."""
        self._lock = threading.Lock()
        self._clients: OrderedDict[str, Send] = OrderedDict()

    def expect(self, trigger_id: str, send: Send) -> None:
        """Answers to this trigger now go to `send`."""
        with self._lock:
            self._clients[trigger_id] = send
            while len(self._clients) > MOST:
                self._clients.popitem(last=False)

    def forget(self, send: Send) -> None:
        """The client is gone."""
        with self._lock:
            for trigger_id in [each for each, known in self._clients.items() if known == send]:
                del self._clients[trigger_id]

    def send(self, trigger_id: str, data: bytes) -> bool:
        """False if that client is gone or no client sent the trigger. A client may get several answers: one for each action."""
        with self._lock:
            send = self._clients.get(trigger_id)
        if send is None:
            return False
        try:
            send(data)
        except OSError:
            self.forget(send)
            return False
        return True
