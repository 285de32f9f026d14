"""Manager process: `python -m webui --state DIR` serves the portal on STATE/run/manager.sock until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from board.kit.errors import GatewrightError
from board.kit.memory import find_addresses_without_inspect, hash_without_openssl, speak_http_without_tls
from board.kit.process import Life, open_log
from board.kit.state import State

if TYPE_CHECKING:
    from webui.uploads import Uploads

BEAT_EVERY_S = 1.0
START_LIMIT_S = 900.0
"""Whoever opens the database first checks one that is said to be damaged, or migrates a large one."""
CLEAR_EVERY_S = 60.0
"""Uploads that nobody asks for any more."""


def main() -> int:
    """0 after a clean stop, or when the database is to be exchanged (it is started again then); 1 when the portal cannot start (the
    log says why)."""
    parser = argparse.ArgumentParser(prog="python -m webui", description="The ANPR portal.")
    parser.add_argument("--state", type=Path, required=True, help="folder of the camera's persistent state")
    state = State(parser.parse_args().state.resolve())
    hash_without_openssl()
    speak_http_without_tls()
    find_addresses_without_inspect()
    from webui.server import Server, open_portal  # only now: it imports all of these

    open_log(state, "manager")
    life = Life(state, "manager")
    log = logging.getLogger("manager")
    try:
        with life.patience(START_LIMIT_S):
            portal, tabs = open_portal(state)
        server = Server(state, (portal, tabs))
    except GatewrightError as why:
        log.error("portal cannot start: %s", why)
        return 1
    server.start()
    log.info("portal ready")
    # Beside the thread that beats: a card that stalls ends no portal.
    threading.Thread(target=_clear_uploads, args=(portal.uploads, life.stop), name="uploads", daemon=True).start()
    while not life.stop.wait(BEAT_EVERY_S) and server.alive() and not portal.store.db.is_over():
        life.beat()
    failed = not life.stop.is_set() and not portal.store.db.is_over()
    server.stop()
    log.info("portal stopped")
    return 1 if failed else 0


def _clear_uploads(uploads: Uploads, stop: threading.Event) -> None:
    while not stop.wait(CLEAR_EVERY_S):
        uploads.clear()


if __name__ == "__main__":
    sys.exit(main())
