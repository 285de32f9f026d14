"""VAST2 action: posts the event as our JSON with images to a server by HTTP.

Sources: manual 4.4, List tab; docs/sources.md, VIVOTEK's VAST2. What VAST2 itself takes is not public: the document is ours, and
whatever receives it has to know it (docs/messages.md).
"""

from __future__ import annotations

from board.kit.errors import ConfigError
from board.kit.settings import Settings, field_validator, option
from board.kit.words import Text, mark
from engine.actions._exchange import Host, place
from engine.actions._http import Login, Request, answered, check_url, tell, timeout_option
from engine.actions._kind import ActionEnv, ActionKind
from engine.actions._tls import Certificates, ca_option, client_context
from engine.types import PlateEvent


class Vast2Options(Settings):
    host: Host = option("192.168.1.10", "Host", "Name or address of the server that receives our JSON.", max_length=253)
    port: int = option(80, "Port", "Of the server: by custom 443 with TLS, 80 without.", ge=1, le=65535)
    path: str = option(
        "/lpr", "Path", "Where the server takes events; our own document is posted there.", widget="secret_url",
        belongs_to=("host", "port", "tls"), max_length=300,
    )  # fmt: skip
    tls: bool = option(False, "TLS", "Encrypts the connection and checks who the server is.")
    ca: Certificates = ca_option({"tls": (True,), "verify_tls": (True,)})
    verify_tls: bool = option(
        True,
        "Check the certificate",
        "TLS: refuses a server whose certificate is not valid. Switch off only for a test.",
        when={"tls": (True,)},
    )
    authentication: str = option(
        "none",
        "Authentication",
        "How the server wants the user and password.",
        choices={"none": "none", "basic": "Basic", "digest": "Digest"},
    )
    user: str = option(
        "", "User", "For basic and digest authentication.", max_length=100, when={"authentication": ("basic", "digest")}
    )
    password: str = option(
        "",
        "Password",
        "For basic and digest authentication.",
        widget="password",
        belongs_to=("host", "port", "path", "tls", "ca", "verify_tls", "authentication"),
        max_length=200,
        when={"authentication": ("basic", "digest")},
    )
    timeout_s: float = timeout_option()

    @field_validator("path")
    @classmethod
    def _is_path(cls, path: str) -> str:
        if not path.startswith("/"):
            raise ConfigError("must begin with /")
        check_url(f"http://host{path}")
        return path

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{place(self.host, self.port)}{self.path}"


def _deliver(event: PlateEvent, options: Vast2Options, env: ActionEnv) -> Text:
    message = env.message(event, "JSON_IMG")
    headers = {
        "Content-Type": message.content_type,
        "X-Request-Id": env.delivery_id,
        "User-Agent": "Gatewright",
        "Connection": "close",
    }
    request = Request("POST", options.url, message.body, headers)
    login = Login(options.authentication, options.user, options.password)
    tls = client_context(options.ca, options.verify_tls)
    return answered(request, tell(options.url, request, login, env, options.timeout_s, tls))


ACTION = ActionKind(
    name="vast2",
    label="VAST2 (our JSON)",
    purpose=mark("Tell VAST2"),
    about=mark("By our own JSON, which VAST2 was never seen to take."),
    icon="video",
    options=Vast2Options,
    deliver=_deliver,
    peer=lambda options: place(options.host, options.port),
)
