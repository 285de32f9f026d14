"""Values: settings for a process that only uses them: the same attributes, without the classes that check them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from board.kit.settings import Settings


def packed(settings: Settings) -> dict[str, Any]:
    """As a JSON document, for `Values` in another process."""
    return {"values": settings.model_dump(mode="json"), "changed": settings.changed()}


class Values:
    """What `packed` made of settings: each of them is an attribute; lists are tuples."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._changed = dict(document["changed"])
        self.__dict__.update({name: _frozen(value) for name, value in document["values"].items()})

    def changed(self) -> dict[str, str]:
        return dict(self._changed)

    def model_copy(self, update: Mapping[str, object]) -> Values:
        """The same with other values."""
        values = {name: value for name, value in vars(self).items() if name != "_changed"}
        return Values({"values": {**values, **update}, "changed": self._changed})


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
