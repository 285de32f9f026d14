"""ASK action: a server is asked about a car before the camera decides, and its answer within the time limit decides.

The question is the event in one of the formats of docs/messages.md. An answer is a JSON object with the question's event_id,
`allow` (true or false) and, if it likes, a `reason`: over HTTP the body of the response, over MQTT a message at the answer topic.
What an answer means for the gate, and what happens without one, is decided in engine/dispatch/asking.py.

An answer opens a gate, so nobody else may be able to give it: over TLS the server is known by its certificate, with a secret the
answer is signed. Within the local network an installer may do without; outside of it the camera asks nobody without either.
"""

from __future__ import annotations

import hashlib
import hmac
import time

from board.kit.errors import ConfigError, DeliveryError, PeerRefused
from board.kit.from_json import from_json
from board.kit.settings import Problem, Settings, field_validator, option
from board.kit.words import Text, mark
from engine.actions._exchange import Host, place
from engine.actions._http import LOGINS, Login, Request, ask, check_url
from engine.actions._kind import ActionEnv, ActionKind, Answer
from engine.actions._mqtt import MOST_ANSWER, Broker
from engine.actions._mqtt_letters import Account, Heard, Letter
from engine.actions._tls import Certificates, ca_option, client_context
from engine.actions.mqtt import Topic, client_id, topic_of
from engine.formats.messages import DOCUMENTS, Message
from engine.formats.places import one_line
from engine.network import is_local
from engine.types import PlateEvent

SIGNATURE = "X-Signature-256"
"""Header of a signed question and of its answer; over MQTT their user property."""

MOST_REASON = 120
"""Characters of an answer's own words that are kept."""

OUTSIDE = mark("outside the local network an answer must be safe from forgery: switch TLS on, or agree on a secret")

TO_WHOM = ("over", "host", "port", "path", "tls", "ca", "authentication")


class AskOptions(Settings):
    over: str = option("http", "Over", "How the server is asked.", choices={"http": "HTTP", "mqtt": "MQTT"})
    host: Host = option("192.168.1.10", "Host", "The server's or the broker's name or address.", max_length=253)
    port: int = option(
        443, "Port", "By custom 443 for HTTP with TLS, 80 without; 8883 for MQTT with TLS, 1883 without.", ge=1, le=65535
    )
    tls: bool = option(True, "TLS", "Encrypts the connection and checks who answers.")
    ca: Certificates = ca_option({"tls": (True,)})
    path: str = option(
        "/ask", "Path", "HTTP only: where questions are posted.", widget="secret_url", belongs_to=("host", "port", "tls"),
        max_length=300, when={"over": ("http",)},
    )  # fmt: skip
    authentication: str = option(
        "none", "Authentication", "HTTP only: how the server wants to know the camera.", choices=LOGINS, when={"over": ("http",)}
    )
    user: str = option("", "User", "For basic and digest authentication, and for the broker.", max_length=100)
    password: str = option(
        "", "Password", "For basic and digest authentication and the broker; the token for bearer.", widget="password",
        belongs_to=TO_WHOM, max_length=2000,
    )  # fmt: skip
    topic: Topic = option(
        "gatewright/{camera}/ask", "Topic", "MQTT only: where questions are published. {camera}, {name} and {site} are filled in.",
        min_length=1, max_length=200, when={"over": ("mqtt",)})  # fmt: skip
    answer_topic: Topic = option(
        "gatewright/{camera}/answer", "Answer topic", "MQTT only: where the answers are published; also the response topic.",
        min_length=1, max_length=200, when={"over": ("mqtt",)})  # fmt: skip
    secret: str = option(
        "",
        "Secret",
        "Signs each question with HMAC-SHA256, and each answer must be signed with it too (docs/messages.md). Empty: neither is.",
        widget="password",
        belongs_to=TO_WHOM,
        max_length=200,
    )
    format: str = option("JSON", "Format", "How the question is written; docs/messages.md shows each.", choices=DOCUMENTS)
    timeout_s: float = option(
        1.0, "Timeout", "The gate waits for the answer at most so long; one that comes later is not heard.", unit="s", ge=0.2, le=5
    )
    otherwise: str = option(
        "local list",
        "Without an answer",
        "local list: the lists of the camera decide, as if nobody had been asked. refuse: nothing opens.",
        choices={"local list": "the lists of the camera decide", "refuse": "nothing opens"},
    )

    @field_validator("path")
    @classmethod
    def _is_path(cls, path: str) -> str:
        if not path.startswith("/"):
            raise ConfigError("must begin with /")
        check_url(f"http://host{path}")
        return path

    def conflicts(self) -> tuple[Problem, ...]:
        if self.is_safe or not _is_outside(self.host):
            return ()
        return (self.conflict("tls", OUTSIDE),)

    @property
    def is_safe(self) -> bool:
        """Whether nobody between the camera and the server can make up an answer."""
        return self.tls or bool(self.secret)

    @property
    def place(self) -> str:
        return place(self.host, self.port)


def _is_outside(host: str) -> bool:
    """Of a name nobody knows before it is looked up."""
    try:
        return not is_local(host)
    except ValueError:
        return False


def sign(secret: str, body: bytes) -> str:
    """ "sha256=" and the HMAC-SHA256 in hexadecimal."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def read_answer(body: bytes, signature: str, event_id: str, secret: str) -> Answer:
    """ConfigError: this is no answer to the question about that event, or nobody knows who wrote it."""
    if secret and not hmac.compare_digest(signature.encode(), sign(secret, body).encode()):
        raise ConfigError("the answer is not signed with the secret")
    try:
        said = from_json(body, unique=True)  # who says "allow" twice has said nothing
    except ValueError:
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("allow"), bool):
        raise ConfigError("the answer is no JSON object with event_id and allow")
    if said.get("event_id") != event_id:
        raise ConfigError("the answer is about another event")
    reason = said.get("reason")
    return Answer(said["allow"], one_line(reason)[:MOST_REASON].strip() if isinstance(reason, str) else "")


def _ask(event: PlateEvent, options: AskOptions, env: ActionEnv) -> Answer:
    message = env.message(event, options.format)
    return {"http": _ask_http, "mqtt": _ask_mqtt}[options.over](event.passage.id, message, options, env)


def _ask_http(event_id: str, message: Message, options: AskOptions, env: ActionEnv) -> Answer:
    url = f"{'https' if options.tls else 'http'}://{options.place}{options.path}"
    headers = {"Content-Type": message.content_type, "X-Request-Id": event_id, "User-Agent": "Gatewright", "Connection": "close"}
    if options.secret:
        headers[SIGNATURE] = sign(options.secret, message.body)
    request = Request("POST", url, message.body, headers)
    login = Login(options.authentication, options.user, options.password)
    network = env.network if options.is_safe else env.network.local()
    said = ask(request, login, network, options.timeout_s, client_context(options.ca), MOST_ANSWER)
    try:
        return read_answer(said.body, said.headers.get(SIGNATURE.lower(), ""), event_id, options.secret)
    except ConfigError as why:
        raise PeerRefused("{target}: {why}", target=options.place, why=why.text) from why


def _ask_mqtt(event_id: str, message: Message, options: AskOptions, env: ActionEnv) -> Answer:
    problem: list[Text] = []

    def read(heard: Heard) -> Answer | None:
        try:
            return read_answer(heard.body, dict(heard.properties).get(SIGNATURE, ""), event_id, options.secret)
        except ConfigError as why:
            problem[:] = [why.text]
            return None

    signature = ((SIGNATURE, sign(options.secret, message.body)),) if options.secret else ()
    answer_topic = topic_of(options.answer_topic, env.device)
    topic = topic_of(options.topic, env.device, plate=event_id)
    expiry_s = max(1, round(options.timeout_s))
    letter = Letter(topic, message.body, message.content_type, expiry_s, event_id, answer_topic=answer_topic, properties=signature)
    try:
        found: Answer = env.peer.link(_account(options, env)).ask(letter, read, options.timeout_s)
    except DeliveryError as why:
        if problem and not isinstance(why, PeerRefused):
            raise DeliveryError("{why}; what came: {problem}", why=why.text, problem=problem[0]) from why
        raise
    return found


def _account(options: AskOptions, env: ActionEnv) -> Account:
    answers = topic_of(options.answer_topic, env.device)
    return Account(
        host=options.host,
        port=options.port,
        client_id=client_id(f"{env.device.id}-ask", options.user, answers, options.tls),
        user=options.user,
        password=options.password,
        tls=options.tls,
        ca=options.ca,
        answer_topic=answers,
        only_local=not options.is_safe,
    )


def _use(broker: Broker, rules: tuple[AskOptions, ...], env: ActionEnv) -> None:
    """Connections are there before a car comes, and so is what TLS needs: it takes a small board as long as an answer may take."""
    broker.use({_account(options, env): () for options in rules if options.over == "mqtt"})
    for options in rules:
        if options.tls:
            client_context(options.ca)


def _deliver(event: PlateEvent, options: AskOptions, env: ActionEnv) -> Text:
    """A TEST: before a car is decided about, the service asks by itself."""
    begun_s = time.monotonic()
    answer = _ask(event, options, env)
    return answer.said(options.host, (time.monotonic() - begun_s) * 1000)


ACTION = ActionKind(
    name="ask",
    label="ASK",
    purpose=mark("Ask a server before opening"),
    about=mark("It says yes or no within the time that you give it."),
    icon="ask",
    options=AskOptions,
    deliver=_deliver,
    max_age_s=10.0,
    needs_plate=True,
    peer=lambda options: options.place,
    open=lambda peer, env: Broker(env.network),
    use=_use,
    ask=_ask,
)
