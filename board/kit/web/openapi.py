"""OpenAPI: a document (3.1) of routes, made from their models; documents of several applications as one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from board.kit.web.routes import JSON, PUBLIC, Partial, Route
from board.kit.web.schemas import Schemas

VERSION = "3.1.0"
_PART = re.compile(r"<(\w+)(?::[^>]*)?>")

Document = dict[str, Any]


class WrongField(TypedDict):
    """One field of what was sent that is not acceptable; "" when it concerns several."""

    field: str
    title: str
    text: str


class Error(TypedDict):
    """Why a request was not carried out: for people, in their language; `key` and `values` to decide by or to say it otherwise."""

    error: str
    key: str
    values: dict[str, Any]
    problems: list[WrongField]


def document(title: str, about: str, version: str, root: str, prefix: str, routes: Iterable[Route[Any]]) -> Document:
    """Every route that says what it does (Route.help). `root`: what its paths lie below; `prefix`: begins the names of schemas, so
    that documents can be merged."""
    shown = [route for route in routes if route.help]
    schemas = Schemas(prefix)
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(shown, key=lambda each: (each.path, each.method)):
        paths.setdefault(root + _PART.sub(r"{\1}", route.path), {})[route.method.lower()] = _operation(root, route, schemas)
    return {
        "openapi": VERSION,
        "info": {"title": title, "description": about, "version": version},
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "gatewright_session",
                    "description": "The session of a browser; a port other than 80 and 443 follows: gatewright_session_8080. What "
                    "changes something needs an Origin or X-Requested-With header too.",
                },
            },
        },
        "security": [{"session": []}, {"basic": []}, {"token": []}],
    }


def merged(first: Document, others: Sequence[Document]) -> Document:
    """`first` with the paths and schemas of `others`; what two of them name is the earlier one's."""
    whole = {**first, "components": dict(first["components"])}
    for other in others:
        whole["paths"] = {**other["paths"], **whole["paths"]}
        both = {**other["components"]["schemas"], **whole["components"]["schemas"]}
        whole["components"] = {**whole["components"], "schemas": both}
    return whole


def _operation(root: str, route: Route[Any], schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _name(root, route),
        "summary": route.help,
        "x-permission": route.permission,
        "parameters": [*_path_parameters(route), *_query_parameters(route, schemas)],
        "responses": {"2XX": _reply(route, schemas), "default": {"description": "Refused.", **_json(schemas.of(Error))}},
    }
    if route.permission == PUBLIC:
        operation["security"] = []
    body = _body(route, schemas)
    if body is not None:
        operation["requestBody"] = body
    return operation


def _name(root: str, route: Route[Any]) -> str:
    words = re.findall(r"[A-Za-z0-9]+", root + _PART.sub(r"by_\1", route.path.removeprefix("api/")))
    return "_".join((route.method.lower(), *words))


def _path_parameters(route: Route[Any]) -> list[dict[str, Any]]:
    found = []
    for name in _PART.findall(route.path):
        is_text = name != "id" or "passages/" in route.path
        kind = {"type": "string"} if is_text else {"type": "integer", "minimum": 0}
        found.append({"name": name, "in": "path", "required": True, "schema": kind})
    return found


def _query_parameters(route: Route[Any], schemas: Schemas) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    found = []
    for name, field in schemas.properties(route.query).items():
        about = field.pop("description", "")
        found.append({"name": name, "in": "query", "required": False, "description": about, "schema": field})
    return found


def _body(route: Route[Any], schemas: Schemas) -> dict[str, Any] | None:
    if route.takes != JSON:
        binary = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
        form = {"schema": {"type": "object"}}
        return {"required": True, "content": {"multipart/form-data": form, "application/octet-stream": binary}}
    if route.body is None:
        return None
    if not isinstance(route.body, Partial):
        return {"required": True, **_json(schemas.of(route.body))}
    schema = {**schemas.settings(route.body.kind), "description": "Any of these; what is left out stays as it is."}
    schema.pop("required", None)
    return {"required": True, **_json(schema)}


def _reply(route: Route[Any], schemas: Schemas) -> dict[str, Any]:
    if isinstance(route.reply, str):
        return {"description": "Done.", "content": {route.reply: {"schema": {"type": "string", "contentMediaType": route.reply}}}}
    if route.reply is None:
        return {"description": "Done."}
    return {"description": "Done.", **_json(schemas.of(route.reply))}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
