"""Carrying out: a plan becomes what is stored, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from board.kit.errors import GatewrightError
from board.kit.settings import Problem, SettingsError
from board.kit.words import Text
from engine.exchange.local_files import drop_others
from engine.store.jobs import JobOptions
from webui.configuration.plan import ListPlan, Plan
from webui.portal import Portal


def carry_out(portal: Portal, made: Plan, by: str, note: Callable[[], None]) -> None:
    """All of it in one transaction, `note` in it as well; SettingsError names what the store refuses, and nothing has changed
    then."""
    with portal.store.transaction():
        for settings in made.settings:
            with _refusing(Text("Settings {group}", {"group": settings.key})):
                portal.store.settings.put(settings, by)
        for one in made.lists:
            with _refusing(one.place):
                _carry_out_list(portal, one, by)
        note()
    drop_others(portal.state.exchange, [each.id for each in portal.store.jobs()])


def _carry_out_list(portal: Portal, one: ListPlan, by: str) -> None:
    store = portal.store
    list_id = store.lists.save(one.target, by).id if one.is_changed else one.target.id
    for rule in one.gone_rules:
        store.rules.delete(rule.id, by)
    for gone in one.gone_jobs:
        kind = portal.jobs.get(gone.kind)
        store.jobs.delete(gone.id, kind.options if kind else JobOptions, by)
    for rule in one.rules:
        if not rule.id or store.rules.get(rule.id) != rule:
            with _refusing(Text("action {name}", {"name": rule.name})):
                store.rules.save(replace(rule, list_id=list_id), by)
    for job in one.jobs:
        if not job.id or store.jobs.get(job.id) != job:
            store.jobs.save(replace(job, list_id=list_id), portal.jobs[job.kind].options, by)


@contextmanager
def _refusing(place: Text) -> Iterator[None]:
    """What is refused inside is told with its place."""
    try:
        yield
    except GatewrightError as why:
        found = why.problems if isinstance(why, SettingsError) else (Problem("", "", why.text),)
        texts = [Text("{place}: {text}", {"place": place, "text": each.sentence}) for each in found]
        raise SettingsError(*(Problem(each.field, "", text) for each, text in zip(found, texts, strict=True))) from why
