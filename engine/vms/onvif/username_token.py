"""UsernameToken: the only log-in that most ONVIF clients know (WS-Security UsernameToken Profile 1.1), checked by the host.

The host hashes `created` as it came, checks its time only while the camera's clock is set, and takes each nonce once
(firmware/people/who.py). The nonce's encoding type is ignored: zeep names a wrong one.
"""

from __future__ import annotations

from board.kit.people import CheckUsernameToken
from engine.log_in import USE
from engine.vms.access import Denied
from engine.vms.onvif.soap import Token

MAX_CHARACTERS = 200
"""Of each part."""


def question(token: Token, address: str) -> CheckUsernameToken | Denied:
    """The question for the host; a plain password is refused, and so is a token that an eavesdropper could send again."""
    if not token.is_digest:
        return Denied(400, "send the password as PasswordDigest")
    if not token.nonce or not token.created.strip():
        return Denied(400, "the token has no Nonce or no Created")
    if max(map(len, (token.user, token.password, token.nonce, token.created))) > MAX_CHARACTERS:
        return Denied(400, "the log-in is wrong")
    return CheckUsernameToken(token.user, token.password, token.nonce, token.created, address, USE)
