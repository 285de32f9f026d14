"""Addresses: X-Forwarded-For counts from a trusted proxy only, and an IPv6 customer is one address."""

from __future__ import annotations

import pytest

from board.kit.errors import ConfigError
from firmware.people.addresses import Addresses, share_of

TRUSTED = ("127.0.0.1", "10.9.0.0/16", "::1")


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.1, 10.9.0.3", "198.51.100.1"),
        ("::1", "[2001:db8::5]:4711", "2001:db8::5"),
        ("::1", "198.51.100.1:4711", "198.51.100.1"),
        ("::ffff:127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1, nonsense", "127.0.0.1"),
        ("127.0.0.1", ",,,", "127.0.0.1"),
        ("127.0.0.1", "10.9.0.3", "10.9.0.3"),
        ("", "198.51.100.1", ""),
        ("fe80::1%eth0", "", "fe80::1"),
    ],
)
def test_the_client_is_who_the_last_trusted_proxy_saw(peer: str, said: str, client: str) -> None:
    assert Addresses(TRUSTED).of({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": said}) == client


def test_by_default_nobody_is_believed_and_the_log_says_once_why_all_count_as_one(caplog: pytest.LogCaptureFixture) -> None:
    addresses = Addresses()
    for number in range(5):
        environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": f"198.51.100.{number}"}
        assert addresses.of(environ) == "127.0.0.1"
    assert [line.message for line in caplog.records] == [
        "a proxy at 127.0.0.1 is not trusted: all behind it count as one address (--trusted-proxy)"
    ]


@pytest.mark.parametrize(
    ("address", "share"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("", ""),
        ("x" * 100, "x" * 64),
    ],
)
def test_limits_count_by_address_and_by_the_network_of_a_customer(address: str, share: str) -> None:
    assert share_of(address) == share
    if share:
        assert Addresses().share({"REMOTE_ADDR": address}) == share


@pytest.mark.parametrize("word", ["proxy.example", "10.0.0.0/33", ""])
def test_a_proxy_that_is_no_address_stops_the_start(word: str) -> None:
    with pytest.raises(ConfigError, match="--trusted-proxy"):
        Addresses((word,))
