"""Firmware: the camera's own host: accounts, Package Management, CGIs, slots, supervisor, proxy. Imports board only."""

import board  # noqa: F401  # first, in whatever process: what is loaded later (board/__init__.py)

VERSION = "1.3.1.0"
"""Of the host itself; it grows with each release (`python -m vadp_package firmware`)."""
PLATFORM = (1, 3, 2, 0)
"""Version of the package interface (`vadp_version`); a package may ask for a newer one and is then refused."""


def platform_text() -> str:
    """PLATFORM as packages and clients write it: "1.3.2.0"."""
    return ".".join(map(str, PLATFORM))
