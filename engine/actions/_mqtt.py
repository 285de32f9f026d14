"""MQTT: the camera's connections to a broker, kept while an enabled rule uses them, and what is published over them.

paho speaks the protocol and never repeats anything by itself: each connection is a client of its own, and what was not acknowledged
is the outbox's business, which sends it again under the same id.
"""

from __future__ import annotations

import hashlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, DeliveryError, PeerRefused
from board.kit.words import Text, mark
from engine.actions._exchange import BAD_CERTIFICATE, BAD_TLS, place
from engine.actions._tls import client_context
from engine.network import Network

if TYPE_CHECKING:
    from paho.mqtt.client import Client

KEEP_ALIVE_S = 30
CONNECT_S = 10.0
CLOSE_S = 2.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0

MOST_ANSWER = 4096
"""Bytes of an answer."""

HEAD_BYTES = 200
"""Most bytes of a packet beside topic and body."""

MOST_AT_ONCE = 10
LONGEST_PACKET = 16_384
LONGEST_CORRELATION = 256
"""Of what a connection takes from strangers: messages on their way, bytes of each, bytes that it gives back."""
MOST_UNSENT = 1000
"""Packets that wait for a broker which does not read; paho answers each message of a broker with one."""
EXACTLY_ONCE, IS_EXACTLY_ONCE = 0xF6, 0x34
"""A message with QoS 2, in the first byte of its packet (MQTT 5, 3.3.1). We subscribe with 1, and paho would keep each of them
until the broker releases it."""
REST, LONGEST_REST_S = 3.0, 0.5
"""After each of them it rests for this many times what it took."""
REFUSES = mark("{target} refuses {topic}: {reason}")

NOBODY = "No matching subscribers"
"""The broker's remark when a message has gone to nobody."""

TAKEN_OVER = "Session taken over"
"""What a broker says (MQTT 5, 3.14.2.1, reason 0x8E) when a client of the same id connects."""

NO_RETAIN = "Retain not supported"
"""What a broker says (MQTT 5, 3.2.2.2, reason 0x9A) that keeps no message for those who come later."""

NO_QOS = "QoS not supported"
"""What a broker says (MQTT 5, 3.2.2.2, reason 0x9B) that acknowledges nothing: what it was given is all that can be known."""

TOO_MUCH = "more than a broker may send"
"""What a client knows of the broker that it has left for that."""

ONLINE, OFFLINE = b"online", b"offline"

log = logging.getLogger("mqtt")


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a connection is made to, and as whom. `status_topic`: where the broker says "offline" once the camera is gone; "":
    nowhere. `answer_topic`: where answers to what is asked are heard; "": nothing is. `only_local`: it must not leave the local
    network."""

    host: str
    port: int
    client_id: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca: str = ""
    status_topic: str = ""
    answer_topic: str = ""
    only_local: bool = False

    @property
    def place(self) -> str:
        return place(self.host, self.port)


@dataclass(frozen=True, slots=True)
class Letter:
    """What is published, with QoS 1 where the broker takes that. `expiry_s`: the broker throws it away when nobody has fetched it
    by then; 0: never. `id`: the same in every repetition, as the user property `delivery_id`; `properties`: more of these;
    `answer_topic`: the response topic, with the id as correlation data; `correlation`: that of whoever is answered."""

    topic: str
    body: bytes
    content_type: str = ""
    expiry_s: int = 0
    id: str = ""
    retain: bool = False
    answer_topic: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    correlation: bytes = b""


@dataclass(frozen=True, slots=True)
class Listening:
    """What a connection is for that listens. `heard(topic, body)` gives the answer to be published, None: none."""

    filters: tuple[str, ...]
    heard: Callable[[str, bytes], Letter | None] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """What came to the answer topic. `properties`: its user properties."""

    body: bytes
    properties: tuple[tuple[str, str], ...]


Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Asked(Generic[Answer]):
    """A question, and the answer that `read` made out of a message."""

    read: Callable[[Heard], Answer | None]
    answer: Answer | None = None


class Broker:
    """What is kept open for one host and port. Any thread may call."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._lock = threading.Lock()
        self._kept: dict[tuple[Account, tuple[Letter, ...], Listening | None], Link] = {}
        self._tried: Link | None = None

    def __enter__(self) -> Broker:
        return self

    def __exit__(self, *_: object) -> None:
        self.use({})
        self._try_no_more()

    def use(self, accounts: Mapping[Account, tuple[Letter, ...]], listening: Mapping[Account, Listening] | None = None) -> None:
        """From now on there is a connection for each of these, and no other; each says its letters whenever it is made.
        `listening`: connections that hear what others send."""
        wanted: set[tuple[Account, tuple[Letter, ...], Listening | None]]
        wanted = {(account, letters, None) for account, letters in accounts.items()}
        wanted |= {(account, (), each) for account, each in (listening or {}).items()}
        with self._lock:
            gone = [self._kept.pop(key) for key in set(self._kept) - wanted]
            new = {key: Link(key[0], key[1], self._network, key[2]) for key in wanted - set(self._kept)}
            self._kept.update(new)
        try:
            for link in gone:
                link.close()
        finally:  # not sooner: an "offline" of one that goes must not come after the "online" of one that comes
            for link in new.values():
                link.start()

    def link(self, account: Account) -> Link:
        """The connection of an account. For one that no rule uses (a TEST) one is made that announces nothing; it is closed with
        the next such one."""
        with self._lock:
            for (known, _, _), link in self._kept.items():
                if known == account:
                    return link
            silent = replace(account, client_id=f"{account.client_id}-test", status_topic="")
            if self._tried is not None and self._tried.account == silent:
                return self._tried
        self._try_no_more()
        with self._lock:
            self._tried = Link(silent, (), self._network)
            self._tried.start()
            return self._tried

    def _try_no_more(self) -> None:
        with self._lock:
            link, self._tried = self._tried, None
        if link is not None:
            link.close()


class _Namesakes:
    """This camera's connections, from when a broker hears of them. Two actions may know one broker by different names, or by
    different authorities; a broker ends a connection when another of the same client id comes, so that each would end the other
    for ever."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun_s: dict[Link, float] = {}

    def begins(self, link: Link) -> None:
        with self._lock:
            self._begun_s[link] = time.monotonic()

    def ends(self, link: Link) -> None:
        with self._lock:
            self._begun_s.pop(link, None)

    def have_ended(self, link: Link) -> bool:
        """Whether another one of its client id came just before it was lost."""
        now_s = time.monotonic()
        with self._lock:
            mine_s = self._begun_s.get(link, now_s)
            return any(
                each.client_id == link.client_id and mine_s < at_s > now_s - CONNECT_S for each, at_s in self._begun_s.items()
            )

    def stay(self, link: Link) -> bool:
        """Whether another one goes on saying for that account's camera that it is online, at the same broker as far as is known."""
        with self._lock:
            others = [each for each in self._begun_s if each is not link and each.account.client_id == link.account.client_id]
        return any(each.client_id != link.client_id or each.account.place == link.account.place for each in others)


_namesakes = _Namesakes()


class Link:
    """One connection, made anew whenever it is lost, from a thread of its own. `client_id`: that of the account, but where another
    one of this camera uses that at the same broker."""

    def __init__(self, account: Account, greetings: Iterable[Letter], network: Network, listening: Listening | None = None) -> None:
        self.account = account
        self.client_id = account.client_id
        self._listening = listening
        self._greetings = tuple(greetings)
        self._network = network
        self._changed = threading.Condition()
        self._client: Client | None = None
        self._connected = False
        self._limit = 0
        self._retains = True
        """Whether the broker may be asked to keep a message; one that keeps none would let nobody in who asks."""
        self._qos = 1
        self._rest = threading.Event()
        self._problem: DeliveryError = DeliveryError("no connection in {seconds:g} s", seconds=CONNECT_S)
        self._tries = 0
        self._acknowledged: dict[int, Any] = {}
        self._asked: list[_Asked[Any]] = []
        self._deaf = ""
        self._hurry = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=f"mqtt {account.place}"[:60], daemon=True)

    def start(self) -> None:
        self._thread.start()

    # --- publishing ---------------------------------------------------------------------------------------------------

    def publish(self, letter: Letter, timeout_s: float) -> str:
        """Returns once the broker has it, with its remark ("Success", "No matching subscribers"). DeliveryError: there is no
        connection or no answer in time; PeerRefused: it does not want it."""
        end_s = time.monotonic() + timeout_s
        target = self.account.place
        client, limit = self._connection(end_s)
        if limit and len(letter.body) + len(letter.topic.encode()) + HEAD_BYTES > limit:
            raise ConfigError(
                "{target} takes messages of {most} bytes at most: choose a format without images", target=target, most=limit
            )
        # paho holds locks of its own while it calls us back: it is never called under ours.
        sent = client.publish(letter.topic, letter.body, qos=self._qos, retain=self._keeps(letter), properties=_properties(letter))
        reason = self._answer(client, sent.mid, end_s)
        if reason is None:
            client.disconnect()  # with what it has not acknowledged: it will come again
            raise self._failed(DeliveryError("no answer in {seconds:g} s", seconds=timeout_s))
        if reason.is_failure:
            raise PeerRefused(REFUSES, target=target, topic=letter.topic, reason=str(reason))
        return str(reason)

    def ask(self, letter: Letter, read: Callable[[Heard], Answer | None], timeout_s: float) -> Answer:
        """Publishes the letter and waits for the first message at the account's answer topic that `read` makes something of; those
        that it makes None of are for others. DeliveryError: there is no connection or no answer in time."""
        end_s = time.monotonic() + timeout_s
        asked = _Asked(read)
        client, _ = self._connection(end_s)
        with self._changed:
            self._asked.append(asked)
        try:
            sent = client.publish(letter.topic, letter.body, qos=self._qos, properties=_properties(letter))
            with self._changed:
                while asked.answer is None:
                    if client is not self._client or not self._connected:
                        raise self._failed(DeliveryError("the connection was lost before it answered"))
                    self._check_heard(letter, self._acknowledged.pop(sent.mid, None))
                    left_s = end_s - time.monotonic()
                    if left_s <= 0:
                        raise self._failed(DeliveryError("no answer in {seconds:g} s", seconds=timeout_s))
                    self._changed.wait(left_s)
        finally:
            with self._changed:
                self._asked.remove(asked)
        return asked.answer

    def _check_heard(self, letter: Letter, reason: Any) -> None:
        """That somebody can have heard the question, and we the answer, as far as the broker has said yet."""
        target = self.account.place
        if self._deaf:
            raise PeerRefused(REFUSES, target=target, topic=self.account.answer_topic, reason=self._deaf)
        if reason is not None and reason.is_failure:
            raise PeerRefused(REFUSES, target=target, topic=letter.topic, reason=str(reason))
        if str(reason) == NOBODY:
            raise DeliveryError("{target} has {topic}, but nobody has subscribed to it", target=target, topic=letter.topic)

    def _keeps(self, letter: Letter) -> bool:
        return letter.retain and self._retains

    def _answer(self, client: Client, number: int, end_s: float) -> Any:
        """What the broker says to a message; None: nothing in time."""
        with self._changed:
            while number not in self._acknowledged or client is not self._client:
                left_s = end_s - time.monotonic()
                if client is not self._client or not self._connected:
                    raise self._failed(DeliveryError("the connection was lost before it answered"))
                if left_s <= 0:
                    return None
                self._changed.wait(left_s)
            return self._acknowledged.pop(number)

    def _connection(self, end_s: float) -> tuple[Client, int]:
        """The client once it is connected, and the longest packet that the broker takes (0: any)."""
        with self._changed:
            tries = self._tries
            self._hurry.set()
            while not (self._connected and self._client):
                left_s = end_s - time.monotonic()
                if left_s <= 0 or self._tries > tries or self._stopped:
                    raise self._failed(self._problem)
                self._changed.wait(left_s)
            return self._client, self._limit

    def _failed(self, why: DeliveryError) -> DeliveryError:
        return type(why)("{target}: {reason}", target=self.account.place, reason=why.text)

    def close(self) -> None:
        """Says that the camera goes, if somebody is to know it, and waits until the broker has heard it: one that answers into a
        connection already closed takes the camera for lost, and says "offline" once more."""
        end_s = time.monotonic() + CLOSE_S
        with self._changed:
            self._stopped = True
            client, says_so = self._client, self._connected and bool(self.account.status_topic) and not _namesakes.stay(self)
            self._changed.notify_all()
        if client is not None and says_so:
            sent = client.publish(self.account.status_topic, OFFLINE, qos=self._qos, retain=self._retains)
            with suppress(DeliveryError):
                self._answer(client, sent.mid, end_s)
        if client is not None:
            client.disconnect()
        self._hurry.set()
        self._thread.join(max(0.5, end_s - time.monotonic()))

    # --- the connection's own thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopped:
            begun_s = time.monotonic()
            try:
                self._live()
            except Exception as why:  # the thread's top
                log.exception("%s", self.account.place)
                self._lost(DeliveryError("unexpected error: {error}", error=type(why).__name__))
            finally:
                _namesakes.ends(self)
            pause_s = FIRST_PAUSE_S if time.monotonic() - begun_s > LONGEST_PAUSE_S else min(LONGEST_PAUSE_S, pause_s * 2)
            self._hurry.wait(pause_s)  # a delivery that waits does not wait that long
        with self._changed:
            self._client = None  # closes what paho holds open for itself

    def _live(self) -> None:
        """From the look-up of the host to the end of the connection."""
        client = _make_client(self.account, self.client_id, self._network, self._retains, self._qos)
        client.on_socket_open = lambda *_: _namesakes.begins(self)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_stranger if self._listening else self._on_message
        client.on_subscribe = self._on_subscribe
        with self._changed:
            if self._stopped:
                return
            self._client = client
            self._acknowledged.clear()
            self._hurry.clear()
        try:
            client.connect(self.account.host, self.account.port, KEEP_ALIVE_S, clean_start=True, properties=_bounds())
        except ConfigError as why:  # actions may not reach that host
            self._lost(DeliveryError(why.text))
            return
        except OSError as why:
            self._lost(DeliveryError(_said(why)))
            return
        while not client.loop():  # unlike loop_forever, it wakes when another thread publishes, and not a second later
            pass
        self._lost(None)

    def _on_connect(self, client: Client, _: object, flags: object, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._retains = self._retains and str(reason) != NO_RETAIN
            self._qos = 0 if str(reason) == NO_QOS else self._qos
            self._lost(PeerRefused("the broker refuses the log-in ({reason})", reason=str(reason)))
            return
        self._retains = self._retains and getattr(properties, "RetainAvailable", 1) != 0
        self._qos = min(self._qos, getattr(properties, "MaximumQoS", 1))
        if self.account.answer_topic:
            client.subscribe(self.account.answer_topic, qos=1)
        for letter in self._greetings:
            client.publish(letter.topic, letter.body, qos=self._qos, retain=self._keeps(letter))
        if self._listening:
            client.subscribe([(each, _only_new()) for each in self._listening.filters])
        with self._changed:
            self._limit = int(getattr(properties, "MaximumPacketSize", 0))
            self._connected = client is self._client and not self._stopped
            self._changed.notify_all()
        log.info("%s: connected", self.account.place)

    def _on_disconnect(self, client: Client, _: object, flags: object, reason: Any, properties: object) -> None:
        with self._changed:
            was_connected, self._connected = self._connected, False
        if was_connected and not self._stopped and _namesakes.have_ended(self):
            self.client_id = f"{self.account.client_id}-{_digest(self.account.place, self.account.ca)}"
            log.info("%s is a broker that another action knows by another name: it is %s there", self.account.place, self.client_id)
            self._lost(DeliveryError("the connection was lost ({reason})", reason=str(reason)))
        elif was_connected and not self._stopped and str(reason) == TAKEN_OVER:
            text = "the broker has another connection of the client {id}: is it a copy of this card?"
            self._lost(DeliveryError(text, id=self.client_id))
        elif was_connected and not self._stopped and client.user_data_get() == TOO_MUCH:
            self._lost(DeliveryError("it talks without end"))
        elif was_connected and not self._stopped:
            log.warning("%s: the connection was lost (%s)", self.account.place, reason)
            self._lost(DeliveryError("the connection was lost ({reason})", reason=str(reason)))

    def _on_stranger(self, client: Client, _: object, message: Any) -> None:
        """Called by the connection's own thread, which takes the next message after the rest: strangers cannot hurry the camera,
        and what they send meanwhile waits at the broker."""
        if self._listening is None or message.retain:
            return
        begun_s = time.monotonic()
        try:
            letter = self._listening.heard(message.topic, message.payload)
        except Exception:  # what a stranger sends never ends the connection
            log.exception("%s", self.account.place)
            letter = None
        if letter is not None:
            correlation = getattr(message.properties, "CorrelationData", b"")
            said = replace(letter, correlation=correlation) if len(correlation) <= LONGEST_CORRELATION else letter
            client.publish(said.topic, said.body, qos=self._qos, properties=_properties(said))
        self._rest.wait(min(REST * (time.monotonic() - begun_s), LONGEST_REST_S))

    def _on_publish(self, client: Client, _: object, number: int, reason: Any, properties: object) -> None:
        with self._changed:
            if client is self._client:
                self._acknowledged[number] = reason
                if len(self._acknowledged) > 1000:  # greetings that nobody waits for
                    self._acknowledged.pop(next(iter(self._acknowledged)))
                self._changed.notify_all()

    def _on_subscribe(self, client: Client, _: object, number: int, reasons: Any, properties: object) -> None:
        with self._changed:
            self._deaf = next((str(reason) for reason in reasons if reason.is_failure), "")
            self._changed.notify_all()
        if self._deaf and self._listening:
            log.warning("%s: the broker lets nobody be heard on %s (%s)", self.account.place, self._listening.filters, self._deaf)

    def _on_message(self, client: Client, _: object, message: Any) -> None:
        if message.retain or len(message.payload) > MOST_ANSWER:
            return  # what was said before, or by somebody who means something else
        heard = Heard(message.payload, tuple(getattr(message.properties, "UserProperty", ())))
        with self._changed:
            for asked in self._asked:
                if asked.answer is None:
                    asked.answer = asked.read(heard)
            self._changed.notify_all()

    def _lost(self, why: DeliveryError | None) -> None:
        with self._changed:
            self._connected = False
            if why is not None:
                self._problem = why
                self._tries += 1
            self._changed.notify_all()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:6]


def _make_client(account: Account, client_id: str, network: Network, retains: bool, qos: int) -> Client:
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

    def connect() -> socket.socket:
        """As actions connect: to permitted addresses only, and within a time limit."""
        return (network.local() if account.only_local else network).connect(
            account.host, account.port, time.monotonic() + CONNECT_S
        )

    class BoundedClient(Client):  # type: ignore[misc]  # paho is not looked into
        """Of what a broker sends it takes no more than the broker was told; paho itself takes 256 MB, into the gate's process."""

        def _sock_recv(self, bufsize: int) -> bytes:
            once = self._in_packet["command"] & EXACTLY_ONCE == IS_EXACTLY_ONCE
            if bufsize > LONGEST_PACKET or once or len(self._out_packet) > MOST_UNSENT:
                self.user_data_set(TOO_MUCH)
                raise OSError(TOO_MUCH)  # paho ends the connection
            return bytes(super()._sock_recv(bufsize))

    client: Any = BoundedClient(
        CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5, reconnect_on_failure=False
    )
    client._create_socket_connection = connect
    client.connect_timeout = CONNECT_S
    # Otherwise paho writes from whatever thread publishes while its loop reads: TLS does not survive both at once.
    client.on_socket_register_write = lambda *_: None
    if account.user or account.password:
        client.username_pw_set(account.user, account.password or None)
    if account.tls:
        client.tls_set_context(client_context(account.ca))
    if account.status_topic:
        client.will_set(account.status_topic, OFFLINE, qos=qos, retain=retains)
    made: Client = client
    return made


def _bounds() -> Any:
    """What a broker may send (MQTT 5, 3.1.2.11)."""
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    make: Any = Properties
    said = make(PacketTypes.CONNECT)
    said.ReceiveMaximum = MOST_AT_ONCE
    said.MaximumPacketSize = LONGEST_PACKET
    return said


def _only_new() -> Any:
    """A subscription with QoS 1 to what is sent from now on: what a broker retains was meant for another day."""
    from paho.mqtt.subscribeoptions import SubscribeOptions

    make: Any = SubscribeOptions
    return make(qos=1, retainHandling=make.RETAIN_DO_NOT_SEND)


def _properties(letter: Letter) -> Any:
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    make: Any = Properties
    said = make(PacketTypes.PUBLISH)
    if letter.expiry_s:
        said.MessageExpiryInterval = letter.expiry_s
    if letter.content_type:
        said.ContentType = letter.content_type
    if letter.correlation:
        said.CorrelationData = letter.correlation
    if letter.id:
        said.UserProperty = [("delivery_id", letter.id), *letter.properties]
    if letter.answer_topic:
        said.ResponseTopic = letter.answer_topic
        said.CorrelationData = letter.id.encode()
    return said


def _said(why: OSError) -> Text:
    import ssl

    if isinstance(why, TimeoutError):
        return Text("no connection in {seconds:g} s", {"seconds": CONNECT_S})
    if isinstance(why, ssl.SSLCertVerificationError):
        return Text(BAD_CERTIFICATE, {"reason": why.verify_message})
    if isinstance(why, ssl.SSLError):
        return Text(BAD_TLS, {"reason": why.reason or type(why).__name__})
    return Text("no connection ({reason})", {"reason": why.strerror or type(why).__name__})
