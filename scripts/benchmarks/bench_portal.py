"""The portal over a full camera: what each page weighs and takes, Review and its download over 1,000,000 passages, a large list.

The portal runs as its own process on its socket and is asked as the host asks it, one request at a time. A page's weight is what a
browser with nothing kept loads, compressed: the page, its style and its scripts with all that they import.
"""

from __future__ import annotations

import gzip
import http.client
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image

from board.kit.clock import Clock
from board.kit.state import State
from engine.settings import LprSettings
from engine.store import Store
from scripts.benchmarks.bench_store import EVERY_S, NEWEST, PASSAGES, fill_entries, fill_passages, made_up_plate
from scripts.benchmarks.processes import peak_mb, pids

PAGES = (
    "live", "review", "review/passages/p999990", "lists/4", "lists/4?view=actions", "lpr", "check", "camera", "lane", "general",
    "recorders", "audit", "logs", "help/no-plate",
)  # fmt: skip
LISTED = 100_000
TIMES = 15
ALL = "from=2000-01-01T00:00"
PICTURED = 5_000
"""Passages with a picture, the newest: as many as a workbook holds."""
_LINKED = re.compile(r'(?:href|src)="(/anpr/static/[^"]+\.(?:css|js))"')

Say = Callable[[str], None]


def measure(say: Say) -> dict[str, object]:
    """Milliseconds are medians of 15 requests."""
    with tempfile.TemporaryDirectory(prefix="bench-portal-") as folder:
        state = State(Path(folder))
        say(f"{PASSAGES} passages and {LISTED} plates are written")
        plates = _fill(state, say)
        with _portal(state) as ask:
            say("pages")
            figures: dict[str, object] = {"pages": {page: _page(ask, page) for page in PAGES}}
            say("Review")
            figures |= _review(ask, plates)
            say("a list of 100,000")
            figures["list_page_ms"] = _median(ask, "lists/4")
            figures["list_last_page_ms"] = _median(ask, "lists/4?page=2000")
            figures["list_search_ms"] = _median(ask, f"lists/4?search={plates[7][1:5]}")
            say("the whole history as a workbook")
            figures["workbook"] = {"rows": PASSAGES, **_workbook(state, ALL)}
            say(f"a workbook with {PICTURED} pictures")
            figures["workbook_with_pictures"] = {"pictures": PICTURED, **_workbook(state, f"from={_since()}&pictures=1")}
        return figures


def _workbook(state: State, search: str) -> dict[str, object]:
    """What a download takes, and the most memory that the portal had until its end."""
    began = time.monotonic()
    size, first_s = _download(state, f"review/passages.xlsx?{search}")
    return {
        "first_byte_ms": round(first_s * 1000),
        "seconds": round(time.monotonic() - began, 1),
        "megabytes": round(size / 1e6, 1),
        "manager_peak_mb": peak_mb(pids(state)["manager"]),
    }


def _since() -> str:
    """From where on PICTURED passages are found."""
    return (NEWEST - timedelta(seconds=EVERY_S * PICTURED)).strftime("%Y-%m-%dT%H:%M:%S")


def _fill(state: State, say: Say) -> list[str]:
    state.run.mkdir(parents=True)
    draw = random.Random(17)
    with closing(Store(state.database, Clock(), checkpoints=False)) as store:
        store.settings.put(LprSettings(region="Europe", countries=("DE",)), "bench")
        plates = fill_passages(store.db, say)
        listed = sorted({made_up_plate(draw) for _ in range(LISTED)})
        draw.shuffle(listed)  # as people and files bring them
        fill_entries(store.db, listed)
        newest = "rowid > (SELECT max(rowid) FROM passages) - ?"
        store.db.execute(f"UPDATE passages SET image_plate = 'bench.jpg' WHERE {newest}", (PICTURED,))
    state.images.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((176, 44), 60).save(state.images / "bench.jpg")
    return plates


@contextmanager
def _portal(state: State) -> Iterator[Callable[[str], bytes]]:
    process = subprocess.Popen([sys.executable, "-m", "webui", "--state", str(state.root)], stderr=subprocess.DEVNULL)
    try:
        _await(state.manager_socket)
        yield lambda path: _get(state, path)
    finally:
        process.terminate()
        process.wait(20)


def _await(path: Path) -> None:
    until = time.monotonic() + 60
    while not path.exists():
        if time.monotonic() > until:
            raise AssertionError("the portal does not start")
        time.sleep(0.05)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("camera", timeout=600)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


def _asked(state: State, path: str) -> tuple[_Connection, http.client.HTTPResponse]:
    connection = _Connection(state.manager_socket)
    headers = {"X-Gatewright-User": "bench", "X-Gatewright-Role": "admin", "Accept-Encoding": "gzip"}
    connection.request("GET", f"/anpr/{path}", headers=headers)
    reply = connection.getresponse()
    if reply.status != 200:
        raise AssertionError(f"{path}: {reply.status}")
    return connection, reply


def _get(state: State, path: str) -> bytes:
    connection, reply = _asked(state, path)
    with closing(connection):
        content = reply.read()
        return content if reply.getheader("Content-Encoding") != "gzip" else gzip.decompress(content)


def _download(state: State, path: str) -> tuple[int, float]:
    """(bytes, seconds until the first came)."""
    began = time.monotonic()
    connection, reply = _asked(state, path)
    with closing(connection):
        size = len(reply.read(1))
        first_s = time.monotonic() - began
        while piece := reply.read(1 << 20):
            size += len(piece)
    return size, first_s


def _page(ask: Callable[[str], bytes], page: str) -> dict[str, float]:
    html = ask(page).decode()
    found = {name: ask(name.removeprefix("/anpr/")) for name in dict.fromkeys(_LINKED.findall(html))}
    weight = sum(len(gzip.compress(each, 6)) for each in (html.encode(), *found.values()))
    return {"kB": round(weight / 1000, 1), "files": 1 + len(found), "ms": _median(ask, page)}


def _review(ask: Callable[[str], bytes], plates: list[str]) -> dict[str, object]:
    part = {"from": "2000-01-01T00:00", "plate": plates[3][1:5]}
    short = {"from": "2000-01-01T00:00", "plate": plates[3][1:3]}
    until_ = NEWEST.strftime("%Y-%m-%dT%H:%M")
    return {
        "review_first_page_ms": _median(ask, f"review?{ALL}"),
        "review_middle_page_ms": _median(ask, f"review?{ALL}&page=200"),
        "review_page_400_ms": _median(ask, f"review?{ALL}&page=400"),
        "review_oldest_page_ms": _median(ask, f"review?{ALL}&oldest=1"),
        "review_part_of_a_plate_ms": _median(ask, f"review?{urlencode(part)}"),
        "review_two_characters_ms": _median(ask, f"review?{urlencode(short)}"),
        "review_two_characters_of_a_list_ms": _median(ask, f"review?{urlencode({**short, 'list': '4'})}"),
        "review_one_decision_ms": _median(ask, f"review?{ALL}&lane=1&outcome=refused"),
        "review_one_decision_page_400_ms": _median(ask, f"review?{ALL}&outcome=refused&page=400"),
        "review_one_decision_of_a_list_ms": _median(ask, f"review?{ALL}&outcome=refused&lane=2&list=4"),
        "review_one_list_ms": _median(ask, f"review?{urlencode({'from': '2000-01-01T00:00', 'to': until_, 'list': '4'})}"),
    }


def _median(ask: Callable[[str], bytes], path: str) -> float:
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        ask(path)
        times.append(time.perf_counter() - began)
    return round(statistics.median(times) * 1000, 1)
