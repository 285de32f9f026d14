"""EMAIL action against aiosmtpd: STARTTLS required, TLS, log-in, several receivers, refusals, and servers that do not behave."""

from __future__ import annotations

import email
import email.policy
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from board.kit.errors import ConfigError, DeliveryError, LogInRefused, PeerBusy, PeerRefused
from board.kit.settings import check
from engine.actions.email import ACTION, EmailOptions
from engine.network import Network
from engine.types import PassageImages
from tests.certificates import Certificates, make_certificates
from tests.daemons import free_port
from tests.samples import entry, env, event
from tests.talker import talker

USER, PASSWORD = "gate", "s3cret:päss"


class Box:
    """Keeps what is delivered as (sender, receivers, message); knows nobody called "nobody", and takes mail for "later" only when
    it is asked once more."""

    def __init__(self) -> None:
        self.asked_before = False
        self.got: list[tuple[str, list[str], EmailMessage]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, receiver: str, options: Any) -> str:
        if receiver.startswith("nobody"):
            return "550 no such user"
        if receiver.startswith("abroad"):
            return "454 4.7.1 relay access denied"
        if receiver.startswith("later") and not self.asked_before:
            self.asked_before = True
            return "450 greylisted"
        envelope.rcpt_tos.append(receiver)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        found = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        self.got.append((envelope.mail_from, envelope.rcpt_tos, found))
        return "250 taken"


Serve = Callable[..., Controller]


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path)


@pytest.fixture
def context(certificates: Certificates) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificates.certificate, certificates.key)
    return made


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def serve(box: Box) -> Iterator[Serve]:
    made: list[Controller] = []

    def start(**options: Any) -> Controller:
        controller = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
        controller.start()
        made.append(controller)
        return controller

    yield start
    for controller in made:
        controller.stop()


def log_in(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(handled=False, success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()))


def send(folder: Path = Path("/nonexistent"), stored: PassageImages | None = None, plate: str = "HK55EVB", **options: Any) -> str:
    chosen = check(EmailOptions, {"host": "127.0.0.1", **options})
    seen = event(plate, listed=entry("HK55EVB", description="Frau Müller"), images=stored or PassageImages())
    return str(ACTION.deliver(seen, chosen, env(images=folder)))


def failed(**options: Any) -> str:
    with pytest.raises(DeliveryError) as why:
        send(**options)
    assert why.value.__cause__ is None or isinstance(why.value, PeerRefused)
    return str(why.value)


def test_a_server_that_requires_starttls_and_a_log_in_gets_the_mail_with_its_picture(
    serve: Serve, box: Box, certificates: Certificates, context: ssl.SSLContext, tmp_path: Path
) -> None:
    picture = bytes(range(256)) * 400
    (tmp_path / "full.jpg").write_bytes(picture)
    server = serve(tls_context=context, require_starttls=True, auth_required=True, authenticator=log_in)
    note = send(
        tmp_path,
        PassageImages(full="full.jpg"),
        port=server.port,
        ca=certificates.ca,
        user=USER,
        password=PASSWORD,
        to="wache@münchen.example\nb@example.org",
        subject="차량 {plate} für {description}",
    )
    assert note == f"127.0.0.1:{server.port} took the mail for wache@xn--mnchen-3ya.example, b@example.org"
    [(sender, receivers, mail)] = box.got
    assert (sender, receivers) == ("camera@example.org", ["wache@xn--mnchen-3ya.example", "b@example.org"])
    assert mail["Subject"] == "차량 HK55EVB für Frau Müller"
    body = mail.get_body()
    assert body is not None
    assert body.get_content().splitlines() == [
        "HK55EVB was seen at Gate north on 2026-01-02 at 04:04:05.",
        "List: WHITELIST Frau Müller",
    ]
    [attached] = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("HK55EVB_full.jpg", picture)


def test_tls_from_the_first_byte(serve: Serve, box: Box, certificates: Certificates, context: ssl.SSLContext) -> None:
    server = serve(ssl_context=context)
    assert send(port=server.port, tls="tls", ca=certificates.ca).endswith("took the mail for gate@example.org")
    assert len(box.got) == 1


@pytest.mark.parametrize("excluded", [["PLAIN"], ["LOGIN"]])
def test_either_way_of_logging_in_works_and_a_wrong_password_is_told(
    serve: Serve, box: Box, certificates: Certificates, context: ssl.SSLContext, excluded: list[str]
) -> None:
    server = serve(tls_context=context, auth_required=True, authenticator=log_in, auth_exclude_mechanism=excluded)
    known: dict[str, Any] = {"port": server.port, "ca": certificates.ca, "user": USER}
    send(**known, password=PASSWORD)
    assert len(box.got) == 1
    assert failed(**known, password="wrong").startswith(f"127.0.0.1:{server.port} answers 535 ")
    assert len(box.got) == 1


def test_starttls_is_not_given_up_when_the_server_lacks_it(serve: Serve, box: Box) -> None:
    server = serve()
    said = failed(port=server.port, user=USER, password=PASSWORD)
    assert said == f"127.0.0.1:{server.port}: it does not offer STARTTLS: choose TLS, or none if the network is your own"
    assert box.got == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_refused_unless_the_check_is_off(
    serve: Serve, box: Box, context: ssl.SSLContext, tls: str
) -> None:
    server = serve(ssl_context=context) if tls == "tls" else serve(tls_context=context)
    assert "its certificate is not accepted (unable to get local issuer certificate)" in failed(port=server.port, tls=tls)
    assert box.got == []
    send(port=server.port, tls=tls, verify_tls=False)
    assert len(box.got) == 1


def test_a_certificate_for_another_name_is_refused(
    serve: Serve, certificates: Certificates, context: ssl.SSLContext, box: Box
) -> None:
    server = serve(ssl_context=context)
    said = failed(port=server.port, tls="tls", ca=certificates.ca, host="127.0.0.2")
    assert said == f"127.0.0.2:{server.port}: no connection (Connection refused)"
    with pytest.raises(DeliveryError, match=r"its certificate is not accepted \(IP address mismatch"):
        chosen = EmailOptions(host="::ffff:127.0.0.1", port=server.port, tls="tls", ca=certificates.ca)
        ACTION.deliver(event(), chosen, env())
    assert box.got == []


def test_who_is_refused_is_named_and_others_get_their_mail(serve: Serve, box: Box) -> None:
    server = serve()
    note = send(port=server.port, tls="none", to="a@example.org, nobody@example.org")
    assert note == f"127.0.0.1:{server.port} took the mail for a@example.org, but not for nobody@example.org"
    assert box.got[0][1] == ["a@example.org"]
    said = failed(port=server.port, tls="none", to="nobody@example.org")
    assert said == f"127.0.0.1:{server.port} answers 550 no such user"


def test_who_is_refused_for_now_gets_the_mail_later_and_the_others_get_it_once(serve: Serve, box: Box) -> None:
    server = serve()
    chosen = EmailOptions(
        host="127.0.0.1", port=server.port, tls="none", to="a@example.org, later@example.org, nobody@example.org", images="none"
    )
    tries = env()
    with pytest.raises(PeerRefused, match=r"took the mail for a@example.org, but not for later@example.org, nobody@example.org$"):
        ACTION.deliver(event(), chosen, tries)
    said = str(ACTION.deliver(event(), chosen, tries))
    assert said.endswith(" took the mail for a@example.org, later@example.org, but not for nobody@example.org")
    assert [receivers for _, receivers, _ in box.got] == [["a@example.org"], ["later@example.org"]]
    assert len({mail["Message-ID"] for _, _, mail in box.got}) == 1


def test_a_plate_of_a_stranger_adds_no_header_and_no_receiver(serve: Serve, box: Box) -> None:
    server = serve()
    nasty = "X\r\nBcc: thief@example.org\r\n.\r\nRCPT TO:<thief@example.org>"
    send(port=server.port, tls="none", subject="{plate}", body="{plate}\n.\nend", plate=nasty)
    [(_, receivers, mail)] = box.got
    assert receivers == ["gate@example.org"]
    assert "Bcc" not in mail and mail["Subject"].startswith("X  Bcc: thief@example.org")
    assert mail.get_content().splitlines()[1:] == [".", "end"]


def test_immix_gets_its_alarm(serve: Serve, box: Box) -> None:
    server = serve()
    send(port=server.port, tls="none", format="IMMIX", to="S23375@ImmixAlarms.com", immix_input=21, images="none")
    [(_, receivers, mail)] = box.got
    assert (receivers, mail.get_content_type()) == (["S23375@ImmixAlarms.com"], "text/plain")
    assert (
        "<Input1>21</Input1>\n<EventType>VehicleDetected</EventType>\n<ExtraText>HK55EVB in WHITELIST</ExtraText>"
        in mail.get_content().replace("\r\n", "\n")
    )


def test_the_whole_event_is_attached_where_it_is_wanted(serve: Serve, box: Box) -> None:
    server = serve()
    for document in ("XML", "JSON"):
        send(port=server.port, tls="none", document=document)
    names = [[part.get_filename() for part in mail.iter_attachments()] for _, _, mail in box.got]
    assert names == [["HK55EVB.xml"], ["HK55EVB.json"]]


def test_no_secret_stands_in_the_log_or_an_error(
    serve: Serve, certificates: Certificates, context: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "actions")
    server = serve(tls_context=context, auth_required=True, authenticator=log_in)
    said = failed(port=server.port, ca=certificates.ca, user=USER, password="wrong-s3cret")
    assert "s3cret" not in said + "".join(each.getMessage() for each in caplog.records if each.name == "actions")


def test_the_camera_itself_is_not_reached(serve: Serve, box: Box) -> None:
    server = serve()
    barred = replace(env(), network=Network(lambda: ()))
    with pytest.raises(ConfigError, match="actions may not reach it"):
        ACTION.deliver(event(), EmailOptions(host="127.0.0.1", port=server.port, tls="none"), barred)
    assert box.got == []


# --- servers that do not behave ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["none", "tls"])
@pytest.mark.parametrize(
    ("last", "said"), [(b"552 too large\r\n", " answers 552 too large$"), (b"", "it ended the connection|reset by peer")]
)
def test_a_server_that_ends_a_mail_which_is_too_large_for_it_is_heard(
    certificates: Certificates, context: ssl.SSLContext, tmp_path: Path, tls: str, last: bytes, said: str
) -> None:
    def talk(peer: socket.socket) -> None:
        with context.wrap_socket(peer, server_side=True) if tls == "tls" else peer as connection:
            for answer in (b"220 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
                connection.sendall(answer)
                connection.recv(1000)
            connection.sendall(last)

    (tmp_path / "full.jpg").write_bytes(bytes(8_000_000))
    with talker(talk) as port, pytest.raises(DeliveryError, match=said):
        send(tmp_path, PassageImages("full.jpg", ""), port=port, tls=tls, ca=certificates.ca if tls == "tls" else "")


@pytest.mark.parametrize(
    ("talk", "said"),
    [
        (lambda peer: peer.recv(1) and None, "no answer in 1 s"),
        (lambda peer: peer.close(), "it ended the connection"),
        (lambda peer: peer.sendall(b"554 go away\r\n"), " answers 554 go away"),
        (lambda peer: peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "it does not answer in SMTP"),
        (lambda peer: [peer.sendall(b"220-and more\r\n" * 100) for _ in range(10_000)], "it talks without end"),
        (lambda peer: [peer.sendall(b"2") or time.sleep(0.05) for _ in range(1000)], "no answer in 1 s"),
    ],
    ids=["silent", "ends", "refuses", "http", "endless", "byte by byte"],
)
def test_a_server_that_does_not_behave_is_left_in_time(talk: Callable[[socket.socket], object], said: str) -> None:
    with talker(talk) as port, pytest.raises(DeliveryError, match=said):
        send(port=port, timeout_s=1 if said == "no answer in 1 s" else 20)


@pytest.mark.parametrize(("code", "kind"), [(421, PeerBusy), (454, LogInRefused), (530, LogInRefused), (554, PeerRefused)])
def test_what_any_mail_would_be_answered_is_told_from_what_is_about_this_one(code: int, kind: type[DeliveryError]) -> None:
    with talker(lambda peer: peer.sendall(f"{code} no\r\n".encode())) as port, pytest.raises(DeliveryError) as why:
        send(port=port)
    assert (type(why.value), str(why.value)) == (kind, f"127.0.0.1:{port} answers {code} no")


def looks_at_mails(seconds: float) -> Callable[[socket.socket], object]:
    """A server that takes this long to answer a mail."""

    def talk(peer: socket.socket) -> None:
        with peer.makefile("rb") as lines:
            peer.sendall(b"220 hello\r\n")
            for line in lines:
                if line.upper() == b"DATA\r\n":
                    peer.sendall(b"354 go on\r\n")
                elif line == b".\r\n":
                    time.sleep(seconds)
                    peer.sendall(b"250 taken\r\n")
                elif line[:4].upper() in (b"EHLO", b"MAIL", b"RCPT"):
                    peer.sendall(b"250 yes\r\n")

    return talk


def test_a_server_that_looks_at_a_mail_for_long_gets_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It had the mail when the time was over, got it again with each try, and so did the receivers; others waited behind it."""
    with talker(looks_at_mails(1.5)) as port:
        assert send(port=port, tls="none", timeout_s=1) == f"127.0.0.1:{port} took the mail for gate@example.org"
    monkeypatch.setattr("engine.actions.email.ANSWER_S", 1.0)
    with talker(looks_at_mails(4.0)) as port, pytest.raises(DeliveryError, match="no answer in 2 s"):
        send(port=port, tls="none", timeout_s=1)


def test_a_receiver_whom_a_server_does_not_relay_to_is_no_refused_log_in(serve: Serve) -> None:
    server = serve()
    with pytest.raises(DeliveryError, match=r"answers 454 4\.7\.1 relay access denied") as why:
        send(port=server.port, tls="none", to="abroad@example.org")
    assert type(why.value) is PeerRefused
