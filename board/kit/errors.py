"""The one error tree: every error a person may see derives from GatewrightError and says what, where and what to do."""

from __future__ import annotations

from board.kit.words import Sayable, Text


class GatewrightError(Sayable, Exception):
    """Base of all errors of ours. `text` is shown to installers: a template with its values (board/kit/words.py), so that it can be
    said in their language; `field`: the name of the setting or option that it is about, "" when it is about none; `one`: the
    template for exactly one, of a text that counts."""

    def __init__(self, text: str | Text = "", /, *, field: str = "", one: str = "", **values: object) -> None:
        self.text = text if isinstance(text, Text) else Text(text, {name: _in_words(value) for name, value in values.items()}, one)
        self.field = field
        super().__init__(str(self.text))


def _in_words(value: object) -> object:
    """An error among the values of a text that is kept would keep those whom it was raised through, with their pictures."""
    if isinstance(value, GatewrightError):
        return value.text
    return str(value) if isinstance(value, BaseException) else value


def in_one_line(why: GatewrightError | OSError) -> str:
    """For whoever typed a command: an OSError with the file that it is about, if it names one; a full disk does not."""
    if isinstance(why, OSError):
        return f"{why.filename}: {why.strerror}" if why.filename else why.strerror or str(why)
    return str(why)


class ConfigError(GatewrightError, ValueError):
    """A setting, profile or option is wrong; the previous one stays in force. Validators of settings raise it too."""


class BoardError(GatewrightError):
    """A pin, bus, camera or other part of the board does not do what was asked."""


class PinBusy(BoardError):
    """A line is already taken; the text names the owner."""


class CameraError(BoardError):
    """The camera is missing, went away or delivers nothing usable."""


class WireError(GatewrightError):
    """A message between processes is malformed, of an unknown type, or its peer is gone."""


class ModelError(GatewrightError):
    """A model file is missing, damaged or not of the expected kind or shape."""


class ImageError(GatewrightError):
    """An image cannot be read."""


class StoreError(GatewrightError):
    """The database or image store cannot be read or written (full disk, damaged file)."""


class StoreDamaged(StoreError):
    """The database's file is not one any more, or not whole."""


class StorageRefused(StoreError):
    """The storage takes no more: it is full, read-only or broken. What was stored before can be read, as far as it goes."""


class StorageFull(StorageRefused):
    """There is no room left on the storage, or none that we may have."""


class DeliveryError(GatewrightError):
    """An action could not be carried out; the outbox tries again until the kind's maximum age."""


class PeerAway(DeliveryError):
    """The peer of an action is not there: nothing that it was to get is to blame for that."""


class PeerRefused(DeliveryError):
    """The peer of an action is there and did not take this delivery; others to the same peer may do better. `body`: what it
    answered, as far as it was asked for."""

    body = b""


class LogInRefused(PeerRefused):
    """The peer of an action is there and does not take its user or password: it would take nothing else of this action either."""


class PeerBusy(DeliveryError):
    """The peer of an action is there and takes nothing for now, from nobody of us. `again_s`: how long it says to wait; 0: it does
    not say."""

    again_s = 0.0


class TriggerRefused(GatewrightError):
    """A trigger was malformed, too early or cannot be served now."""


class PackageError(GatewrightError):
    """A package is not acceptable or cannot be installed, started or stopped."""
