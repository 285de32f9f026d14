"""Release: a tiny package with data of its own, in any version; its process keeps it.

`python -m keeper --state STATE` serves /tiny/ on STATE/run/manager.sock: {"version", "layout", "rows", "integrity"}, and takes a
row by POST /tiny/ROW, which it has committed and synced when it answers (EXTRA: no journal that was removed comes back and takes
the row away again). Even versions migrate the data at their start: they copy the table into a new one, row by row, in one
transaction, which takes MIGRATION_S. What every LAYOUT_EVERYth version migrates no earlier one reads (layout), so that the host
saves the data before and gives it back on the way back; what the others do, it does.
"""

from __future__ import annotations

from tests.tiny_package import contents

MIGRATION_S = 0.3
LAYOUT_EVERY = 3

KEEPER = """
import http.server, json, os, pathlib, signal, socketserver, sqlite3, sys, threading, time
from keeper import LAYOUT, MIGRATION_S, VERSION

state = pathlib.Path(sys.argv[sys.argv.index("--state") + 1])
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
(state / "tiny").mkdir(exist_ok=True)
store = sqlite3.connect(state / "tiny" / "rows.db", check_same_thread=False, isolation_level=None)
store.execute("PRAGMA synchronous = EXTRA")
store.execute("CREATE TABLE IF NOT EXISTS rows (row INTEGER PRIMARY KEY, told TEXT)")
store.execute("CREATE TABLE IF NOT EXISTS layout (number INTEGER)")
number = int(VERSION.split(".")[0])
[layout] = store.execute("SELECT coalesce(max(number), 0) FROM layout").fetchone()
if layout > LAYOUT:
    sys.exit(f"{VERSION} cannot read layout {layout}")
if layout < LAYOUT or (number % 2 == 0 and store.execute("PRAGMA user_version").fetchone()[0] < number):
    store.execute("BEGIN IMMEDIATE")
    store.execute("CREATE TABLE fresh (row INTEGER PRIMARY KEY, told TEXT)")
    rows = store.execute("SELECT row, told FROM rows").fetchall()
    for row, told in rows:
        store.execute("INSERT INTO fresh VALUES (?, ?)", (row, told))
        time.sleep(MIGRATION_S / len(rows))
    store.execute("DROP TABLE rows")
    store.execute("ALTER TABLE fresh RENAME TO rows")
    store.execute("DELETE FROM layout")
    store.execute("INSERT INTO layout VALUES (?)", (LAYOUT,))
    store.execute(f"PRAGMA user_version = {number}")
    store.execute("COMMIT")
lock = threading.Lock()

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        with lock:
            store.execute("INSERT OR IGNORE INTO rows VALUES (?, ?)", (int(self.path.rpartition("/")[2]), VERSION))
        self.do_GET()
    def do_GET(self):
        with lock:
            rows = [row for row, in store.execute("SELECT row FROM rows ORDER BY row")]
            integrity = store.execute("PRAGMA integrity_check").fetchone()[0]
        body = json.dumps({"version": VERSION, "layout": LAYOUT, "rows": rows, "integrity": integrity}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
    def address_string(self): return "unix"

class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

os.chdir(state / "run")
pathlib.Path("manager.sock").unlink(missing_ok=True)
server = Server("manager.sock", Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
while not stop.wait(0.05):
    (state / "run" / "keeper.beat").touch()
"""

SCRIPT = """
import json, pathlib, sqlite3, struct, sys
words = sys.argv[1:]
print("checked", file=sys.stderr)
if words[:1] != ["data"]:
    sys.exit(0)
verb, folder = words[1], pathlib.Path(words[-1])
if verb == "check":
    copy = sqlite3.connect(folder / "rows.db")
    sys.exit(0 if copy.execute("PRAGMA integrity_check").fetchone() == ("ok",) else "rows.db is damaged")
file = pathlib.Path(words[words.index("--state") + 1]) / "tiny" / "rows.db"
if verb == "save":
    data = sqlite3.connect(file).serialize()
    head = json.dumps({"name": "rows.db", "size": len(data)}).encode()
    sys.stdout.buffer.write(struct.pack(">I", len(head)) + head + data + struct.pack(">I", 0))
if verb == "take":
    store = sqlite3.connect(file)
    store.execute("PRAGMA synchronous = EXTRA")
    sqlite3.connect(folder / "rows.db").backup(store)
"""


def layout(number: int) -> int:
    """Of what version NUMBER.0.0 stores: versions with a smaller one cannot read it."""
    return number // LAYOUT_EVERY * LAYOUT_EVERY


def release(number: int) -> dict[str, bytes]:
    """{name: content} of version NUMBER.0.0, with a file of 200 kB that does not pack, so that an upload has a middle."""
    version = f"{number}.0.0"
    filling = b"".join(number.to_bytes(4, "big") + part.to_bytes(4, "big") * 255 for part in range(200))

    def conf(text: str) -> str:
        text = text[: text.index("[process.")].replace("format = 1", "format = 4").replace("url = /tiny/\n", "")
        text += f"[data]\nlayout = {layout(number)}\noldest = {layout(number)}\n"
        return text + "[route.portal]\npath = /tiny/\nsocket = manager.sock\n[process.keeper]\norder = 1\ncommand = keeper\n"

    names = f"VERSION = {version!r}\nLAYOUT = {layout(number)}\nMIGRATION_S = {MIGRATION_S}\n"
    files = {
        "initscr": SCRIPT.encode(),
        "lib/keeper/__init__.py": names.encode(),
        "lib/keeper/__main__.py": KEEPER.encode(),
        "lib/filling.bin": filling,
    }
    return contents(version, conf=conf, files=files)
