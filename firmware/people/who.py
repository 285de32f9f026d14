"""Who: answers on STATE/run/people.sock: is this device password, digest or token right? (board/kit/people.py)"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import secrets
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from board.kit.clock import CLOCK_KNOWN, Clock
from board.kit.errors import WireError
from board.kit.once import Once
from board.kit.people import (
    PEOPLE_MESSAGES,
    AskHa1,
    CheckDigest,
    CheckPassword,
    CheckToken,
    CheckUsernameToken,
    Ha1,
    Nobody,
    Person,
)
from board.kit.reception import Reception
from board.kit.wire import Channel, Codec, PeerGone
from firmware.people.addresses import share_of
from firmware.people.device_passwords import DevicePassword, DevicePasswords
from firmware.people.guesses import Guesses
from firmware.people.leads import LEAST_S
from firmware.people.tokens import Tokens

LOG = logging.getLogger("people")

CREATED_WITHIN_S = 300.0
"""WS-Security UsernameToken Profile 1.1, 3.1: at least five minutes."""
WHOLE_SECOND_S = 1.0
"""Clients leave out the fraction of the second in which they made a token."""
VIEW_ONLY = ("review", "view")
MAX_NONCES = 4_096
MAX_ASKERS = 16
ASKER_SILENT_S = 2.0
_ALGORITHMS = {"MD5": "md5", "SHA-256": "sha256"}

TOKEN = "token"
"""Wrong tokens are counted as of one name."""


class Who:
    """Thread-safe. Device passwords and tokens are random: a right one is always let in, so that a recorder with an old password
    does not lock out the other programs at its address; wrong ones are counted, and told to wait."""

    def __init__(self, devices: DevicePasswords, tokens: Tokens, guesses: Guesses, clock: Clock) -> None:
        self._devices = devices
        self._tokens = tokens
        self._guesses = guesses
        self._clock = clock
        self._lock = threading.Lock()
        self._nonces = Once(MAX_NONCES)
        self._started_s = clock.monotonic_ns() / 1e9

    def answer(self, question: object) -> object:
        """The answer to one message of board/kit/people.py; Nobody to anything else."""
        match question:
            case CheckPassword():
                return self._device(question, self._devices.right(question.use, question.user, question.password))
            case CheckDigest():
                return self._device(question, self._digest(question))
            case CheckUsernameToken():
                return self._username_token(question)
            case CheckToken():
                return self.token(question.token, question.address)
            case AskHa1():
                found = self._devices.secret(question.use, question.user)
                known = found is not None and question.algorithm in _ALGORITHMS
                return Ha1(ha1(question.user, question.realm, found[1], question.algorithm) if found and known else "")
        return Nobody()

    def token(self, secret: str, address: str) -> Person | Nobody:
        """Whose token this is."""
        found = self._tokens.find(secret)
        if found is None:
            return self._wrong(address, TOKEN)
        token, permissions = found
        return Person(f"{token.maker} ({token.name})", tuple(sorted(permissions)))

    def _device(self, question: CheckPassword | CheckDigest | CheckUsernameToken, device: DevicePassword | None) -> Person | Nobody:
        if device is None:
            return self._wrong(question.address, _counted(question.use, question.user))
        self._devices.note_use(device)
        return Person(device.name, VIEW_ONLY if device.view_only else ())

    def _wrong(self, address: str, name: str) -> Nobody:
        return Nobody(self._guesses.begin(share_of(address), name) if address else 0.0)

    def _digest(self, asked: CheckDigest) -> DevicePassword | None:
        if asked.algorithm not in _ALGORITHMS or asked.qop not in ("", "auth"):
            return None
        found = self._devices.secret(asked.use, asked.user)
        expected = digest_response(asked, found[1] if found else secrets.token_hex(8))
        right = hmac.compare_digest(expected.encode(), asked.response.lower().encode("utf-8", "surrogatepass"))
        return found[0] if found and right else None

    def _username_token(self, asked: CheckUsernameToken) -> Person | Nobody:
        found = self._devices.secret(asked.use, asked.user)
        expected = username_token_digest(asked.nonce, asked.created, found[1] if found else secrets.token_hex(8))
        right = hmac.compare_digest(expected.encode(), asked.digest.encode("utf-8", "surrogatepass"))
        if found is None or not right:
            return self._device(asked, None)
        now, now_s = self._clock.now(), self._clock.monotonic_ns() / 1e9
        age_s = _age_s(asked.created, now)
        knows_time, up_s = now >= CLOCK_KNOWN, now_s - self._started_s
        if age_s is None or not self._is_fresh(asked, age_s, knows_time, now_s):
            return Nobody(stale=True)
        person = self._device(asked, found[0])
        lead_s = self._devices.leads.before_s(asked.user)
        if knows_time and lead_s and age_s + lead_s >= up_s and isinstance(person, Person):
            # By a clock that is so much ahead it may have been made, and used, before the start; what it makes now is past that.
            return replace(person, permissions=VIEW_ONLY)
        if knows_time and age_s < -LEAST_S and self._clock.synchronised():
            self._devices.leads.seen(asked.user, -age_s, [each.user for each in self._devices.all()])
        return person

    def _is_fresh(self, asked: CheckUsernameToken, age_s: float, knows_time: bool, now_s: float) -> bool:
        """It was made within 5 minutes and since the host's start, as far as the camera knows the time, and its nonce was not used
        before."""
        # One made before the start may have been used before it: an overheard token must not open a gate once the power is cut.
        if knows_time and (abs(age_s) > CREATED_WITHIN_S or age_s > now_s - self._started_s + WHOLE_SECOND_S):
            return False
        nonce = base64.b64decode(asked.nonce)  # not its text: several stand for the same bytes
        with self._lock:  # while the time is not known, none is forgotten for its age
            return self._nonces.first(asked.user, nonce, now_s if knows_time else 0.0, now_s + 2 * CREATED_WITHIN_S)


def is_counted(devices: DevicePasswords, name: str) -> bool:
    """Wrong passwords counted under this name are of a device that there is, or are tokens."""
    return name == TOKEN or any(name == _counted(each.use, each.user) for each in devices.all())


def _counted(use: str, user: str) -> str:
    return f"{use}/{user}"


def _age_s(created: str, now: datetime) -> float | None:
    """Of what a token names; None for what is no time."""
    try:
        at = datetime.fromisoformat(created)
    except ValueError:
        return None
    return (now - (at.replace(tzinfo=UTC) if at.tzinfo is None else at)).total_seconds()


class WhoServer:
    """Listens at `path`; a thread for each asker, 16 at most, ended when it is silent for 2 s."""

    def __init__(self, path: Path, who: Who) -> None:
        self._path = path
        self._who = who
        self._places = threading.BoundedSemaphore(MAX_ASKERS)
        self._reception = Reception(path, Codec(PEOPLE_MESSAGES), "people", LOG, self._receive, ASKER_SILENT_S)

    def start(self) -> None:
        """Listens when this returns."""
        self._reception.start()

    def close(self) -> None:
        if self._reception.close():
            self._path.unlink(missing_ok=True)

    def _receive(self, asker: Channel) -> None:
        self._places.acquire()
        try:
            threading.Thread(target=self._answer_to, args=(asker,), name="people-asker", daemon=True).start()
        except RuntimeError:
            self._places.release()
            raise

    def _answer_to(self, asker: Channel) -> None:
        try:
            while (question := asker.receive(ASKER_SILENT_S)) is not None:
                asker.send(self._who.answer(question))
        except PeerGone:
            pass
        except WireError as why:
            LOG.warning("people socket: %s", why)
        except Exception:  # the thread's top
            LOG.exception("people socket")
        finally:
            asker.close()
            self._places.release()


def ha1(user: str, realm: str, password: str, algorithm: str) -> str:
    """H(user:realm:password) in hex (RFC 7616, 3.4.2)."""
    return _hex(algorithm, user, realm, password)


def digest_response(asked: CheckDigest, password: str) -> str:
    """What `response` must be (RFC 7616, 3.4.1; without qop RFC 2069)."""
    first = ha1(asked.user, asked.realm, password, asked.algorithm)
    second = _hex(asked.algorithm, asked.method, asked.uri)
    if not asked.qop:
        return _hex(asked.algorithm, first, asked.nonce, second)
    return _hex(asked.algorithm, first, asked.nonce, asked.nc, asked.cnonce, asked.qop, second)


def username_token_digest(nonce: str, created: str, password: str) -> str:
    """Base64(SHA-1(nonce + created + password)) (WS-Security UsernameToken Profile 1.1, 3.1); `nonce` in base64. When either is
    missing: a value that nobody can have sent."""
    try:
        raw = base64.b64decode(nonce, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw or not created:
        return secrets.token_hex(16)
    sha1 = hashlib.sha1(raw + _bytes(created) + _bytes(password), usedforsecurity=False)
    return base64.b64encode(sha1.digest()).decode()


def _hex(algorithm: str, *parts: str) -> str:
    return hashlib.new(_ALGORITHMS[algorithm], b":".join(map(_bytes, parts)), usedforsecurity=False).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
