"""MQTT: the camera's connections to a broker, kept while an enabled rule uses them, and what is published over them.

paho speaks the protocol and never repeats anything by itself: each connection is a client of its own, and what was not acknowledged
is the outbox's business, which sends it again under the same id.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, DeliveryError, LogInRefused, PeerAway, PeerRefused
from board.kit.words import mark
from engine.actions._mqtt_client import CONNECT_S, TOO_MUCH, at_once, bounds, make_client, only_new, properties_of, unconnected
from engine.actions._mqtt_letters import OFFLINE, Account, Heard, Letter, Listening
from engine.network import Network

if TYPE_CHECKING:
    from paho.mqtt.client import Client

KEEP_ALIVE_S = 30
CLOSE_S = 2.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0

MOST_ANSWER = 4096
"""Bytes of an answer."""

HEAD_BYTES = 200
"""Most bytes of a packet beside topic and body."""

LONGEST_CORRELATION = 256
"""Bytes that a connection gives back to strangers."""
REST, LONGEST_REST_S = 3.0, 0.5
"""After each message of a stranger it rests for this many times what that took."""
REFUSES = mark("{target} refuses {topic}: {reason}")

NOBODY = "No matching subscribers"
"""The broker's remark when a message has gone to nobody."""

TAKEN_OVER = "Session taken over"
"""What a broker says (MQTT 5, 3.14.2.1, reason 0x8E) when a client of the same id connects."""

NO_RETAIN = "Retain not supported"
"""What a broker says (MQTT 5, 3.2.2.2, reason 0x9A) that keeps no message for those who come later."""

NO_QOS = "QoS not supported"
"""What a broker says (MQTT 5, 3.2.2.2, reason 0x9B) that acknowledges nothing: what it was given is all that can be known."""

log = logging.getLogger("mqtt")

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
        self._problem: DeliveryError = PeerAway("no connection in {seconds:g} s", seconds=CONNECT_S)
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
        sent = client.publish(
            letter.topic, letter.body, qos=self._qos, retain=self._keeps(letter), properties=properties_of(letter)
        )
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
            sent = client.publish(letter.topic, letter.body, qos=self._qos, properties=properties_of(letter))
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
        client = make_client(self.account, self.client_id, self._network, self._retains, self._qos)
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
            client.connect(self.account.host, self.account.port, KEEP_ALIVE_S, clean_start=True, properties=bounds())
        except ConfigError as why:  # actions may not reach that host
            self._lost(DeliveryError(why.text))
            return
        except OSError as why:
            self._lost(PeerAway(unconnected(why)))
            return
        while not client.loop():  # unlike loop_forever, it wakes when another thread publishes, and not a second later
            pass
        self._lost(None)

    def _on_connect(self, client: Client, _: object, flags: object, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._retains = self._retains and str(reason) != NO_RETAIN
            self._qos = 0 if str(reason) == NO_QOS else self._qos
            self._lost(LogInRefused("the broker refuses the log-in ({reason})", reason=str(reason)))
            return
        self._retains = self._retains and getattr(properties, "RetainAvailable", 1) != 0
        self._qos = min(self._qos, getattr(properties, "MaximumQoS", 1))
        at_once(client, properties)
        if self.account.answer_topic:
            client.subscribe(self.account.answer_topic, qos=1)
        for letter in self._greetings:
            client.publish(letter.topic, letter.body, qos=self._qos, retain=self._keeps(letter))
        if self._listening:
            client.subscribe([(each, only_new()) for each in self._listening.filters])
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
            self._lost(
                DeliveryError("the broker has another connection of the client {id}: is it a copy of this card?", id=self.client_id)
            )
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
            client.publish(said.topic, said.body, qos=self._qos, properties=properties_of(said))
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
