"""Forms: what is sent to add an account, a token or a device password, for the API's checks and its description."""

from __future__ import annotations

from board.kit.fields import Password
from board.kit.people import USES
from board.kit.permissions import ROLES
from board.kit.settings import Settings, option


class OwnPassword(Settings):
    """Own password"""

    old: Password = option(..., "Present password", "The one that you logged in with.")
    new: Password = option(..., "New password", "8 to 200 characters, none of those that everybody tries first.")


class NewAccount(Settings):
    """Account"""

    name: str = option(..., "User name", "1 to 32 letters, digits, '.', '_' or '-'.")
    role: str = option(..., "Role", "What the account may do.", choices=tuple(ROLES))
    password: Password = option(..., "First password", "Its owner replaces it at the first log-in.")


class GivenPassword(Settings):
    """Given password"""

    password: Password = option(..., "First password", "Its owner replaces it at the next log-in.")


class NewRole(Settings):
    """Role"""

    role: str = option(..., "Role", "What the account may do.", choices=tuple(ROLES))


class TokenSent(Settings):
    """Token"""

    name: str = option(..., "Name", "Which program it is for; 1 to 40 characters.")
    permissions: tuple[str, ...] = option(..., "Permissions", "What it may do: no more than its maker.")
    expires: str | None = option(
        None,
        "Expires",
        "A day, which belongs to it as a whole, or a moment (2027-01-31, 2027-01-31T18:00:00+01:00; UTC without a zone); empty: "
        "never.",
    )


class DevicePasswordSent(Settings):
    """Device password"""

    use: str = option(..., "Use", "Which protocol it is for.", choices=USES)
    name: str = option(..., "Name", "Which recorder or server it is for; 1 to 40 characters.")
    view_only: bool = option(False, "May only see", "Of the use onvif: it opens no gate and switches no other output.")
