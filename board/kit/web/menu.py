"""Menu: pages that belong together under one entry of the menu of host or portal."""

from __future__ import annotations

from typing import Generic, TypeVar

from board.kit.dataclass import dataclass
from board.kit.web.routes import Route

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Tab(Generic[C]):
    """`name`: path of its first page below the application's root; `permission`: what one needs to see it in the menu; `order`: its
    place there (or in its `group`), 0 for none; `routes`: its pages, and addresses that belong to them alone; `group`: title of the
    pages that it is shown among, "" where a menu has no groups."""

    name: str
    title: str
    order: int
    permission: str
    routes: tuple[Route[C], ...]
    group: str = ""
