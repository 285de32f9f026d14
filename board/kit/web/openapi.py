"""OpenAPI: a document (3.1) of routes, made from their models; documents of several applications as one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from board.kit.web.routes import JSON, PUBLIC, Partial, Route

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
    schemas = _Schemas(prefix, shown)
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


class _Schemas:
    """JSON schemas of the models of routes, with unique names below #/components/schemas."""

    def __init__(self, prefix: str, routes: Sequence[Route[Any]]) -> None:
        adapters: list[tuple[Any, Any, TypeAdapter[Any]]] = [("error", "serialization", TypeAdapter(Error))]
        for number, route in enumerate(routes):
            if route.query is not None:
                adapters.append((("query", number), "validation", TypeAdapter(route.query)))
            kind = route.body.kind if isinstance(route.body, Partial) else route.body
            if kind is not None:
                adapters.append((("body", number), "validation", TypeAdapter(kind)))
            if route.reply is not None and not isinstance(route.reply, str):
                adapters.append((("reply", number), "serialization", TypeAdapter(route.reply)))
        template = f"#/components/schemas/{prefix}{{model}}"
        found, shared = TypeAdapter.json_schemas(adapters, ref_template=template)
        self._found = {key: schema for (key, _), schema in found.items()}
        self.components: dict[str, Any] = {f"{prefix}{name}": schema for name, schema in shared.get("$defs", {}).items()}
        self._numbers = {id(route): number for number, route in enumerate(routes)}
        for schema in self.components.values():
            _plain(schema)

    def of(self, what: str, route: Route[Any]) -> dict[str, Any]:
        return _plain(dict(self._found[(what, self._numbers[id(route)])]))

    def resolved(self, what: str, route: Route[Any]) -> dict[str, Any]:
        """The same without a reference at its top."""
        schema = self.of(what, route)
        reference = schema.get("$ref", "")
        return dict(self.components[reference.rpartition("/")[2]]) if reference else schema

    @property
    def error(self) -> dict[str, Any]:
        return dict(self._found["error"])


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Without what only our forms read; passwords are marked as what never comes back."""
    for field in schema.get("properties", {}).values():
        if not isinstance(field, dict):
            continue
        if field.pop("widget", "") == "password":
            field["writeOnly"] = True
        if (field.get("default") == "" and field.get("minLength")) or isinstance(field.get("default"), dict):
            del field["default"]  # a form begins empty, but must not be sent so; a Text is no JSON
        choices = field.pop("choices", [])
        if choices:
            field["enum"] = choices
        unit = field.pop("unit", "")
        if unit:
            field["x-unit"] = unit
        for name in ("group", "restart"):
            field.pop(name, None)
    return schema


def _operation(root: str, route: Route[Any], schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _name(root, route),
        "summary": route.help,
        "x-permission": route.permission,
        "parameters": [*_path_parameters(route), *_query_parameters(route, schemas)],
        "responses": {"2XX": _reply(route, schemas), "default": {"description": "Refused.", **_json(schemas.error)}},
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


def _query_parameters(route: Route[Any], schemas: _Schemas) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    found = []
    for name, field in schemas.resolved("query", route)["properties"].items():
        schema = {key: value for key, value in field.items() if key not in ("title", "description")}
        found.append(
            {"name": name, "in": "query", "required": False, "description": field.get("description", ""), "schema": schema}
        )
    return found


def _body(route: Route[Any], schemas: _Schemas) -> dict[str, Any] | None:
    if route.takes != JSON:
        binary = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
        form = {"schema": {"type": "object"}}
        return {"required": True, "content": {"multipart/form-data": form, "application/octet-stream": binary}}
    if route.body is None:
        return None
    if not isinstance(route.body, Partial):
        return {"required": True, **_json(schemas.of("body", route))}
    schema = schemas.resolved("body", route)
    schema.pop("required", None)
    schema["description"] = "Any of these; what is left out stays as it is."
    return {"required": True, **_json(schema)}


def _reply(route: Route[Any], schemas: _Schemas) -> dict[str, Any]:
    if isinstance(route.reply, str):
        return {"description": "Done.", "content": {route.reply: {"schema": {"type": "string", "contentMediaType": route.reply}}}}
    if route.reply is None:
        return {"description": "Done."}
    return {"description": "Done.", **_json(schemas.of("reply", route))}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
