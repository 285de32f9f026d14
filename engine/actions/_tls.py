"""TLS: how actions secure a connection: by the authorities that the camera knows, by one of the installer's own, or unchecked."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from board.kit.errors import ConfigError
from board.kit.fields import AfterValidator, Conditions
from board.kit.settings import option

if TYPE_CHECKING:
    import ssl

MOST_CA = 20_000
"""Characters: a dozen certificates."""


def check_ca(text: str) -> str:
    """Certificates in PEM as they are, "" for none; ConfigError when the text is anything else."""
    if not text:
        return text
    if "PRIVATE KEY" in text:
        raise ConfigError("has a private key in it: paste the certificate alone")
    import ssl  # here: TLS is 5 MB, which a camera that calls nobody spares

    try:
        _load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), text)
    except (ssl.SSLError, ValueError) as why:
        raise ConfigError("is not a certificate: paste a text that begins with -----BEGIN CERTIFICATE-----") from why
    return text


Certificates = Annotated[str, AfterValidator(check_ca)]
"""The type of an option `ca`."""


def ca_option(when: Conditions) -> str:
    """The field of an option `ca`, the same for all kinds. `when`: as of every option."""
    found: str = option(
        "",
        "Certificate of the authority",
        "In PEM: the only one whose servers are trusted; a server's own certificate does as well. Empty: the public authorities.",
        widget="textarea",
        when=when,
        max_length=MOST_CA,
    )
    return found


@lru_cache(maxsize=8)
def client_context(ca: str = "", verify: bool = True) -> ssl.SSLContext:
    """Remembered: the certificates of all authorities are a megabyte. `ca`: as `check_ca` takes it."""
    import ssl

    if not verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if ca:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a server's own certificate may stand for an authority
        _load(context, ca)
        return context
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())  # besides the system's own: a small image may have none
    return context


def _load(context: ssl.SSLContext, text: str) -> None:
    # OpenSSL takes ASCII; what is said beside the certificates ("subject=O = Müller") may be more, and is not looked at.
    context.load_verify_locations(cadata=text.encode("ascii", "replace").decode())
