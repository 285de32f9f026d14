"""The camera's FTP server, as its clients see it: ftplib, curl and lftp over TLS, and what strangers try."""

from __future__ import annotations

import ftplib
import io
import os
import re
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509

from firmware.certificates.own import fingerprint
from tests.daemons import find_daemon, free_port
from tests.ftp_camera import FtpCamera, ftp_camera
from tests.waiting import until


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FtpCamera]:
    with ftp_camera(tmp_path_factory.mktemp("state"), wrong_s=0.02, room_bytes=3_000_000) as camera:
        yield camera


@pytest.fixture
def camera(running: FtpCamera) -> Iterator[FtpCamera]:
    yield running
    for each in running.folder.iterdir():
        if each.name == "lists":
            for file in each.iterdir():
                file.unlink()
        elif each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()


def answer(client: ftplib.FTP, command: str) -> str:
    try:
        return client.sendcmd(command)
    except ftplib.Error as why:
        return str(why)


def test_it_is_alive_before_anybody_connects(tmp_path: Path) -> None:
    """The supervisor ended it for hanging every quarter of a minute, until somebody did connect."""
    with ftp_camera(tmp_path) as camera:
        beat = camera.state.beat("ftp")
        first = beat.stat().st_mtime_ns
        until(lambda: beat.stat().st_mtime_ns > first, "the next heartbeat")


def test_who_logged_in_with_a_password_that_is_removed_is_sent_away_and_nobody_else(tmp_path: Path) -> None:
    with ftp_camera(tmp_path, look_again_s=0.1) as camera, camera.client() as gone, camera.client(log_in=False) as stays:
        stays.login(*other_password(camera))
        camera.devices.remove(camera.user)

        def is_gone() -> bool:
            try:
                gone.voidcmd("NOOP")
            except (EOFError, OSError):
                return True
            return False

        until(is_gone, "the end of who has no password any more")
        stays.voidcmd("NOOP")


def other_password(camera: FtpCamera) -> tuple[str, str]:
    device, password = camera.devices.make("ftp", "recorder", "test")
    return device.user, password


# --- what clients need ------------------------------------------------------------------------------------------------


def test_a_file_is_stored_listed_fetched_renamed_and_deleted_over_tls(camera: FtpCamera) -> None:
    with camera.client() as client:
        client.storbinary("STOR list.xml.part", io.BytesIO(b"<lists/>" * 1000))
        client.rename("list.xml.part", "list.xml")
        facts = dict(client.mlsd())["list.xml"]
        assert (facts["type"], facts["size"]) == ("file", "8000")
        assert client.size("list.xml") == 8000
        assert client.sendcmd("MDTM list.xml") == f"213 {facts['modify']}"
        assert client.sendcmd("MFMT 20260102030405 list.xml") == "213 Modify=20260102030405; /list.xml."
        assert client.sendcmd("MDTM list.xml") == "213 20260102030405"
        got = io.BytesIO()
        client.retrbinary("RETR list.xml", got.write)
        assert got.getvalue() == b"<lists/>" * 1000
        client.delete("list.xml")
        assert client.nlst() == ["lists"]


def test_a_rename_replaces_a_file_and_a_reader_has_the_old_one_to_its_end(camera: FtpCamera) -> None:
    old, new = b"old" * 300_000, b"new"
    with camera.client() as reader, camera.client() as writer:
        writer.storbinary("STOR a", io.BytesIO(old))
        reader.voidcmd("TYPE I")
        with reader.transfercmd("RETR a") as data:
            got = data.recv(10)
            writer.storbinary("STOR a.part", io.BytesIO(new))
            writer.rename("a.part", "a")
            while some := data.recv(65_536):
                got += some
        assert got == old
        assert writer.size("a") == 3


def test_transfers_go_on_where_they_broke_off_and_append(camera: FtpCamera) -> None:
    with camera.client() as client:
        client.storbinary("STOR a", io.BytesIO(b"0123456789"))
        client.storbinary("APPE a", io.BytesIO(b"abc"))
        client.storbinary("STOR a", io.BytesIO(b"XYZ"), rest=10)
        got = io.BytesIO()
        client.retrbinary("RETR a", got.write, rest=8)
        assert got.getvalue() == b"89XYZ"
        assert answer(client, "REST 99").startswith("350")
        assert (camera.folder / "a").read_bytes() == b"0123456789XYZ"


def test_types_are_those_of_the_least_that_every_server_takes(camera: FtpCamera) -> None:
    """RFC 959, 5.1: "TYPE - ASCII Non-print", which is TYPE A N in full."""
    with camera.client() as client:
        types = ("A", "A N", "a n", "I", "L 8", "E N", "A T")
        assert [answer(client, f"TYPE {each}")[:3] for each in types] == ["200"] * 5 + ["504"] * 2


def test_active_mode_works_to_the_client_alone(camera: FtpCamera) -> None:
    with camera.client() as client:
        client.set_pasv(False)
        client.storbinary("STOR a", io.BytesIO(b"active"))
        assert client.nlst() == ["a", "lists"]
        assert answer(client, "PORT 192,168,1,9,200,10") == "501 Rejected data connection to foreign address 192.168.1.9:51210."
        assert answer(client, "EPRT |1|192.168.1.9|51210|") == "501 Rejected data connection to foreign address 192.168.1.9:51210."
        assert answer(client, "PORT 127,0,0,1,0,80") == '501 PORT against the privileged port "80" refused.'


def test_nobody_else_gets_a_data_connection(camera: FtpCamera) -> None:
    with camera.client() as client:
        _, port = client.makepasv()
        with socket.create_connection(("127.0.0.1", port), timeout=20, source_address=("127.0.0.2", 0)) as thief:
            assert thief.recv(10) == b""
        assert client.getmultiline().startswith("425 Rejected data connection from foreign address 127.0.0.2:")


def test_curl_fetches_and_stores_with_the_camera_s_certificate(camera: FtpCamera, tmp_path: Path) -> None:
    curl = find_daemon("curl")
    (camera.lists / "all.xml").write_bytes(b"<grouplist/>")
    (tmp_path / "camera.crt").write_text(camera.certificate)
    (tmp_path / "up.txt").write_bytes(b"up")
    certificate = x509.load_pem_x509_certificate(camera.certificate.encode())
    name = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    base = [curl, "-sS", "--ssl-reqd", "--cacert", str(tmp_path / "camera.crt"), "-u", f"{camera.user}:{camera.password}"]
    base += ["--connect-to", f"{name}:{camera.port}:127.0.0.1:{camera.port}"]
    url = f"ftp://{name}:{camera.port}"
    got = subprocess.run([*base, "-I", f"{url}/lists/all.xml"], capture_output=True, text=True, timeout=60)
    assert (got.returncode, got.stdout.splitlines()[1]) == (0, "Content-Length: 12"), got.stderr
    got = subprocess.run([*base, f"{url}/lists/all.xml"], capture_output=True, text=True, timeout=60)
    assert (got.returncode, got.stdout) == (0, "<grouplist/>"), got.stderr
    put = subprocess.run([*base, "-T", str(tmp_path / "up.txt"), "--ftp-create-dirs", f"{url}/a/b/up.txt"], timeout=60)
    assert put.returncode == 0
    assert (camera.folder / "a" / "b" / "up.txt").read_bytes() == b"up"


def test_lftp_mirrors_a_folder(camera: FtpCamera, tmp_path: Path) -> None:
    lftp = find_daemon("lftp")
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    for number in range(4):
        (tmp_path / "tree" / "sub" / f"{number}.txt").write_text(f"file {number}")
    script = (
        "set ftp:ssl-force yes; set ssl:verify-certificate no; set net:max-retries 1; "
        f"open -u {camera.user},{camera.password} -p {camera.port} 127.0.0.1; mirror -R -P 3 {tmp_path}/tree /tree; "
        f"mirror -P 3 /tree {tmp_path}/back; bye"
    )
    done = subprocess.run(
        [lftp, "-c", script], capture_output=True, text=True, timeout=60, env={**os.environ, "HOME": str(tmp_path)}
    )
    assert done.returncode == 0, done.stderr
    found = {each.name: each.read_text() for each in (tmp_path / "back" / "sub").iterdir()}
    assert found == {f"{number}.txt": f"file {number}" for number in range(4)}


class ReusingClient(ftplib.FTP_TLS):
    """Uses one TLS session for commands and data, as many servers want their clients to. `reused`: whether the camera took it."""

    reused: ClassVar[list[bool]] = []

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        assert isinstance(self.sock, ssl.SSLSocket)
        wrapped = self.context.wrap_socket(conn, server_hostname=self.host, session=self.sock.session)
        self.reused.append(bool(wrapped.session_reused))
        return wrapped, size


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_one_tls_session_serves_commands_and_data(camera: FtpCamera, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cadata=camera.certificate)
    context.check_hostname = False
    context.minimum_version = context.maximum_version = version
    ReusingClient.reused.clear()
    with ReusingClient(timeout=20, context=context) as client:
        client.connect("127.0.0.1", camera.port)
        client.login(camera.user, camera.password)
        client.prot_p()
        client.storbinary("STOR once", io.BytesIO(b"one session"))
        assert client.nlst("once") == ["once"]
    assert (camera.folder / "once").read_bytes() == b"one session"
    assert ReusingClient.reused == [True, True]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_who_sends_a_file_has_nothing_to_read(camera: FtpCamera, version: ssl.TLSVersion) -> None:
    """What lay there unread made the sender's machine reset the connection and throw away the end of the file."""
    with camera.client() as client:
        client.context.minimum_version = client.context.maximum_version = version
        conn, _ = client.ntransfercmd("STOR quiet")
        conn.sendall(b"x" * 100_000)
        until(lambda: (camera.folder / "quiet").exists() and (camera.folder / "quiet").stat().st_size == 100_000, "all of it")
        assert select.select([conn], [], [], 0)[0] == []
        conn.close()
        assert client.voidresp().startswith("226")


def test_what_is_no_tls_on_a_protected_data_connection_is_refused_at_once(camera: FtpCamera) -> None:
    with camera.client() as client:
        conn, _ = ftplib.FTP.ntransfercmd(client, "STOR open")
        conn.sendall(b"neither is this long enough for what its first bytes would promise")
        with pytest.raises(ftplib.error_perm, match="522"):
            client.voidresp()
        conn.close()


def test_a_file_that_ends_within_a_record_of_tls_is_not_said_to_be_there(camera: FtpCamera) -> None:
    with camera.client() as client:
        conn, _ = client.ntransfercmd("STOR cut")
        conn.sendall(b"x" * 1000)
        with socket.socket(fileno=conn.detach()) as sock:
            sock.sendall(b"\x17\x03\x03\x40\x00" + b"half of it")
        with pytest.raises(ftplib.error_temp, match="426"):
            client.voidresp()


def test_a_file_whose_connection_was_reset_is_not_said_to_be_there(tmp_path: Path) -> None:
    """lftp, and what else does not read what TLS 1.3 says after its handshake, lost the end of four files in ten, with 226."""
    with ftp_camera(tmp_path, tls="offered") as camera, camera.client() as client:
        for protection in ("P", "C"):
            client.prot_p() if protection == "P" else client.prot_c()
            conn, _ = client.ntransfercmd(f"STOR half-{protection}")
            conn.sendall(b"x" * 1000)
            there = camera.folder / f"half-{protection}"
            until(lambda there=there: there.exists() and there.stat().st_size == 1000, "its beginning")  # type: ignore[misc]
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            conn.close()
            with pytest.raises(ftplib.error_temp, match="426"):
                client.voidresp()


def test_data_connections_stay_within_the_passive_ports_and_name_the_address_that_others_see(tmp_path: Path) -> None:
    first, last = (port := free_port()), port + 39
    plan = {"clients": 1, "passive_from": first, "passive_to": last, "public_address": "203.0.113.7"}
    with ftp_camera(tmp_path, **plan) as camera, camera.client() as client:
        said = [answer(client, "PASV") for _ in range(3)]
        ports = [int(high) * 256 + int(low) for high, low in (re.findall(r"\d+", each)[-2:] for each in said)]
        assert all(first <= port <= last for port in ports), ports
        assert all("(203,0,113,7," in each for each in said), said
        assert first <= int(answer(client, "EPSV").split("|")[3]) <= last


# --- what is not theirs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    ["DELE lists/all.xml", "RNFR lists/all.xml", "RNFR lists", "RMD lists", "MKD lists/x", "MFMT 20260102030405 lists/all.xml"],
)
def test_the_camera_s_lists_are_read_and_never_changed(camera: FtpCamera, command: str) -> None:
    (camera.lists / "all.xml").write_bytes(b"<grouplist/>")
    with camera.client() as client:
        assert answer(client, command) == "550 Not enough privileges."
        with pytest.raises(ftplib.error_perm, match="550 Not enough privileges"):
            client.storbinary("STOR lists/../lists/all.xml", io.BytesIO(b"mine"))
        client.storbinary("STOR mine", io.BytesIO(b"mine"))
        client.sendcmd("RNFR mine")
        assert answer(client, "RNTO lists/all.xml") == "550 Not enough privileges."
    assert (camera.lists / "all.xml").read_bytes() == b"<grouplist/>"


def test_no_path_and_no_link_leads_out_of_the_folder(camera: FtpCamera) -> None:
    secret = camera.state.host / "secret"
    secret.write_text("secret")
    (camera.folder / "link").symlink_to(secret)
    (camera.folder / "up").symlink_to(camera.state.root)
    with camera.client() as client:
        for path in ("/../host/secret", "../../host/secret", str(secret), "link", "up/host/secret", "/proc/self/environ"):
            assert answer(client, f"SIZE {path}").startswith("550"), path
            with pytest.raises(ftplib.error_perm, match="550"):
                client.retrbinary(f"RETR {path}", lambda _: None)
        with pytest.raises(ftplib.error_perm, match="550"):
            client.cwd("up")
        assert client.pwd() == "/"


def test_the_half_that_talks_to_clients_has_no_rights_and_sees_nothing_but_the_folder(camera: FtpCamera) -> None:
    (child,) = Path(f"/proc/{camera.process.pid}/task/{camera.process.pid}/children").read_text().split()
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{child}/status").read_text().splitlines())
    assert "0" not in status["Uid"].split() and status["CapEff"] == "0" * 16 and status["NoNewPrivs"] == "1"
    if "not confined by the kernel" not in (camera.state.logs / "ftp.log").read_text():
        assert Path(f"/proc/{child}/root").readlink() == camera.folder


@pytest.mark.parametrize(
    "name",
    ["x" * 121, "/".join("abcdefghi"), "tab\there", "bell\x07", "null\0", "\udcff"],
    ids=["long", "deep", "tab", "bell", "null", "not-utf-8"],
)
def test_names_that_no_listing_could_show_are_refused(camera: FtpCamera, name: str) -> None:
    with camera.client() as client:
        client.sock.sendall(f"MKD {name}\r\n".encode("utf-8", "surrogateescape"))  # type: ignore[union-attr]
        assert client.getline() == "553 A name is too long, too deep or cannot be shown."


def test_what_others_store_is_bounded(camera: FtpCamera) -> None:
    with camera.client() as client:
        client.storbinary("STOR a", io.BytesIO(b"x" * 2_000_000))
        with pytest.raises(OSError), client.transfercmd("STOR b") as data:
            while True:
                data.sendall(b"x" * 100_000)
        assert client.getmultiline() == "426 Disk quota exceeded; transfer aborted."
        assert (camera.folder / "b").stat().st_size <= 1_000_000
        client.delete("b")
        client.storbinary("STOR a", io.BytesIO(b"y" * 2_900_000))  # it replaces what counted
        assert client.size("a") == 2_900_000


def test_a_folder_holds_no_more_names_than_a_listing_can_bear(camera: FtpCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1_999):
        (camera.folder / str(number)).touch()
    with camera.client() as client:
        client.storbinary("STOR own", io.BytesIO(b"x"))
        assert answer(client, "MKD more") == "550 Disk quota exceeded."
        with pytest.raises(ftplib.error_perm, match="550 Disk quota exceeded"):
            client.storbinary("STOR more", io.BytesIO(b"x"))
        client.storbinary("STOR own", io.BytesIO(b"again"))
        assert len(client.nlst()) == 2_001


# --- who comes in -----------------------------------------------------------------------------------------------------


def test_no_password_crosses_the_network_in_the_open_unless_the_camera_is_told_so(camera: FtpCamera, tmp_path: Path) -> None:
    with ftplib.FTP(timeout=20) as client:
        client.connect("127.0.0.1", camera.port)
        assert answer(client, "USER anyone") == "550 SSL/TLS required on the control channel."
    with camera.client(log_in=False) as client:
        client.login(camera.user, camera.password)
        assert answer(client, "EPSV") == "550 SSL/TLS required on the data channel."
    with ftp_camera(tmp_path, tls="offered", uploads=False) as other, ftplib.FTP(timeout=20) as plain:
        plain.connect("127.0.0.1", other.port)
        plain.login(other.user, other.password)
        assert plain.nlst() == ["lists"]
        with pytest.raises(ftplib.error_perm, match="550 Not enough privileges"):
            plain.storbinary("STOR a", io.BytesIO(b"x"))


def test_a_command_sent_in_the_open_behind_auth_does_not_count_afterwards(camera: FtpCamera) -> None:
    with socket.create_connection(("127.0.0.1", camera.port), timeout=20) as sock:
        sock.recv(100)
        sock.sendall(b"AUTH TLS\r\nNOOP\r\nNOOP\r\n")
        assert sock.recv(100) == b"234 AUTH TLS successful.\r\n"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(sock) as secure:
            assert secure.version() in ("TLSv1.2", "TLSv1.3")
            secure.sendall(b"SYST\r\n")
            assert secure.recv(100) == b"215 UNIX Type: L8\r\n"


def test_the_certificate_is_the_camera_s_and_stays(camera: FtpCamera) -> None:
    with camera.client() as client:
        shown = client.sock.getpeercert(binary_form=True)  # type: ignore[union-attr]
    assert ssl.DER_cert_to_PEM_cert(shown) == camera.certificate
    assert fingerprint(camera.certificate).count(":") == 31
    assert (camera.state.tls / "camera.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("user", "password"), [("anonymous", "me@example"), ("admin", "admin"), ("", "x")])
def test_neither_strangers_nor_people_come_in(camera: FtpCamera, user: str, password: str) -> None:
    with camera.client(log_in=False) as client:
        answer(client, f"USER {user}")
        assert answer(client, f"PASS {password}")[:3] in ("530", "503")
        assert answer(client, "LIST")[:3] == "530"


def test_a_password_of_another_use_does_not_open(camera: FtpCamera) -> None:
    device, password = camera.devices.make("onvif", "recorder", "test")
    with camera.client(log_in=False) as client:
        answer(client, f"USER {device.user}")
        assert answer(client, f"PASS {password}") == "530 Wrong user name or password."


def test_guesses_are_answered_one_by_one_and_end_the_connection(tmp_path: Path) -> None:
    with ftp_camera(tmp_path, wrong_s=0.02) as camera, camera.client(log_in=False) as client:
        guesses = b"".join(f"USER {camera.user}\r\nPASS {number}\r\n".encode() for number in range(4))
        client.sock.sendall(guesses)  # type: ignore[union-attr]
        said = [client.getline() for _ in range(6)]
        assert said == ["331 Username ok, send password.", "530 Wrong user name or password."] * 3
        with pytest.raises((EOFError, OSError)):
            client.getline()


def test_many_wrong_passwords_do_not_lock_the_right_one_out(tmp_path: Path) -> None:
    with ftp_camera(tmp_path, wrong_s=0.02) as camera:  # of its own: whoever guesses from this address later is hung up at once
        for number in range(12):
            with camera.client(log_in=False) as client:
                answer(client, f"USER {camera.user}")
                assert answer(client, f"PASS wrong{number}") == "530 Wrong user name or password."
        with camera.client() as client:
            assert client.nlst() == ["lists"]


def test_who_comes_by_ipv4_is_named_by_that_though_the_socket_is_one_of_ipv6(tmp_path: Path) -> None:
    with ftp_camera(tmp_path, bind="::") as camera:
        with camera.client(log_in=False) as client:
            answer(client, f"USER {camera.user}")
            assert answer(client, "PASS wrong") == "530 Wrong user name or password."
        with camera.client() as client:
            client.storbinary("STOR a", io.BytesIO(b"x"))
            assert client.nlst() == ["a", "lists"]
            assert answer(client, "EPSV 1").startswith("229 ")
            client.set_pasv(False)
            assert client.nlst() == ["a", "lists"]
        log = camera.state.logs / "ftp.log"
        until(lambda: f"wrong password for '{camera.user}' from 127.0.0.1" in log.read_text(), "the line in the log")


def test_a_name_that_nobody_has_is_not_logged_for_it_may_be_a_password(camera: FtpCamera) -> None:
    log = camera.state.logs / "ftp.log"
    for name in ("tr0ub4dor", camera.user):
        with camera.client(log_in=False) as client:
            answer(client, f"USER {name}")
            assert answer(client, "PASS wrong") == "530 Wrong user name or password."
    until(lambda: f"wrong password for '{camera.user}' from 127.0.0.1" in log.read_text(), "the line in the log")
    assert "wrong password for nobody that there is from 127.0.0.1" in log.read_text()
    assert "tr0ub4dor" not in log.read_text()


def test_who_holds_connections_without_a_log_in_takes_nobody_s_place(tmp_path: Path) -> None:
    with ftp_camera(tmp_path, clients=4, passive_to=50_499, log_in_within_s=60.0) as camera:
        idle = [socket.create_connection(("127.0.0.1", camera.port), source_address=("127.0.0.2", 0)) for _ in range(29)]
        try:
            with camera.client() as client:
                client.storbinary("STOR a", io.BytesIO(b"x"))
                assert client.nlst() == ["a", "lists"]
                assert camera.status()["clients"] in (0, 1)
        finally:
            for each in idle:
                each.close()


def test_who_does_not_log_in_in_time_is_sent_away(tmp_path: Path) -> None:
    with ftp_camera(tmp_path, log_in_within_s=3.0) as camera, camera.client() as client:
        with socket.create_connection(("127.0.0.1", camera.port), timeout=20) as silent:
            assert silent.recv(100) == b"220 Gatewright\r\n"
            assert silent.recv(100) == b""
        assert client.nlst() == ["lists"]


def test_a_transfer_that_stands_still_is_ended(tmp_path: Path) -> None:
    with ftp_camera(tmp_path, stalled_s=0.2) as camera, camera.client() as client:
        client.voidcmd("TYPE I")
        with client.transfercmd("STOR a") as data:
            data.sendall(b"x")
            assert client.getmultiline() == "421 Data connection timed out."


# --- its life ---------------------------------------------------------------------------------------------------------


def test_when_one_half_dies_the_other_does(tmp_path: Path) -> None:
    with ftp_camera(tmp_path) as camera:
        (child,) = Path(f"/proc/{camera.process.pid}/task/{camera.process.pid}/children").read_text().split()
        os.kill(int(child), signal.SIGKILL)
        assert camera.process.wait(20) == 1
        assert not camera.state.ftp_status.exists()
    with ftp_camera(tmp_path / "other") as camera:
        (child,) = Path(f"/proc/{camera.process.pid}/task/{camera.process.pid}/children").read_text().split()
        camera.process.kill()
        until(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2])


def test_a_taken_port_is_moved_and_said(tmp_path: Path, camera: FtpCamera) -> None:
    with ftp_camera(tmp_path, port=camera.port) as other:
        assert 2121 <= other.port < 2221
        log = (other.state.logs / "ftp.log").read_text()
        assert f"port {camera.port}: Address already in use; the FTP server is at port {other.port}" in log


def test_what_it_moved_is_counted(tmp_path: Path) -> None:
    with ftp_camera(tmp_path) as camera:
        with camera.client() as client:
            client.storbinary("STOR a", io.BytesIO(b"x" * 5_000))
            client.retrbinary("RETR a", lambda _: None)
            expected: dict[str, Any] = {"clients": 1, "sent": 5_000, "received": 5_000, "files": 2}
            until(lambda: {name: camera.status()[name] for name in expected} == expected)
            client.sendcmd(f"USER {camera.user}")  # it logs out, and takes no place for that
            client.sendcmd(f"PASS {camera.password}")
        until(lambda: camera.status()["clients"] == 0)
