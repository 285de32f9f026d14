"""FTP onto a name that is there: servers that replace no file, and those that let nobody rename."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import PeerRefused
from board.kit.settings import check
from engine.actions._ftp import FtpServer, session
from engine.network import Network
from tests.ftp_server import PASSWORD, USER, Ftp, ftp_server
from tests.samples import EVERYTHING

KEEPS = "550 File exists."


def put(server: Ftp, content: bytes) -> None:
    options = {"host": "127.0.0.1", "port": server.port, "tls": "none", "user": USER, "password": PASSWORD}
    with session(Network(lambda: EVERYTHING), check(FtpServer, options), 20.0) as opened:
        opened.put("list.xml", io.BytesIO(content))


def found(server: Ftp) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in server.folder.iterdir() if not each.name.endswith(".part")}


def test_a_server_that_lets_nobody_rename_keeps_the_file_that_was_there(tmp_path: Path) -> None:
    with ftp_server(tmp_path / "served") as server:
        (server.folder / "list.xml").write_bytes(b"whole")
        server.server.handler.authorizer.user_table[USER]["perm"] = "elradmw"
        for _ in range(2):
            with pytest.raises(PeerRefused, match="550"):
                put(server, b"new")
        assert found(server) == {"list.xml": b"whole"}


def test_a_server_that_replaces_no_file_gets_the_new_one_all_the_same(tmp_path: Path) -> None:
    with ftp_server(tmp_path / "served") as server:
        handler = server.server.handler
        renames = handler.ftp_RNTO

        def replaces_nothing(self: Any, path: str) -> Any:
            if Path(path).exists():
                self.respond(KEEPS)
                return None
            return renames(self, path)

        handler.ftp_RNTO = replaces_nothing
        (server.folder / "list.xml").write_bytes(b"whole")
        (server.folder / "list.xml.old").write_bytes(b"left by a try that was cut")
        for content in (b"one", b"two"):
            put(server, content)
            assert found(server) == {"list.xml": content}, content


def test_a_folder_of_that_name_stays_where_it_is(tmp_path: Path) -> None:
    with ftp_server(tmp_path / "served") as server:
        folder = server.folder / "list.xml"
        folder.mkdir()
        with pytest.raises(PeerRefused, match="Is a directory"):
            put(server, b"new")
        assert folder.is_dir() and not (server.folder / "list.xml.old").exists()


def test_the_old_file_is_back_when_the_new_one_cannot_take_its_name(tmp_path: Path) -> None:
    with ftp_server(tmp_path / "served") as server:
        handler = server.server.handler
        renames = handler.ftp_RNTO
        (server.folder / "list.xml").write_bytes(b"whole")

        def refuses_the_new_one(self: Any, path: str) -> Any:
            if str(self._rnfr).endswith(".part"):
                self.respond(KEEPS)
                return None
            return renames(self, path)

        handler.ftp_RNTO = refuses_the_new_one
        with pytest.raises(PeerRefused, match="File exists"):
            put(server, b"new")
        assert found(server) == {"list.xml": b"whole"}
