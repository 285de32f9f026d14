"""Lane settings: the inputs of a barrier's lane, how many vehicles may be inside, and a second camera (docs/lane.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from board.kit.clock import TIME_OF_DAY
from board.kit.errors import ConfigError
from board.kit.settings import Problem, Settings, field_validator, option
from board.kit.words import mark
from engine.lane.table import ROLES

if TYPE_CHECKING:
    from engine.lane.lane import Rules


ON_FAULT = (mark("go on without it"), mark("refuse everybody"))
SECOND_CAMERA = (mark("none"), mark("or decide alone"), mark("or refuse"))

COUNTS = (mark("nothing"), mark("vehicles in"), mark("vehicles out"), mark("in and out by direction"))
PASSBACK = (mark("report"), mark("refuse"))


class LaneSettings(Settings):
    """Lane tab. Nothing of it is in use while no input is chosen, nothing is counted and there is no second camera."""

    key = "lane"

    arming: str = option(
        "",
        "Arming loop",
        "Input of the loop before the barrier. The barrier opens only while a vehicle stands there; who was read before is let in as "
        "soon as he gets there.",
        widget="input",
        restart=True,
        group="Inputs",
        max_length=8,
    )
    safety: str = option(
        "",
        "Safety loop",
        "Input of the loop below the barrier. While it is active nothing opens or closes; what holds the barrier open is not let go.",
        widget="input",
        restart=True,
        group="Inputs",
        max_length=8,
    )
    exit: str = option(
        "",
        "Exit loop",
        "Input of the loop behind the barrier: a vehicle that reaches it has driven in, one that comes from there drives out.",
        widget="input",
        restart=True,
        group="Inputs",
        max_length=8,
    )
    up: str = option(
        "",
        "Barrier is up",
        "Input that is active while the barrier is up.",
        widget="input",
        restart=True,
        group="Inputs",
        max_length=8,
    )
    down: str = option(
        "",
        "Barrier is down",
        "Input that is active while the barrier is down.",
        widget="input",
        restart=True,
        group="Inputs",
        max_length=8,
    )
    open_output: str = option(
        "DO1",
        "Output that opens",
        "Actions on this output, and Wiegand numbers, open the barrier of this lane.",
        widget="output",
        restart=True,
        group="Outputs",
        max_length=8,
    )
    close_output: str = option(
        "",
        "Output that closes",
        "Never on while the safety loop is active; what runs on it ends when a vehicle comes there.",
        widget="output",
        restart=True,
        group="Outputs",
        max_length=8,
    )
    stuck_s: int = option(
        600,
        "Loop stuck after",
        "A loop that stays active for longer counts as faulty.",
        unit="s",
        restart=True,
        group="Faults",
        ge=10,
        le=86_400,
    )
    on_fault: str = option(
        ON_FAULT[0],
        "Faulty input",
        "What the lane does about an input that is stuck, notices no vehicle or contradicts another.",
        choices=ON_FAULT,
        restart=True,
        group="Faults",
    )
    held_open_s: int = option(
        120,
        "Held open too long",
        "An event tells that the barrier has been open for longer; 0: never. Needs an input for its position.",
        unit="s",
        restart=True,
        group="Faults",
        zero="never",
        ge=0,
        le=86_400,
    )
    move_s: int = option(
        10,
        "Barrier moves within",
        "Else an event tells that it did not move, and the vehicle may be let in anew; 0: never. Needs an input for its position.",
        unit="s",
        restart=True,
        group="Faults",
        zero="never",
        ge=0,
        le=120,
    )
    lapse_s: int = option(
        60,
        "Opening lapses after",
        "A vehicle that has not driven in by then has not used its opening, and may be let in anew; 0: never.",
        unit="s",
        restart=True,
        group="Vehicles",
        zero="never",
        ge=0,
        le=3600,
    )
    same_vehicle_s: int = option(
        30,
        "Same vehicle for",
        "After a vehicle has driven in, its plate opens nothing for so long: its rear plate may be read.",
        unit="s",
        restart=True,
        group="Vehicles",
        ge=0,
        le=3600,
    )
    tailgate_s: int = option(
        10,
        "Tail-gate within",
        "A vehicle that drives in so soon after another, or before the barrier is down, without an opening of its own follows it.",
        unit="s",
        restart=True,
        group="Vehicles",
        ge=0,
        le=300,
    )
    counts: str = option(
        COUNTS[0],
        "This lane counts",
        "Vehicles that drive through this lane are counted as inside, or not any more.",
        choices=COUNTS,
        restart=True,
        group="Places",
    )
    places: int = option(
        0,
        "Places",
        "When so many vehicles are inside, plates on no list are refused; 0: no limit. Lists can have places of their own.",
        restart=True,
        group="Places",
        zero="no limit",
        ge=0,
        le=1_000_000,
    )
    passback: str = option(
        PASSBACK[0],
        "Anti-passback",
        "What to do about a plate that comes in and is counted inside already. A vehicle that drives out is never refused.",
        choices=PASSBACK,
        restart=True,
        group="Places",
    )
    inside_h: int = option(
        24,
        "Inside for at most",
        "Whoever came in longer ago is counted as inside no more: its exit was not seen. 0: no limit, as where vehicles stay for weeks.",
        unit="h",
        group="Places",
        zero="no limit",
        ge=0,
        le=8760,
    )
    empty_at: str = option(
        "",
        "Empty at",
        "A time of the day such as 03:00 at which nobody is inside any more: counts and corrections begin anew. Empty: never.",
        widget="time",
        group="Places",
        max_length=5,
    )
    second_camera: str = option(
        SECOND_CAMERA[0],
        "Second camera",
        "Another camera must read the same plate, such as the rear one: wait for it; if it is silent or reads nothing, decide alone "
        "or refuse. It sends what it reads by an action CAMERA.",
        choices=SECOND_CAMERA,
        restart=True,
        group="Second camera",
    )
    pair_wait_s: float = option(
        3.0,
        "Wait for it",
        "The plates of one vehicle are read within this time.",
        unit="s",
        restart=True,
        group="Second camera",
        ge=0.5,
        le=9,
    )

    @field_validator("empty_at")
    @classmethod
    def _is_time(cls, text: str) -> str:
        if text and not TIME_OF_DAY.fullmatch(text):
            raise ConfigError("must be a time of the day such as 03:00")
        return text

    def conflicts(self) -> tuple[Problem, ...]:
        chosen = self.inputs()
        names = list(chosen.values())
        found = [self.conflict(role, "{input} is used twice", input=name) for role, name in chosen.items() if names.count(name) > 1]
        if self.decides and not self.open_output:
            found.append(self.conflict("open_output", "must be given: without it no input of the lane has a say"))
        if self.close_output and self.close_output == self.open_output:
            found.append(self.conflict("close_output", "is the output that opens"))
        return tuple(found)

    def inputs(self) -> dict[str, str]:
        """{role: input} of those that are chosen."""
        return {role: getattr(self, role) for role in ROLES if getattr(self, role)}

    @property
    def decides(self) -> bool:
        """Whether the lane has a say in what opens."""
        return bool(self.inputs()) or self.second_camera != SECOND_CAMERA[0]

    @property
    def in_use(self) -> bool:
        return self.decides or self.counts != COUNTS[0]

    def rules(self) -> Rules:
        """As the lane's logic takes them, which no process without a lane loads."""
        from engine.lane.lane import Rules
        from engine.lane.machine import Times

        return Rules(
            roles=frozenset(self.inputs()),
            times=Times(self.lapse_s, self.tailgate_s, self.move_s, self.held_open_s),
            same_vehicle_s=self.same_vehicle_s,
            shut_on_fault=self.on_fault == ON_FAULT[1],
            second_camera={SECOND_CAMERA[1]: "own", SECOND_CAMERA[2]: "refuse"}.get(self.second_camera, ""),
            pair_wait_s=self.pair_wait_s,
            only_in=self.counts == COUNTS[1],
        )
