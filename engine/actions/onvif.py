"""ONVIF action: hands the event to the vms process for the clients of ONVIF's event service (manual 4.4, List tab).

Which of them get it, and what they may see, is the vms process's business; hostile clients hold neither the store nor the gate."""

from __future__ import annotations

from dataclasses import asdict

from board.kit.errors import DeliveryError
from board.kit.settings import Settings, option
from board.kit.words import Text, mark
from engine.actions._kind import ActionEnv, ActionKind
from engine.actions._vms import VmsLink
from engine.formats.messages import to_json
from engine.formats.onvif import CHOICES, MAKERS
from engine.types import PlateEvent


class OnvifOptions(Settings):
    topics: str = option(
        "both",
        "Topics",
        "standard is ONVIF's Recognition/LicensePlate, detector the older LicensePlateDetector/LicensePlate that many recorders "
        "look for.",
        choices={"both": "both", "standard": "standard", "detector": "detector"},
    )
    timeout_s: float = option(3.0, "Timeout", "Longest wait for the camera's own ONVIF server.", unit="s", ge=1, le=60)


def _deliver(event: PlateEvent, options: OnvifOptions, env: ActionEnv) -> Text:
    notifications = [asdict(MAKERS[topic](event, "")) for topic in CHOICES[options.topics]]
    body = to_json({"id": event.passage.id, "notifications": notifications}).encode()
    link = VmsLink(env.vms)
    try:
        answer = link.ask({"port": 0, "allowed": (), "within_s": options.timeout_s}, body, options.timeout_s)
    except OSError as why:
        raise DeliveryError("the vms process does not take the notification") from why
    finally:
        link.close()
    if answer["clients"]:
        return Text(
            "{count} ONVIF clients get {topics}",
            {"count": answer["clients"], "topics": _topics(notifications)},
            one="{count} ONVIF client gets {topics}",
        )
    return Text("no ONVIF client has subscribed to {topics}", {"topics": _topics(notifications)})


def _topics(notifications: list[dict[str, object]]) -> list[str]:
    return [str(each["topic"]) for each in notifications]


ACTION = ActionKind(
    name="onvif",
    label="ONVIF EVENT",
    purpose=mark("Tell recorders by ONVIF"),
    about=mark("As an event that recorders subscribe to."),
    icon="video",
    options=OnvifOptions,
    deliver=_deliver,
    pause_s=(1.0, 10.0),  # it is this camera itself that is asked
    max_age_s=600.0,
    peer=lambda options: "ONVIF clients",
    needs_plate=True,
)
