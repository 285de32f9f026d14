"""Tiny package: a signed package of one small module whose processes live, crash, hang or serve HTTP as a test wants."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware.packages.keys import fingerprint, public_of, public_pem
from firmware.packages.management import Packages, PackageStatus
from firmware.packages.verify import signed_bytes
from vadp_package.build import pack

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TRUST = {fingerprint(public_of(KEY)): public_of(KEY)}
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))

CONF = """[package]
format = 1
name = TINY
extendedname = Tiny package
vendor = Acme
vendorurl = https://example.invalid/
version = {version}
url = /tiny/
arch = all
min_platform = 1.0.0.0
runmode = respawn
[licence]
mechanism = none
[health]
grace_s = 30
silent_s = 15
window_s = {window_s}
failures = 1
"""

PROCESSES = {"pins": "live", "manager": "http"}

PROGRAM = """
import _json, _signal, _thread, os, sys  # json, signal, pathlib and threading would double what it needs to start

mode, name, state = sys.argv[1], sys.argv[2], sys.argv[4]
beat_file = f"{state}/run/{name}.beat"
stop = _thread.allocate_lock()  # let go of at the end
stop.acquire()

def end(*_):
    if mode != "stubborn" and stop.locked():
        stop.release()

def beat():
    os.close(os.open(beat_file, os.O_CREAT | os.O_WRONLY, 0o666))
    os.utime(beat_file)

_signal.signal(_signal.SIGTERM, end)
os.makedirs(f"{state}/run", exist_ok=True)
with open(f"{state}/told.txt", "a") as told:
    told.write(f"{name} {os.getpid()} {mode} licensed={os.environ['GATEWRIGHT_LICENSED']}\\n")
with open(f"{state}/{name}.env", "w") as env:
    text = _json.encode_basestring_ascii
    env.write("{" + ", ".join(f"{text(key)}: {text(value)}" for key, value in os.environ.items()) + "}")
if mode == "crash":
    sys.exit("the lens fell off")
if mode == "no_licence":
    sys.exit(10)
if mode == "leave":
    sys.exit(0)
if mode == "not_here":
    print("no encoder", file=sys.stderr)
    sys.exit(78)
if mode == "no_library":
    import a_library_of_other_boards
if mode == "beats_once":
    beat()
if mode == "forks":
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        _signal.pause()
    with open(f"{state}/child.pid", "w") as file:
        file.write(str(child))
if mode == "http":
    import socketserver, time  # http.server would double it too
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            import json
            while request := self.rfile.readline().decode("latin-1").split():
                headers = {}
                while line := self.rfile.readline().decode("latin-1").strip():
                    name, _, value = line.partition(":")
                    headers[name] = value.strip()
                given = {name.lower(): value for name, value in headers.items()}
                sent = len(self.rfile.read(int(given.get("content-length") or 0)))
                if request[1].endswith("/stream"):
                    self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\nConnection: close\\r\\n\\r\\n")
                    while True:
                        time.sleep(0.1)
                        self.wfile.write(b"data: x\\n\\n")
                body = json.dumps({"path": request[1], "method": request[0], "headers": headers, "sent": sent}).encode()
                head = "HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body)
                self.wfile.write(head.encode() + body)
                if given.get("connection", "").lower() == "close":
                    return
    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True
    os.chdir(f"{state}/run")
    if os.path.lexists("manager.sock"):
        os.unlink("manager.sock")
    server = Server("manager.sock", Handler)
    _thread.start_new_thread(server.serve_forever, ())
while not stop.acquire(timeout=0.05):
    if mode not in ("hang", "beats_once"):
        beat()
"""

INITSCR = """
import sys
print("checked"); sys.exit({check})
"""


def contents(
    version: str = "1.0.0",
    processes: Mapping[str, str] = PROCESSES,
    conf: Callable[[str], str] = lambda text: text,
    check: int = 0,
    window_s: int = 1,
    files: Mapping[str, bytes] = {},
    key: Ed25519PrivateKey = KEY,
    optional: Collection[str] = (),
) -> dict[str, bytes]:
    """{name: content} of a right package; `conf` changes package.conf before it is signed; `optional`: names of processes."""
    text = CONF.format(version=version, window_s=window_s)
    for order, (name, mode) in enumerate(processes.items(), 1):
        text += f"[process.{name}]\norder = {order}\ncommand = tiny\nargs = {mode} {name}\n"
        text += "optional = true\n" if name in optional else ""
    data = {
        "initscr": INITSCR.format(check=check).encode(),
        "lib/tiny/__main__.py": PROGRAM.encode(),
        "lib/tiny/__init__.py": b"",
        "LICENSE": b"free",
        **files,
    }
    hashes = "".join(f"{hashlib.sha256(value).hexdigest()}  {name}\n" for name, value in sorted(data.items())).encode()
    if optional:
        text = text.replace("format = 1", "format = 2").replace("url = /tiny/\n", "")
        text += "[route.portal]\npath = /tiny/\nsocket = manager.sock\n"
    signed = conf(text).encode()
    return {"package.conf": signed, "package.sha256": hashes, "package.sig": key.sign(signed_bytes(signed, hashes)), **data}


def write(path: Path, members: Mapping[str, bytes]) -> Path:
    """The archive at `path`."""
    path.write_bytes(pack(dict(members)))
    return path


def trust_file(folder: Path) -> Path:
    """The public key of KEY in a file."""
    path = folder / "tiny.pub"
    path.write_bytes(public_pem(public_of(KEY)))
    return path


def only(packages: Packages) -> PackageStatus:
    """Of the one package that is installed."""
    (status,) = packages.listing()
    return status
