"""FTP server: pyftpdlib with one user, plain or with TLS (explicit or implicit), over a folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.certificates import Certificates

USER, PASSWORD = "gate", "s3cret päss"


@dataclass(slots=True)
class Ftp:
    """`commands`: what clients said, passwords left out."""

    port: int
    folder: Path
    commands: list[str]
    server: Any
    thread: threading.Thread
    user: str = USER
    password: str = PASSWORD

    def stop(self) -> None:
        self.server.stopping = True
        self.thread.join()


@contextmanager
def ftp_server(folder: Path, certificates: Certificates | None = None, implicit: bool = False) -> Iterator[Ftp]:
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

    folder.mkdir(exist_ok=True)
    authorizer = DummyAuthorizer()
    authorizer.add_user(USER, PASSWORD, str(folder), perm="elradfmw")
    commands: list[str] = []

    class Handler(TLS_FTPHandler if certificates else FTPHandler):  # type: ignore[misc]
        def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
            commands.append("PASS" if cmd == "PASS" else line)
            super().pre_process_command(line, cmd, arg)

        def handle(self) -> None:
            if implicit:
                self.secure_connection(self.ssl_context)
            super().handle()

        def handle_ssl_established(self) -> None:
            if not implicit:
                super().handle_ssl_established()

    Handler.authorizer = authorizer
    if certificates:
        Handler.certfile = str(certificates.both)
        Handler.tls_control_required = Handler.tls_data_required = not implicit
    loop = IOLoop()
    server = FTPServer(("127.0.0.1", 0), Handler, ioloop=loop)
    server.stopping = False

    def run() -> None:
        while not server.stopping:
            server.serve_forever(timeout=0.02, blocking=False, handle_exit=False)
        server.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    made = Ftp(server.address[1], folder, commands, server, thread)
    try:
        yield made
    finally:
        made.stop()
