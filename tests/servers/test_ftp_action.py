"""FTP action against pyftpdlib, pure-ftpd, and vsftpd with its defaults: FTP, FTPS of both kinds, folders, whole files."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from board.kit.errors import ConfigError, DeliveryError, LogInRefused, PeerBusy, PeerRefused
from board.kit.settings import check
from engine.actions.ftp import ACTION, FtpOptions
from engine.network import Network
from engine.types import PassageImages
from tests.certificates import Certificates, make_certificates
from tests.daemons import find_daemon, free_port, running
from tests.ftp_server import PASSWORD, USER, ftp_server
from tests.samples import DEVICE, env, event
from tests.talker import talker
from tests.vsftpd import vsftpd

FULL, PLATE = bytes(range(256)) * 4000, b"\xff\xd8plate"
NAME = "2026-01-02/HK55EVB_2026-01-02_04-04-05_WHITELIST"


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    (tmp_path / "full.jpg").write_bytes(FULL)
    (tmp_path / "plate.jpg").write_bytes(PLATE)
    return tmp_path


def send(folder: Path, port: int, plate: str = "HK55EVB", **options: Any) -> str:
    chosen = check(FtpOptions, {"host": "127.0.0.1", "port": port, "user": USER, "password": PASSWORD, "timeout_s": 20, **options})
    return str(ACTION.deliver(event(plate, images=PassageImages("full.jpg", "plate.jpg")), chosen, env(images=folder)))


def failed(folder: Path, port: int, **options: Any) -> str:
    with pytest.raises(DeliveryError) as why:
        send(folder, port, **options)
    return str(why.value)


def stored(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file()}


# --- pyftpdlib --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["none", "explicit", "implicit"])
def test_both_pictures_arrive_whole_in_a_folder_that_is_made(images: Path, certificates: Certificates, tls: str) -> None:
    made = None if tls == "none" else certificates
    with ftp_server(images / "served", made, implicit=tls == "implicit") as server:
        note = send(images, server.port, tls=tls, images="both", ca=certificates.ca)
        assert note == f"127.0.0.1:{server.port} stored {NAME}.jpg, {NAME}_plate.jpg"
        assert stored(server.folder) == {f"{NAME}.jpg": FULL, f"{NAME}_plate.jpg": PLATE}
        stores = [each for each in server.commands if each.startswith(("STOR", "RNFR", "RNTO"))]
        name = NAME.partition("/")[2]
        part = stores[0].removeprefix("STOR ")
        assert re.fullmatch(re.escape(f"{name}.jpg") + r"\.[0-9a-f]{6}\.part", part)
        assert stores[1:3] == [f"RNFR {part}", f"RNTO {name}.jpg"]
        protected = [each for each in server.commands if each in ("AUTH TLS", "PROT P")]
        assert protected == {"none": [], "explicit": ["AUTH TLS", "PROT P"], "implicit": ["PROT P"]}[tls]


def test_documents_are_stored_by_their_format(images: Path) -> None:
    with ftp_server(images / "served") as server:
        for each in ("XML", "JSON", "JSON_IMG"):
            send(images, server.port, tls="none", format=each, name=f"{each}/{{plate}}")
        found = stored(server.folder)
    assert list(found) == ["JSON/HK55EVB.json", "JSON_IMG/HK55EVB.json", "XML/HK55EVB.xml"]
    assert json.loads(found["JSON/HK55EVB.json"])["plate"] == "HK55EVB"
    assert len(found["JSON_IMG/HK55EVB.json"]) > len(FULL)
    assert ElementTree.fromstring(found["XML/HK55EVB.xml"]).tag


def test_a_repetition_replaces_its_file_and_one_that_was_cut_off(images: Path) -> None:
    with ftp_server(images / "served") as server:
        (server.folder / "HK55EVB.jpg.part").write_bytes(b"half")
        for _ in range(2):
            send(images, server.port, tls="none", name="{plate}")
        assert stored(server.folder) == {"HK55EVB.jpg": FULL}


def test_of_two_cameras_that_read_a_plate_in_one_second_both_pictures_are_kept(images: Path) -> None:
    """As front and back of a lane do: the second one's picture replaced the first one's, which had the same name."""
    (images / "other").mkdir()
    (images / "other" / "full.jpg").write_bytes(PLATE)
    chosen = {"host": "127.0.0.1", "user": USER, "password": PASSWORD, "tls": "none"}
    with ftp_server(images / "served") as server:
        options = check(FtpOptions, {**chosen, "port": server.port})
        seen = event(images=PassageImages("full.jpg", ""))
        other = replace(env(images=images / "other"), device=replace(DEVICE, id="gw-other"))
        for _ in range(2):  # a try whose answer was lost is repeated, and is one file
            ACTION.deliver(seen, options, env(images=images))
            said = str(ACTION.deliver(seen, options, other))
        assert said == f"127.0.0.1:{server.port} stored {NAME}_gw-other.jpg"
        assert stored(server.folder) == {f"{NAME}.jpg": FULL, f"{NAME}_gw-other.jpg": PLATE}
        long = check(FtpOptions, {**chosen, "port": server.port, "name": "粤" * 66 + "_{date}_{time}"})
        longest_id = replace(other, device=replace(DEVICE, id="y" * 40))  # beside it a name would be longer than a disk takes
        for each in (env(images=images), longest_id):
            ACTION.deliver(seen, long, each)
        assert sorted(content for name, content in stored(server.folder).items() if "粤" in name) == [FULL, PLATE]
        documents = check(FtpOptions, {**chosen, "port": server.port, "format": "XML"})
        alike = replace(env(images=images / "other"), device=replace(DEVICE, id="gw-abcdef012345"))
        for _ in range(2):  # documents of two cameras are as long
            for each in (env(images=images), alike):
                ACTION.deliver(seen, documents, each)
        assert {name for name in stored(server.folder) if name.endswith(".xml")} == {f"{NAME}.xml", f"{NAME}_gw-abcdef012345.xml"}
        assert DEVICE.id.encode() in stored(server.folder)[f"{NAME}.xml"]
        newest = check(FtpOptions, {**chosen, "port": server.port, "name": "newest"})
        for each in (env(images=images), other):
            ACTION.deliver(seen, newest, each)
        assert stored(server.folder)["newest.jpg"] == PLATE


def test_a_file_that_arrived_in_part_gets_no_name_though_the_server_says_that_all_is_well(images: Path) -> None:
    with ftp_server(images / "served") as server:
        server.server.handler.on_file_received = lambda handler, path: os.truncate(path, 1000)
        said = failed(images, server.port, tls="none", name="in/{plate}")
        assert said == f"127.0.0.1:{server.port}: HK55EVB.jpg was cut off: 1000 of {len(FULL)} bytes came"
        assert list(stored(server.folder)) == ["in/HK55EVB.jpg.part"]


def test_a_plate_of_another_script_keeps_its_name_on_a_server_that_must_be_told(images: Path) -> None:
    """Windows' own server takes names for ANSI until then, and stored "粤B12345" as "ç²¤B12345"."""

    def opts(handler: Any, line: str) -> None:
        handler.encoding = "utf8" if line.upper() == "UTF8 ON" else handler.encoding
        handler.respond("200 OPTS UTF8 command successful - UTF8 encoding now ON.")

    with ftp_server(images / "served") as server:
        server.server.handler.on_login = lambda handler, user: setattr(handler, "encoding", "latin-1")
        server.server.handler.ftp_OPTS = opts
        send(images, server.port, plate="粤B12345", tls="none", name="{plate}/{plate}", images="plate")
        send(images, server.port, plate="粤B99999", tls="none", name="{plate}", images="plate")
        send(images, server.port, tls="none", name="{plate}", images="plate")
        assert stored(server.folder) == {"粤B12345/粤B12345.jpg": PLATE, "粤B99999.jpg": PLATE, "HK55EVB.jpg": PLATE}
        assert server.commands.count("OPTS UTF8 ON") == 2


def test_no_plate_leaves_its_folder_or_sends_a_command_of_its_own(images: Path) -> None:
    with ftp_server(images / "served") as server:
        send(images, server.port, plate="../../x\r\nDELE y", tls="none", name="in/{plate}", images="plate")
        assert stored(server.folder) == {"in/_.._x__DELE_y.jpg": PLATE}
        assert not [each for each in server.commands if each.startswith("DELE")]


def test_a_wrong_password_is_told_without_it(images: Path) -> None:
    with ftp_server(images / "served") as server:
        said = failed(images, server.port, tls="none", password="wr0ng")
        assert said == f"127.0.0.1:{server.port} answers 530 Authentication failed."


def test_encryption_is_not_given_up_when_the_server_lacks_it(images: Path) -> None:
    with ftp_server(images / "served") as server:
        assert f"127.0.0.1:{server.port} answers 50" in failed(images, server.port, tls="explicit")
        assert "PASS" not in server.commands and stored(server.folder) == {}


@pytest.mark.parametrize("tls", ["explicit", "implicit"])
def test_a_certificate_that_nobody_vouches_for_is_refused_unless_the_check_is_off(
    images: Path, certificates: Certificates, tls: str
) -> None:
    with ftp_server(images / "served", certificates, implicit=tls == "implicit") as server:
        said = failed(images, server.port, tls=tls)
        assert "its certificate is not accepted (unable to get local issuer certificate)" in said
        assert "PASS" not in server.commands
        assert "stored" in send(images, server.port, tls=tls, verify_tls=False)


def test_the_camera_itself_is_not_reached(images: Path) -> None:
    with ftp_server(images / "served") as server:
        barred = replace(env(images=images), network=Network(lambda: ()))
        with pytest.raises(ConfigError, match="actions may not reach it"):
            ACTION.deliver(event(), FtpOptions(host="127.0.0.1", port=server.port, tls="none", format="XML"), barred)
        assert server.commands == []


# --- vsftpd -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tls", "more"), [("none", ""), ("explicit", ""), ("implicit", "implicit_ssl=YES\n")])
def test_vsftpd_with_its_defaults_takes_the_pictures(images: Path, certificates: Certificates, tls: str, more: str) -> None:
    with vsftpd(images, None if tls == "none" else certificates, more) as (port, folder):
        options: dict[str, Any] = {"tls": tls, "ca": certificates.ca, "user": "anonymous", "images": "both"}
        for _ in range(2):
            assert send(images, port, name="in/{date}/{plate}", **options).startswith(f"127.0.0.1:{port} stored ")
        assert stored(folder) == {"2026-01-02/HK55EVB.jpg": FULL, "2026-01-02/HK55EVB_plate.jpg": PLATE}


def test_a_folder_that_may_not_be_written_to_is_told(images: Path, certificates: Certificates) -> None:
    with vsftpd(images, certificates, "write_enable=NO\n") as (port, _):
        said = failed(images, port, ca=certificates.ca, user="anonymous", name="in/{plate}")
        assert said == f"127.0.0.1:{port} answers 550 Permission denied."


# --- pure-ftpd --------------------------------------------------------------------------------------------------------


@contextmanager
def pure_ftpd(folder: Path, certificates: Certificates | None) -> Iterator[tuple[int, Path]]:
    """(port, the folder that may be written to), for a virtual user of its own; with certificates it takes nobody in clear."""
    program, accounts = find_daemon("pure-ftpd"), find_daemon("pure-pw")
    root, users, database = folder / "root", folder / "users", folder / "users.pdb"
    root.mkdir()
    # sha512crypt: pure-pw makes a password cost half a second of a processor, at each log-in
    command = [find_daemon("openssl"), "passwd", "-6", "-stdin"]
    hashed = subprocess.run(command, input=PASSWORD, text=True, check=True, capture_output=True, timeout=20).stdout.strip()
    users.write_text(f"{USER}:{hashed}:65534:65534::{root}/./::::::::::::\n")
    subprocess.run([accounts, "mkdb", str(database), "-f", str(users)], check=True, capture_output=True, timeout=20)
    os.chown(root, 65534, 65534)
    port = free_port()
    options = ["-S", f"127.0.0.1,{port}", "-l", f"puredb:{database}", "-E", "-A", "-H", "-g", str(folder / "pid")]
    if certificates:
        options += ["-Y", "3", "-2", str(certificates.both)]
    with running([program, *options], folder / "said", port):
        yield port, root


@pytest.mark.parametrize("tls", ["none", "explicit"])
@pytest.mark.skipif(os.geteuid() != 0, reason="pure-ftpd serves its users as root only")
def test_pure_ftpd_takes_the_pictures(images: Path, certificates: Certificates, tls: str) -> None:
    with pure_ftpd(images, None if tls == "none" else certificates) as (port, folder):
        for _ in range(2):
            note = send(images, port, tls=tls, ca=certificates.ca, images="both", name="{date}/{plate}")
            assert note == f"127.0.0.1:{port} stored 2026-01-02/HK55EVB.jpg, 2026-01-02/HK55EVB_plate.jpg"
        assert stored(folder) == {"2026-01-02/HK55EVB.jpg": FULL, "2026-01-02/HK55EVB_plate.jpg": PLATE}


@pytest.mark.skipif(os.geteuid() != 0, reason="pure-ftpd serves its users as root only")
def test_pure_ftpd_that_wants_encryption_gets_no_password_in_clear(images: Path, certificates: Certificates) -> None:
    with pure_ftpd(images, certificates) as (port, folder):
        assert "answers 421" in failed(images, port, tls="none")
        assert stored(folder) == {}


# --- servers that do not behave ---------------------------------------------------------------------------------------


def answers(*said: bytes) -> Callable[[socket.socket], None]:
    def talk(peer: socket.socket) -> None:
        for each in said:
            peer.sendall(each)
            peer.recv(4096)

    return talk


LOGGED_IN = (b"220 hi\r\n", b"331 password\r\n", b"230 in\r\n", b"250 there\r\n", b"200 type\r\n")


def test_a_port_of_ipv6_that_is_no_number_is_no_fault_of_the_cameras(images: Path) -> None:
    with talker(answers(*LOGGED_IN, b"229 Entering (|||x|)\r\n"), "::1") as port:
        said = failed(images, port, host="::1", tls="none", name="in/{plate}")
    assert said == f"[::1]:{port}: it does not answer in FTP"


def test_a_server_that_looks_at_a_file_for_longer_than_the_timeout_stores_it(images: Path) -> None:
    """A scanner for viruses, say: it got the file with each try for a day, and never its name."""
    told: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as data:
        data.settimeout(20)
        high, low = divmod(data.getsockname()[1], 256)

        def talk(peer: socket.socket) -> None:
            answers(*LOGGED_IN, f"227 Entering (127,0,0,1,{high},{low})\r\n".encode())(peer)
            connection, _ = data.accept()
            peer.sendall(b"150 go ahead\r\n")
            while connection.recv(65_536):
                continue
            connection.close()
            time.sleep(1.5)
            peer.sendall(b"226 it is clean\r\n")
            while line := peer.recv(1000):
                told.append(line)
                peer.sendall({b"RNFR": b"350 to\r\n", b"RNTO": b"250 done\r\n"}.get(line[:4], b"502 no\r\n"))

        with talker(talk) as port:
            assert "stored" in send(images, port, tls="none", name="in/{plate}", timeout_s=1)
    assert b"RNTO HK55EVB.jpg\r\n" in told


def test_a_server_whose_disk_is_full_says_so_though_it_ends_the_data_first(images: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as data:
        data.settimeout(20)
        high, low = divmod(data.getsockname()[1], 256)

        def talk(peer: socket.socket) -> None:
            answers(*LOGGED_IN, f"227 Entering (127,0,0,1,{high},{low})\r\n".encode())(peer)
            connection, _ = data.accept()
            peer.sendall(b"150 go ahead\r\n")
            connection.recv(1000)
            connection.close()  # with what it has not read
            peer.sendall(b"452 no space left\r\n")

        (images / "full.jpg").write_bytes(bytes(8_000_000))
        with talker(talk) as port:
            said = failed(images, port, tls="none", name="in/{plate}")
    assert said == f"127.0.0.1:{port} answers 452 no space left"


@pytest.mark.parametrize(
    ("talk", "said"),
    [
        (lambda peer: peer.recv(1) and None, "no answer in 1 s"),
        (lambda peer: peer.shutdown(socket.SHUT_RDWR), "it ended the connection"),
        (answers(b"500 go away\r\n"), "answers 500 go away"),
        (answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "it does not answer in FTP"),
        (answers(b"\xff\xfe\x00\r\n"), "it does not answer in FTP"),
        (lambda peer: [peer.sendall(b"220-and more\r\n" * 100) for _ in range(10_000)], "it talks without end"),
        (answers(*LOGGED_IN, b"227 Entering (10,0,0,1,255,255,9)\r\n"), "no connection|it does not answer in FTP"),
        (answers(*LOGGED_IN, b"227 Entering (1,1,1,1,999,999)\r\n"), "it does not answer in FTP"),
        (answers(*LOGGED_IN, b"227 nonsense\r\n"), "it does not answer in FTP"),
    ],
    ids=["silent", "ends", "refuses", "http", "bytes", "endless", "elsewhere", "port", "nonsense"],
)
def test_a_server_that_does_not_behave_is_left_in_time(images: Path, talk: Callable[[socket.socket], object], said: str) -> None:
    with talker(talk) as port, pytest.raises(DeliveryError, match=said) as why:
        send(images, port, tls="none", timeout_s=1 if said == "no answer in 1 s" else 20)
    assert isinstance(why.value, PeerRefused) == ("answers" in said)


@pytest.mark.parametrize(("said", "kind"), [(b"421 too many", PeerBusy), (b"530 who?", LogInRefused), (b"550 no", PeerRefused)])
def test_what_any_file_would_be_answered_is_told_from_what_is_about_this_one(
    images: Path, said: bytes, kind: type[DeliveryError]
) -> None:
    with talker(answers(b"220 hello\r\n", said + b"\r\n")) as port, pytest.raises(DeliveryError) as why:
        send(images, port, tls="none")
    assert (type(why.value), str(why.value)) == (kind, f"127.0.0.1:{port} answers {said.decode()}")
