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
        "Recorders log in by digest, for ONVIF and pictures. Nobody is led to HTTPS while it does not work.",
        choices={
            OPEN: "is served",
            PEOPLE: "people are led to HTTPS, recorders are served",
            ALL: "everybody is led to HTTPS",
        },
    )
    hsts: bool = option(
        False,
        "Only HTTPS from now on (HSTS)",
        "Browsers that were here by HTTPS then refuse this camera's name without it for 180 days. Only for a certificate that "
        "browsers accept without a question: with another one they let nobody in.",
    )
