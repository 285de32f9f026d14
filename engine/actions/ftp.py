"""FTP action: stores the passage's pictures or its document on a server (manual 4.4, List tab), by FTP or FTPS (RFC 4217)."""

from __future__ import annotations

import io

from board.kit.errors import ConfigError, PeerRefused
from board.kit.settings import field_validator, option
from board.kit.words import Text, mark
from engine.actions._ftp import FtpServer, session
from engine.actions._kind import ActionEnv, ActionKind
from engine.formats.file_name import check_path, path
from engine.formats.messages import DOCUMENTS
from engine.types import PlateEvent

PICTURES = {"full": (("full", ""),), "plate": (("plate", ""),), "both": (("full", ""), ("plate", "_plate"))}
"""Option `images` -> (picture, what its file's name gets)."""

NO_PICTURE = mark("there is no picture: it was not stored, or is deleted already")

FOLLOWS_NS = 120 * 10**9
"""A picture that is not there this long after its car will not come any more: a card that stalls has the passage told before."""


class FtpOptions(FtpServer):
    format: str = option(
        "JPG", "Format", "JPG: pictures; others: the whole event as a file (docs/messages.md).", choices={"JPG": "JPG", **DOCUMENTS}
    )
    images: str = option(
        "full",
        "Pictures",
        "JPG: which pictures are stored.",
        choices={"full": "whole picture", "plate": "plate", "both": "both"},
        when={"format": ("JPG",)},
    )
    name: str = option(
        "{date}/{plate}_{date}_{time}_{list}",
        "File name",
        "Folders and name without extension; {plate}, {list}, {date}, {time}, {device}, {site}, {event} and others are filled in. "
        "Folders are made where there are none.",
        max_length=200,
    )
    timeout_s: float = option(
        30.0, "Timeout", "Longest wait, from the look-up of the server's name to the end of the last file.", unit="s", ge=1, le=300
    )

    @field_validator("name")
    @classmethod
    def _is_path(cls, text: str) -> str:
        return check_path(text)


def _deliver(event: PlateEvent, options: FtpOptions, env: ActionEnv) -> Text:
    folders, name = path(options.name, event, env.device)
    files = _files(name, event, options, env)
    with session(env.network, options, options.timeout_s) as server:
        if not "".join((*folders, *files)).isascii():
            server.ask_for_letters()
        server.enter(folders)
        names = [server.put(each, io.BytesIO(content), _camera(options, env)) for each, content in files.items()]
    where = "/".join(folders).replace("//", "/")
    stored = [f"{where}/{each}" if where else each for each in names]
    return Text("{server} stored {files}", {"server": options.server, "files": stored})


def _camera(options: FtpOptions, env: ActionEnv) -> str:
    """The camera's id, where its file is to replace nobody else's; "" where the newest one is wanted, whoever saw it."""
    return env.device.id if any(each in options.name for each in ("{time}", "{clock}", "{stamp}")) else ""


def _files(name: str, event: PlateEvent, options: FtpOptions, env: ActionEnv) -> dict[str, bytes]:
    """{name of the file: its content}."""
    if options.format != "JPG":
        message = env.message(event, options.format)
        return {f"{name}.{message.extension}": message.body}
    stored = {"full": event.passage.images.full, "plate": event.passage.images.plate}
    wanted = {f"{name}{suffix}.jpg": stored[which] for which, suffix in PICTURES[options.images]}
    found = {each: env.images.read(picture) for each, picture in wanted.items()}
    lacks = any(picture and not found[each] for each, picture in wanted.items())
    if lacks and 0 <= env.clock.monotonic_ns() - event.passage.monotonic_ns < FOLLOWS_NS:
        raise PeerRefused(NO_PICTURE)  # in a moment it may be there
    found = {each: content for each, content in found.items() if content}
    if not found:
        raise ConfigError(NO_PICTURE)
    return found


ACTION = ActionKind(
    name="ftp",
    label="FTP",
    purpose=mark("Store a file on a server"),
    about=mark("Picture and data by FTP or FTPS."),
    icon="file",
    options=FtpOptions,
    deliver=_deliver,
    peer=lambda options: options.server,
)
