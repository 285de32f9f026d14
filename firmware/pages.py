"""Pages: log-in, password, Package Management and accounts, with the JSON API behind them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bottle import Bottle, HTTPResponse, request, static_file

from board.kit.errors import ConfigError, PackageError
from board.kit.permissions import PERMISSIONS, ROLES
from board.kit.web.render import Templates
from board.kit.words import ENGLISH
from firmware.gateway.cgi import upload_json
from firmware.packages.management import MAX_PACKAGES, Packages
from firmware.packages.uploads import Uploads, content_length
from firmware.packages.verify import MAX_ARCHIVE_BYTES
from firmware.people.auth import BY_TOKEN, COOKIE, Auth, Visitor, answer, check_origin, local_path
from firmware.people.log_in import MustWait
from firmware.people.passwords import MIN_PASSWORD, Busy
from firmware.people.sessions import LONGEST_S

HERE = Path(__file__).parent
FORM_BYTES = 16 << 10
PACKAGES_PAGE = "/setup/application/vadp.html"
ACCOUNTS_PAGE = "/setup/system/accounts.html"
_POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"


class Pages:
    """The templates of firmware/templates as answers."""

    def __init__(self) -> None:
        self._templates = Templates(HERE / "templates")

    def render(self, template: str, status: int = 200, visitor: Visitor | None = None, **values: Any) -> HTTPResponse:
        """The page `template` inside the frame that all pages share."""
        frame = {"visitor": visitor, "packages_page": PACKAGES_PAGE, "accounts_page": ACCOUNTS_PAGE, "path": request.path}
        body = self._templates.html(template, ENGLISH, **{"title": "Camera", "refresh_s": 0, **frame, **values})
        headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Content-Security-Policy": _POLICY}
        return HTTPResponse(body, status=status, headers=headers)


def routes(app: Bottle, pages: Pages, auth: Auth, packages: Packages, uploads: Uploads, card_present: Callable[[], bool]) -> None:
    """Adds every page of the host and the API that the pages use."""
    _log_in(app, pages, auth)
    _package_pages(app, pages, auth, packages, uploads, card_present)
    _account_pages(app, pages, auth)

    def health() -> HTTPResponse:
        ready = packages.portals_ready()
        return _json({"status": "ok" if ready else "starting"}, 200 if ready else 503)

    app.route("/health", "GET", health)
    app.route("/host/<name:re:[a-z0-9_-]+\\.(css|js|svg)>", "GET", lambda name: static_file(name, root=str(HERE / "static")))
    app.route("/favicon.ico", "GET", lambda: static_file("icon.svg", root=str(HERE / "static")))


def _log_in(app: Bottle, pages: Pages, auth: Auth) -> None:
    def form() -> HTTPResponse:
        return pages.render("login", title="Log in", error="", user="", next=local_path(request.query.getunicode("next", "/")))

    def enter() -> HTTPResponse:
        check_origin()
        values = _form()
        user, target = values.get("user", "").strip(), local_path(values.get("next", "/"))
        try:
            account = auth.check(user, values.get("password", ""))
        except MustWait as why:
            page = pages.render("login", 503 if why.busy else 429, title="Log in", error=_sentence(why), user=user, next=target)
            page.set_header("Retry-After", str(why.seconds))
            return page
        if account is None:
            return pages.render("login", 401, title="Log in", error="User name or password is wrong.", user=user, next=target)
        return _enter(auth.sessions.open(account.name), "/password" if account.must_change else target)

    def leave() -> HTTPResponse:
        check_origin()
        auth.sessions.close(request.get_cookie(COOKIE) or "")
        response = HTTPResponse("", status=303, headers={"Location": "/login"})
        response.delete_cookie(COOKIE, path="/")
        return response

    def password_form() -> HTTPResponse:
        return _password_page(_person(auth), "", 200)

    def _password_page(visitor: Visitor, error: str, status: int) -> HTTPResponse:
        return pages.render("password", status, visitor, title="New password", error=error, least=MIN_PASSWORD)

    def set_password() -> HTTPResponse:
        visitor = _person(auth)
        check_origin()
        values = _form()
        try:
            if auth.check(visitor.name, values.get("old", "")) is None:
                raise ConfigError("the present password is wrong")
            if values.get("new", "") != values.get("again", ""):
                raise ConfigError("the two new passwords differ")
            auth.accounts.set_password(visitor.name, values.get("new", ""))
        except (ConfigError, MustWait, Busy) as why:
            return _password_page(visitor, _sentence(why), 400 if isinstance(why, ConfigError) else 429)
        auth.sessions.close_all(visitor.name)
        auth.changed(visitor, "password changed", visitor.name)
        return _enter(auth.sessions.open(visitor.name), "/")

    app.route("/login", "GET", form)
    app.route("/login", "POST", enter)
    app.route("/logout", "POST", leave)
    app.route("/password", "GET", password_form)
    app.route("/password", "POST", set_password)


def _package_pages(
    app: Bottle, pages: Pages, auth: Auth, packages: Packages, uploads: Uploads, card_present: Callable[[], bool]
) -> None:
    commands = packages.commands()

    def home() -> HTTPResponse:
        target = PACKAGES_PAGE if auth.page().may("packages") else "/anpr/"
        return HTTPResponse("", status=303, headers={"Location": target})

    def page() -> HTTPResponse:
        visitor = auth.page("packages")
        values: dict[str, Any] = {"serial": packages.serial, "report_key": packages.report_key, "max_bytes": MAX_ARCHIVE_BYTES}
        return pages.render("vadp", visitor=visitor, title="Package management", **values)

    def listing() -> HTTPResponse:
        auth.api()
        found = [asdict(package) for package in packages.listing()]
        return _json({"packages": found, "card": card_present(), "serial": packages.serial, "npackage": MAX_PACKAGES})

    def upload() -> HTTPResponse:
        auth.api("packages")
        return upload_json(packages, uploads)

    def command(name: str, verb: str) -> HTTPResponse:
        auth.api("packages")
        if verb not in commands:
            return answer(404, f"there is no command {verb[:40]}")
        try:
            commands[verb](name)
        except PackageError as why:
            return answer(409, str(why))
        return _json({"package": name, "done": verb})

    def licence(name: str) -> HTTPResponse:
        auth.api("packages")
        try:
            until = packages.store_licence(name, uploads.licence())
        except PackageError as why:
            return answer(400, str(why))
        return _json({"package": name, "until": until}, 201)

    app.route("/", "GET", home)
    app.route(PACKAGES_PAGE, "GET", page)
    app.route("/api/packages", "GET", listing)
    app.route("/api/packages", "POST", upload)
    app.route("/api/packages/<name:re:[A-Za-z0-9_-]+>/licence", "POST", licence)
    app.route("/api/packages/<name:re:[A-Za-z0-9_-]+>/<verb:re:[a-z]+>", "POST", command)


def _account_pages(app: Bottle, pages: Pages, auth: Auth) -> None:
    def show(error: str = "", status: int = 200, user: str = "") -> HTTPResponse:
        visitor = auth.page("people")
        return pages.render(
            "accounts", status, visitor, title="Accounts", accounts=auth.accounts.all(), roles=ROLES, permissions=PERMISSIONS,
            error=error, user=user, least=MIN_PASSWORD, damage=auth.damage(),
        )  # fmt: skip

    def add() -> HTTPResponse:
        visitor = auth.page("people")
        values = _form()
        try:
            auth.add_account(visitor, values.get("user", "").strip(), values.get("role", ""), values.get("password", ""))
        except (ConfigError, Busy) as why:
            return show(f"Not added: {why}.", 400, values.get("user", "")[:32])
        return HTTPResponse("", status=303, headers={"Location": ACCOUNTS_PAGE})

    def remove() -> HTTPResponse:
        visitor = auth.page("people")
        try:
            auth.remove_account(visitor, _form().get("user", ""))
        except ConfigError as why:
            return show(f"Not removed: {why}.", 400)
        return HTTPResponse("", status=303, headers={"Location": ACCOUNTS_PAGE})

    app.route(ACCOUNTS_PAGE, "GET", show)
    app.route("/setup/system/accounts/add", "POST", add)
    app.route("/setup/system/accounts/remove", "POST", remove)


def _person(auth: Auth) -> Visitor:
    """Somebody with a password, first or own; others are sent to log in."""
    visitor = auth.visitor()
    if visitor is None or visitor.by == BY_TOKEN:
        raise HTTPResponse("", status=303, headers={"Location": "/login?next=/password"})
    return visitor


def _sentence(why: Exception) -> str:
    text = str(why)
    return f"{text[:1].upper()}{text[1:]}."


def _enter(token: str, target: str) -> HTTPResponse:
    response = HTTPResponse("", status=303, headers={"Location": target})
    response.set_cookie(COOKIE, token, path="/", httponly=True, samesite="strict", maxage=int(LONGEST_S))
    return response


def _form() -> dict[str, str]:
    """The fields of an ordinary form; 413 when it is too long."""
    content_length(FORM_BYTES)
    return {name: request.forms.getunicode(name, "") for name in request.forms}


def _json(document: object, status: int = 200) -> HTTPResponse:
    headers = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"}
    return HTTPResponse(json.dumps(document), status=status, headers=headers)
