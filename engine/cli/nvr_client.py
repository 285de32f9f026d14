"""`engine nvr-client`: logs in to a camera over TCP as a recorder does, and prints each plate as a line of JSON (docs/nvr.md)."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from board.kit.errors import GatewrightError
from board.kit.from_json import from_json
from engine.formats import nvr

PORT = 17_001
CONNECT_S = 10.0
PASSWORD = "NVR_PASSWORD"
"""Environment: the password, for scripts; on a command line everybody on the machine could read it."""


class NoPlates(GatewrightError):
    """The camera cannot be reached, refuses, or speaks another protocol."""


def main(arguments: Sequence[str]) -> int:
    """0 when as many plates as were asked for have come."""
    parser = argparse.ArgumentParser(prog="python -m engine nvr-client", description=__doc__)
    parser.add_argument("camera", metavar="HOST[:PORT]", help=f"where the camera listens (default port {PORT})")
    parser.add_argument("--user", required=True, help="user of a device password of the use nvr")
    parser.add_argument("--password", help=f"its password (default: from {PASSWORD}, or it is asked for)")
    parser.add_argument("--images", type=Path, metavar="DIR", help="keep the pictures there")
    parser.add_argument("--count", type=int, default=0, help="end after so many plates (default: never)")
    options = parser.parse_args(arguments)
    password = options.password or os.environ.get(PASSWORD) or getpass.getpass(f"Password of {options.user}: ")
    if options.images is not None:
        options.images.mkdir(parents=True, exist_ok=True)
    for number, found in enumerate(plates(options.camera, options.user, password), 1):
        files = [] if options.images is None else _keep(found, options.images, number)
        print(json.dumps({**shown(found), **({"files": files} if files else {})}, ensure_ascii=False), flush=True)
        if number == options.count:
            break
    return 0


def plates(camera: str, user: str, password: str) -> Iterator[nvr.Recognition]:
    """What arrives, as it arrives. NoPlates ends it."""
    host, port = _place(camera)
    try:
        sock = socket.create_connection((host, port), CONNECT_S)
    except OSError as why:
        raise NoPlates("{host} port {port}: {why}", host=host, port=port, why=why.strerror or str(why)) from why
    with sock:
        sock.settimeout(None)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a camera that lost its power says nothing
        sock.sendall(nvr.login(user, password))
        for command, data in _messages(sock):
            if command == nvr.LOGIN_REPLY:
                result = from_json(data)["result"]
                if result != "200":
                    raise NoPlates("the camera refuses the log-in: {result}", result=str(result))
            elif command == nvr.RECOG_POST:
                yield nvr.read_recognition(data)
    raise NoPlates("the camera ended the connection")


def shown(found: nvr.Recognition) -> dict[str, object]:
    """What is printed of one: everything but the pictures."""
    fields = {name: value.hex() if isinstance(value, bytes) else value for name, value in found.fields.items()}
    return {
        "plate": found.plate,
        "at": found.at.isoformat(timespec="milliseconds"),
        **found.said,
        "layout": found.layout,
        "image_bytes": [len(image) for image in found.images],
        **fields,
    }


def _messages(sock: socket.socket) -> Iterator[tuple[int, bytes]]:
    reader = nvr.Reader()
    while True:
        try:
            data = sock.recv(65_536)
        except OSError as why:
            raise NoPlates("the connection broke: {why}", why=why.strerror or str(why)) from why
        if not data:
            return
        reader.add(data)
        try:
            while (found := reader.next()) is not None:
                yield found
        except ValueError as why:
            raise NoPlates("what came is not of this protocol: {why}", why=str(why)) from why


def _place(camera: str) -> tuple[str, int]:
    """ "192.168.7.5", "192.168.7.5:17001", "[fe80::1]:17001" """
    host, colon, port = camera.rpartition(":")
    if not colon or camera.endswith("]"):
        return camera.strip("[]"), PORT
    if not port.isascii() or not port.isdigit():
        raise NoPlates("{camera} is not HOST:PORT", camera=camera)
    return host.strip("[]"), int(port)


def _keep(found: nvr.Recognition, folder: Path, number: int) -> list[str]:
    """Files named by time and number: a plate may be anything."""
    names = [f"{found.at:%Y%m%d-%H%M%S}-{number}-{which}.jpg" for which, _ in enumerate(found.images, 1)]
    for name, image in zip(names, found.images, strict=True):
        (folder / name).write_bytes(image)
    return names
