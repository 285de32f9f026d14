"""The one error tree: every error a person may see derives from GatewrightError and says what, where and what to do."""


class GatewrightError(Exception):
    """Base of all errors of ours; its text is shown to installers as it is."""


class ConfigError(GatewrightError):
    """A setting, profile or option is wrong; the previous one stays in force."""


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


class DeliveryError(GatewrightError):
    """An action could not be carried out; the outbox tries again until the kind's maximum age."""


class TriggerRefused(GatewrightError):
    """A trigger was malformed, too early or cannot be served now."""


class PackageError(GatewrightError):
    """A package is not acceptable or cannot be installed, started or stopped."""
