"""No space left: what is free, and what deletes the oldest (manual, Appendix 1)."""

from __future__ import annotations

from board.kit.words import NOTHING, Text, mark
from webui.help._topic import BAD, OK, SAID, WARN, Topic, check
from webui.portal import Portal
from webui.view import shapes
from webui.view.problems import LOW_SPACE_PCT
from webui.view.storage import LONG_DAYS, storage


def _no_space(portal: Portal, plate: str) -> list[shapes.HelpCheck]:
    status, _ = portal.feed.status()
    general, found = portal.general(), storage(portal)
    checks = []
    for title, free in (
        (Text("Free on the SD card"), status.sd_free_pct if status else -1),
        (Text("Free on the camera"), status.camera_free_pct if status else -1),
    ):
        if free < 0:
            checks.append(check(title, SAID, Text("There is none, or the service is away.")))
            continue
        todo = Text("Review the purge options: keep fewer days or passages, or more free space.")
        low = free < LOW_SPACE_PCT
        checks.append(check(title, BAD if low else OK, Text("{free} %", {"free": free}), todo if low else NOTHING, "/anpr/general"))
    label, off = general.model_fields["purge"].label, general.purge == "disabled"
    types = {"free": Text(label("freespace")), "days": Text(label("days"))}
    todo = Text("Choose {free} or {days}, so that the oldest give way.", types)
    state, said = WARN if off else OK, Text(label(general.purge))
    checks.append(check(Text("Old passages are deleted"), state, said, todo if off else NOTHING, "/anpr/general"))
    checks.append(check(Text("How far back pictures reach"), SAID, _reach(found), NOTHING, "/anpr/general"))
    if status is not None and status.storage:
        checks.append(
            check(
                Text("Passages are stored"), BAD, status.storage, Text("Free some room: gates open on meanwhile."), "/anpr/general"
            )
        )
    return checks


def _reach(found: shapes.Storage) -> Text:
    days, cars = found["reaches_days"], found["passages_a_day"]
    if days is None:
        return Text("for ever, as no car comes")
    if days > LONG_DAYS:
        return Text("more than ten years at {count} cars a day", {"count": cars}, one="more than ten years at {count} car a day")
    values = {"days": days, "count": cars}
    return Text("{days} days at {count} cars a day", values, one="{days} days at {count} car a day")


TOPIC = Topic(
    "no-space", 3, mark("No space left"), mark("Below 20 % the manual asks to review the purge options."), "configure", _no_space
)
