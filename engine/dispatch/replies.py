"""Replies: the way back to the client whose trigger led to a passage, for actions that answer on the connection that asked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

MOST = 64
"""Clients remembered; the ones that triggered longest ago are forgotten first."""

Send = Callable[[bytes], None]
"""Sends to one client, which has a few seconds to take it; OSError when it is gone or does not."""


class Replies:
    """Servers that take triggers `expect`, actions `send`; any thread may do either."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: OrderedDict[str, Send] = OrderedDict()

    def expect(self, trigger_id: str, send: Send) -> None:
        """From now on the answers to this trigger go to `send`."""
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
        """False when that client is gone or no client triggered. A client may get several answers: one for each action."""
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
