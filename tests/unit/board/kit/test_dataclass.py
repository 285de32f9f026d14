"""Dataclasses whose methods are made later are those of the standard library to whoever uses them."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from threading import Barrier
from typing import Any

import pytest

from board.kit import dataclass as ours

SORTS = [
    {"frozen": True, "slots": True},
    {"slots": True},
    {"eq": False, "slots": True},
    {"frozen": True},
    {"frozen": True, "slots": True, "eq": False},
]


def _declared(make: Callable[..., Any], sort: dict[str, bool]) -> tuple[Any, Any]:
    """A class and one below it, as they stand in the product: defaults, factories, what is counted, hidden and not compared."""

    @make(**sort)
    class First:
        """Doc."""

        plate: str
        number: int = 7
        heard: list[str] = field(default_factory=list)
        password: str = field(default="secret", repr=False)
        beside: object = field(default=None, compare=False)

        def doubled(self) -> int:
            return self.number * 2

    @make(**sort)
    class Second(First):
        """Doc."""

        added: tuple[int, ...] = ()
        counted: int = field(init=False, default=3)
        made: dict[str, int] = field(init=False, default_factory=dict)
        reckoned: int = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "reckoned", self.number + len(self.added))

    return First, Second


@pytest.fixture(params=SORTS, ids=lambda sort: "-".join(sort))
def both(request: pytest.FixtureRequest) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    return _declared(ours.dataclass, request.param), _declared(dataclasses.dataclass, request.param)


def _said(what: Callable[[], object]) -> object:
    try:
        return what()
    except Exception as why:
        return type(why), str(why)


USES: dict[str, Callable[[Any, Any], object]] = {
    "made": lambda first, second: repr(first("A")),
    "made below": lambda first, second: repr(second("A", 1, ["x"], "p", beside=4, added=(1, 2))),
    "by name": lambda first, second: repr(first(number=2, plate="B")),
    "lists of their own": lambda first, second: first("A").heard is first("A").heard,
    "hidden": lambda first, second: (first("A").password, first("A", password="x").password),
    "reckoned": lambda first, second: (second("A", 5, added=(1,)).reckoned, second("A").counted, second("A").made),
    "none given": lambda first, second: first(),
    "unknown name": lambda first, second: first("A", colour="red"),
    "too many": lambda first, second: first("A", 1, [], "", None, 9),
    "counted given": lambda first, second: second("A", counted=1),
    "equal": lambda first, second: (
        first("A") == first("A"),
        first("A") == first("B"),
        first("A") != first("B"),
        first("A") == "A",
    ),
    "not compared": lambda first, second: first("A", beside=1) == first("A", beside=2),
    "another class": lambda first, second: (first("A") == second("A"), second("A") == first("A")),
    "hash": lambda first, second: len({hash(each) for each in [first("A", heard=()), first("A", heard=(), beside=1)]}),
    "hash of what has none": lambda first, second: isinstance(hash(first("A")), int),
    "set": lambda first, second: setattr(first("A"), "number", 1),
    "set below": lambda first, second: setattr(second("A"), "number", 1),
    "set unknown": lambda first, second: setattr(first("A"), "colour", 1),
    "delete": lambda first, second: delattr(first("A"), "number"),
    "delete unknown": lambda first, second: delattr(first("A"), "colour"),
    "replaced": lambda first, second: repr(dataclasses.replace(first("A"), number=3)),
    "as a dict": lambda first, second: dataclasses.asdict(second("A")),
    "as a tuple": lambda first, second: dataclasses.astuple(first("A")),
    "fields": lambda first, second: [(each.name, each.init, each.repr, each.compare) for each in dataclasses.fields(second)],
    "copied": lambda first, second: (repr(copy.copy(first("A", 3))), repr(copy.deepcopy(second("A", 3)))),
    "matched": lambda first, second: (first.__match_args__, second.__match_args__),
    "slots": lambda first, second: getattr(second, "__slots__", None),
    "no weak references": lambda first, second: hasattr(first("A"), "__dict__"),
    "name of the method": lambda first, second: (first("A") and first.__init__.__qualname__, first.__init__.__module__),
    "a method": lambda first, second: first("A").doubled(),
    "no dataclass below": lambda first, second: _with_more(second),
}

LOST = {"set unknown", "delete unknown", "no dataclass below"}
"""What the standard library answers wrongly of frozen ones with slots."""


def _with_more(kind: Any) -> object:
    class Below(kind):  # type: ignore[misc]
        pass

    one = Below("A", 4)
    one.colour = "red"
    return repr(one).rpartition(".")[2], one.colour, _said(lambda: setattr(one, "number", 1))


@pytest.mark.parametrize("use", sorted(USES.keys() - LOST))
def test_they_are_those_of_the_standard_library(both: tuple[tuple[Any, Any], tuple[Any, Any]], use: str) -> None:
    mine, others = both
    assert _said(lambda: USES[use](*mine)) == _said(lambda: USES[use](*others))


@pytest.mark.parametrize("use", sorted(LOST))
def test_of_those_without_slots_so_are_the_names_that_are_no_fields(use: str) -> None:
    mine, others = _declared(ours.dataclass, {"frozen": True}), _declared(dataclasses.dataclass, {"frozen": True})
    assert _said(lambda: USES[use](*mine)) == _said(lambda: USES[use](*others))


@pytest.mark.parametrize(
    "change", [lambda one: setattr(one, "colour", 1), lambda one: delattr(one, "colour")], ids=["set", "delete"]
)
def test_of_a_frozen_one_nothing_is_set(change: Callable[[Any], None]) -> None:
    """The standard library loses the class between frozen and slots, and says TypeError of a name that is no field."""
    with pytest.raises(dataclasses.FrozenInstanceError, match="colour"):
        change(Single(0.5))


@ours.dataclass(frozen=True, slots=True)
class Own:
    """Doc."""

    plate: str
    own: int = 0

    def __repr__(self) -> str:
        return f"<{self.plate}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own) and self.own == other.own

    def __hash__(self) -> int:
        return self.own


@ours.dataclass(frozen=True, slots=True)
class Alike:
    """Doc."""

    plate: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alike) and self.plate.lower() == other.plate.lower()


@ours.dataclass(frozen=True, slots=True)
class Nothing:
    """Doc."""


@ours.dataclass(frozen=True, slots=True)
class Single:
    """Doc."""

    value: float


def test_methods_of_the_class_itself_stay() -> None:
    assert (repr(Own("A")), hash(Own("A", 5)), Own("A", 5) == Own("B", 5), Own("A", 5) == Own("A", 6)) == ("<A>", 5, True, False)
    assert Alike("A") == Alike("a") and hash(Alike("A")) == hash(Alike("A"))


def test_of_no_field_and_of_one() -> None:
    assert (repr(Nothing()), Nothing() == Nothing(), len({Nothing(), Nothing()})) == ("Nothing()", True, 1)
    assert (repr(Single(0.5)), Single(0.5) == Single(0.5), len({Single(0.5), Single(0.5), Single(1.0)})) == (
        "Single(value=0.5)",
        True,
        2,
    )


def test_a_frozen_one_is_pickled() -> None:
    assert pickle.loads(pickle.dumps(Single(2.5))) == Single(2.5)


def test_what_holds_itself_is_written_out() -> None:
    @ours.dataclass(slots=True)
    class Ring:
        """Doc."""

        next: Any = None

    one = Ring()
    one.next = one
    assert repr(one).endswith("Ring(next=...)")


def test_threads_that_make_the_first_at_the_same_time_get_whole_ones() -> None:
    with ThreadPoolExecutor(8) as threads:
        for _ in range(20):
            (first, _), together = _declared(ours.dataclass, {"frozen": True, "slots": True}), Barrier(8)

            def make(number: int, first: Any = first, together: Barrier = together) -> object:
                together.wait()
                return first("A", number)

            assert [repr(one) for one in threads.map(make, range(8))] == [repr(first("A", number)) for number in range(8)]


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(TypeError):
        ours.dataclass(order=True)
