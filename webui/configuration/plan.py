"""Plan: what a configuration file would change in this camera and what is wrong with it, found before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.errors import GatewrightError
from board.kit.secrets import HIDDEN, holds_one, is_secret, lost, public
from board.kit.settings import Problem, Settings, SettingsError
from board.kit.typed import folded, typed
from board.kit.words import Text, mark
from engine.dispatch.judge import RuleJudge
from engine.settings import GeneralSettings, LprSettings
from engine.types import FIXED_ROLES, ActionRule, Job, PlateList, WeekSchedule
from webui.api.jobs import job_of
from webui.api.lists import list_of
from webui.api.rules import rule_of
from webui.api.settings import GROUPS, changed
from webui.configuration.contents import FORMAT, LAYOUT, Secrets
from webui.portal import Portal
from webui.view.jobs import fits, job_kind
from webui.view.lists import list_values
from webui.view.rules import kind_of, rule_data
from webui.view.stored_options import stored_options
from webui.view.told import Teller

MOST_LISTS, MOST_OF_A_LIST = 1_000, 1_000
NAMES = ("device_name", "camera_id")
"""What tells one camera from another: a file of another camera leaves it as it is."""
TABS = {
    "lpr": mark("LPR configuration"),
    "camera": mark("Camera"),
    "lane": mark("Lane"),
    "general": mark("General configuration"),
    "recorders": mark("Integration"),
}
"""Group of settings -> the tab where it is set."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`place`: where; `name`: what, Text("") for the whole; `before`, `after`: None where there was or will be nothing. All as the
    forms say it."""

    place: Text
    name: Text
    before: Text | None
    after: Text | None


@dataclass(slots=True)
class ListPlan:
    """A list (id 0: a new one) with what it will have, and what of it goes. The rules' and jobs' list_id is the list's."""

    place: Text
    target: PlateList
    is_changed: bool
    rules: list[ActionRule] = field(default_factory=list)
    gone_rules: list[ActionRule] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    gone_jobs: list[Job] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """Nothing of it is done as long as there is a problem."""

    settings: list[Settings] = field(default_factory=list)
    lists: list[ListPlan] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)
    """Names of the lists of this camera that the file does not name: they stay as they are."""
    missing: list[Text] = field(default_factory=list)
    """Options whose passwords neither the file nor this camera has: all else is taken over without them."""
    hidden: Mapping[str, Any] = field(default_factory=dict)
    """{place of options in the file: those of them that have a password}, as the file says; one of before does not."""

    def differ(
        self, teller: Teller, place: Text, whose: tuple[str, str], before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        """Notes what differs. `whose`: values of which subject and kind, as the Teller names them."""
        self.differences += [
            Difference(place, *teller.one(*whose, name, before.get(name), after[name]))
            for name in after
            if before.get(name) != after[name]
        ]


def plan(portal: Portal, document: Mapping[str, Any], secrets: Secrets, keep_names: bool) -> Plan:
    """`keep_names`: name and id of this camera stay."""
    made = Plan()
    if document.get("format") != FORMAT:
        made.problems.append(Problem("document", "", Text("This is no configuration file of this camera.")))
        return made
    if document.get("layout") != LAYOUT:
        made.problems.append(Problem("document", "", Text("This file is of a newer release: update this camera first.")))
        return made
    hidden = document.get("hidden")
    made.hidden = hidden if isinstance(hidden, Mapping) else {}
    teller = Teller(portal, portal.zone())
    _plan_settings(portal, teller, document.get("settings", {}), secrets, keep_names, made)
    _plan_lists(portal, teller, document.get("lists", []), secrets, made)
    _judge(portal, made)
    return made


# --- settings -----------------------------------------------------------------------------------------------------------


def _plan_settings(portal: Portal, teller: Teller, sent: object, secrets: Secrets, keep_names: bool, made: Plan) -> None:
    if not isinstance(sent, Mapping):
        made.problems.append(Problem("settings", "", Text("The settings of this file are damaged.")))
        return
    for name, body in sent.items():
        kind = GROUPS.get(str(name))
        place = Text(TABS[str(name)]) if kind else Text("Settings {group}", {"group": str(name)[:40]})
        if kind is None or not isinstance(body, Mapping):
            made.problems.append(Problem(f"settings.{name}"[:80], "", Text("{place}: there are none", {"place": place})))
            continue
        wanted = {**body, **secrets.get(f"settings/{name}", {})}
        if kind is LprSettings and not wanted.get("region", True):
            # Of a camera that was not set up yet: the other one stays set up, and all else is taken over.
            wanted = {option: value for option, value in wanted.items() if option not in ("region", "countries")}
        if kind is GeneralSettings and keep_names:
            wanted = {option: value for option, value in wanted.items() if option not in NAMES}
        with _noting(made, place, f"settings.{name}"):
            before = portal.store.settings(kind)
            stored = before.model_dump(mode="json")
            wanted, _ = _without_lost(made, kind, wanted, stored, place, f"settings/{name}", may_stay=True)
            after = changed(portal, kind, wanted)
            if after != before:
                made.settings.append(after)
                was, now = _shown(kind, name, stored, after.model_dump(mode="json"))
                made.differ(teller, place, ("settings", ""), was, now)


def _shown(
    kind: type[Settings], group: object, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs, by the names of "group.option". Passwords are not shown, only that they change."""
    shown_before, shown_after = public(kind, before), public(kind, after)
    was, now = {}, {}
    for name in kind.model_fields:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        said = shown_before.get(name), shown_after.get(name)
        if said[0] == said[1]:
            said = (HIDDEN if old else "", HIDDEN if new else "")
        was[f"{group}.{name}"], now[f"{group}.{name}"] = said
    return was, now


# --- lists --------------------------------------------------------------------------------------------------------------


def _plan_lists(portal: Portal, teller: Teller, sent: object, secrets: Secrets, made: Plan) -> None:
    if not isinstance(sent, list) or len(sent) > MOST_LISTS or not all(isinstance(each, Mapping) for each in sent):
        made.problems.append(Problem("lists", "", Text("The lists of this file are damaged.")))
        return
    stored = portal.store.lists()
    named: set[str] = set()
    for number, body in enumerate(sent):
        name = typed(str(body.get("name", "")))[:60]
        place, where = Text("List {name}", {"name": name}), f"lists.{number}"
        if folded(name) in named:
            made.problems.append(Problem(where, "", Text("{place}: stands twice in the file", {"place": place})))
            continue
        named.add(folded(name))
        known = _counterpart(stored, body, name)
        with _noting(made, place, where):
            one = _plan_list(teller, body, known, place, made)
            _plan_rules(portal, teller, one, body.get("actions", []), secrets, f"lists/{number}/actions", made)
            _plan_jobs(portal, teller, one, body.get("jobs", []), secrets, f"lists/{number}/jobs", made)
            made.lists.append(one)
    taken = {one.target.id for one in made.lists}
    made.stays = [each.name for each in stored if each.id not in taken and folded(each.name) not in named]


def _counterpart(stored: Sequence[PlateList], body: Mapping[str, Any], name: str) -> PlateList | None:
    """The camera's list that this one of the file is: ALL PLATES and NOT IN LIST exist once, others go by their names."""
    role = body.get("role")
    if role in FIXED_ROLES:
        return next(each for each in stored if each.role == role)
    return next((each for each in stored if folded(each.name) == folded(name) and each.role not in FIXED_ROLES), None)


def _plan_list(teller: Teller, body: Mapping[str, Any], known: PlateList | None, place: Text, made: Plan) -> ListPlan:
    sent = {name: value for name, value in body.items() if name not in ("actions", "jobs")}
    after = list_of(sent, known or PlateList(0, "", "custom"))
    if known is None:
        made.differences.append(Difference(place, Text(""), None, Text("new list")))
    elif after != known:
        made.differ(teller, place, ("list", ""), list_values(known), list_values(after))
    return ListPlan(place, after, after != known)


def _plan_rules(portal: Portal, teller: Teller, one: ListPlan, sent: object, secrets: Secrets, place: str, made: Plan) -> None:
    left = portal.store.rules(one.target.id) if one.target.id else []
    for number, body in enumerate(_bodies(one, sent, "actions", made)):
        name = str(body.get("name", ""))[:60]
        where = Text("{place}, action {name}", {"place": one.place, "name": name})
        with _noting(made, where, place.replace("/", ".") + f".{number}"):
            kind = kind_of(portal, body.get("kind"))
            known = next((rule for rule in left if rule.kind == kind.name and rule.name == name), None)
            if known is not None:
                left.remove(known)
            values = {key: value for key, value in body.items() if key != "kind"}
            stored = known or ActionRule(0, one.target.id, kind.label, kind.name, True, WeekSchedule(), "{}")
            options = _with(body.get("options"), secrets.get(f"{place}/{number}"))
            values["options"], lost = _without_lost(made, kind.options, options, stored_options(stored), where, f"{place}/{number}")
            after = rule_of(portal, values, stored, lost)
            one.rules.append(after)
            if known is None:
                made.differences.append(Difference(where, Text(""), None, Text(kind.label)))
            elif after != known:
                was, now = _shown(kind.options, "options", stored_options(known), stored_options(after))
                made.differ(teller, where, ("rule", kind.name), {**_form(portal, known), **was}, {**_form(portal, after), **now})
    for rule in left:
        one.gone_rules.append(rule)
        where = Text("{place}, action {name}", {"place": one.place, "name": rule.name})
        gone = portal.kinds.get(rule.kind)
        made.differences.append(Difference(where, Text(""), Text(gone.label if gone else rule.kind), None))


def _form(portal: Portal, rule: ActionRule) -> dict[str, Any]:
    """As the form of an action has it, but for its options."""
    return {name: value for name, value in rule_data(portal, rule).items() if name != "options"}


def _plan_jobs(portal: Portal, teller: Teller, one: ListPlan, sent: object, secrets: Secrets, place: str, made: Plan) -> None:
    left = portal.store.jobs(one.target.id) if one.target.id else []
    for number, body in enumerate(_bodies(one, sent, "jobs", made)):
        where = Text("{place}, {kind}", {"place": one.place, "kind": _label(portal, body.get("kind"))})
        with _noting(made, where, place.replace("/", ".") + f".{number}"):
            kind = job_kind(portal, body.get("kind"))
            if not fits(kind, one.target):
                raise SettingsError(Problem("kind", "", Text("cannot be done for this list")))
            known = next((job for job in left if job.kind == kind.name), None)
            if known is not None:
                left.remove(known)
            values = {key: value for key, value in body.items() if key != "kind"}
            stored = known or Job(0, one.target.id, kind.name, True, "day", True, "{}")
            options = _with(body.get("options"), secrets.get(f"{place}/{number}"))
            values["options"], _ = _without_lost(made, kind.options, options, stored_options(stored), where, f"{place}/{number}")
            after = job_of(portal, values, stored)
            one.jobs.append(after)
            if known is None:
                made.differences.append(Difference(where, Text(""), None, Text(kind.label)))
            elif after != known:
                was, now = _shown(kind.options, "options", stored_options(known), stored_options(after))
                made.differ(teller, where, ("job", kind.name), {**_plain(known), **was}, {**_plain(after), **now})
    for job in left:
        one.gone_jobs.append(job)
        label = _label(portal, job.kind)
        made.differences.append(Difference(Text("{place}, {kind}", {"place": one.place, "kind": label}), Text(""), label, None))


def _label(portal: Portal, kind: object) -> Text:
    """What people call a kind of export or import."""
    known = portal.jobs.get(str(kind))
    return Text(known.label if known else str(kind)[:40])


def _bodies(one: ListPlan, sent: object, name: str, made: Plan) -> list[Mapping[str, Any]]:
    if isinstance(sent, list) and len(sent) <= MOST_OF_A_LIST and all(isinstance(each, Mapping) for each in sent):
        return sent
    made.problems.append(Problem(name, "", Text("{place}: its {name} are damaged", {"place": one.place, "name": name})))
    return []


def _with(options: object, hidden: Mapping[str, Any] | None) -> object:
    return {**options, **(hidden or {})} if isinstance(options, Mapping) else options


def _without_lost(
    made: Plan, kind: type[Settings], sent: Any, stored: Mapping[str, Any], where: Text, place: str, may_stay: bool = False
) -> tuple[Any, list[str]]:
    """(What was sent without the passwords that only the camera of the file has, which are noted as missing; which of them have
    options of their own).

    An address for which another password is stored here is refused later, as in a form; one that `may_stay` stays as it is: each
    camera may look through a network camera of its own."""
    if not isinstance(sent, Mapping):
        return sent, []
    wanted, said = dict(sent), made.hidden.get(place)
    names = [each for each in said if isinstance(each, str) and is_secret(kind, each)] if isinstance(said, list) else []
    missing = [each for each in names if not (sent.get(each) or stored.get(each))]
    for name in missing:
        made.missing.append(Text("{place}: {title}: is not in the file", {"place": where, "title": kind.title_of(name)}))
    for name, bare in lost(kind, sent, stored).items():
        told = {"place": where, "title": kind.title_of(name)}
        if not holds_one(stored.get(name)):
            wanted[name] = bare
            made.missing.append(Text("{place}: {title}: the password in it is not in the file", told))
        elif may_stay:
            del wanted[name]
            made.missing.append(Text("{place}: {title}: stays as it is, as its password is not in the file", told))
    return wanted, missing


def _plain(job: Job) -> dict[str, Any]:
    return {"enabled": job.enabled, "interval": job.interval, "if_changed": job.if_changed}


def _judge(portal: Portal, made: Plan) -> None:
    """What is wrong with an action beside all the others that there will be."""
    judge, named = RuleJudge(portal.kinds), {one.target.id for one in made.lists}
    others = [rule for rule in portal.store.rules() if rule.list_id not in named]
    all_rules = [(one, rule) for one in made.lists for rule in one.rules]
    for number, (one, rule) in enumerate(all_rules):
        where = Text("{place}, action {name}", {"place": one.place, "name": rule.name})
        with _noting(made, where, "lists"):
            judge.check_rule(rule, [*others, *(each for _, each in all_rules[:number])])


@contextmanager
def _noting(made: Plan, place: Text, path: str) -> Iterator[None]:
    """Keeps what goes wrong inside as problems of that place."""
    try:
        yield
    except GatewrightError as why:
        found = why.problems if isinstance(why, SettingsError) else (Problem("", "", why.text),)
        for each in found:
            text = Text("{place}: {text}", {"place": place, "text": each.sentence})
            made.problems.append(Problem(f"{path}.{each.field}".rstrip("."), "", text))
