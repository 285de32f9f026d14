"""Registry: every module of a folder offers one object under an agreed name; a broken module stops the start with its name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from board.kit.errors import ConfigError

T = TypeVar("T")


def find(
    package: ModuleType, attribute: str, kind: type[T], without_library: Callable[[str, str], T] | None = None
) -> dict[str, T]:
    """{module name: its `attribute`} of every module in `package`, sorted by name.

    Raises ConfigError that names the module when it does not import, lacks the attribute or offers another type.
    Modules whose name starts with "_" are the folder's own and offer nothing. `without_library(module name, library)` stands in
    for a module that does not import because a library is not installed; without it that is an error like any other.
    """
    found: dict[str, T] = {}
    for stem in sorted(path.stem for folder in package.__path__ for path in Path(folder).glob("*.py")):
        if stem.startswith("_"):
            continue
        name = f"{package.__name__}.{stem}"
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as why:
            library = why.name or ""
            ours = {__name__.partition(".")[0], package.__name__.partition(".")[0]}
            if without_library is None or not library or library.partition(".")[0] in ours:
                raise ConfigError("{module} cannot be imported: {why}", module=name, why=why) from why
            found[stem] = without_library(stem, library)
            continue
        except Exception as why:  # whatever the module raises, its name must be said
            raise ConfigError("{module} cannot be imported: {why}", module=name, why=why) from why
        offered = getattr(module, attribute, None)
        if not isinstance(offered, kind):
            raise ConfigError("{module} offers no {attribute} of type {type}", module=name, attribute=attribute, type=kind.__name__)
        found[stem] = offered
    return found
