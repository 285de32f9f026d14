"""Dataclasses whose methods are made when they are first used; for who writes and reads them those of the standard library.

That compiles six functions for a frozen one as it is declared, a quarter of what it takes a process to start (docs/figures.md): the
service declares 170, and makes an instance of few of them. Each of those takes a tenth of a millisecond longer the first time.

Left out is what nobody here needs. Arguments other than these three are a TypeError, a frozen one below one that is not is for the
type checker to refuse, and fields that are given by name only, passed to `__post_init__` or hashed otherwise than compared would be
taken for others: tests/house/test_imports.py refuses those."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen: bool = False, slots: bool = False, eq: bool = True) -> Callable[[type], type]:
        def declared(kind: type) -> type:
            made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(kind)
            methods = {"__init__": _init_later(made, frozen), "__repr__": _repr}
            if eq:
                methods["__eq__"], hashed = _compared(made)
                methods["__hash__"] = hashed if frozen else None
            if frozen:
                methods["__setattr__"], methods["__delattr__"] = _refusing(made)
            if frozen and slots:
                methods["__getstate__"], methods["__setstate__"] = _state, _take_state
            for name, method in methods.items():
                if vars(kind).get(name) is None:  # a class with an __eq__ of its own has None for __hash__
                    setattr(made, name, method)
            return made

        return declared


_put = object.__setattr__
_FROM_FACTORY = object()


def _init_later(kind: type, frozen: bool) -> Callable[..., None]:
    def __init__(self: Any, *given: Any, **named: Any) -> None:
        made = _init(kind, frozen)
        kind.__init__ = made  # type: ignore[misc]
        made(self, *given, **named)

    return __init__


def _init(kind: Any, frozen: bool) -> Callable[..., None]:
    """Text is compiled, as the standard library does it: nothing else is as quick when it is called."""
    known: dict[str, Any] = {"_put": _put, "_FROM_FACTORY": _FROM_FACTORY}
    parameters, body = ["self"], []
    for field in dataclasses.fields(kind):
        name, default = field.name, f"_default_{field.name}"
        parameter = value = name
        if field.default is not MISSING:
            known[default] = field.default
            parameter = f"{name}={default}"
        elif field.default_factory is not MISSING:
            known[default] = field.default_factory
            parameter = f"{name}=_FROM_FACTORY"
            value = f"{default}() if {name} is _FROM_FACTORY else {name}"
        if field.init:
            parameters.append(parameter)
        elif field.default is not MISSING:
            value = default
        elif field.default_factory is not MISSING:
            value = f"{default}()"
        else:
            continue  # __post_init__ sets it
        body.append(f' _put(self, "{name}", {value})' if frozen else f" self.{name} = {value}")
    if hasattr(kind, "__post_init__"):
        body.append(" self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n" + ("\n".join(body) or " pass"), known)
    made: Any = known["__init__"]
    made.__qualname__, made.__module__ = f"{kind.__qualname__}.__init__", kind.__module__
    return made  # type: ignore[no-any-return]


@recursive_repr()
def _repr(self: Any) -> str:
    values = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(values)})"


def _compared(kind: Any) -> tuple[Callable[[Any, object], bool], Callable[[Any], int]]:
    """`__eq__` and `__hash__`."""
    names = [field.name for field in dataclasses.fields(kind) if field.compare]
    values: Callable[[Any], Any] = (
        attrgetter(*names) if len(names) > 1 else lambda each: tuple(getattr(each, name) for name in names)
    )

    def __eq__(self: Any, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    return __eq__, __hash__


def _refusing(kind: Any) -> tuple[Callable[[Any, str, object], None], Callable[[Any, str], None]]:
    """`__setattr__` and `__delattr__` of a frozen one; a class below that is no dataclass may have attributes of its own."""
    names = frozenset(field.name for field in dataclasses.fields(kind))

    def __setattr__(self: Any, name: str, value: object) -> None:
        if type(self) is kind or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super(kind, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        if type(self) is kind or name in names:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super(kind, self).__delattr__(name)

    return __setattr__, __delattr__


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _take_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        _put(self, field.name, value)
