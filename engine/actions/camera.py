"""Camera action: tells another Gatewright camera of the site what was read here: a second view of a vehicle, or one that drove in
or out at another lane (docs/lane.md). While a rule uses it, it says every few seconds that this camera is there.
"""

from __future__ import annotations

import json
import logging
import threading
from string import Formatter
from typing import Any

from board.kit.errors import GatewrightError, PeerRefused
from board.kit.from_json import from_json
from board.kit.settings import Settings, option
from board.kit.words import NOTHING, Text, mark, one_line
from engine.actions._exchange import Host, place
from engine.actions._http import Login, Request, ask
from engine.actions._kind import ActionEnv, ActionKind
from engine.actions._tls import Certificates, ca_option, client_context
from engine.types import PlateEvent

HEARTBEAT_S = 5.0
LONGEST_AGE_MS = 86_400_000
PATH = "/anpr/api/lane/seen"
MOST_ANSWER = 4096
LONGEST_REASON = 200

LANES = {mark("the same vehicle"): "view", mark("a vehicle that drove in"): "in", mark("a vehicle that drove out"): "out"}
"""What this camera sees, as people choose it: as the other one is told."""

log = logging.getLogger("camera")


class CameraOptions(Settings):
    host: Host = option("192.168.1.11", "Host", "The other camera's name or address.", max_length=253)
    port: int = option(443, "Port", "That of its portal: by custom 443 with TLS, 80 without.", ge=1, le=65535)
    tls: bool = option(True, "TLS", "Encrypts the connection and checks which camera that is.")
    ca: Certificates = ca_option({"tls": (True,)})
    password: str = option(
        "",
        "Token",
        "An API token of the other camera with the permission open.",
        widget="password",
        belongs_to=("host", "port", "tls", "ca"),
        max_length=200,
    )
    sees: str = option(
        next(iter(LANES)),
        "This camera sees",
        "The same vehicle as the other camera, which decides with both plates; or vehicles at another lane, which that one counts.",
        choices=tuple(LANES),
    )
    timeout_s: float = option(3.0, "Timeout", "Longest wait, from look-up to the end of the answer.", unit="s", ge=1, le=10)


class Heart:
    """Says to one camera, while somebody uses it, that this one is there."""

    def __init__(self, env: ActionEnv) -> None:
        self._env = env
        self._lock = threading.Lock()
        self._options: tuple[CameraOptions, ...] = ()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera-link", daemon=True)

    def __enter__(self) -> Heart:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(0.5)

    def use(self, options: tuple[CameraOptions, ...], env: ActionEnv) -> None:
        with self._lock:
            self._env = env  # the camera may have another id by now
            self._options = tuple(dict.fromkeys(each for each in options if LANES[each.sees] == "view"))

    def _run(self) -> None:
        while not self._stop.wait(HEARTBEAT_S):
            with self._lock:
                wanted, env = self._options, self._env
            for options in wanted:
                try:
                    _send(options, env, {"camera_id": env.device.id})
                except GatewrightError as why:
                    log.debug("%s: %s", options.host, why)
                except Exception:  # the thread's top
                    log.exception("%s", options.host)


def _send(options: CameraOptions, env: ActionEnv, said: dict[str, Any]) -> None:
    url = f"{'https' if options.tls else 'http'}://{place(options.host, options.port)}{PATH}"
    headers = {"Content-Type": "application/json", "User-Agent": "Gatewright", "Connection": "close"}
    request, login = Request("POST", url, json.dumps(said).encode(), headers), Login("bearer", "", options.password)
    try:
        ask(request, login, env.network, options.timeout_s, client_context(options.ca), MOST_ANSWER)
    except PeerRefused as why:
        reason = _reason(why.body)
        if not reason:
            raise
        raise type(why)("{target} answers: {answer}", target=place(options.host, options.port), answer=reason) from None


def _reason(body: bytes) -> Text:
    """What the other camera says (error_document in board/kit/web/app.py), in the language of whoever reads it here; NOTHING: that
    is no camera of ours."""
    try:
        said = from_json(body)
        key, values = said["key"], said["values"]
        if not (key.isprintable() and all(isinstance(each, str | int | float) for each in values.values())):
            return Text(one_line(str(said["error"]), LONGEST_REASON))
        fields = [(name, spec, how) for _, name, spec, how in Formatter().parse(key) if name is not None]
    except (ValueError, LookupError, TypeError, AttributeError):
        return NOTHING
    # A stranger's template must fill no memory, and can be said.
    if any(name not in values or not name.isidentifier() or spec or how for name, spec, how in fields):
        return NOTHING
    return Text(key, {name: one_line(str(value), LONGEST_REASON) for name, value in values.items()})


def _deliver(event: PlateEvent, options: CameraOptions, env: ActionEnv) -> Text:
    lane, passage = LANES[options.sees], event.passage
    target = place(options.host, options.port)
    if not passage.plate:
        return Text("nothing was sent: no plate was read")
    if lane != "view" and event.decision.outcome in ("refused", "withheld"):
        return Text("nothing was sent: the vehicle was not let through")
    said = {
        "camera_id": env.device.id,
        "event_id": passage.id,
        "plate": passage.plate[:20],
        "age_ms": _age_ms(event, env, lane),
        "lane": lane,
    }
    _send(options, env, said)
    return Text("{target} took {plate}", {"target": target, "plate": passage.plate})


def _age_ms(event: PlateEvent, env: ActionEnv, lane: str) -> int:
    """Of the picture, by that clock of this camera which does less harm where one was set since (the monotonic one begins anew with
    each boot): an old view must open nothing, and a vehicle of a minute ago must not count as one of yesterday."""
    spans = (
        (env.clock.now() - event.passage.at).total_seconds() * 1000,
        (env.clock.monotonic_ns() - event.passage.monotonic_ns) / 1e6,
    )
    age = max(spans) if lane == "view" else min((each for each in spans if each >= 0), default=0)
    return max(0, min(LONGEST_AGE_MS, round(age)))


def _use(heart: Heart, rules: tuple[CameraOptions, ...], env: ActionEnv) -> None:
    heart.use(rules, env)


ACTION = ActionKind(
    name="camera",
    label="CAMERA",
    purpose=mark("Tell another camera"),
    about=mark("The second camera of a lane."),
    icon="video",
    options=CameraOptions,
    deliver=_deliver,
    pause_s=(1.0, 10.0),  # the other one waits for what it is told, as soon as it is back
    peer=lambda options: place(options.host, options.port),
    open=lambda peer, env: Heart(env),
    use=_use,
)
