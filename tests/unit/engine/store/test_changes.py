"""Changes: who changed what, with what it was before, in the same transaction; never a secret."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from board.kit.clock import TestClock
from board.kit.errors import ConfigError
from engine.settings import GeneralSettings, LprSettings
from engine.store import Store, changes
from engine.types import PlateList
from tests.samples import NOW, WHITE, entry, new_store, rule


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


def test_lists_entries_rules_and_settings_are_written_down_with_before_and_after(store: Store) -> None:
    vip = store.lists.save(PlateList(0, "VIP", "custom", "#112233"), "anna")
    store.lists.save(replace(vip, name="Staff"), "ben")
    one = store.entries.save(entry("AB 12"), "carl")
    store.entries.save(replace(one, description="boss"), "carl")
    store.entries.delete(one.id, "dora")
    store.settings.put(GeneralSettings(device_name="Gate north"), "emma")
    store.lists.delete(vip.id, "fred")
    found = [(change.user, change.subject, change.item_id, change.before, change.after) for change in reversed(store.changes())]
    plate = {
        "list_id": WHITE, "plate": "AB 12", "description": "", "valid_from": "2000-01-01T00:00:00.000000+00:00",
        "valid_until": "3000-01-01T00:00:00.000000+00:00", "wiegand_facility": None, "wiegand_card": None,
        "owner": "", "email": "", "group": "", "week": [], "entries_left": None,
    }  # fmt: skip
    new = {"name": "VIP", "role": "custom", "colour": "#112233", "policy": "open", "fuzzy": False, "keep_days": 0}
    renamed = {**new, "name": "Staff"}
    assert found == [
        ("anna", "list", vip.id, None, new),
        ("ben", "list", vip.id, new, renamed),
        ("carl", "entry", one.id, None, plate),
        ("carl", "entry", one.id, plate, {**plate, "description": "boss"}),
        ("dora", "entry", one.id, {**plate, "description": "boss"}, None),
        ("emma", "settings", 0, {"general.device_name": "Gatewright"}, {"general.device_name": "Gate north"}),
        ("fred", "list", vip.id, renamed, None),
    ]
    assert {change.at for change in store.changes()} == {NOW}
    assert [change.user for change in store.changes("entry", one.id, limit=2)] == ["dora", "carl"]
    third = store.changes()[4].rowid
    assert [change.user for change in store.changes(before_rowid=third)] == ["ben", "anna"]


def test_what_was_refused_or_changed_nothing_is_not_written_down(store: Store) -> None:
    one = store.entries.save(entry("AB 12"), "anna")
    store.entries.save(one, "ben")
    store.settings.put(GeneralSettings(), "ben")
    with pytest.raises(ConfigError):
        store.entries.save(entry("AB-12"), "ben")
    store.entries.delete(77, "ben")
    store.rules.delete(77, "ben")
    assert [change.user for change in store.changes()] == ["anna"]


def test_no_secret_is_ever_written_down(store: Store) -> None:
    url = "http://192.168.1.9/api?token=geheim1"
    saved = store.rules.save(rule(kind="http", url=url, authentication="basic", user="u", password="geheim2"), "anna")
    store.rules.save(replace(saved, options=json.dumps({"url": url, "password": "geheim3"})), "anna")
    store.rules.delete(saved.id, "anna")
    store.settings.put(LprSettings(connection="URL", camera_url="rtsp://admin:geheim4@10.0.0.9/live?password=geheim5"), "anna")
    rows = store.db.rows("SELECT coalesce(before, '') || coalesce(after, '') AS text FROM changes")
    text = "".join(row["text"] for row in rows)
    assert len(rows) == 4
    assert "geheim" not in text
    assert '"lpr.camera_url":"rtsp://(hidden)@10.0.0.9/live?(hidden)"' in text
    assert '"url":"http://192.168.1.9/api?(hidden)"' in text


def test_a_change_that_cannot_be_written_down_is_not_made(store: Store) -> None:
    kept, gate = store.entries.save(entry("CD 34"), "anna"), store.rules.save(rule(), "anna")
    lists = store.lists()
    store.db.execute("DROP TABLE changes")
    for work in (
        lambda: store.entries.save(entry("AB 12"), "anna"),
        lambda: store.lists.save(PlateList(0, "VIP", "custom"), "anna"),
        lambda: store.rules.save(rule(name="Door"), "anna"),
        lambda: store.settings.put(GeneralSettings(device_name="x"), "anna"),
        lambda: store.entries.delete(kept.id, "anna"),
        lambda: store.rules.delete(gate.id, "anna"),
        lambda: store.lists.delete(WHITE, "anna"),
    ):
        with pytest.raises(Exception, match="no such table"):
            work()
    assert (store.entries(WHITE), store.lists(), store.rules()) == ([kept], lists, [gate])
    assert store.settings(GeneralSettings) == GeneralSettings()


def test_the_newest_changes_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "KEPT", 3)
    store = new_store(tmp_path, TestClock())
    for number in range(6):
        store.entries.save(entry(f"AB {number}"), f"user {number}")
    assert [change.user for change in store.changes()] == ["user 5", "user 4", "user 3"]
