"""Migrations: the database's layout, one function per version; a released one is never edited, only followed by another.

All run in one transaction. Stamps are ISO 8601 texts in UTC with microseconds: they sort as text.

From version 3 on the layout only grows, so that a package which is rolled back finds everything: `user_version` stays
COMPATIBLE, the version that an older release must know, and the table `layout` holds the real one. What an older release writes is
brought into the newer form by triggers, which it carries out without knowing, or is put down in `entries_due` for `Upkeep`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

FIRST_LISTS = (
    ("ALL PLATES", "all", "#607d8b"),
    ("NOT IN LIST", "unlisted", "#9e9e9e"),
    ("BLACKLIST", "black", "#c62828"),
    ("WHITELIST", "white", "#2e7d32"),
    ("WISH LIST", "wish", "#1565c0"),
)
"""Lists of a new camera (manual 4.4, List tab; the overview names the wish list)."""

# AUTOINCREMENT wherever a passage or a delivery remembers the number: what was deleted must not lend it to what comes after.
_LAYOUT_1 = (
    """CREATE TABLE lists (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
        role TEXT NOT NULL, colour TEXT NOT NULL)""",
    """CREATE TABLE entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT, list_id INTEGER NOT NULL REFERENCES lists(id) ON DELETE CASCADE,
        plate TEXT NOT NULL, key TEXT NOT NULL, folded TEXT NOT NULL, description TEXT NOT NULL,
        valid_from TEXT NOT NULL, valid_until TEXT NOT NULL, wiegand_facility INTEGER, wiegand_card INTEGER,
        UNIQUE (list_id, key))""",
    "CREATE INDEX entries_folded ON entries (folded)",
    """CREATE TABLE rules (
        id INTEGER PRIMARY KEY AUTOINCREMENT, list_id INTEGER NOT NULL REFERENCES lists(id) ON DELETE CASCADE,
        name TEXT NOT NULL, kind TEXT NOT NULL, enabled INTEGER NOT NULL, week TEXT NOT NULL, options TEXT NOT NULL)""",
    "CREATE INDEX rules_list ON rules (list_id)",
    """CREATE TABLE rule_results (
        rule_id INTEGER PRIMARY KEY REFERENCES rules(id) ON DELETE CASCADE,
        done_at TEXT, done_note TEXT, error_at TEXT, error TEXT)""",
    """CREATE TABLE passages (
        rowid INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, plate TEXT NOT NULL, key TEXT NOT NULL,
        confidence REAL NOT NULL, country TEXT NOT NULL, region TEXT NOT NULL, lane INTEGER NOT NULL, direction TEXT NOT NULL,
        char_height_px REAL NOT NULL, at TEXT NOT NULL, monotonic_ns INTEGER NOT NULL, trigger_id TEXT NOT NULL,
        trigger_cause TEXT NOT NULL, votes INTEGER NOT NULL, box TEXT NOT NULL, size TEXT NOT NULL,
        image_full TEXT NOT NULL, image_plate TEXT NOT NULL)""",
    "CREATE INDEX passages_at ON passages (at)",
    "CREATE INDEX passages_key ON passages (key)",
    "CREATE INDEX passages_images ON passages (rowid) WHERE image_full <> '' OR image_plate <> ''",
    """CREATE TABLE passage_lists (
        passage_rowid INTEGER NOT NULL REFERENCES passages(rowid) ON DELETE CASCADE,
        list_id INTEGER NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, colour TEXT NOT NULL,
        entry_id INTEGER, distance INTEGER NOT NULL, PRIMARY KEY (passage_rowid, list_id)) WITHOUT ROWID""",
    "CREATE INDEX passage_lists_list ON passage_lists (list_id, passage_rowid)",
    """CREATE TABLE deliveries (
        rowid INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        passage_id TEXT NOT NULL REFERENCES passages(id) ON DELETE CASCADE,
        rule_id INTEGER NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, created_at TEXT NOT NULL, not_after TEXT NOT NULL,
        attempts INTEGER NOT NULL, next_try_at TEXT NOT NULL, finished_at TEXT, note TEXT NOT NULL)""",
    "CREATE INDEX deliveries_passage ON deliveries (passage_id)",
    "CREATE INDEX deliveries_created ON deliveries (created_at)",
    "CREATE INDEX deliveries_open ON deliveries (next_try_at) WHERE finished_at IS NULL",
    "CREATE TABLE settings (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL, changed_at TEXT) WITHOUT ROWID",
)


def _version_1(db: Database) -> None:
    for statement in _LAYOUT_1:
        db.execute(statement)
    db.table("lists").insert_all({"name": name, "role": role, "colour": colour} for name, role, colour in FIRST_LISTS)


def _version_2(db: Database) -> None:
    for column in ("plate_colour", "plate_kind"):
        db.execute(f"ALTER TABLE passages ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")


def place_of(row: str) -> str:
    """SQL of a passage's place in time as one number (engine/store/search.py): milliseconds since 1970, then 20 bits of its own
    number. A clock that has gone wild, past the year 2223 or before 1716, stays within what a number holds."""
    seconds, millis = (
        f"max(min(CAST(strftime('%s', {row}.at) AS INTEGER), 8000000000), -8000000000)",
        f"CAST(substr({row}.at, 21, 3) AS INTEGER)",
    )
    return f"(({seconds} * 1000 + {millis}) * 1048576 + ({row}.rowid & 1048575))"


def folded_of(row: str) -> str:
    """SQL of a key with look-alikes made equal, as engine.lists.fold does it."""
    return f"replace(replace({row}.key, 'O', '0'), 'I', '1')"


OUTCOME_NUMBERS = {"": 0, "opened": 1, "refused": 2, "withheld": 3, "reported": 4, "waiting": 5}
DIRECTION_NUMBERS = {"": 0, "approach": 1, "away": 2}
OTHER = 7
"""The number of an outcome or direction that this release does not know."""
MOST_LANES = 15


def kind_of(row: str) -> str:
    """SQL of a passage's kind: lane, direction and decision as one number (engine/store/search.py)."""
    direction, outcome = _numbered(f"{row}.direction", DIRECTION_NUMBERS), _numbered(f"{row}.outcome", OUTCOME_NUMBERS)
    return f"(max(0, min({row}.lane, {MOST_LANES})) * 64 + {direction} * 8 + {outcome})"


def _numbered(column: str, numbers: Mapping[str, int]) -> str:
    choices = " ".join(f"WHEN '{name}' THEN {number}" for name, number in numbers.items())
    return f"(CASE {column} {choices} ELSE {OTHER} END)"


_MERGED = """CASE WHEN typeof(body) = 'text' AND json_valid(body) AND json_valid(excluded.body)
    THEN json_patch(body, excluded.body) ELSE excluded.body END"""
"""Settings that an older release does not know outlive what it writes."""

_LAYOUT_4 = (
    "CREATE TABLE layout (version INTEGER NOT NULL)",
    # Who changed what.
    """CREATE TABLE changes (
        rowid INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, user TEXT NOT NULL, subject TEXT NOT NULL,
        item_id INTEGER NOT NULL, before TEXT, after TEXT)""",
    # Imports: a list's entries are those of its generation; those of a coming one lie under the list's number with a minus.
    "ALTER TABLE lists ADD COLUMN generation INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE entries ADD COLUMN generation INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE imports (
        list_id INTEGER PRIMARY KEY, generation INTEGER NOT NULL, phase TEXT NOT NULL, steps INTEGER NOT NULL)""",
    # Wiegand numbers, and how often this or a later release has written the entry (0: an older one did).
    "ALTER TABLE entries ADD COLUMN number26 INTEGER",
    "ALTER TABLE entries ADD COLUMN number34 INTEGER",
    "ALTER TABLE entries ADD COLUMN revision INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX entries_number26 ON entries (number26, key) WHERE number26 IS NOT NULL",
    "CREATE INDEX entries_number34 ON entries (number34, key) WHERE number34 IS NOT NULL",
    "CREATE TABLE entries_due (id INTEGER PRIMARY KEY)",
    "INSERT INTO entries_due SELECT id FROM entries",
    """CREATE TRIGGER entries_added AFTER INSERT ON entries WHEN NEW.revision = 0 BEGIN
        UPDATE entries SET generation = coalesce((SELECT generation FROM lists WHERE id = NEW.list_id), 0) WHERE id = NEW.id;
        INSERT OR IGNORE INTO entries_due VALUES (NEW.id);
    END""",
    """CREATE TRIGGER entries_changed AFTER UPDATE OF list_id, plate, wiegand_facility, wiegand_card ON entries
    WHEN NEW.revision = OLD.revision BEGIN
        UPDATE entries SET generation = coalesce((SELECT generation FROM lists WHERE id = NEW.list_id), 0) WHERE id = NEW.id;
        INSERT OR IGNORE INTO entries_due VALUES (NEW.id);
    END""",
    # Searches of passages by time, list and part of the plate.
    "CREATE TABLE passage_places (place INTEGER PRIMARY KEY, passage_rowid INTEGER NOT NULL)",
    "CREATE TABLE list_places (list_id INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (list_id, place)) WITHOUT ROWID",
    "CREATE VIRTUAL TABLE passage_grams USING fts5(folded, content='', detail=none, columnsize=0, tokenize='trigram')",
    # Passages up to and with this one are not in those tables yet.
    "CREATE TABLE passages_due (until_rowid INTEGER NOT NULL)",
    "INSERT INTO passages_due SELECT coalesce(max(rowid), 0) FROM passages",
    f"""CREATE TRIGGER passages_added AFTER INSERT ON passages BEGIN
        INSERT OR IGNORE INTO passage_places VALUES ({place_of("NEW")}, NEW.rowid);
        INSERT INTO passage_grams (rowid, folded) VALUES ({place_of("NEW")}, {folded_of("NEW")});
    END""",
    f"""CREATE TRIGGER passage_lists_added AFTER INSERT ON passage_lists BEGIN
        INSERT OR IGNORE INTO list_places
        SELECT NEW.list_id, {place_of("passages")} FROM passages WHERE rowid = NEW.passage_rowid;
    END""",
    f"""CREATE TRIGGER passages_deleted BEFORE DELETE ON passages
    WHEN OLD.rowid > (SELECT until_rowid FROM passages_due) BEGIN
        INSERT INTO passage_grams (passage_grams, rowid, folded)
        VALUES ('delete', {place_of("OLD")}, {folded_of("OLD")});
        DELETE FROM list_places WHERE place = {place_of("OLD")}
        AND list_id IN (SELECT list_id FROM passage_lists WHERE passage_rowid = OLD.rowid);
        DELETE FROM passage_places WHERE place = {place_of("OLD")};
    END""",
    # Settings under names of their own; an older release reads and writes them under the names of its classes.
    *(
        statement
        for name, former in (("lpr", "LprSettings"), ("general", "GeneralSettings"), ("camera", "CameraSettings"))
        for statement in (
            f"INSERT INTO settings (name, body) SELECT '{name}', body FROM settings WHERE name = '{former}'",
            *(
                f"""CREATE TRIGGER settings_{name}_{event.lower()}_{"former" if source == name else "new"} AFTER {event} ON settings
                WHEN NEW.name = '{source}' BEGIN
                    INSERT INTO settings (name, body) VALUES ('{target}', NEW.body)
                    ON CONFLICT (name) DO UPDATE SET body = {body} WHERE body <> excluded.body;
                END"""
                for source, target, body in ((name, former, "excluded.body"), (former, name, _MERGED))
                for event in ("INSERT", "UPDATE")
            ),
        )
    ),
)


def _version_3(db: Database) -> None:
    db.execute("CREATE INDEX deliveries_waiting ON deliveries (kind, rule_id, next_try_at) WHERE state = 'pending'")
    db.execute("DROP INDEX deliveries_open")
    db.execute("CREATE INDEX deliveries_sending ON deliveries (rowid) WHERE state = 'sending'")


def _version_4(db: Database) -> None:
    for statement in _LAYOUT_4:
        db.execute(statement)


def _version_5(db: Database) -> None:
    """What was decided about a passage; "" for those of before, and for what an older release adds."""
    for column in ("outcome", "reason"):
        db.execute(f"ALTER TABLE passages ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")


def _version_6(db: Database) -> None:
    """Which passages a rule is meant for, as JSON; "": all."""
    db.execute("ALTER TABLE rules ADD COLUMN conditions TEXT NOT NULL DEFAULT ''")


def _version_7(db: Database) -> None:
    """Whose an entry is and when it holds, wildcards, and what a list means for the barrier ("": what its role says).

    An older release opens a wish list's barrier where it has an action for that; that stays so. When it changes a list's role, the
    policy is that of the new role again."""
    for column in (
        "owner TEXT NOT NULL DEFAULT ''",
        "email TEXT NOT NULL DEFAULT ''",
        "group_name TEXT NOT NULL DEFAULT ''",
        "week TEXT NOT NULL DEFAULT ''",
        "entries_left INTEGER",
        "wildcard INTEGER NOT NULL DEFAULT 0",
    ):
        db.execute(f"ALTER TABLE entries ADD COLUMN {column}")
    db.execute("CREATE INDEX entries_wildcards ON entries (folded) WHERE wildcard = 1")
    db.execute("ALTER TABLE lists ADD COLUMN policy TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE lists ADD COLUMN fuzzy INTEGER NOT NULL DEFAULT 0")
    db.execute(
        "UPDATE lists SET policy = 'open' WHERE role = 'wish' AND id IN "
        "(SELECT list_id FROM rules WHERE kind IN ('io', 'wiegand', 'wiegand_vivotek', 'wiegand_serial', 'two_n'))"
    )
    db.execute(
        """CREATE TRIGGER lists_role AFTER UPDATE OF role ON lists WHEN NEW.role <> OLD.role BEGIN
        UPDATE lists SET policy = '' WHERE id = NEW.id;
    END"""
    )


def _version_8(db: Database) -> None:
    """The boot in which the service looked into its outbox last."""
    db.execute("CREATE TABLE boot (id TEXT NOT NULL)")


def _version_9(db: Database) -> None:
    """What a rule starts on, as JSON ("": a plate on its list), and `guarded` (engine/store/rules.py), as rules with conditions are
    from now on; what a passage tells of ("": a car), and what was read too uncertainly."""
    db.execute("ALTER TABLE rules ADD COLUMN start TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE rules ADD COLUMN guarded INTEGER NOT NULL DEFAULT 0")
    db.execute("UPDATE rules SET guarded = enabled, enabled = 0 WHERE conditions <> ''")
    for column in ("event", "unsure"):
        db.execute(f"ALTER TABLE passages ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")


def _version_10(db: Database) -> None:
    """Exports and imports: the jobs, what they did, and what a file gave a guest last (engine/store/difference.py)."""
    db.execute("ALTER TABLE entries ADD COLUMN left_given INTEGER")
    db.execute("CREATE INDEX entries_guests ON entries (list_id) WHERE entries_left IS NOT NULL")
    db.execute(
        """CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT, list_id INTEGER NOT NULL REFERENCES lists(id) ON DELETE CASCADE,
        kind TEXT NOT NULL, enabled INTEGER NOT NULL, interval TEXT NOT NULL, if_changed INTEGER NOT NULL, options TEXT NOT NULL,
        began_at TEXT NOT NULL, running_at TEXT, asked_at TEXT, asked_by TEXT NOT NULL DEFAULT '', done_at TEXT,
        done_note TEXT NOT NULL DEFAULT '', error_at TEXT, error TEXT NOT NULL DEFAULT '', memory TEXT NOT NULL DEFAULT '')"""
    )
    db.execute(
        """CREATE TABLE transfers (
        rowid INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, ended_at TEXT NOT NULL, direction TEXT NOT NULL,
        kind TEXT NOT NULL, job_id INTEGER NOT NULL, list_id INTEGER NOT NULL, list_name TEXT NOT NULL, user TEXT NOT NULL,
        state TEXT NOT NULL, times INTEGER NOT NULL, note TEXT NOT NULL)"""
    )


def _version_11(db: Database) -> None:
    """For cameras that follow this one (engine/store/following.py)."""
    db.execute("CREATE TABLE source (id TEXT NOT NULL)")
    db.execute("CREATE TABLE published (name TEXT PRIMARY KEY, number INTEGER NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID")


def _version_12(db: Database) -> None:
    """Vehicles that are counted as inside, and the places of each list (list 0: of plates on no list)."""
    db.execute("CREATE TABLE inside (key TEXT PRIMARY KEY, plate TEXT NOT NULL, list_id INTEGER NOT NULL, since TEXT NOT NULL)")
    db.execute("CREATE INDEX inside_list ON inside (list_id)")
    db.execute(
        "CREATE TABLE places (list_id INTEGER PRIMARY KEY, capacity INTEGER NOT NULL DEFAULT 0, "
        "correction INTEGER NOT NULL DEFAULT 0, drift INTEGER NOT NULL DEFAULT 0)"
    )


def _version_13(db: Database) -> None:
    """How many days a list's passages are kept; 0: as the settings say."""
    db.execute("ALTER TABLE lists ADD COLUMN keep_days INTEGER NOT NULL DEFAULT 0")


def _version_14(db: Database) -> None:
    """One index of Wiegand numbers instead of two, without what an import is still writing (engine/store/entries.py: NUMBERED)."""
    db.execute("DROP INDEX entries_number26")
    db.execute("DROP INDEX entries_number34")
    db.execute("CREATE INDEX entries_numbers ON entries (number26, number34, key) WHERE number26 IS NOT NULL AND list_id > 0")
    db.execute("INSERT OR IGNORE INTO entries_due SELECT id FROM entries WHERE number26 < 0")


def _version_15(db: Database) -> None:
    """Entries of guests that were counted down for a gate that is still to open (engine/store/visits.py)."""
    db.execute(
        "CREATE TABLE visits (delivery_id TEXT NOT NULL, list_id INTEGER NOT NULL, key TEXT NOT NULL, passage_id TEXT NOT NULL, "
        "PRIMARY KEY (delivery_id, list_id, key)) WITHOUT ROWID"
    )


def _version_16(db: Database) -> None:
    """When the count of a list was corrected last."""
    db.execute("ALTER TABLE places ADD COLUMN since TEXT NOT NULL DEFAULT ''")


def _version_17(db: Database) -> None:
    """When the pictures of an event were taken that has those of another ("": they are its own)."""
    db.execute("ALTER TABLE passages ADD COLUMN images_at TEXT NOT NULL DEFAULT ''")


def _version_18(db: Database) -> None:
    """How long a message of a rule is tried; 0: as its kind says."""
    db.execute("ALTER TABLE rules ADD COLUMN max_age_s INTEGER NOT NULL DEFAULT 0")


def _version_19(db: Database) -> None:
    """How a plate was seen (PlateLook), as a JSON list of its values; "": it was not measured."""
    db.execute("ALTER TABLE passages ADD COLUMN look TEXT NOT NULL DEFAULT ''")


def _version_20(db: Database) -> None:
    """Who searched for passages (engine/store/searches.py)."""
    db.execute("CREATE TABLE searches (at TEXT NOT NULL, user TEXT NOT NULL, what TEXT NOT NULL, asked TEXT NOT NULL)")


def _version_21(db: Database) -> None:
    """Searches of passages by lane, direction and decision; passages up to and with the one in `kinds_due` are not in it yet."""
    db.execute("CREATE TABLE kind_places (kind INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (kind, place)) WITHOUT ROWID")
    db.execute("CREATE TABLE kinds_due (until_rowid INTEGER NOT NULL)")
    db.execute("INSERT INTO kinds_due SELECT coalesce(max(rowid), 0) FROM passages")
    added = f"INSERT OR IGNORE INTO kind_places VALUES ({kind_of('NEW')}, {place_of('NEW')});"
    deleted = f"DELETE FROM kind_places WHERE kind = {kind_of('OLD')} AND place = {place_of('OLD')};"
    db.execute(f"CREATE TRIGGER passages_kind_added AFTER INSERT ON passages BEGIN {added} END")
    db.execute(
        "CREATE TRIGGER passages_kind_changed AFTER UPDATE OF lane, direction, outcome ON passages "
        f"WHEN {kind_of('NEW')} <> {kind_of('OLD')} BEGIN {deleted} {added} END"
    )
    db.execute(f"CREATE TRIGGER passages_kind_deleted BEFORE DELETE ON passages BEGIN {deleted} END")


def _version_22(db: Database) -> None:
    """The reads of a passage's car (SeenRead), as a JSON list of lists of values; apart, as searches look through passages."""
    db.execute(
        "CREATE TABLE passage_reads (passage_rowid INTEGER PRIMARY KEY REFERENCES passages(rowid) ON DELETE CASCADE, "
        "reads TEXT NOT NULL)"
    )


def _version_23(db: Database) -> None:
    """Passages whose pictures are on the card (engine/store/card.py), and names of pictures that are to be deleted there: the card
    may be away when a passage goes, or the one who deletes it may know of no card, as an older release."""
    db.execute("CREATE TABLE on_card (passage_rowid INTEGER PRIMARY KEY REFERENCES passages(rowid) ON DELETE CASCADE)")
    db.execute("CREATE TABLE card_deletions (name TEXT PRIMARY KEY)")
    columns = ("image_full", "image_plate")
    gone = " ".join(f"INSERT OR IGNORE INTO card_deletions SELECT OLD.{name} WHERE OLD.{name} <> '';" for name in columns)
    is_there = "EXISTS (SELECT 1 FROM on_card WHERE passage_rowid = OLD.rowid)"
    db.execute(f"CREATE TRIGGER passages_card_deleted BEFORE DELETE ON passages WHEN {is_there} BEGIN {gone} END")
    db.execute(
        "CREATE TRIGGER passages_card_forgot AFTER UPDATE OF image_full, image_plate ON passages "
        f"WHEN NEW.image_full = '' AND NEW.image_plate = '' AND {is_there} "
        f"BEGIN {gone} DELETE FROM on_card WHERE passage_rowid = OLD.rowid; END"
    )


def _version_24(db: Database) -> None:
    """Where the settings name no time zone, the system's holds; it was UTC before, and stays so on a camera that was set up then:
    its weeks were painted for it."""
    if db.execute("SELECT 1 FROM settings WHERE name = 'lpr'").fetchone():
        db.execute("INSERT OR IGNORE INTO settings VALUES ('general', '{}')")
    named = "json_set(body, '$.time_zone', ifnull(json_extract(body, '$.time_zone'), 'UTC'))"
    db.execute(f"UPDATE settings SET body = CASE WHEN json_valid(body) THEN {named} ELSE body END WHERE name = 'general'")


def _version_25(db: Database) -> None:
    """Searches of a list's passages by lane, direction and decision; those up to and with the one in `list_kinds_due` are not in it
    yet."""
    db.execute(
        "CREATE TABLE list_kinds (list_id INTEGER NOT NULL, kind INTEGER NOT NULL, place INTEGER NOT NULL, "
        "PRIMARY KEY (list_id, kind, place)) WITHOUT ROWID"
    )
    db.execute("CREATE TABLE list_kinds_due (until_rowid INTEGER NOT NULL)")
    db.execute("INSERT INTO list_kinds_due SELECT coalesce(max(rowid), 0) FROM passages")
    of_new, of_old = (f"SELECT list_id FROM passage_lists WHERE passage_rowid = {row}.rowid" for row in ("NEW", "OLD"))
    added = f"INSERT OR IGNORE INTO list_kinds SELECT list_id, {kind_of('NEW')}, {place_of('NEW')} FROM ({of_new});"
    deleted = f"DELETE FROM list_kinds WHERE list_id IN ({of_old}) AND kind = {kind_of('OLD')} AND place = {place_of('OLD')};"
    db.execute(
        "CREATE TRIGGER passage_lists_kind_added AFTER INSERT ON passage_lists BEGIN INSERT OR IGNORE INTO list_kinds "
        f"SELECT NEW.list_id, {kind_of('passages')}, {place_of('passages')} FROM passages WHERE rowid = NEW.passage_rowid; END"
    )
    db.execute(
        "CREATE TRIGGER passages_list_kind_changed AFTER UPDATE OF lane, direction, outcome ON passages "
        f"WHEN {kind_of('NEW')} <> {kind_of('OLD')} BEGIN {deleted} {added} END"
    )
    db.execute(f"CREATE TRIGGER passages_list_kind_deleted BEFORE DELETE ON passages BEGIN {deleted} END")


def _version_26(db: Database) -> None:
    """A number that is another one after each change of a list, an import's too: who knows the lists asks for it alone. It is drawn
    by chance, as a database that takes the place of this one must not have the same."""
    db.execute("CREATE TABLE lists_mark (value INTEGER NOT NULL)")
    db.execute("INSERT INTO lists_mark VALUES (random())")
    for event in ("INSERT", "UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER lists_mark_{event.lower()} AFTER {event} ON lists BEGIN UPDATE lists_mark SET value = random(); END"
        )


MIGRATIONS: tuple[Callable[[Database], None], ...] = (
    _version_1,
    _version_2,
    _version_3,
    _version_4,
    _version_5,
    _version_6,
    _version_7,
    _version_8,
    _version_9,
    _version_10,
    _version_11,
    _version_12,
    _version_13,
    _version_14,
    _version_15,
    _version_16,
    _version_17,
    _version_18,
    _version_19,
    _version_20,
    _version_21,
    _version_22,
    _version_23,
    _version_24,
    _version_25,
    _version_26,
)

COMPATIBLE = 2
"""The newest version that an older release must know to work with this layout."""


def layout_version(connection: sqlite3.Connection) -> int:
    """How many of the migrations the database has."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'layout'").fetchone():
        return int(connection.execute("SELECT version FROM layout").fetchone()[0])
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def carry_out(connection: sqlite3.Connection, migrations: Sequence[Callable[[Database], None]]) -> None:
    """Carries out those migrations in the open transaction, and sets the version. sqlite-utils is imported here only: it brings
    numpy's 20 MB along, which a board of 512 MB should not hold in each process for the sake of a new column."""
    if not migrations:
        return
    from sqlite_utils import Database

    version = layout_version(connection) + len(migrations)
    database = Database(connection, execute_plugins=False)
    for migrate in migrations:
        migrate(database)
    connection.execute("DELETE FROM layout")
    connection.execute("INSERT INTO layout VALUES (?)", (version,))
    connection.execute(f"PRAGMA user_version={min(version, COMPATIBLE)}")
