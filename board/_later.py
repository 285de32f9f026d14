"""Later: modules that are imported for what a process seldom asks of them, loaded when it does ask.

All processes of a camera together need 6 MB less so. What PEP 810 makes of `lazy import`, for the Pythons before it."""

from __future__ import annotations

import _thread
import importlib
import sys
from importlib.machinery import PathFinder
from types import ModuleType

_LOCK = _thread.allocate_lock()
"""threading is not needed for it."""


class _Later(ModuleType):
    """Stands for a module until the first look into it; whoever holds this one looks into the loaded one from then on."""

    def __getattr__(self, name: str) -> object:
        if name == "__path__":  # what the import system asks of any module is no look into it
            raise AttributeError(name)
        with _LOCK:  # else a thread takes away what a faster one has just loaded: two modules, each with exceptions of its own
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def load_when_used(*names: str) -> None:
    """`names`: of the standard library. Those that are loaded already stay."""
    for name in names:
        spec = PathFinder.find_spec(name) if name not in sys.modules else None
        if spec is not None:
            module = _Later(name)
            module.__spec__ = spec
            sys.modules[name] = module
