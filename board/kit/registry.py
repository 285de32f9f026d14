"""Registry: every module of a folder offers one object under an agreed name; a broken module stops the start with its name."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

from board.kit.errors import ConfigError

T = TypeVar("T")


def find(package: ModuleType, attribute: str, kind: type[T]) -> dict[str, T]:
    """{module name: its `attribute`} of every module in `package`, sorted by name.

    Raises ConfigError that names the module when it does not import, lacks the attribute or offers another type.
    Modules whose name starts with "_" are the folder's own and offer nothing.
    """
    found: dict[str, T] = {}
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if module_info.name.startswith("_"):
            continue
        name = f"{package.__name__}.{module_info.name}"
        try:
            module = importlib.import_module(name)
        except Exception as why:  # whatever the module raises, its name must be said
            raise ConfigError("{module} cannot be imported: {why}", module=name, why=why) from why
        offered = getattr(module, attribute, None)
        if not isinstance(offered, kind):
            raise ConfigError("{module} offers no {attribute} of type {type}", module=name, attribute=attribute, type=kind.__name__)
        found[module_info.name] = offered
    return found
