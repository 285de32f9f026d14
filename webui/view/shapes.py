"""Shapes: what the API answers, as types; the OpenAPI document is made from them and tests check every answer against them.

Stamps named `at` or `..._at` are UTC (ISO 8601); `..._local` are texts in the camera's time zone.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NotRequired, TypedDict

from board.kit.settings import Settings
from board.kit.words import Text


class ListOfPassage(TypedDict):
    """A list in which the plate stood."""

    id: int
    name: str
    role: str
    colour: str


class Passage(TypedDict):
    """A car that was read. `row` grows with each passage; `confidence` in percent; `image_*` are addresses, "" for none.
    `outcome`: opened, refused, withheld or reported, "" for passages of older releases; `decision`: why. What ends in `_name` and
    `plate_look` is said in the reader's language."""

    row: int
    id: str
    plate: str
    confidence: float
    country: str
    region: str
    country_name: Text
    lane: int
    direction: str
    direction_name: Text
    plate_colour: str
    plate_kind: str
    plate_look: Text
    char_height_px: float
    at: str
    at_local: str
    trigger_cause: str
    trigger_name: Text
    votes: int
    image_full: str
    image_plate: str
    lists: list[ListOfPassage]
    outcome: str
    outcome_name: Text
    decision: Text


class SeenRead(TypedDict):
    """One read of the car. `agreed`: its text is that of the passage; `refused`: the filter that refused it or what it waited for,
    "" for none; `why`: the same in words."""

    at_local: str
    plate: str
    confidence: float
    char_height_px: int
    agreed: bool
    refused: str
    why: Text


class PassageWithReads(Passage):
    """A passage with the last reads of its car."""

    reads: list[SeenRead]


class Passages(TypedDict):
    """Newest first; `newest` is the `row` to ask `after` next."""

    newest: int
    passages: list[Passage]


class PlateList(TypedDict):
    """`role`: all, unlisted, white, black, wish or custom; `policy`: open, refuse or report, "" what the role says; `barrier`: the
    one of them that this is; `fuzzy`: whether a plate one character off counts; `keep_days`: after how many its passages are
    deleted, 0 as the settings say; `entries`: how many plates stand in it."""

    id: int
    name: str
    role: str
    colour: str
    policy: str
    barrier: str
    fuzzy: bool
    keep_days: int
    entries: int


class PlateLists(TypedDict):
    lists: list[PlateList]


class Entry(TypedDict):
    """A plate of a list. `validity`: valid, not yet, expired, out of hours, no entries left or clock not set; `week`: for each day
    from Monday on the spans of minutes in which it is valid; `entries_left`: null, as often as it comes; `number`: what WIEGAND
    sends for it, "" for a wildcard without one; `unreadable`: characters that no camera reads."""

    id: int
    list_id: int
    plate: str
    description: str
    owner: str
    email: str
    group: str
    valid_from: str
    valid_until: str
    validity: str
    week: list[list[tuple[int, int]]]
    entries_left: int | None
    wiegand_facility: int | None
    wiegand_card: int | None
    number: str
    unreadable: str


class Entries(TypedDict):
    """`count`: how many there are, beyond those shown."""

    count: int
    entries: list[Entry]


class KeptPlate(TypedDict):
    """A plate that stays as it was."""

    plate: str
    why: Text


class ManyPlates(TypedDict):
    """What became of many plates: how many were changed, and those that were not."""

    done: int
    kept: list[KeptPlate]


class SetPlate(TypedDict):
    """`done`: added, changed or unchanged."""

    done: str
    entry: Entry


class Pattern(TypedDict):
    """A wildcard of a list and how many of the strangers fit it."""

    plate: str
    strangers: int


class Near(TypedDict):
    """Two listed plates that are one easily confused character apart."""

    plate: str
    other: str
    other_list: str


class Risk(TypedDict):
    """Of `strangers` made-up plates of `countries`: `exact` are listed themselves (O and 0, I and 1 are one), `wildcards` fit one
    of the list, `fuzzy` are one confused character away from one of its plates and closer to no other; `admitted`: those that the
    list takes for its own as it is set. `looked_at`: how many of its plates were compared with all others for `near`."""

    strangers: int
    countries: list[str]
    exact: int
    wildcards: int
    fuzzy: int
    admitted: int
    patterns: list[Pattern]
    near: list[Near]
    looked_at: int


class Collision(TypedDict):
    """Plates that would send the same number."""

    number: str
    plates: list[str]


class Collisions(TypedDict):
    collisions: list[Collision]


class Conditions(TypedDict):
    """Which passages of its list an action is meant for. `lane` 0, `direction` "any", `countries` "": any; `countries`: ISO alpha-2
    codes with spaces between."""

    lane: int
    direction: str
    min_confidence: int
    countries: str


class Start(TypedDict):
    """What an action starts on. `start_input`, `start_edge` (active or inactive): for input; `start_times` (such as "07:30 18:00")
    or `start_every_min`: for timer; `start_opens`: what opens a gate may do so though no list says that this car may pass."""

    start: str
    start_input: str
    start_edge: str
    start_times: str
    start_every_min: int
    start_opens: bool


class Rule(Start, Conditions):
    """An action of a list. `max_age_s`: how long a message is tried, 0: as is usual for the kind; `week`: for each day from Monday
    on the spans of minutes in which it acts; `options`: those of its kind (docs/settings.md), passwords left out."""

    id: int
    list_id: int
    name: str
    kind: str
    enabled: bool
    max_age_s: int
    week: list[list[tuple[int, int]]]
    options: dict[str, Any]


class SavedRule(Rule):
    """`in_force`: the service has taken it over; `note`: why not, in the caller's language; `key`, `values`: the same, to be said
    otherwise."""

    in_force: bool
    note: Text
    key: str
    values: dict[str, Any]


class Rules(TypedDict):
    rules: list[Rule]


class Client(TypedDict):
    """Who uses a server. `sent`, `answered`: the last, in the protocol's words; `count`: messages or requests; `ended_local` and
    `why`: of one that has gone."""

    address: str
    user: str
    since_local: str
    sent: str
    sent_local: str
    answered: str
    answered_local: str
    count: int
    missed: int
    ended_local: str
    why: Text


class Listening(TypedDict):
    """A server of the camera. `state`: on, off, or silent (it should listen and does not); `use`: of the device passwords that log
    in; `count`: clients that are connected, also those that are not listed, null where nobody counts them."""

    name: str
    title: Text
    about: Text
    use: str
    state: str
    address: str
    count: int | None
    clients: list[Client]


class Copied(TypedDict):
    """A text to copy, "" while a server that it names is off; USER and PASSWORD stand for a device password of that `use`."""

    label: Text
    use: str
    text: str
    lines: bool


class Product(TypedDict):
    name: str
    steps: list[Text]
    copies: list[Copied]


class Passing(TypedDict):
    """What a firewall must let through. `direction`: in, out or both, as the camera sees it."""

    direction: str
    protocol: str
    port: str
    about: Text
    peer: Text | str


class Tried(TypedDict):
    """An action that can be tried: it tells somebody something and opens nothing."""

    id: int
    name: str
    label: Text
    list: str


class Integration(TypedDict):
    """`host`: the camera as the caller asked for it; `local_only`: nobody else can reach the servers (--bind 127.0.0.1)."""

    host: str
    local_only: bool
    servers: list[Listening]
    products: list[Product]
    firewall: list[Passing]
    actions: list[Tried]


class Outcome(TypedDict):
    """Whether it was done; `note`: what was done or went wrong, in the caller's language; `key`, `values`: the same, to be said
    otherwise."""

    ok: bool
    note: Text
    key: str
    values: dict[str, Any]


class Nothing(TypedDict):
    """Done; there is nothing to say."""


class Delivery(TypedDict):
    """What one action did for one passage. `state`: pending, done, failed, expired or withheld; `outcome` and `decision`: of the
    passage."""

    id: str
    created_at: str
    created_local: str
    finished_local: str
    kind: str
    label: Text
    rule_name: str | Text
    list_name: str
    plate: str
    passage_id: str
    state: str
    is_error: bool
    attempts: int
    note: Text
    outcome: str
    outcome_name: Text
    decision: Text


class Deliveries(TypedDict):
    newest: int
    deliveries: list[Delivery]


class Job(TypedDict):
    """An export or import of a list that runs by itself. `direction`: export or import; `running`: now, or within a second;
    `done`, `error`: what it did last and what went wrong last, `failing`: the latter was later; `files`: those it has left on the
    camera, newest first; `options`: those of its kind (docs/settings.md), passwords left out."""

    id: int
    list_id: int
    kind: str
    direction: str
    enabled: bool
    interval: str
    if_changed: bool
    options: dict[str, Any]
    running: bool
    next_local: str
    done_local: str
    done: str
    error_local: str
    error: str
    failing: bool
    files: list[str]


class Jobs(TypedDict):
    jobs: list[Job]


class Transfer(TypedDict):
    """An export or import that took place, or failed `times` times in a row. `kind`: of its job, or hand; `job_id` 0 and `user`: by
    hand; `state`: done or failed."""

    at: str
    at_local: str
    ended_local: str
    direction: str
    kind: str
    label: Text
    job_id: int
    list_id: int
    list_name: str
    user: str
    state: str
    times: int
    note: Text


class Transfers(TypedDict):
    newest: int
    transfers: list[Transfer]


class RefusedRow(TypedDict):
    line: int
    reason: Text


class UploadExample(TypedDict):
    """A change of one plate. `kind`: added, changed or removed; `line`: of the file, 0 for what is not in it; `fields`: what stood
    there and what stands there then."""

    kind: str
    line: int
    plate: str
    fields: dict[str, tuple[Any, Any]]


class UploadEffect(TypedDict):
    """What becomes of a list. `objection`: why it is not done under these terms, "" if it is; `is_new`: the list is made for it."""

    name: str
    is_new: bool
    objection: Text
    before: int
    after: int
    added: int
    changed: int
    removed: int
    examples: list[UploadExample]


class Upload(TypedDict):
    """A file that was sent. `state`: reading, preview (nothing has changed yet), done or failed (nothing has changed); `rows`:
    read so far; `refusals`: rows that are wrong, the first of `refused`; `unread`: headings of columns that say nothing here."""

    upload: str
    list_id: int
    state: str
    rows: int
    error: Text
    refused: int
    refusals: list[RefusedRow]
    lists: list[UploadEffect]
    unread: list[str]


class LogLines(TypedDict):
    """Oldest first."""

    lines: list[str]


class Input(TypedDict):
    name: str
    active: bool


class Triggered(TypedDict):
    """`passage`: the one that came of it, when it was waited for and came."""

    accepted: bool
    why: str
    trigger_id: str
    passage: Passage | None


class Read(TypedDict):
    """A plate in the newest picture. `box`: left, top, right, bottom in pixels of the camera's picture."""

    text: str
    confidence: float
    box: tuple[float, float, float, float]


class LiveReads(TypedDict):
    frame_seq: int
    reads: list[Read]


class LiveProblem(TypedDict):
    """`kind`: bad or warn; `todo`: what to do about it."""

    kind: str
    where: Text
    text: Text
    todo: Text


class InfoRow(TypedDict):
    name: Text
    value: str | Text
    changed: str


class Line(TypedDict):
    """A digital line. `kind`: input or output; `gate`: it lets cars in; `settable`: an input of a simulated board."""

    name: str
    kind: str
    active: bool
    changed_at: str | None
    changed_local: str
    gate: bool
    settable: bool


class WiegandFrame(TypedDict):
    """The last frame sent. `layout`: "" when it is none that is known; `ok`: its edges were within the limits."""

    port: str
    bits: int
    binary: str
    hex: str
    layout: str
    facility: int | None
    card: int | None
    ok: bool
    at_local: str


class Engine(TypedDict):
    """`motion_pct`: the most that the picture changed in the last second, -1 where nobody looks; `rejected`: reads that each filter
    has left out."""

    frames_processed: int
    frames_per_s: float
    read_ms: float
    camera: Text
    size: tuple[int, int]
    motion_pct: float
    rejected: dict[str, int]


class LanePlaces(TypedDict):
    """Places of a list; `list_id` 0 and `name` "": of plates on no list. `capacity` 0: no limit; `drift`: by how much the count may
    be off."""

    list_id: int
    name: str
    capacity: int
    count: int
    drift: int


class Lane(TypedDict):
    """The barrier's lane. `plate`: whom it was opened for; `waiting`: plates that wait to be let in; `faults`: inputs that are not
    believed; `second_camera`: how it is, null without one."""

    state: Text
    since_local: str
    plate: str
    waiting: list[str]
    faults: list[Text]
    second_camera: Text | None
    places: list[LanePlaces]


class LaneDocument(TypedDict):
    """`lane`: null while nothing of it is in use, or the service is gone; `places`: of every list, while vehicles are counted."""

    lane: Lane | None
    places: list[LanePlaces]


class Status(TypedDict):
    """The camera's state. `mode`: the function mode, NO LICENSE or STOPPED; `engine`, `live`: None while it does not run;
    `age_s`: how long ago it was heard, -1 for never."""

    mode: str
    simulated: bool
    now_local: str
    problems: list[LiveProblem]
    info: list[InfoRow]
    lines: list[Line]
    wiegand: WiegandFrame | None
    engine: Engine | None
    age_s: float
    live: LiveReads | None
    roi: tuple[float, float, float, float] | None
    lane_line: tuple[float, float, float, float] | None
    masks: tuple[tuple[float, float, float, float], ...]
    roi_corners: tuple[tuple[float, float], ...]
    mask_corners: tuple[tuple[tuple[float, float], ...], ...]
    lane: Lane | None


class OrderTime(TypedDict):
    """`now_ms`: ms since the camera was switched on."""

    now_ms: int


class FirstStep(TypedDict):
    """`said`: what was found, null for nothing yet; `href`: where it is done."""

    name: str
    title: Text
    href: str
    done: bool
    said: str | Text | None


class FirstSteps(TypedDict):
    steps: list[FirstStep]


class HelpCheck(TypedDict):
    """A check of a page of help. `state`: ok, warn, bad or info (for people to judge); `found`: what it found; `todo`: what to do
    about it, null for nothing; `href`: where, "" for nowhere."""

    title: Text
    state: str
    found: Text | str
    todo: Text | None
    href: str


class HelpChecks(TypedDict):
    checks: list[HelpCheck]


class Measure(TypedDict):
    """`state`: ok, warn or bad; `advice`: what to change."""

    title: Text
    value: Text
    state: str
    advice: Text


class CheckHalf(TypedDict):
    """Cars of the day or of the night; no measures while they are few."""

    name: Text
    cars: int
    since: str
    until: str
    measures: list[Measure]


class Standing(TypedDict):
    """A text that is read again and again at the very same place; `mask`: of that place, as LPR settings hold masks."""

    plate: str
    times: int
    since: str
    until: str
    picture: str
    mask: list[float]


class Check(TypedDict):
    """How well the camera stands; `cars`: how many were looked at; `standing`: what is probably no car."""

    cars: int
    halves: list[CheckHalf]
    standing: list[Standing]


@cache
def settings_shape(kind: type[Settings]) -> Any:
    """The answer of GET and PUT for the settings of `kind`; `restart_due`: titles of stored settings that a process does not run
    with yet."""
    name = f"Stored{kind.__name__}"
    return TypedDict(name, {"settings": kind, "restart_due": list[str]})  # type: ignore[operator]


class Reach(TypedDict):
    """How many days back passages with pictures reach at that rate; null: for ever, as none comes."""

    passages_a_day: int
    reaches_days: float | None


class DatabaseCopy(TypedDict):
    """`name`: what a restore asks for; `label`: for people; `lists`, `entries`: how many are in it."""

    name: str
    label: Text
    at: str
    at_local: str
    lists: int
    entries: int


class Database(TypedDict):
    """`notice`: what was done to the database, until somebody takes note of it; `mac`: what a reset asks for;
    `damaged_bytes`: of the damaged file that was set aside, 0: there is none."""

    copies: list[DatabaseCopy]
    notice: Text | None
    notice_local: str
    mac: str
    damaged_bytes: int


class Download(TypedDict):
    """A table that is being sent: running, done, cancelled or failed, and why. `total` rows, or, with `more`, more than that."""

    state: str
    rows: int
    total: int
    more: bool
    why: Text


class PathImage(TypedDict):
    name: str
    bytes: int


class PathImages(TypedDict):
    """`are_used`: this board is a simulated one; `pictures`: in the order in which they are shown."""

    are_used: bool
    pictures: list[PathImage]


class Begun(TypedDict):
    """It is done while service and portal start again."""

    ok: bool


class Storage(TypedDict):
    """`on_card`: pictures go to the SD card; `total_bytes`, `free_bytes`: of the storage that holds them; `passages_a_day`: those
    of the last 24 hours, 10,001 when there were more; `bytes_a_passage`: measured on the newest ones; `oldest_at`: by the camera's
    clock, "" for none; `days_until_full`: until the oldest pictures are deleted, null for never; `table`: the reach at other
    rates."""

    on_card: bool
    total_bytes: int
    free_bytes: int
    passages_a_day: int
    bytes_a_passage: int
    oldest_at: str
    days_until_full: float | None
    reaches_days: float | None
    table: list[Reach]


class ConfigurationFile(TypedDict):
    """A configuration (webui/configuration/contents.py). `hidden`: in which places which options have a password;
    `passwords`, with a passphrase only: these."""

    format: str
    layout: int
    made_at: str
    camera: dict[str, str]
    settings: dict[str, Any]
    lists: list[dict[str, Any]]
    hidden: dict[str, list[str]]
    passwords: NotRequired[dict[str, str]]


class ConfigurationDifference(TypedDict):
    """`place`: of which settings, list or action; `name`: of which value, "" for the whole; `before`, `after`: null where
    there was or will be nothing."""

    place: Text
    name: Text
    before: Text | str | None
    after: Text | str | None


class ConfigurationEffect(TypedDict):
    """What a configuration file changes. `other_camera`: the file is of another camera; `changes`: how many, the first of which are
    `differences`; `problems`: why nothing can be taken over; `stays`: lists of this camera that the file does not name;
    `missing`: passwords that neither the file nor this camera has: all else is taken over."""

    applied: bool
    other_camera: bool
    changes: int
    differences: list[ConfigurationDifference]
    problems: list[Text]
    stays: list[str]
    missing: list[Text]


class Forgotten(TypedDict):
    """What was deleted of a plate. `waiting`: passages that stay until messages of theirs are delivered; `files`: exports
    kept on the camera that held it."""

    passages: int
    waiting: int
    entries: int
    files: int
