"""Bodies: what comes with a request as text, numbers and objects that every handler can take, or a refusal that says why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from board.kit.fields import Field
from board.kit.from_json import TooDeep, from_json
from board.kit.settings import check, unfit
from board.kit.web.routes import FORM, JSON, Partial, Query, Refused, Route
from board.kit.words import mark

_WHOLE = re.compile(r"-?[0-9]{1,19}")
_HALF_A_CHARACTER = re.compile(r"[\ud800-\udfff]")
MAX_DEPTH = 32
MAX_FIELDS = 200
MAX_NUMBER = 2**63
"""Beyond, no database holds it."""


def query_of(environ: Mapping[str, Any], route: Route[Any]) -> Any:
    """The last value of each name, or the route's model of them; what is not UTF-8 counts as not sent. Refused 422 for more than
    200 names."""
    sent = _fields(str(environ.get("QUERY_STRING", "")), "replace")
    return sent if route.query is None else lenient(route.query, sent)


def body_of(environ: Mapping[str, Any], route: Route[Any]) -> Any:
    """The object or form of a request that changes something, as the route's model where it has one.

    A page of another site cannot send application/json unasked. Refused 400, 411, 413, 415, 422; SettingsError for wrong fields."""
    sent = _sent(environ, route)
    return sent if route.body is None or isinstance(route.body, Partial) else check(route.body, sent)


def lenient(kind: type[Query], sent: Mapping[str, str]) -> Query:
    """`sent` as a query of that kind, moved into its ranges."""
    values: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        given = sent.get(name)
        if given is None:
            continue
        if kind.type_of(name) is int:
            is_whole = _WHOLE.fullmatch(given) is not None
            values[name] = _moved(int(given), field) if is_whole else field.default
        else:
            values[name] = given[: field.max_length]
    return kind.model_validate(values)


def _moved(number: int, field: Field) -> int:
    """Into the range that every number of a query has (routes.number)."""
    assert field.ge is not None and field.le is not None
    return int(max(field.ge, min(field.le, number)))


def _sent(environ: Mapping[str, Any], route: Route[Any]) -> dict[str, Any]:
    if route.takes not in (JSON, FORM) or environ["REQUEST_METHOD"] in ("GET", "HEAD"):
        return {}
    length = length_of(environ, route.max_body_bytes)
    sent = _type_of(environ)
    if route.takes == FORM:
        return form_of(environ, route.max_body_bytes)[1]
    if sent != "application/json" and (sent or length):
        raise Refused(415, "Send the request as application/json.")
    return _object(_decoded(_read(environ, length)) or "{}")


def length_of(environ: Mapping[str, Any], limit_bytes: int) -> int:
    """Bytes of the body; Refused 411 for one that comes without a Content-Length, 413 over `limit_bytes`."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        raise Refused(411, "Send the request with a Content-Length.")
    text = str(environ.get("CONTENT_LENGTH") or "0")
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise Refused(400, "The Content-Length is malformed.")
    if int(text) > limit_bytes:
        raise Refused(413, "The request is larger than {most} bytes.", most=limit_bytes)
    return int(text)


def form_of(environ: Mapping[str, Any], limit_bytes: int) -> tuple[bytes, dict[str, str]]:
    """A form as it came, for whoever passes it on, and its fields. Refused 400, 411, 413, 415, 422."""
    length = length_of(environ, limit_bytes)
    if length and _type_of(environ) != "application/x-www-form-urlencoded":
        raise Refused(415, "Send the request as a form.")
    raw = _read(environ, length)
    return raw, _fields(_decoded(raw), "strict")


def file_of(environ: Mapping[str, Any], limit_bytes: int) -> bytes:
    """The body that is a file itself. Refused 400, 411, 413, and 422 for JSON, which is none."""
    if str(environ.get("CONTENT_TYPE", "")).startswith("application/json"):
        raise Refused(422, "Send the file itself as the body, as application/octet-stream.")
    return _read(environ, length_of(environ, limit_bytes))


def _read(environ: Mapping[str, Any], length: int) -> bytes:
    try:
        raw: bytes = environ["wsgi.input"].read(length) if length else b""
    except OSError as why:
        raise Refused(400, "The request broke off.") from why
    if len(raw) < length:
        raise Refused(400, "The request broke off.")
    return raw


def _type_of(environ: Mapping[str, Any]) -> str:
    return str(environ.get("CONTENT_TYPE") or "").split(";")[0].strip().lower()


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as why:
        raise Refused(400, "The request is not UTF-8.") from why


def _fields(text: str, errors: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors=errors, max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError as why:
        raise Refused(422, "The request is not UTF-8.") from why
    except ValueError as why:
        raise Refused(422, "The request has more than {most} fields.", most=MAX_FIELDS) from why
    last = dict(pairs)
    twice = next((name for name, value in pairs if value != last[name]), None)
    if errors == "strict" and twice is not None:  # of what changes something nobody knows which is meant
        raise Refused(400, "{name!r} is there twice", name=twice[:60])
    return {name: "" if "\ufffd" in value else value for name, value in pairs}


def _object(text: str) -> dict[str, Any]:
    try:
        body = from_json(text, parse_constant=_no_number, unique=True)
    except TooDeep as why:
        raise _too_deep() from why
    except ValueError as why:
        raise Refused(400, "The request is not JSON: {why}", why=why) from why
    if not isinstance(body, dict):
        raise Refused(400, "The request is not a JSON object.")
    for name, value in body.items():
        _check(str(name), name, 0)
        _check(str(name), value, 1)
    return body


def _check(field: str, value: object, depth: int) -> None:
    """What JSON allows and no database, file or page takes: lone surrogates, endless nesting, huge numbers."""
    if depth > MAX_DEPTH:
        raise _too_deep()
    if isinstance(value, str):
        if _HALF_A_CHARACTER.search(value):
            _refuse(field, mark("holds half a character"))
    elif isinstance(value, int | float):
        if not -MAX_NUMBER <= value < MAX_NUMBER:
            _refuse(field, mark("is too large a number"))
    elif isinstance(value, list):
        for each in value:
            _check(field, each, depth + 1)
    elif isinstance(value, dict):
        for name, each in value.items():
            _check(field, name, depth + 1)
            _check(field, each, depth + 1)


def _refuse(field: str, text: str) -> NoReturn:
    shown = field.encode("utf-8", "replace").decode()[:60]
    raise unfit(shown, shown, text)


def _too_deep() -> Refused:
    return Refused(422, "The request is nested deeper than {most} levels.", most=MAX_DEPTH)


def _no_number(text: str) -> NoReturn:
    raise Refused(422, "{text} is not a number.", text=text)
