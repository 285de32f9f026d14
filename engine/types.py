"""Engine types: what flows from a frame to a delivery. All frozen and slotted; stamps are aware UTC.

Frame -> PlateBox -> PlateRead -> Passage -> PlateEvent -> Delivery: one function per arrow (ARCHITECTURE.md).
"""

from __future__ import annotations

from datetime import datetime

from board.kit.dataclass import dataclass
from board.kit.words import NOTHING, Text, mark
from board.types import WiegandCode

Point = tuple[float, float]
Box = tuple[int, int, int, int]
"""x, y, width, height in pixels of the frame."""

PRESENT_S = 30
"""An older picture is not given to a program or recorder, which takes what it gets for the present: a camera that went away must
not look as if nothing happened before it."""


@dataclass(frozen=True, slots=True)
class Roi:
    """A part of the picture: the only one that is read (manual 4.2, Live tab), or a mask; fractions 0..1 of width and height.

    `corners`: of a polygon, in their order, which spans this rectangle; () is the rectangle itself."""

    left: float
    top: float
    right: float
    bottom: float
    corners: tuple[Point, ...] = ()

    def holds(self, x: float, y: float) -> bool:
        """Whether the point lies in it; of a polygon by the even-odd rule."""
        if not (self.left <= x <= self.right and self.top <= y <= self.bottom):
            return False
        is_inside = not self.corners
        for (ax, ay), (bx, by) in zip(self.corners, (*self.corners[1:], *self.corners[:1]), strict=True):
            if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
                is_inside = not is_inside
        return is_inside


@dataclass(frozen=True, slots=True)
class LaneLine:
    """A line from top to bottom point, fractions 0..1: plates left of it are lane 1, right of it lane 2 (manual 4.2, Live tab)."""

    top: Point
    bottom: Point


SOCKET_CAUSE = "socket "
"""Begins the cause of a trigger that came over the trigger socket; the client's address follows."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One accepted trigger; results of different triggers are independent of one another (manual 4.5, LPR configuration tab).

    `cause`: "input DI1", "socket 10.0.0.5", "http admin", "test"."""

    id: str
    cause: str
    at: datetime
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class PlateBox:
    """A plate found by the detector. `corners`: top left, top right, bottom right, bottom left in frame pixels; `score` 0..1."""

    corners: tuple[Point, Point, Point, Point]
    score: float

    @property
    def box(self) -> Box:
        """The upright box around the corners."""
        xs = [x for x, _ in self.corners]
        ys = [y for _, y in self.corners]
        return round(min(xs)), round(min(ys)), round(max(xs) - min(xs)), round(max(ys) - min(ys))


@dataclass(frozen=True, slots=True)
class CharRead:
    """One character as read; `confidence` 0..1."""

    symbol: str
    confidence: float


@dataclass(frozen=True, slots=True)
class SlotScores:
    """What the OCR saw in one filled slot: symbols and their probabilities, best first (only those worth ranking).

    `empty`: 0..1, the probability that nothing stands there after all."""

    symbols: tuple[str, ...]
    scores: tuple[float, ...]
    empty: float = 0.0


@dataclass(frozen=True, slots=True)
class PlateRead:
    """One plate in one frame. `confidence` 0..100; `country` ISO alpha-2 or ""; `lane` 0 when no lane line is drawn.

    `plate_colour`: its ground's plain colour ("yellow"), "" when not sure or at night; `plate_kind`: of PLATE_KINDS ("taxi"),
    "" the ordinary one or not sure."""

    text: str
    chars: tuple[CharRead, ...]
    confidence: float
    country: str
    box: Box
    char_height_px: float
    lane: int = 0
    frame_seq: int = 0
    slots: tuple[SlotScores, ...] = ()
    region: str = ""
    plate_colour: str = ""
    plate_kind: str = ""
    tilt_deg: float = 0.0
    """Of the plate's upper edge against the picture's; positive: it falls to the right."""
    refused: str = ""
    """The filter that refused it (engine.messages.REJECTED); "" for none."""


HELD_BACK = ("edge", "far")
"""Why a read that passed the filters waited for better ones: the plate was at the picture's edge, or its characters were small."""


@dataclass(frozen=True, slots=True)
class SeenRead:
    """One read of a passage's car. `after_ms`: from the passage's `at` on, negative before; `confidence` 0..100; `refused`: the
    filter that refused it (engine.messages.REJECTED) or what held it back (HELD_BACK), "" if it voted."""

    after_ms: int
    text: str
    confidence: float
    char_height_px: int
    refused: str = ""


@dataclass(frozen=True, slots=True)
class PlateLook:
    """How a plate was seen (engine/reading/look.py). `tilt_deg`: as in PlateRead; `edge_pct`: width of the characters' edges in
    parts of their height, small is sharp; `dark`, `bright`: grey levels (0..255) of its dark and bright parts; `night`: the
    picture was dark or had no colour."""

    tilt_deg: float
    edge_pct: float
    dark: int
    bright: int
    night: bool


@dataclass(frozen=True, slots=True)
class PassageImages:
    """File names below STATE/anpr/images, with "/" between parts; empty when not stored."""

    full: str = ""
    plate: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """One car's passing: one event per car. `plate` "" is a trigger that read nothing ("no plate").

    `at`: capture time of the frame that won the vote; `votes`: agreeing reads; `box`: of the winning frame; `size`: that
    frame's (width, height); `direction`: "", "approach" or "away"; `plate_colour`, `plate_kind`: of the winning read.

    It may also be another event (engine/events.py): `event` says which then, "" a car. `unsure`: what was read below the minimum
    confidence; it stands apart from `plate`, so that nobody takes it for one."""

    id: str
    plate: str
    confidence: float
    country: str
    region: str
    lane: int
    direction: str
    char_height_px: float
    at: datetime
    monotonic_ns: int
    trigger_id: str
    trigger_cause: str
    votes: int
    box: Box
    size: tuple[int, int]
    images: PassageImages
    plate_colour: str = ""
    plate_kind: str = ""
    event: str = ""
    unsure: str = ""
    images_at: datetime | None = None
    """When the pictures were taken, where they are not of `at`: an event that is no car has the newest ones."""
    look: PlateLook | None = None
    """How the plate was seen; None for what has none, and for passages of earlier releases."""
    reads: tuple[SeenRead, ...] = ()
    """The last reads of the car (engine/reading/passages/seen.py); the store gives them apart (`Passages.reads`)."""

    @property
    def what(self) -> str:
        """Which event it is, of engine.events.EVENTS."""
        return self.event or ("plate" if self.plate else "no_plate")


# --- lists ----------------------------------------------------------------------------------------------------------

LIST_ROLES = ("all", "unlisted", "black", "white", "wish", "custom")
"""What a list means."""

FIXED_ROLES = ("all", "unlisted")
"""Every plate, plates in no list (manual 4.4, List tab): these lists hold no entries, exist once each and stay."""


POLICIES = ("open", "refuse", "report")
"""What a list means for the barrier. open: its actions may open it; refuse: nothing opens it for its plates, whatever other lists
say; report: its actions do not open it, those of other lists may."""

_USUAL_POLICIES = {"black": "refuse", "wish": "report"}


@dataclass(frozen=True, slots=True)
class PlateList:
    """`policy`: of POLICIES, "" the usual one of its role; `fuzzy`: a plate that is one confused character off a listed one counts
    as that one; `keep_days`: its passages are deleted after so many days, 0 as the settings say."""

    id: int
    name: str
    role: str
    colour: str = ""
    policy: str = ""
    fuzzy: bool = False
    keep_days: int = 0

    @property
    def barrier(self) -> str:
        """Its policy, of POLICIES."""
        return self.policy or _USUAL_POLICIES.get(self.role, "open")


@dataclass(frozen=True, slots=True)
class WeekSchedule:
    """When a rule or an entry is in force, in the camera's time zone: per weekday (0 Monday .. 6 Sunday) spans of minutes since
    midnight [from, until), until up to 1440. All day on all days by default."""

    days: tuple[tuple[tuple[int, int], ...], ...] = (((0, 1440),),) * 7


ALWAYS = WeekSchedule()

WILDCARDS = "?*"
"""In a listed plate: one character, any number of them."""
_WILDCARDS = frozenset(WILDCARDS)


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A plate in a list, or, with one of WILDCARDS in it, all plates of that form. Valid from `valid_from` (inclusive) until
    `valid_until` (exclusive), in the hours of `week`, and while `entries_left` is not 0; None: as often as one likes.

    `wiegand_facility`/`wiegand_card`: the number to send instead of the SHA-1 rule (protocols 6.3); None: none given."""

    id: int
    list_id: int
    plate: str
    description: str
    valid_from: datetime
    valid_until: datetime
    wiegand_facility: int | None = None
    wiegand_card: int | None = None
    owner: str = ""
    email: str = ""
    group: str = ""
    week: WeekSchedule = ALWAYS
    entries_left: int | None = None

    @property
    def is_wildcard(self) -> bool:
        return not _WILDCARDS.isdisjoint(self.plate)


@dataclass(frozen=True, slots=True)
class Match:
    """A list that a passage belongs to; `entry` None for "all" and "unlisted"; `distance` 0 exact, 1 one character off."""

    list: PlateList
    entry: ListEntry | None
    distance: int = 0


OUTCOMES = (mark("opened"), mark("refused"), mark("withheld"), mark("reported"))
"""opened: an action that opens was due; refused: none was, though the camera has one; withheld: one was, and the blacklist forbade
it; reported: the camera has no action that opens."""

WAITING = mark("waiting")
"""Outcome until a passage is decided about, within seconds: the lane is not free, or another camera has not spoken (docs/lane.md).
Messages wait for the decision, so that none says this."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a car when it came, and why. `outcome`: of OUTCOMES; "" for passages of an older release.

    What became of "opened" at the barrier stands in the deliveries."""

    outcome: str = ""
    reason: Text = NOTHING


UNDECIDED = Decision()


@dataclass(frozen=True, slots=True)
class PlateEvent:
    """A passage with the lists it matched and what was decided: what every action gets. `match` is the one whose rule is carried
    out."""

    passage: Passage
    matches: tuple[Match, ...]
    match: Match
    decision: Decision = UNDECIDED


# --- rules and deliveries --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Conditions:
    """Which passages a rule is meant for, of those of its list. `lane` 0 and `direction` "": any; `min_confidence` 0..100;
    `countries`: ISO alpha-2, () any."""

    lane: int = 0
    direction: str = ""
    min_confidence: int = 0
    countries: tuple[str, ...] = ()


ANY_PASSAGE = Conditions()


@dataclass(frozen=True, slots=True)
class Start:
    """What a rule starts on. `on`: of STARTS (engine/dispatch/starts.py).

    `input`, `active`: the line and the level that it must take, for "input"; `every_min` (0: not) and `times` (minutes since
    midnight): for "timer"; `opens`: an action that opens something may do so although no list says that this car may pass."""

    on: str = "match"
    input: str = ""
    active: bool = True
    every_min: int = 0
    times: tuple[int, ...] = ()
    opens: bool = False


ON_MATCH = Start()


@dataclass(frozen=True, slots=True)
class ActionRule:
    """An action of a list. `kind`: registry name ("io", "wiegand", "http"); `options`: JSON object text of that kind's options."""

    id: int
    list_id: int
    name: str
    kind: str
    enabled: bool
    week: WeekSchedule
    options: str
    conditions: Conditions = ANY_PASSAGE
    start: Start = ON_MATCH
    max_age_s: int = 0
    """After which a message is not tried any more; 0: as its kind says."""


DELIVERY_STATES = (mark("pending"), mark("sending"), mark("done"), mark("failed"), mark("expired"), mark("withheld"))


NO_RULE = 0
"""Delivery.rule_id of what somebody did by hand."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One action for one passage; it is the Audit row too. `id` is a UUID text; `not_after`: its maximum age as a stamp."""

    id: str
    passage_id: str
    rule_id: int
    kind: str
    state: str
    created_at: datetime
    not_after: datetime
    attempts: int
    next_try_at: datetime
    finished_at: datetime | None
    note: Text
    """What was done ("DO1 pulsed 500 ms") or the last error."""


@dataclass(frozen=True, slots=True)
class WiegandFrame:
    """The last Wiegand frame for display: code, number as sent, port, time, whether its edge times held."""

    port: str
    code: WiegandCode
    at: datetime
    ok: bool


@dataclass(frozen=True, slots=True)
class Counter:
    """A number of the Info panel with the time of its last change (manual 4.2, Live tab: "columns with the last change")."""

    name: str
    value: int
    changed_at: datetime | None


# --- exports and imports ---------------------------------------------------------------------------------------------

INTERVALS = (mark("minute"), mark("hour"), mark("day"), mark("week"), mark("month"))
"""How often a job runs (manual 4.4, List tab): each minute or hour, at 23:59:59 each day, Mondays at 00:00:00, on the first of each
month at 23:59:59."""


@dataclass(frozen=True, slots=True)
class Job:
    """An export or import of a list that comes by itself. `kind`: registry name ("ftp_list"); `if_changed`: it does nothing unless
    something has changed; `options`: JSON object text of that kind's options."""

    id: int
    list_id: int
    kind: str
    enabled: bool
    interval: str
    if_changed: bool
    options: str
