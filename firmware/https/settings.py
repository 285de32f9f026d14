"""Settings of HTTPS: whether and where the camera's pages are encrypted, and what happens to who comes without."""

from __future__ import annotations

from board.kit.settings import Settings, option

OPEN, PEOPLE, ALL = "open", "people", "all"


class HttpsSettings(Settings):
    """HTTPS"""

    key = "https"

    enabled: bool = option(True, "HTTPS", "On: pages, API, pictures and recorders can reach the camera encrypted.")
    port: int = option(
        443,
        "HTTPS port",
        "When it is taken, the camera listens at the first free one from 8443 on; this page says where.",
        ge=1,
        le=65_535,
    )
    http: str = option(
        OPEN,
        "Who comes by HTTP",
        "open: is served; people: is led to HTTPS, but recorders that log in by digest (ONVIF, pictures) are served; all: is led "
        "to HTTPS. Nobody is led there while HTTPS does not work.",
        choices=(OPEN, PEOPLE, ALL),
    )
    hsts: bool = option(
        False,
        "Only HTTPS from now on (HSTS)",
        "Browsers that were here by HTTPS then refuse this camera's name without it for 180 days. Only for a certificate that "
        "browsers accept without a question: with another one they let nobody in.",
    )
