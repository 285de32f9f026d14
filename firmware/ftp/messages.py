"""Messages between the FTP process's two halves: the one that talks to strangers, and the one that may see the camera's state."""

from __future__ import annotations

from board.kit.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class FtpPlan:
    """What the host tells the FTP process. `bind`: address to listen on; `port`: 0 takes any; `tls`: "required" or "offered";
    `uploads`: others may store files; `passive_from` to `passive_to`: ports of data connections; `public_address`: what passive
    answers name, "" for the camera's own; `clients`: so many may work at once; `room_bytes`: for the files of others together;
    `wrong_s`: a wrong password is answered so late; `log_in_within_s`: who is not logged in by then is sent away; `stalled_s`: a
    transfer that hardly moves for so long is ended; `look_again_s`: so often it is asked whether the passwords of those who are
    logged in are still there."""

    bind: str = "127.0.0.1"
    port: int = 21
    tls: str = "required"
    uploads: bool = True
    passive_from: int = 50_000
    passive_to: int = 50_499
    public_address: str = ""
    clients: int = 100
    room_bytes: int = 256 << 20
    wrong_s: float = 3.0
    log_in_within_s: float = 30.0
    stalled_s: float = 60.0
    look_again_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Ask:
    """Is this the password? `number` comes back with the answer."""

    number: int
    user: str
    password: str
    address: str


@dataclass(frozen=True, slots=True)
class Told:
    """`name`: whose password it is, "" when it is wrong; `wait_s`: the address got too many wrong and should wait."""

    number: int
    name: str
    wait_s: float


@dataclass(frozen=True, slots=True)
class Removed:
    """Whoever logged in as `user` is to go: there is no such password any more."""

    user: str


@dataclass(frozen=True, slots=True)
class Alive:
    """Once a second. `clients`: logged in now; `received`, `sent`: bytes of files since the start; `files`: transferred."""

    clients: int
    sent: int
    received: int
    files: int


@dataclass(frozen=True, slots=True)
class Line:
    """One for the log. `level`: of the module logging."""

    level: int
    text: str


MESSAGES = (Ask, Told, Removed, Alive, Line)
