"""EMAIL action: sends the passage by SMTP (manual 4.4, List tab), for people or for a central station that runs Immix."""

from __future__ import annotations

import base64
import ipaddress
import re
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, DeliveryError, LogInRefused, PeerBusy, PeerRefused
from board.kit.settings import Settings, field_validator, model_validator, option
from board.kit.words import Text, mark, one_line
from engine.actions._exchange import Bounded, Exchange, Host, exchange, place
from engine.actions._kind import ActionEnv, ActionKind
from engine.actions._tls import Certificates, ca_option, client_context
from engine.formats.mail import IMMIX_EVENTS, Attachment, address, addresses, compose, immix, said, sorted_out
from engine.formats.places import check_template
from engine.types import PlateEvent

if TYPE_CHECKING:
    from smtplib import SMTP

PORTS = {"starttls": 587, "tls": 465, "none": 25}

PICTURES = {"none": (), "plate": ("plate",), "full": ("full",), "both": ("full", "plate")}

ANSWERS = mark("{server} answers {code} {reason}")

MEANT_FOR_ALL: Mapping[int, type[DeliveryError]] = {
    421: PeerBusy,
    **dict.fromkeys((454, 530, 534, 535, 538), LogInRefused),
}
"""Answers that any other mail would get as well (RFC 5321, 3.8; RFC 4954, 4 and 6)."""

ANSWER_S = 120.0
"""How long a server may look at a mail that it has (RFC 5321, 4.5.3.2.6, names 600 s): who leaves sooner sends it again, and all
get it as often."""

BUT_NOT = mark("{server} took the mail for {receivers}, but not for {refused}")

TO_WHOM = ("host", "port", "tls", "ca", "verify_tls", "user")


class EmailOptions(Settings):
    host: Host = option("mail.example.org", "Host", "Name or address of the mail server.", max_length=253)
    port: int = option(
        0, "Port", "0: the usual one, 587 with STARTTLS, 465 with TLS, 25 with none.", zero="usual port", ge=0, le=65535
    )
    tls: str = option(
        "starttls",
        "Encryption",
        "starttls: begins openly, goes no further unless encrypted; tls: from the first byte; none: anyone on the way can read it.",
        choices={"starttls": "STARTTLS", "tls": "TLS", "none": "none"},
    )
    ca: Certificates = ca_option({"tls": ("starttls", "tls"), "verify_tls": (True,)})
    verify_tls: bool = option(
        True,
        "Check the certificate",
        "Refuses a server whose certificate is not valid. Switch off only for a test.",
        when={"tls": ("starttls", "tls")},
    )
    user: str = option("", "User", "Empty: without logging in.", max_length=200)
    password: str = option(
        "",
        "Password",
        "Of the user at the mail server.",
        widget="password",
        belongs_to=TO_WHOM,
        max_length=200,
        when={"user": ("*",)},
    )
    sender: str = option("camera@example.org", "Sender", "Mail address that the messages come from.", max_length=320)
    to: str = option(
        "gate@example.org",
        "Receivers",
        "Mail addresses, with commas or one a line; none if the mail goes to the plate's own address alone.",
        widget="textarea",
        max_length=4000,
    )
    to_entry: bool = option(
        False, "To the plate's own", "Also to the e-mail address that the plate's entry has in its list. The others do not see it."
    )
    format: str = option(
        "TEXT",
        "Format",
        "TEXT: the text below; IMMIX: what a central station that runs Immix reads, with the subject as its extra text.",
        choices=("TEXT", "IMMIX"),
    )
    subject: str = option(
        "{plate} in {list}",
        "Subject",
        "{plate}, {list}, {description}, {date}, {clock}, {device}, {site}, {decision} and others are filled in.",
        max_length=200,
    )
    body: str = option(
        "{plate} was seen at {device} on {date} at {clock}.\nList: {list} {description}",
        "Text",
        "The same places are filled in as in the subject.",
        widget="textarea",
        max_length=4000,
        when={"format": ("TEXT",)},
    )
    images: str = option(
        "full",
        "Pictures",
        "Which pictures are attached.",
        choices={"none": "none", "plate": "plate", "full": "whole picture", "both": "both"},
    )
    document: str = option(
        "none", "Document", "Attaches the whole event as a file as well (docs/messages.md).", choices=("none", "XML", "JSON")
    )
    immix_input: int = option(
        1, "Immix input", "IMMIX: the number of the alarm there.", ge=1, le=65535, when={"format": ("IMMIX",)}
    )
    immix_event: str = option(
        "VehicleDetected", "Immix event", "IMMIX: the type of the alarm there.", choices=IMMIX_EVENTS, when={"format": ("IMMIX",)}
    )
    timeout_s: float = option(
        30.0, "Timeout", "Longest wait, from the look-up of the server's name to the end of the mail.", unit="s", ge=1, le=120
    )

    @field_validator("subject", "body")
    @classmethod
    def _is_template(cls, text: str) -> str:
        return check_template(text.replace("\r\n", "\n"))

    @field_validator("sender")
    @classmethod
    def _is_address(cls, text: str) -> str:
        address(text)
        return text

    @field_validator("to")
    @classmethod
    def _are_addresses(cls, text: str) -> str:
        if text.strip():
            addresses(text)
        return text

    @model_validator(mode="after")
    def _has_receivers(self) -> EmailOptions:
        if not self.to.strip() and not self.to_entry:
            raise ConfigError("must name at least one mail address", field="to")
        return self

    @property
    def real_port(self) -> int:
        return self.port or PORTS.get(self.tls, 25)

    @property
    def server(self) -> str:
        return place(self.host, self.real_port)


def _deliver(event: PlateEvent, options: EmailOptions, env: ActionEnv) -> Text:
    named = addresses(options.to) if options.to.strip() else []
    own, wrong = _own(event) if options.to_entry else ([], [])
    receivers = list(dict.fromkeys((*named, *own)))
    if not receivers and wrong:
        address(wrong[0])  # says what is wrong with it
    if not receivers:
        return Text("nothing was sent: the plate's entry has no e-mail address")
    mail = _mail(event, options, env, named or own)
    before = env.parts.of(env.delivery_id)
    with exchange(env.network, options.server, options.timeout_s) as it:
        sent = _send(it, options, [each for each in receivers if each not in before], mail)
        taken = [*before, *sent.taken]
        if sent.refused and not taken:
            code, reason = next(iter(sent.refused.values()))
            known = {code: PeerBusy} if code == 421 else {}  # a server that does not relay says 454 to one receiver, as to a log-in
            raise _refusal(options, code, reason, known)
    left_out = [*sent.refused, *wrong]
    but_not = Text(BUT_NOT, {"server": options.server, "receivers": taken, "refused": left_out})
    if any(code < 500 for code, _ in sent.refused.values()):  # not for good: the others are not to get it with every try
        env.parts.add(env.delivery_id, *sent.taken)
        raise PeerRefused(but_not)
    if left_out:
        return but_not
    return Text("{server} took the mail for {receivers}", {"server": options.server, "receivers": taken})


def _own(event: PlateEvent) -> tuple[list[str], list[str]]:
    """The addresses of the entries of the plate itself, and of none like it; and what stands there and is none: the others are to
    get their mail all the same."""
    entries = [match.entry for match in event.matches if match.entry is not None and not match.distance]
    return sorted_out("\n".join(entry.email for entry in entries))


def _mail(event: PlateEvent, options: EmailOptions, env: ActionEnv, receivers: list[str]) -> bytes:
    subject = said(options.subject, event, env.device)
    if options.format == "IMMIX":
        body = immix(event, env.device, options.immix_input, options.immix_event, subject)
    else:
        body = said(options.body, event, env.device)
    return compose(
        event,
        env.device,
        sender=address(options.sender),
        receivers=receivers,
        subject=subject,
        body=body,
        attachments=_attachments(event, options, env),
        delivery_id=env.delivery_id,
    )


def _attachments(event: PlateEvent, options: EmailOptions, env: ActionEnv) -> list[Attachment]:
    stored = {"full": event.passage.images.full, "plate": event.passage.images.plate}
    plate = event.passage.plate or "NOPLATE"
    found = []
    for name in PICTURES[options.images]:
        content = env.images.read(stored[name])
        if content:
            found.append(Attachment(f"{plate}_{name}.jpg", content, "image/jpeg"))
    if options.document != "none":
        message = env.message(event, options.document)
        found.append(Attachment(f"{plate}.{message.extension}", message.body, message.content_type))
    return found


# --- the exchange -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sent:
    """What became of one mail: who gets it, and whom the server refused, with its answer (code, text)."""

    taken: Sequence[str]
    refused: Mapping[str, tuple[int, bytes]]


def _send(it: Exchange, options: EmailOptions, receivers: list[str], mail: bytes) -> _Sent:
    import smtplib

    client = _client(it, options)
    try:
        return _talk(client, options, receivers, mail)
    except smtplib.SMTPRecipientsRefused as why:
        return _Sent((), why.recipients)
    except smtplib.SMTPResponseException as why:
        raise _refusal(options, why.smtp_code, why.smtp_error) from why
    except smtplib.SMTPServerDisconnected as why:
        raise why.__context__ if isinstance(why.__context__, OSError) else EOFError() from None
    except smtplib.SMTPNotSupportedError as why:
        raise DeliveryError("it does not offer STARTTLS: choose TLS, or none if the network is your own") from why
    except smtplib.SMTPException as why:
        raise DeliveryError("it does not answer in SMTP") from why
    finally:
        client.close()


def _talk(client: SMTP, options: EmailOptions, receivers: list[str], mail: bytes) -> _Sent:
    code, text = client.connect(options.host, options.real_port)
    if code != 220:
        raise _refusal(options, code, text)
    client.local_hostname = _literal(client.sock.getsockname()[0] if client.sock else "127.0.0.1")
    if options.tls == "starttls":
        client.starttls(context=client_context(options.ca, options.verify_tls))
    client.ehlo_or_helo_if_needed()
    if options.user:
        _log_in(client, options)
    refused = client.sendmail(address(options.sender), receivers, mail)
    try:
        client.putcmd("QUIT")  # nobody waits for the answer: the mail is theirs
    except OSError:
        pass
    return _Sent([each for each in receivers if each not in refused], refused)


def _log_in(client: SMTP, options: EmailOptions) -> None:
    """In UTF-8, which smtplib's own cannot."""
    offered = client.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in offered:
        code, text = client.docmd("AUTH", "PLAIN " + _base64("\0".join(("", options.user, options.password))))
    elif "LOGIN" in offered:
        code, text = client.docmd("AUTH", "LOGIN")
        for each in (options.user, options.password):
            if code == 334:
                code, text = client.docmd(_base64(each))
    else:
        raise DeliveryError("it offers no log-in by PLAIN or LOGIN (it offers {offered})", offered=offered)
    if code not in (235, 503):  # 503: logged in already
        raise _refusal(options, code, text)


def _client(it: Exchange, options: EmailOptions) -> SMTP:
    import smtplib

    class Client(smtplib.SMTP):
        """Connects by our network and reads no more than a server may say."""

        def _get_socket(self, host: str, port: int, timeout: Any) -> Any:
            sock = it.connect(host, port)
            self._host = host  # whose certificate is checked at STARTTLS
            if options.tls == "tls":
                return client_context(options.ca, options.verify_tls).wrap_socket(sock, server_hostname=host)
            return sock

        def send(self, s: Any) -> None:
            if self.sock is None:
                return super().send(s)
            try:
                self.sock.sendall(s.encode("ascii") if isinstance(s, str) else s)
                if not isinstance(s, str):  # the whole mail, with its end
                    it.prolong(ANSWER_S)
                    self.sock.settimeout(max(0.01, it.end_s - time.monotonic()))
            except OSError:
                it.check()
                code, text = self.getreply()  # who ends early says why: the mail is too large
                raise smtplib.SMTPResponseException(code, text) from None

        def getreply(self) -> tuple[int, bytes]:
            if self.file is None and self.sock is not None:
                self.file = Bounded(self.sock.makefile("rb"))
            return super().getreply()

    return Client(local_hostname="[127.0.0.1]", timeout=options.timeout_s)


def _refusal(
    options: EmailOptions, code: int, text: bytes | str, known: Mapping[int, type[DeliveryError]] = MEANT_FOR_ALL
) -> DeliveryError:
    if code < 0:
        return DeliveryError("it does not answer in SMTP")
    reason = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    kind = known.get(code, PeerRefused)
    return kind(ANSWERS, server=options.server, code=code, reason=one_line(reason, 200))


def _literal(ip: str) -> str:
    """An address as the name by which a client introduces itself (RFC 5321, 4.1.3): the camera's name means nothing to a server."""
    ip = re.sub("%.*", "", ip)
    return f"[IPv6:{ip}]" if ipaddress.ip_address(ip).version == 6 else f"[{ip}]"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ACTION = ActionKind(
    name="email",
    label="EMAIL",
    purpose=mark("Send an e-mail"),
    about=mark("With the plate and its pictures."),
    icon="mail",
    options=EmailOptions,
    deliver=_deliver,
    pause_s=(15.0, 300.0),  # a server that greylists takes the mail some minutes later
    peer=lambda options: options.server,
)
