"""Converter: a board that is asked over HTTP and makes the Wiegand pulses itself: a middleware board, VIVOTEK's converter.

Neither has a public protocol (docs/sources.md, Wiegand): the address is a template of ours that is set to what the board
understands.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from board.kit.errors import ConfigError, DeliveryError
from board.kit.settings import Settings, field_validator, option
from board.kit.words import Text
from board.types import WiegandCode
from board.wiegand.codes import LAYOUTS, bit_text, decode
from engine.actions._http import Login, Request, ask, check_url, server
from engine.actions._kind import ActionEnv
from engine.actions._tls import Certificates, ca_option, client_context
from engine.formats.serial_text import check_places, fill

PLACES = ("bits", "facility", "card", "hex", "code", "plate")


class HttpConverter(Settings):
    """The options of an action that may ask a board over HTTP."""

    url: str = option(
        "http://192.168.1.20/wiegand?format={bits}&fc={facility}&card={card}&hex={hex}&plate={plate}",
        "URL",
        "With By = http: what is asked for. {bits}, {facility}, {card}, {hex} (the data), {code} (all bits, parity included) and "
        "{plate} are filled in. Our own default; set it to what the board understands.",
        widget="secret_url",
        max_length=500,
        when={"by": ("http",)},
    )
    authentication: str = option(
        "none",
        "Authentication",
        "How the board wants the user and password.",
        choices={"none": "none", "basic": "Basic", "digest": "Digest"},
        when={"by": ("http",)},
    )
    user: str = option(
        "",
        "User",
        "For basic and digest authentication.",
        max_length=100,
        when={"by": ("http",), "authentication": ("basic", "digest")},
    )
    password: str = option(
        "",
        "Password",
        "For basic and digest authentication.",
        widget="password",
        belongs_to=("url", "authentication", "ca"),
        max_length=200,
        when={"by": ("http",), "authentication": ("basic", "digest")},
    )
    ca: Certificates = ca_option({"by": ("http",), "url": ("https://",)})
    timeout_s: float = option(
        3.0, "Timeout", "Longest wait, from look-up to the end of the answer.", unit="s", ge=1, le=10, when={"by": ("http",)}
    )

    @field_validator("url")
    @classmethod
    def _is_template(cls, url: str) -> str:
        check_places(url, PLACES)
        check_url(fill(url, dict.fromkeys(PLACES, "0")))
        if "{" in urlsplit(url).netloc:
            raise ConfigError("a plate or a number cannot be part of the host")
        return url


def values_of(name: str, code: WiegandCode, plate: str) -> dict[str, str]:
    """What the places stand for; the plate code has neither facility nor card. `name`: of the layout."""
    layout = LAYOUTS.get(name)
    known = {"bits": str(code.bits), "code": bit_text(code), "plate": plate}
    if layout is None:
        return {**known, "facility": "", "card": "", "hex": f"{code.value:0{code.bits // 4}X}"}
    facility, card = decode(layout, code)
    data = f"{facility << layout.card_bits | card:0{layout.data_bits // 4}X}"
    return {**known, "facility": str(facility), "card": str(card), "hex": data}


def ask_converter(values: dict[str, str], words: Text, options: HttpConverter, env: ActionEnv) -> Text:
    """Asks the board once. DeliveryError: it did not say yes, or it is too late to ask."""
    if env.clock.monotonic_ns() > env.not_after_ns:
        raise DeliveryError("it was too late for the converter")
    url = fill(options.url, {name: quote(value, safe="") for name, value in values.items()})
    headers = {"X-Request-Id": env.delivery_id, "User-Agent": "Gatewright", "Connection": "close"}
    login = Login(options.authentication, options.user, options.password)
    ask(Request("GET", url, headers=headers), login, env.network, options.timeout_s, client_context(options.ca))
    return Text("{line} sent {bits} bits, {number}", {"line": server(url), "bits": int(values["bits"]), "number": words})
