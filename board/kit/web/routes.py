"""Routes: an address as data: method, path, permission, models of what is asked and answered, and the function that answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import field, is_dataclass
from dataclasses import fields as dataclass_fields
from typing import IO, TYPE_CHECKING, Any, Generic, TypeVar

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, GatewrightError
from board.kit.fields import Field
from board.kit.languages import best
from board.kit.permissions import PERMISSIONS
from board.kit.settings import IGNORE, Settings
from board.kit.web.visitor import NO_ONE, Visitor
from board.kit.words import Language, Sayable, Text

PUBLIC = "public"
"""Permission of a route that anybody may use, also without a log-in."""
KNOWN = "known"
"""Permission of a route for whoever is logged in."""

JSON, FORM, STREAM = "json", "form", "stream"
"""How a body comes: a JSON object, a form of a page, or unread (an upload): then the function that answers takes Call.stream."""

MAX_BODY_BYTES = 1_000_000
MAX_FORM_BYTES = 16 << 10
"""Of a page's plain form."""

C = TypeVar("C")
if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultedTypeVar

    Q = DefaultedTypeVar("Q", default=Mapping[str, str])
    B = DefaultedTypeVar("B", default=Mapping[str, Any])
else:  # typing has defaults from Python 3.13 on; the library costs half a megabyte
    Q, B = TypeVar("Q"), TypeVar("B")


class Query(Settings, extra=IGNORE):
    """Base of the models of a query. It is lenient, as addresses are kept and typed: what is out of range is moved into it, what
    is not a number becomes the default, what is too long is cut, unknown names are ignored."""


def number(default: int, lowest: int, highest: int, about: str) -> Any:
    """A whole number of a Query."""
    return Field(default, help=about, ge=lowest, le=highest)


def text(longest: int, about: str) -> Any:
    """A text of a Query, empty by default."""
    return Field("", help=about, max_length=longest)


@dataclass(frozen=True, slots=True)
class Partial:
    """The body of a change: any of the fields of `kind`. The function that answers gets what was sent as it came, puts it over
    what is stored and checks the whole (forms.filled)."""

    kind: type[Settings]


class Refused(GatewrightError):
    """A request that is not carried out. `status`: HTTP status; `headers`: sent with the refusal. Values that are wrong are a
    SettingsError instead, with the fields that they are of."""

    def __init__(
        self,
        status: int,
        text: str | Text,
        /,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        field: str = "",
        one: str = "",
        **values: object,
    ) -> None:
        super().__init__(text, field=field, one=one, **values)
        self.status = status
        self.headers = headers


class Elsewhere(Exception):
    """Raised instead of an answer: redirects the browser to `path` of the same camera."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    """One request. `path`: the route's named parts; `query`, `body`: what was asked and sent, as the route's models; where the
    route names none, the last value of each name and the JSON object or form as they came."""

    visitor: Visitor = NO_ONE
    path: Mapping[str, str] = field(default_factory=dict)
    query: Q = field(default_factory=dict)  # type: ignore[assignment]  # of the Call that no route has yet
    body: B = field(default_factory=dict)  # type: ignore[assignment]
    method: str = "GET"
    address: str = "/"
    """Path and query as they were sent."""
    environ: Mapping[str, Any] = field(default_factory=dict)

    @property
    def user(self) -> str:
        return self.visitor.name

    @property
    def role(self) -> str:
        return self.visitor.role

    def may(self, permission: str) -> bool:
        return self.visitor.may(permission)

    def header(self, name: str) -> str:
        """The header that was sent, "" for none."""
        return str(self.environ.get(f"HTTP_{name.upper().replace('-', '_')}", ""))

    @property
    def content_type(self) -> str:
        return str(self.environ.get("CONTENT_TYPE") or "")

    def cookie(self, name: str) -> str:
        """The cookie that was sent, "" for none."""
        pairs = (part.strip().partition("=") for part in self.header("Cookie").split(";"))
        return next((value for key, _, value in pairs if key == name), "")

    @property
    def language(self) -> Language:
        """What the sender reads: chosen on a page, else what the browser asks for."""
        return best(self.header("Cookie"), self.header("Accept-Language"))

    @property
    def stream(self) -> IO[bytes]:
        """The body of a route that takes it unread."""
        stream: IO[bytes] = self.environ["wsgi.input"]
        return stream

    def number(self: Call[Mapping[str, str], Any], name: str, default: int, lowest: int, highest: int) -> int:
        """A whole number of the query, moved into the range; anything else is `default`."""
        text = self.query.get(name, "")
        value = int(text) if text.removeprefix("-").isdecimal() and len(text) < 19 else default
        return max(lowest, min(highest, value))

    def id(self, name: str) -> int:
        """A whole number of the path; Refused 404 otherwise."""
        text = self.path[name]
        if not text.isdecimal() or len(text) > 18:
            raise Refused(404, "There is no such page.")
        return int(text)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `type`: the content type; `body`: bytes, or an iterable of them that is sent piece by piece."""

    body: Any
    type: str = "application/json"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


def data(value: object, status: int = 200) -> Answer:
    """`value` (only JSON types) as the answer. Half a character (a lone surrogate), quoted from a request, becomes "?"."""
    return Answer(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"), "application/json", status)


def said(value: object, language: Language) -> object:
    """`value` as JSON types with every Text in it said in `language`; dataclasses become objects."""
    if isinstance(value, Text | Sayable):
        return value.said(language.translate)
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: said(getattr(value, each.name), language) for each in dataclass_fields(value)}
    if isinstance(value, Mapping):
        return {str(name): said(each, language) for name, each in value.items()}
    return [said(each, language) for each in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True)
class Route(Generic[C]):
    """An address. Made by `page`, `api` and `download`; one whose permission is unknown cannot be made (ConfigError).

    `path` is below the application's root; its parts in <angles> reach `answer` as Call.path. `permission`: a name of
    board/kit/permissions.py, PUBLIC or KNOWN. `query`, `body`: models of what is asked; `reply`: the type of the JSON that comes
    back, or the content type of what is no JSON. `is_page`: errors and the log-in are shown as pages. `changes`: something is
    different afterwards, so that the request must come from our own pages or from a program. `takes`: JSON, FORM or STREAM.
    """

    method: str
    path: str
    permission: str
    answer: Callable[[C, Any], Answer]
    help: str = ""
    query: type[Query] | None = None
    body: type[Settings] | Partial | None = None
    reply: Any = None
    is_page: bool = False
    changes: bool = False
    takes: str = JSON
    max_body_bytes: int = MAX_BODY_BYTES

    def __post_init__(self) -> None:
        if self.permission not in (*PERMISSIONS, PUBLIC, KNOWN):
            raise ConfigError(
                "{method} {path}: there is no permission {permission!r}",
                method=self.method,
                path=self.path,
                permission=self.permission,
            )


def page(path: str, permission: str, answer: Callable[[C, Call], Answer], *, method: str = "GET") -> Route[C]:
    """A page for people, or (`method` POST) where its plain form goes."""
    return Route(
        method,
        path,
        permission,
        answer,
        is_page=True,
        changes=method != "GET",
        takes=FORM,
        max_body_bytes=MAX_FORM_BYTES,
    )


def api(
    method: str,
    path: str,
    permission: str,
    answer: Callable[[C, Call[Q, B]], Answer],
    help_text: str,
    *,
    query: type[Query] | None = None,
    body: type[Settings] | Partial | None = None,
    reply: Any = None,
    takes: str = JSON,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> Route[C]:
    """An address for programs and for the scripts of pages; `help_text` is its line in docs/api.md. `query`, `body`: the models
    that the Call of `answer` holds; without a `body` the request has none."""
    return Route(
        method,
        path,
        permission,
        answer,
        help_text,
        query,
        body,
        reply,
        changes=method != "GET",
        takes=takes,
        max_body_bytes=max_body_bytes,
    )


def download(
    path: str,
    permission: str,
    answer: Callable[[C, Call[Q, B]], Answer],
    help_text: str = "",
    *,
    query: type[Query] | None = None,
    reply: str = "application/octet-stream",
) -> Route[C]:
    """A file: picture, table, log. A program that is not logged in is asked for its password."""
    return Route("GET", path, permission, answer, help_text, query, reply=reply)
