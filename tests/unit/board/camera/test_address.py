"""Address of a network camera: what is asked for, what is shown, and that no part of a password is ever shown."""

from __future__ import annotations

import traceback

import pytest

from board.camera._address import parse_address
from board.kit.errors import CameraError

GUARDED = "rtsp://guard:a%40b%2F@10.0.0.9:554/s?ch=1"
BEFORE_COLON = "rtsp://10.0.0.9/0/admin:geheim/main"
KEY = "rtsps://10.0.0.9:7441/wT3kQz81LmP0aXyB"
"""As a recorder of several cameras names each stream: who knows that may look."""
IN_PATH = "rtsp://10.0.0.9/user=admin&password=geheim/ch1"


@pytest.mark.parametrize(
    ("url", "asked", "name", "user", "password"),
    [
        ("RTSP://10.0.0.9/live", "rtsp://10.0.0.9/live", "rtsp://10.0.0.9/live", "", ""),
        (" HttpS://gate.local:8443/v ", "https://gate.local:8443/v", "https://gate.local:8443/v", "", ""),
        (GUARDED, GUARDED, "rtsp://10.0.0.9:554/s", "guard", "a@b/"),
        ("http://[fe80::1]:81/v", "http://[fe80::1]:81/v", "http://[fe80::1]:81/v", "", ""),
        (IN_PATH, IN_PATH, "rtsp://10.0.0.9/.../ch1", "", ""),
        (BEFORE_COLON, BEFORE_COLON, "rtsp://10.0.0.9/0/.../main", "", ""),
        ("rtsp://T\u00fcr.example:554/s", "rtsp://xn--tr-xka.example:554/s", "rtsp://t\u00fcr.example:554/s", "", ""),
        (KEY, KEY, "rtsps://10.0.0.9:7441/wT3k\u2026", "", ""),
    ],
)
def test_it_is_asked_with_a_small_scheme_and_shown_without_secrets(
    url: str, asked: str, name: str, user: str, password: str
) -> None:
    address = parse_address(url)
    assert (address.url, address.name, address.user, address.password) == (asked, name, user, password)
    assert "guard" not in address.plain and "geheim" not in repr(address)


@pytest.mark.parametrize(
    "secret", ["2468/gate", "2468#gate", "2468?gate", "ga@te", "gate/2468", "80/x", "[gate", "ga te", "gate\t9"]
)
@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "http", "https", "RTSP"])
def test_a_password_that_is_not_written_with_percent_signs_is_refused_and_not_shown(scheme: str, secret: str) -> None:
    with pytest.raises(CameraError) as error:
        parse_address(f"{scheme}://guard:{secret}@127.0.0.1:9/live")
    assert "%2F" in str(error.value)
    assert "gate" not in str(error.value) and "2468" not in str(error.value) and "guard" not in str(error.value)


@pytest.mark.parametrize("host", ["gate..local", f"{64 * 'a'}.local", f"{64 * chr(0xFC)}.local", "gate:0", "gate:70000"])
def test_a_host_that_no_name_server_knows_and_a_port_that_is_none_are_refused(host: str) -> None:
    with pytest.raises(CameraError, match="malformed at its host or port"):
        parse_address(f"rtsp://{host}/live")


def test_an_address_without_a_host_is_refused() -> None:
    with pytest.raises(CameraError, match="names no host"):
        parse_address("rtsp://guard:geheim@/live")


@pytest.mark.parametrize("url", ["rtsp://guard:hunter2/gate@camera/live"])  # not below: a trace shows the lines of this file
def test_no_trace_of_a_malformed_address_holds_what_may_be_of_a_password(url: str) -> None:
    with pytest.raises(CameraError) as refused:
        parse_address(url)
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))
