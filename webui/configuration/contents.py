"""Contents: what a configuration file holds, as JSON types; passwords apart, so that they can be left out or sealed.

{"format", "layout": 1, "made_at", "camera": {"id", "name"}, "settings": {group: {name: value}}, "lists": [{..., "actions": [...],
"jobs": [...]}], "hidden": {place: [option]}}: which of the options have a password. Plates are not in it: they are
exported as lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from board.identity import camera_id
from board.kit.dependent import holds
from board.kit.secrets import public
from board.kit.settings import Settings
from engine.types import ActionRule, Job, PlateList
from webui.api.settings import GROUPS
from webui.portal import Portal
from webui.view.lists import list_values
from webui.view.rules import rule_data
from webui.view.stored_options import stored_options

FORMAT, LAYOUT = "gatewright configuration", 1

Secrets = dict[str, dict[str, Any]]
"""{place of the options in the file, such as "lists/2/actions/0": {option: value with its password}}."""


def contents(portal: Portal, with_lists: bool = True) -> tuple[dict[str, Any], Secrets]:
    """(The file without passwords, those). Actions and jobs of kinds that this release does not have are left out: what of their
    options is secret is not known. `with_lists`: whether lists, actions and jobs are in it."""
    secrets: Secrets = {}
    settings = {}
    for name, kind in GROUPS.items():
        settings[name] = _public(kind, portal.store.settings(kind).model_dump(mode="json"), f"settings/{name}", secrets)
    document = {
        "format": FORMAT,
        "layout": LAYOUT,
        "made_at": portal.clock.now().isoformat(timespec="seconds"),
        "camera": {"id": camera_id(portal.state), "name": portal.general().device_name},
        "settings": settings,
        "lists": [
            _list(portal, each, f"lists/{number}", secrets)
            for number, each in enumerate(portal.store.lists() if with_lists else ())
        ],
    }
    document["hidden"] = {place: sorted(hidden) for place, hidden in secrets.items()}
    return document, secrets


def _list(portal: Portal, chosen: PlateList, place: str, secrets: Secrets) -> dict[str, Any]:
    rules = [rule for rule in portal.store.rules(chosen.id) if rule.kind in portal.kinds]
    jobs = [job for job in portal.store.jobs(chosen.id) if job.kind in portal.jobs]
    return {
        **list_values(chosen),
        "actions": [_rule(portal, rule, f"{place}/actions/{number}", secrets) for number, rule in enumerate(rules)],
        "jobs": [_job(portal, job, f"{place}/jobs/{number}", secrets) for number, job in enumerate(jobs)],
    }


def _rule(portal: Portal, rule: ActionRule, place: str, secrets: Secrets) -> dict[str, Any]:
    options = _public(portal.kinds[rule.kind].options, stored_options(rule), place, secrets)
    return {**_without(rule_data(portal, rule), "id", "list_id"), "options": options}


def _job(portal: Portal, job: Job, place: str, secrets: Secrets) -> dict[str, Any]:
    options = _public(portal.jobs[job.kind].options, stored_options(job), place, secrets)
    return {"kind": job.kind, "enabled": job.enabled, "interval": job.interval, "if_changed": job.if_changed, "options": options}


def _public(kind: type[Settings], values: Mapping[str, Any], place: str, secrets: Secrets) -> dict[str, Any]:
    """Without what makes no sense beside the other values: a form would not send it either."""
    full = {**{name: each.default for name, each in kind.model_fields.items()}, **values}
    values = {
        name: value for name, value in values.items() if name in kind.model_fields and holds(kind.model_fields[name].when, full)
    }
    shown = public(kind, values)
    hidden = {name: value for name, value in values.items() if shown[name] != value}
    if hidden:
        secrets[place] = hidden
    return shown


def _without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
