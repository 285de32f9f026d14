"""Trial: a device's new addresses are tried for a minute, and go back unless somebody says there that the camera is reached."""

from __future__ import annotations

import hmac
import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable

from board.kit.errors import BoardError, ConfigError
from board.kit.words import NOTHING, Text, mark
from firmware.machine.root import Helper
from firmware.network.addresses import Wish

LOG = logging.getLogger("network")

WITHIN_S = 60.0
"""As the helper has it (firmware/privileged/network.py), which goes back by itself."""
BEGINS_AFTER_S = 1.0
"""So that the answer to who asked for it still arrives."""
MOVED_WITHIN_S = 20.0
"""NetworkManager may hang; no thread of the pages waits longer for it."""
TRIED = mark("another change is tried now: keep it or wait until it has gone back")


class AddressTrial:
    """Thread-safe. One at a time."""

    def __init__(self, helper: Helper) -> None:
        self._helper = helper
        self._lock = threading.Lock()
        self._moving = threading.Lock()
        """Held while the helper is at it: a way back that overtook the change would leave it for good."""
        self._wish: Wish | None = None
        self._kept: Wish | None = None
        """What `_code` has kept: whoever sends the page again, or after the system was slow to answer, is told so."""
        self._code = ""
        self._until_s = 0.0
        self._problem: Text = NOTHING

    @property
    def can_change(self) -> bool:
        return self._helper.is_there

    @property
    def problem(self) -> Text:
        """Why the last one could not be tried."""
        return self._problem

    def now(self) -> tuple[Wish, float] | None:
        """What is tried now, and for how many seconds more."""
        with self._lock:
            left_s = self._until_s - time.monotonic()
            return (self._wish, left_s) if self._wish is not None and left_s > 0 else None

    def begin(self, wish: Wish) -> str:
        """Tries it in a moment; the code by which it is kept. ConfigError while another one is tried."""
        with self._lock:
            if self._wish is not None and time.monotonic() < self._until_s:
                raise ConfigError(TRIED)
            self._wish, self._kept, self._code, self._problem = wish, None, secrets.token_urlsafe(16), NOTHING
            self._until_s = time.monotonic() + BEGINS_AFTER_S + WITHIN_S
            threading.Timer(BEGINS_AFTER_S, self._try, (wish,)).start()
            return self._code

    def keep(self, code: str) -> Wish:
        """It stays from now on, also when this is said again. ConfigError when the code is not that of what is tried now, or as of
        `_ask_for_a_page`; then it may be kept later all the same."""
        wish = self._of(code)
        if wish is self._kept:
            return wish
        self._wait_for_the_helper()
        try:
            wish = self._of(code)  # it may have been taken back meanwhile, and another one be tried: the helper keeps what is tried
        except ConfigError:
            self._moving.release()
            raise
        if wish is self._kept:
            self._moving.release()
            return wish

        def kept() -> None:
            with self._lock:
                if self._wish is wish:
                    self._wish, self._kept = None, wish

        self._ask_for_a_page("network_keep", kept)
        return wish

    def _of(self, code: str) -> Wish:
        """What is tried now, or was kept last, if this is its code."""
        with self._lock:
            wish = self._kept or (self._wish if time.monotonic() <= self._until_s else None)
            if wish is None or not hmac.compare_digest(code.encode(), self._code.encode()):
                raise ConfigError("nothing is tried any more: the settings of before are back")
            return wish

    def back(self) -> None:
        """The settings of before are back at once; nothing happens when nothing is tried. ConfigError: as of `_ask_for_a_page`; it
        goes back by itself."""
        self._wait_for_the_helper()
        with self._lock:
            wish, self._wish = self._wish, None
        if wish is None:
            self._moving.release()
        else:
            self._ask_for_a_page("network_back", lambda: None, device=wish.device)

    def _wait_for_the_helper(self) -> None:
        """Nothing else is asked of it from here on. ConfigError: it is at a change for so long that no page can wait."""
        if not self._moving.acquire(timeout=MOVED_WITHIN_S):
            raise ConfigError(TRIED)

    def _ask_for_a_page(self, verb: str, done: Callable[[], None], **values: object) -> None:
        """After `_wait_for_the_helper`, which holds until the helper has answered; `done` follows, however late. ConfigError:
        it refuses, or has not answered in the time for which a page waits."""
        answers: queue.SimpleQueue[BoardError | None] = queue.SimpleQueue()

        def ask() -> None:
            try:
                self._helper.ask(verb, **values)
                done()
                answers.put(None)
            except BoardError as why:
                answers.put(why)
            finally:
                self._moving.release()

        try:
            threading.Thread(target=ask, name=verb, daemon=True).start()
        except RuntimeError as why:  # "can't start new thread"
            self._moving.release()
            raise ConfigError("{why}", why=str(why)) from why
        try:
            refused = answers.get(timeout=MOVED_WITHIN_S)
        except queue.Empty:
            LOG.error("%s: the system has not answered yet", verb)
            raise ConfigError("the system has not answered yet: look again in a minute") from None
        if refused is not None:
            raise ConfigError("{why}", why=refused) from refused

    def _try(self, wish: Wish) -> None:
        with self._moving:
            with self._lock:
                if self._wish is not wish:  # it was taken back meanwhile
                    return
                if time.monotonic() > self._until_s:  # nobody could keep it any more
                    LOG.error("%s: it is not tried: the change before it took too long", wish.device)
                    return
            self._ask(wish)

    def _ask(self, wish: Wish) -> None:
        try:
            self._helper.ask(
                "network_try",
                device=wish.device,
                dhcp=wish.dhcp,
                address=wish.address,
                gateway=wish.gateway,
                servers=list(wish.servers),
            )
        except BoardError as why:
            LOG.error("%s: %s", wish.device, why)
            with self._lock:
                if self._wish is wish:
                    self._problem, self._wish = why.text, None
