"""Administration: what one person may change of others and of themselves, each change recorded with who did it and from where."""

from __future__ import annotations

from board.kit.errors import ConfigError
from board.kit.permissions import ROLES
from board.kit.web.visitor import TOKEN, Visitor
from board.kit.words import mark
from firmware.people.accounts import Account, Accounts
from firmware.people.changes import Changes
from firmware.people.device_passwords import DevicePassword, DevicePasswords
from firmware.people.sessions import Sessions
from firmware.people.tokens import Token, Tokens

_OF_USE = {"onvif": "view", "nvr": "view", "ftp": "lists"}
"""{use of a device password: the permission for what its owner gets to see}"""


class Administration:
    """Thread-safe. ConfigError says what is wrong, and nothing is changed. Nobody gives, takes or changes what is beyond them: a
    token that may manage people makes no administrator."""

    def __init__(self, accounts: Accounts, sessions: Sessions, tokens: Tokens, devices: DevicePasswords, changes: Changes) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._tokens = tokens
        self._devices = devices
        self._changes = changes

    def set_password(self, visitor: Visitor, new: str, before: Account | None = None) -> Account:
        """The visitor's own; the account with it. All sessions of that account end. `before`: as its present password was found
        right."""
        if visitor.by == TOKEN:
            raise ConfigError("a token has no password: log in as its maker")
        account = self._accounts.set_password(visitor.name, new, before)
        self._sessions.close_all(visitor.name)
        self._record(visitor, mark("password changed"), visitor.name)
        return account

    def add_account(self, visitor: Visitor, name: str, role: str, password: str) -> None:
        """Its first log-in must choose another password."""
        _check_reach(visitor, role)
        self._accounts.add(name, role, password)
        self._record(visitor, mark("account added"), f"{name} ({role})")

    def set_role(self, visitor: Visitor, name: str, role: str) -> None:
        """The account's sessions end, so that no page shows what it may no longer see."""
        account = self._reached(visitor, name)
        _check_reach(visitor, role)
        self._accounts.set_role(name, role)
        self._sessions.close_all(name)
        self._record(visitor, mark("role changed"), f"{name} ({account.role} to {role})")

    def give_password(self, visitor: Visitor, name: str, new: str) -> None:
        """To another account, whose owner forgot it and replaces this one at the next log-in. Its sessions end; what its owner made
        for programs stays."""
        if name == visitor.name:
            raise ConfigError("choose your own password under Change password")
        self._reached(visitor, name)
        self._accounts.give_password(name, new)
        self._sessions.close_all(name)
        self._record(visitor, mark("password given"), name)

    def remove_account(self, visitor: Visitor, name: str) -> None:
        """With its sessions and the tokens that it made."""
        self._reached(visitor, name)
        self._accounts.remove(name)
        self._sessions.close_all(name)
        self._tokens.end_of_makers([name])
        self._record(visitor, mark("account removed"), name)

    def end_session(self, visitor: Visitor, session_id: str) -> str:
        """Whose session it was; ConfigError when there is none of that id."""
        found = next((each for each in self._sessions.all() if each.id == session_id), None)
        if found is None:
            raise ConfigError("there is no such session any more")
        self._reached(visitor, found.user)
        self._sessions.end(session_id)
        self._record(visitor, mark("session ended"), f"{found.user} ({found.address})")
        return found.user

    def end_sessions(self, visitor: Visitor) -> int:
        """Every session but the visitor's own; how many. Those of accounts beyond him stay."""
        own, ended = self._sessions.id_of(visitor.session), 0
        for each in self._sessions.all():
            account = self._accounts.get(each.user)
            if each.id != own and account is not None and account.permissions <= visitor.permissions:
                self._sessions.end(each.id)
                ended += 1
        self._record(visitor, mark("sessions ended"), str(ended))
        return ended

    def make_token(self, visitor: Visitor, name: str, permissions: tuple[str, ...], expires: str) -> tuple[Token, str]:
        """The token and its secret. A token makes none, so that revoking it is enough."""
        maker = self._accounts.get(visitor.name)
        if visitor.by == TOKEN or maker is None:
            raise ConfigError("a token cannot make tokens: log in with a password")
        token, secret = self._tokens.make(name, permissions, maker, expires)
        self._record(visitor, mark("token made"), f"{name} ({', '.join(token.permissions)})")
        return token, secret

    def revoke_token(self, visitor: Visitor, token_id: str) -> Token:
        token = self._tokens.revoke(token_id)
        self._record(visitor, mark("token revoked"), token.name)
        return token

    def make_device_password(self, visitor: Visitor, use: str, name: str, view_only: bool = False) -> tuple[DevicePassword, str]:
        """The device password and its secret. It gives nobody what its maker has not: of who may not open the gate, it may only
        see."""
        if use in _OF_USE and not visitor.may(_OF_USE[use]):
            raise _beyond(visitor, _OF_USE[use])
        device, password = self._devices.make(use, name, visitor.name, view_only or not visitor.may("open"))
        self._record(visitor, mark("device password made"), f"{device.user} ({name})")
        return device, password

    def remove_device_password(self, visitor: Visitor, user: str) -> DevicePassword:
        device = self._devices.remove(user)
        self._record(visitor, mark("device password removed"), f"{user} ({device.name})")
        return device

    def _record(self, visitor: Visitor, what: str, about: str) -> None:
        self._changes.add(visitor.name, visitor.address, what, about)

    def _reached(self, visitor: Visitor, name: str) -> Account:
        account = self._accounts.get(name)
        if account is None:
            raise ConfigError("there is no user {user}", user=name[:32])
        _check_reach(visitor, account.role)
        return account


def _check_reach(visitor: Visitor, role: str) -> None:
    beyond = sorted(ROLES.get(role, frozenset()) - visitor.permissions)
    if beyond:
        raise _beyond(visitor, *beyond)


def _beyond(visitor: Visitor, *permissions: str) -> ConfigError:
    return ConfigError("{user} does not have {permissions}", user=visitor.name, permissions=", ".join(permissions))
