"""Configuration: settings, lists and actions as one file to keep or to copy (manual 4.6, General configuration tab)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from board.identity import camera_id
from board.kit.errors import ConfigError
from board.kit.fields import Password, StrictBool
from board.kit.settings import Settings, SettingsError, option, unfit
from board.kit.web.routes import Answer, Call, Refused, api, data, said
from board.kit.words import Text
from engine.messages import RulesChanged, SettingsChanged
from webui.configuration.carrying_out import carry_out
from webui.configuration.contents import Secrets, contents
from webui.configuration.kept import Before, keeping, kept
from webui.configuration.plan import Plan, plan
from webui.configuration.sealed import LONGEST, SHORTEST, seal, unseal
from webui.noted import noted
from webui.portal import Portal
from webui.view import shapes

MOST_BYTES = 4 << 20
MOST_TOLD = 500
"""Differences and problems of one answer."""


class ExportForm(Settings):
    passphrase: Password = option(
        "",
        "Passphrase",
        "Encrypts the passwords in the file; without one they are left out.",
        widget="password",
        max_length=LONGEST,
    )


class ImportForm(Settings):
    document: dict[str, Any] = option(..., "File", "What an export gave.")
    passphrase: Password = option(
        "", "Passphrase", "That of the export; without it passwords are not taken over.", widget="password", max_length=LONGEST
    )
    keep_names: StrictBool | None = option(
        None, "Keep name and id", "This camera's name and id stay; left out: if the file is of another camera."
    )
    apply: StrictBool = option(False, "Apply", "Takes the file in; otherwise it is only said what would change.")


def _export(portal: Portal, call: Call[object, ExportForm]) -> Answer:
    document, secrets = contents(portal, with_lists=_may_all(call))
    passphrase = call.body.passphrase
    if passphrase and len(passphrase) < SHORTEST:
        raise unfit("passphrase", "Passphrase", "must have at least {shortest} characters", shortest=SHORTEST)
    if passphrase:
        document["passwords"] = seal(document, secrets, passphrase)
    told = {"exported": "with passwords" if passphrase else "without passwords"}
    with noted(call.user, "an export of the configuration"):
        portal.store.changes.add(call.user, "configuration", 0, None, told)
    return data(document)


def _import(portal: Portal, call: Call[object, ImportForm]) -> Answer:
    form = call.body
    _need_all(call, form.document)
    camera = form.document.get("camera")
    made_by = camera if isinstance(camera, dict) else {}
    is_other = made_by.get("id") != camera_id(portal.state)
    secrets = _secrets(form)
    told = {"imported": f"made {form.document.get('made_at', '')} by {made_by.get('name', '')}"[:200]}
    with portal.changing if form.apply else nullcontext():
        found = plan(portal, form.document, secrets, is_other if form.keep_names is None else form.keep_names)
        if form.apply:
            _carry_out(portal, call.user, found, told)
    return _answer(call, found, form.apply, is_other)


def _revert(portal: Portal, call: Call) -> Answer:
    with portal.changing:
        before = kept(portal.state)
        if before is None:
            raise ConfigError("nothing was imported yet: there is nothing to go back to")
        _need_all(call, before.document)
        found = plan(portal, before.document, before.secrets, False)
        _carry_out(portal, call.user, found, {"reverted": f"to that before {before.at.isoformat()}"})
    return _answer(call, found, True, False)


def _may_all(call: Call[Any, Any]) -> bool:
    return call.may("lists") and call.may("actions")


def _need_all(call: Call[Any, Any], document: Mapping[str, Any]) -> None:
    if document.get("lists") and not _may_all(call):
        raise Refused(403, "The file holds lists and actions too, which you may not change.")


def _secrets(form: ImportForm) -> Secrets:
    sealed = form.document.get("passwords")
    if sealed is None or not form.passphrase:
        return {}
    return unseal(form.document, sealed, form.passphrase)


def _carry_out(portal: Portal, user: str, found: Plan, what: dict[str, str]) -> None:
    """SettingsError with all that is wrong: nothing has changed then. What changes nothing, as the same file once more, leaves the
    configuration to go back to."""
    if found.problems:
        raise SettingsError(*found.problems[:MOST_TOLD])
    before = Before(portal.clock.now(), user, *contents(portal))
    with keeping(portal.state, before) if found.differences else nullcontext():
        carry_out(portal, found, user, lambda: portal.store.changes.add(user, "configuration", 0, None, what))
    portal.service.outcome(SettingsChanged())
    portal.service.outcome(RulesChanged())


def _answer(call: Call[Any, Any], found: Plan, applied: bool, is_other: bool) -> Answer:
    told = shapes.ConfigurationEffect(
        applied=applied,
        other_camera=is_other,
        changes=len(found.differences),
        differences=[
            shapes.ConfigurationDifference(place=each.place, name=each.name, before=_shown(each.before), after=_shown(each.after))
            for each in found.differences[:MOST_TOLD]
        ],
        problems=[Text("{text}", {"text": each.sentence}) for each in found.problems[:MOST_TOLD]],
        stays=found.stays,
        missing=found.missing[:MOST_TOLD],
    )
    return data(said(told, call.language))


def _shown(value: object) -> Text | str | None:
    """A value for people, shortened."""
    if value is None or isinstance(value, Text):
        return value
    if isinstance(value, bool):
        return Text("on") if value else Text("off")
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


ROUTES = (
    api(
        "POST",
        "api/configuration/export",
        "configure",
        _export,
        "The configuration as one JSON file: settings, lists, actions, jobs; no plates, and nothing that you may not see.",
        body=ExportForm,
        reply=shapes.ConfigurationFile,
    ),
    api(
        "POST",
        "api/configuration/import",
        "configure",
        _import,
        "Says what a configuration file would change, or takes it in, whole or not at all.",
        body=ImportForm,
        reply=shapes.ConfigurationEffect,
        max_body_bytes=MOST_BYTES,
    ),
    api(
        "POST",
        "api/configuration/revert",
        "configure",
        _revert,
        "Goes back to the configuration of before the last import.",
        reply=shapes.ConfigurationEffect,
    ),
)
