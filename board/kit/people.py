"""People: "who is this?", asked of the host by processes that speak other protocols (ONVIF, RTSP, FTP, a recorder's own).

The host counts wrong answers by the client's address, as it does for its own log-in. Secrets stay in the host, but for HA1.
"""

from __future__ import annotations

from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.errors import GatewrightError, WireError
from board.kit.wire import Codec, connect

USES = ("onvif", "nvr", "ftp")
"""What a device password can be for. "onvif" is also that of RTSP: recorders use one log-in for both."""
ANSWER_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True)
class CheckPassword:
    """A plain device password. `address`: the client's, as text; "" is nobody's and is not counted."""

    use: str
    user: str
    password: str
    address: str


@dataclass(frozen=True, slots=True)
class CheckDigest:
    """HTTP or RTSP digest (RFC 7616; RFC 2069 without `qop`). Everything as the client sent it, without quotes; `method` is the
    request's. `algorithm`: "MD5" or "SHA-256". The asker knows whether the nonce is its own and fresh, and whether `uri` is that of
    the request."""

    use: str
    user: str
    realm: str
    nonce: str
    uri: str
    response: str
    method: str
    address: str
    algorithm: str = "MD5"
    qop: str = ""
    nc: str = ""
    cnonce: str = ""


@dataclass(frozen=True, slots=True)
class CheckUsernameToken:
    """WS-UsernameToken with PasswordDigest = base64(SHA-1(nonce + created + password)). `nonce` in base64, `created` as sent. The
    host refuses a `created` that is more than 5 minutes off, and a nonce that it has seen."""

    user: str
    digest: str
    nonce: str
    created: str
    address: str
    use: str = "onvif"


@dataclass(frozen=True, slots=True)
class CheckToken:
    """An API token as `Authorization: Bearer` brings it."""

    token: str
    address: str


@dataclass(frozen=True, slots=True)
class AskHa1:
    """H(user:realm:password) for a library that does digest by itself (GStreamer). It opens what digest opens in this realm: do not
    store it. Asking counts nothing; the library must slow guessing down by itself."""

    use: str
    user: str
    realm: str
    algorithm: str = "MD5"


@dataclass(frozen=True, slots=True)
class Person:
    """The answer when it is right. `name`: the device password's or token's; `permissions`: a token's, or those of a device
    password that may only see; () for any other, which may do whatever its protocol offers."""

    name: str
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Nobody:
    """It is wrong. `wait_s`: it was not looked at, and none will be for this long (0: it was); `stale`: right but too old or used
    before (WS-UsernameToken)."""

    wait_s: float = 0.0
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Ha1:
    """In hex; "" when there is no such device password."""

    ha1: str


Question = CheckPassword | CheckDigest | CheckUsernameToken | CheckToken | AskHa1
PEOPLE_MESSAGES = (CheckPassword, CheckDigest, CheckUsernameToken, CheckToken, AskHa1, Person, Nobody, Ha1)


class PeopleUnreachable(GatewrightError):
    """The host does not answer: nobody can be let in."""


class People:
    """Asks at `socket` (State.people_socket); a connection for each question, so that it may be used from any thread."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._codec = Codec(PEOPLE_MESSAGES)

    def who(self, question: CheckPassword | CheckDigest | CheckUsernameToken | CheckToken) -> Person | Nobody:
        """PeopleUnreachable when there is no answer within 3 s."""
        answer = self._ask(question)
        if not isinstance(answer, Person | Nobody):
            raise PeopleUnreachable("the host answered {type}", type=type(answer).__name__)
        return answer

    def ha1(self, question: AskHa1) -> str:
        """ "" when there is no such device password; PeopleUnreachable as for `who`."""
        answer = self._ask(question)
        if not isinstance(answer, Ha1):
            raise PeopleUnreachable("the host answered {type}", type=type(answer).__name__)
        return answer.ha1

    def _ask(self, question: Question) -> object:
        try:
            channel = connect(self._socket, self._codec)
        except WireError as why:
            raise PeopleUnreachable("the host does not answer: {why}", why=why) from why
        try:
            channel.send(question)
            answer: object = channel.receive(ANSWER_WITHIN_S)
        except WireError as why:
            raise PeopleUnreachable("the host does not answer: {why}", why=why) from why
        finally:
            channel.close()
        if answer is None:
            raise PeopleUnreachable("the host did not answer within {seconds} s", seconds=ANSWER_WITHIN_S)
        return answer
