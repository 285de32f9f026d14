"""What a stranger does to the camera's memory: wrong passwords at once, clients that send half of a request and wait, and messages
at the port of triggers that are none."""

from __future__ import annotations

import http.client
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from board.kit.servers import read_servers
from board.kit.state import State
from scripts.benchmarks import storm
from scripts.benchmarks.bench_viewers import Door, half_sent
from scripts.benchmarks.processes import pids, rss_mb

PASSWORDS = 64
SLOW = 500
STAY_S = 3.0
"""How long the slow clients wait."""
MESSAGES = 20_000
SETTLE_S = 5.0
LOOK_EVERY_S = 0.02

Did = dict[str, object]


def measure(state: State, url: str) -> dict[str, object]:
    """Resident memory before, the most meanwhile and afterwards, in MB of 10^6 bytes, with what each attack was answered."""
    door, known = Door(url), pids(state)
    trigger = urlsplit(read_servers(state)["trigger"])
    draw = random.Random(5)

    def slow() -> Did:
        with half_sent(door, SLOW):
            time.sleep(STAY_S)
            return {"login_page": door.ask("GET", "/login")[0]}

    def triggers() -> Did:
        connect = lambda: socket.create_connection((trigger.hostname, trigger.port), timeout=30)  # noqa: E731
        return storm.measure(MESSAGES, [known["service"]], connect, lambda: hostile(draw))

    return {
        f"wrong_passwords_{PASSWORDS}": _watched(known["host"], lambda: _guesses(door)),
        f"slow_clients_{SLOW}": _watched(known["host"], slow),
        f"hostile_triggers_{MESSAGES}": _watched(known["service"], triggers),
    }


def hostile(draw: random.Random) -> bytes:
    """Bytes for the port of triggers: none of them is the message that triggers."""
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: draw.randbytes(draw.randint(1, 400)),
        lambda: b"A" * draw.choice((1, 255, 256, 4096, 100_000)) + b"\n",
        lambda: b"\n" * draw.randint(1, 2_000),
        lambda: b"\0" * draw.randint(1, 2_000),
        lambda: b"GET / HTTP/1.1\r\nHost: camera\r\n\r\n",
        lambda: "пусть\u202e🚗\n".encode() * draw.randint(1, 50),
    )
    return draw.choice(kinds)()


def _guesses(door: Door) -> Did:
    """All at once; {"answers": {status or error: how many}}."""
    together = threading.Barrier(PASSWORDS)

    def guess(number: int) -> str:
        together.wait()
        connection = http.client.HTTPConnection(*door.address, timeout=60)
        try:
            connection.request(
                "POST", "/login", f"user=admin&password=wrong-{number}", {"Content-Type": "application/x-www-form-urlencoded"}
            )
            return str(connection.getresponse().status)
        except OSError as why:
            return type(why).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(PASSWORDS) as pool:
        return {"answers": dict(sorted(Counter(pool.map(guess, range(PASSWORDS))).items()))}


def _watched(pid: int, act: Callable[[], Did]) -> Did:
    before, most, over = rss_mb(pid), [0.0], threading.Event()

    def look() -> None:
        while not over.wait(LOOK_EVERY_S):
            most[0] = max(most[0], rss_mb(pid))

    watch = threading.Thread(target=look)
    watch.start()
    try:
        did = act()
    finally:
        over.set()
        watch.join()
    time.sleep(SETTLE_S)
    return {"rss_mb": {"before": before, "during": most[0], "after": rss_mb(pid)}, **did}
