"""Device passwords: what recorders and servers log in with where a protocol needs the password itself (digest, WS-UsernameToken).

They are random, bound to one use, and stored encrypted with the camera's own key (AES-256-GCM), never as plain text.
"""

from __future__ import annotations

import base64
import hmac
import logging
import re
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.kept import Kept
from board.kit.people import USES
from board.kit.plain import known
from board.kit.words import Text
from firmware.people.leads import Leads
from firmware.people.sealing import Pairs, apart, seal, unseal

LOG = logging.getLogger("people")

MAX_DEVICES = 32
MAX_NAME = 40
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # none that looks like another: they are typed off a screen
_PASSWORD_LENGTH = 16  # 80 bits, and no recorder that we know of takes fewer characters
_VIEWER = "viewer"
_USER = re.compile(r"[a-z]+-[a-z2-9]{4}")
_KEY_BYTES = 32

Sealer = Callable[[Callable[[bytes, Pairs], list[bytes]], bytes, Pairs], list[bytes]]


@dataclass(frozen=True, slots=True)
class DevicePassword:
    """`user` is unique; `sealed`: nonce and encrypted password in base64; `maker`: who made it; `made`: when, UTC, ISO 8601.

    One of the use onvif that may only see has a user name of its own kind: it is sealed with the password, so that nobody changes
    it in the file, and earlier releases read it."""

    use: str
    name: str
    user: str
    sealed: str
    maker: str
    made: str

    @property
    def view_only(self) -> bool:
        return self.user.startswith(f"{_VIEWER}-")


class DevicePasswords:
    """Thread-safe; every change is on disk before it counts. They belong to the camera: removing their maker does not end them.

    `sealer`: who seals and unseals them, as firmware.people.sealing.apart does."""

    def __init__(self, folder: Path, clock: Clock, sealer: Sealer = apart) -> None:
        self._clock = clock
        self._sealer = sealer
        self._changing = threading.Lock()
        self._key_file = Kept(folder / "device-passwords.key", _parse_key, lambda key: {"key": key.hex()})
        self._kept = Kept(folder / "device-passwords.json", parse, lambda each: [asdict(one) for one in each])
        self.leads = Leads(folder)
        self._used: dict[str, str] = {}
        """{user: last use}, since the start."""
        key, stored = self._key_file.read(), self._kept.read()
        self._key = key.value
        self._passwords = self._unsealed(stored.value or ())
        self._devices: dict[str, DevicePassword] = {each.user: each for each in stored.value or () if each.user in self._passwords}
        self.damage: Text | None = key.damage or stored.damage
        lost = len(stored.value or ()) - len(self._devices)
        if lost or (self.damage is not None and None in (key.value, stored.value)):
            self.damage = Text("device passwords or their key are damaged: make them again for your recorders", {})
        if self.damage is not None:
            LOG.error("%s (%s; %s)", self.damage, key.damage or "key intact", stored.damage or "passwords intact")

    def make(self, use: str, name: str, maker: str, view_only: bool = False) -> tuple[DevicePassword, str]:
        """The new one and its password, which is told only now. ConfigError says what is wrong. `view_only`: of the use onvif, it
        switches no outputs; the other uses switch none anyway."""
        if use not in USES:
            raise ConfigError("use: must be one of {uses}", field="use", uses=", ".join(USES))
        if not 1 <= len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
            raise ConfigError("name: 1 to {most} characters that can be printed", field="name", most=MAX_NAME)
        password = _random(_PASSWORD_LENGTH)
        with self._changing:
            if len(self._devices) >= MAX_DEVICES:
                raise ConfigError("there are already {most} device passwords: remove one", most=MAX_DEVICES)
            if any((each.use, each.name) == (use, name) for each in self._devices.values()):
                raise ConfigError("there is a password {name} for {use} already", field="name", name=name, use=use)
            kind = _VIEWER if view_only and use == "onvif" else use
            user = next(word for word in iter(lambda: f"{kind}-{_random(4)}", "") if word not in self._devices)
            device = DevicePassword(use, name, user, "", maker, self._clock.now().isoformat(timespec="seconds"))
            device = replace(device, sealed=self._sealed(device, password))
            self._store({**self._devices, user: device})
            self._passwords[user] = password
        return device, password

    def remove(self, user: str) -> DevicePassword:
        """ConfigError when there is none with this user name."""
        with self._changing:
            device = self._devices.get(user)
            if device is None:
                raise ConfigError("there is no device password of {user}", user=user[:20])
            self._store({key: each for key, each in self._devices.items() if key != user})
            self._passwords.pop(user, None)
            self._used.pop(user, None)
        return device

    def all(self) -> tuple[DevicePassword, ...]:
        """By use and name."""
        return tuple(sorted(self._devices.values(), key=lambda each: (each.use, each.name)))

    def last_use(self, user: str) -> str:
        """When it was last right, since the start; "" for never."""
        return self._used.get(user, "")

    def secret(self, use: str, user: str) -> tuple[DevicePassword, str] | None:
        """The device and its password, when it is of that use."""
        device, password = self._devices.get(user), self._passwords.get(user)
        return (device, password) if device is not None and password is not None and device.use == use else None

    def right(self, use: str, user: str, password: str) -> DevicePassword | None:
        """The device when this is its password and its use."""
        found = self.secret(use, user)
        known = found[1] if found else _random(_PASSWORD_LENGTH)
        same = hmac.compare_digest(known.encode(), password.encode("utf-8", "surrogatepass"))
        return found[0] if found and same else None

    def note_use(self, device: DevicePassword) -> None:
        self._used[device.user] = self._clock.now().isoformat(timespec="seconds")

    def _sealed(self, device: DevicePassword, password: str) -> str:
        if self._key is None:
            self._key = self._new_key()
        (sealed,) = self._sealer(seal, self._key, [(password.encode(), _bound_to(device))])
        return base64.b64encode(sealed).decode()

    def _unsealed(self, devices: Sequence[DevicePassword]) -> dict[str, str]:
        """{user: password}, without those that were sealed with another key, for another use or user, or are damaged."""
        if self._key is None or not devices:
            return {}
        pairs = [(base64.b64decode(each.sealed), _bound_to(each)) for each in devices]
        found = zip(devices, self._sealer(unseal, self._key, pairs), strict=True)
        return {device.user: password.decode() for device, password in found if password}

    def _new_key(self) -> bytes:
        key = secrets.token_bytes(_KEY_BYTES)
        try:
            self._key_file.write(key)
        except OSError as why:
            raise ConfigError("the key of device passwords cannot be stored: {reason}", reason=why.strerror) from why
        return key

    def _store(self, devices: dict[str, DevicePassword]) -> None:
        try:
            self._kept.write(tuple(devices.values()))
        except OSError as why:
            raise ConfigError("the device passwords cannot be stored: {reason}", reason=why.strerror) from why
        self._devices = devices


def _bound_to(device: DevicePassword) -> bytes:
    return f"{device.use}\0{device.user}".encode()


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _parse_key(document: Any) -> bytes:
    key = bytes.fromhex(document["key"])
    if len(key) != _KEY_BYTES:
        raise ValueError("the key has another length")
    return key


def parse(document: Any) -> tuple[DevicePassword, ...]:
    """The device passwords of a stored document; ValueError, TypeError or LookupError when it is not right."""
    devices = tuple(DevicePassword(**known(DevicePassword, fields)) for fields in document)
    for device in devices:
        if not all(isinstance(word, str) for word in asdict(device).values()) or not _USER.fullmatch(device.user):
            raise TypeError("a field is not right")
        base64.b64decode(device.sealed, validate=True)
    return devices
