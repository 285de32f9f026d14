"""MQTT client: paho's, which takes from a broker no more than the broker was told, and reaches only what actions may reach."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

from board.kit.words import Text
from engine.actions._exchange import BAD_CERTIFICATE, BAD_TLS
from engine.actions._mqtt_letters import OFFLINE, Account, Letter
from engine.actions._tls import client_context
from engine.network import Network

if TYPE_CHECKING:
    from paho.mqtt.client import Client

CONNECT_S = 10.0

MOST_AT_ONCE = 10
LONGEST_PACKET = 16_384
"""Messages on their way, from a broker, and to one that says nothing of it; most bytes of what it sends."""
MOST_UNSENT = 1000
"""Packets that wait for a broker which does not read; paho answers each message of a broker with one."""
EXACTLY_ONCE, IS_EXACTLY_ONCE = 0xF6, 0x34
"""A message with QoS 2, in the first byte of its packet (MQTT 5, 3.3.1). We subscribe with 1, and paho would keep each of them
until the broker releases it."""
TOO_MUCH = "more than a broker may send"
"""What a client knows of the broker that it has left for that."""


def make_client(account: Account, client_id: str, network: Network, retains: bool, qos: int) -> Client:
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


def at_once(client: Client, properties: Any) -> None:
    """From here on no more messages are on their way at once than the broker takes (MQTT 5, 3.3.4), which ends the connection
    otherwise: paho does not look at what it says of that."""
    client._max_inflight_messages = min(client._max_inflight_messages, getattr(properties, "ReceiveMaximum", MOST_AT_ONCE))


def bounds() -> Any:
    """What a broker may send (MQTT 5, 3.1.2.11)."""
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    make: Any = Properties
    said = make(PacketTypes.CONNECT)
    said.ReceiveMaximum = MOST_AT_ONCE
    said.MaximumPacketSize = LONGEST_PACKET
    return said


def only_new() -> Any:
    """A subscription with QoS 1 to what is sent from now on: what a broker retains was meant for another day."""
    from paho.mqtt.subscribeoptions import SubscribeOptions

    make: Any = SubscribeOptions
    return make(qos=1, retainHandling=make.RETAIN_DO_NOT_SEND)


def properties_of(letter: Letter) -> Any:
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


def unconnected(why: OSError) -> Text:
    """Why there is no connection."""
    import ssl

    if isinstance(why, TimeoutError):
        return Text("no connection in {seconds:g} s", {"seconds": CONNECT_S})
    if isinstance(why, ssl.SSLCertVerificationError):
        return Text(BAD_CERTIFICATE, {"reason": why.verify_message})
    if isinstance(why, ssl.SSLError):
        return Text(BAD_TLS, {"reason": why.reason or type(why).__name__})
    return Text("no connection ({reason})", {"reason": why.strerror or type(why).__name__})
