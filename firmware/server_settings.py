"""Settings of one of the host's servers: what a form or the API sent is checked, put in force and recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from board.kit.errors import ConfigError
from board.kit.from_json import from_json
from board.kit.settings import Settings, SettingsError
from board.kit.web.forms import fields, filled
from board.kit.web.routes import Answer, Call, Elsewhere
from board.kit.words import Text
from firmware.host import Host

Kind = TypeVar("Kind", bound=Settings)

_CHANGING = threading.Lock()
"""Of two who change two options at once neither loses theirs."""


class Configured(Protocol[Kind]):
    """A server with its settings."""

    @property
    def settings(self) -> Kind: ...

    def change(self, settings: Kind) -> None:
        """Puts them in force; ConfigError when they cannot be stored."""


def changed(host: Host, call: Call, server: Configured[Kind], what: str, name: str, page: Callable[..., Answer]) -> Answer:
    """Carries out the form of the page `name`, and leads there; what is not right is shown by `page`, with what was sent. What is
    sent as it was shown was not touched: somebody else may have changed it meanwhile. What both changed is asked about once."""
    kind = type(server.settings)
    posted: dict[str, Any] = {option: call.body[option] for option in kind.model_fields if option in call.body}
    posted.update({option: option in call.body for option in kind.model_fields if kind.type_of(option) is bool})
    before = _shown(call.body.get("shown", ""))
    sent = {option: value for option, value in posted.items() if option not in before or str(value) != str(before[option])}
    now = server.settings.model_dump(mode="json")
    labels = {field.name: dict(field.choices) for field in fields(kind, now, {})}
    theirs = {
        option: Text("Stored now: {value}", {"value": Text(labels[option].get(str(now[option]), str(now[option])))})
        for option, value in sent.items()
        if option in before and now[option] != before[option] and str(value) != str(now[option])
    }
    if theirs:
        why = Text("Not saved: somebody else has changed this meanwhile. Save again, and what you entered takes its place.")
        return page(host, call, 409, why, sent, theirs)
    try:
        store(host, call, server, sent, what)
    except SettingsError as why:
        return page(host, call, 400, values=sent, problems={each.field: each.text for each in why.problems})
    except ConfigError as why:
        return page(host, call, 400, Text("not changed: {reason}", {"reason": why}), sent)
    raise Elsewhere(f"/{name}")


def shown(server: Configured[Any]) -> str:
    """The settings as they stand in a form, for its hidden field of this name."""
    return str(server.settings.model_dump_json())


def _shown(text: str) -> dict[str, Any]:
    try:
        found = from_json(text)
    except ValueError:  # a program that sends the form need not send it
        return {}
    return found if isinstance(found, dict) else {}


def store(host: Host, call: Call[Any, Any], server: Configured[Kind], sent: dict[str, Any], what: str) -> None:
    """`what`: said in Changes, with the options that are others now. SettingsError: what is not right, by option."""
    with _CHANGING:
        before = server.settings
        settings = filled(type(before), sent, before.model_dump(), {})
        others = [option for option in type(before).model_fields if getattr(settings, option) != getattr(before, option)]
        server.change(settings)
    if others:
        host.record(call, what, ", ".join(f"{option} {getattr(settings, option)}" for option in others))
