"""TRIGGER SERVER action: answers the client whose trigger led to the passage (manual 4.4.9, Trigger server)."""

from __future__ import annotations

from board.kit.errors import PeerRefused
from board.kit.settings import Settings, option
from board.kit.words import Text, mark
from engine.actions._kind import ActionEnv, ActionKind
from engine.formats.messages import DOCUMENTS
from engine.types import SOCKET_CAUSE, PlateEvent

END = b"\r\n"


class TriggerServerOptions(Settings):
    format: str = option(
        "SIMPLE",
        "Format response",
        "What the client gets: SIMPLE is the plate alone. The port and the trigger message stand in the General configuration.",
        choices={"SIMPLE": "SIMPLE: the plate alone", **DOCUMENTS},
    )


def _deliver(event: PlateEvent, options: TriggerServerOptions, env: ActionEnv) -> Text:
    answer = env.message(event, options.format).body + END
    size = len(answer)
    if env.replies is not None and env.replies.send(event.passage.trigger_id, answer):
        return Text("answered its trigger with {size} bytes", {"size": size})
    if event.passage.trigger_cause.startswith(SOCKET_CAUSE):
        raise PeerRefused("the client that triggered is gone")  # others may wait
    return Text("no client of the trigger socket waits for this one ({size} bytes)", {"size": size})


ACTION = ActionKind(
    name="trigger_server",
    label="TRIGGER SERVER",
    purpose=mark("Answer a trigger by TCP"),
    about=mark("Who triggers gets the plate on the same connection."),
    options=TriggerServerOptions,
    deliver=_deliver,
    max_age_s=10.0,
    replies=True,
)
