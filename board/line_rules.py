"""Line rules: interlocks, longest on-times and stuck times of a board's lines: the profile's, with what the settings add."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import field

from board.kit.dataclass import dataclass
from board.kit.errors import BoardError, ConfigError
from board.kit.kept import Kept
from board.kit.plain import from_plain, to_plain
from board.kit.state import State
from board.types import BLOCKS, ENDS, KEEPS, BoardProfile, Guard, LineRules

log = logging.getLogger("board.line_rules")

MAX_S = 86_400


@dataclass(frozen=True, slots=True)
class Rules:
    """`max_on_s`: {output: s}, `stuck_after_s`: {input: s}, 0 or missing: no limit; `interlocks`: groups of outputs; `guards`:
    inputs that keep outputs off."""

    max_on_s: Mapping[str, int] = field(default_factory=dict)
    stuck_after_s: Mapping[str, int] = field(default_factory=dict)
    interlocks: tuple[tuple[str, ...], ...] = ()
    guards: tuple[Guard, ...] = ()


def merged(profile: BoardProfile, asked: LineRules) -> Rules:
    """The profile's rules with those asked for. BoardError names a line that the board does not have or a time out of range."""
    outputs = {line.name: line.max_on_s for line in profile.outputs}
    inputs = {line.name: line.stuck_after_s for line in profile.inputs}
    for times, known, kind in ((asked.max_on_s, outputs, "output"), (asked.stuck_after_s, inputs, "input")):
        for name, seconds in (*known.items(), *times):
            _check_name(name, known, kind)
            if not 0 <= seconds <= MAX_S:
                raise BoardError("{name}: a time must be 0 to {max_s} s, not {seconds}", name=name, max_s=MAX_S, seconds=seconds)
    interlocks = (*profile.interlocks, *asked.interlocks)
    for name in (name for group in interlocks for name in group):
        _check_name(name, outputs, "output")
    for guard in asked.guards:
        _check_name(guard.input, inputs, "input")
        _check_name(guard.output, outputs, "output")
        if guard.does not in (BLOCKS, ENDS, KEEPS):
            raise BoardError("{output}: a guard does not know {does!r}", output=guard.output, does=guard.does)
    return Rules(outputs | dict(asked.max_on_s), inputs | dict(asked.stuck_after_s), interlocks, asked.guards)


def load_rules(state: State, profile: BoardProfile) -> Rules:
    """The rules that pins starts with. A damaged file must not keep the board from working: its copy counts, else the profile's
    rules, and it is logged."""
    try:
        found = _kept(state).read()
    except ConfigError as why:
        log.error("the profile's rules count: %s", why)
        return merged(profile, LineRules(""))
    if found.damage is not None and found.value is not None:
        log.error("%s", found.damage)
    elif found.damage is not None:
        log.error("%s is not used, the profile's rules count: %s", state.line_rules_file, found.damage)
    try:
        return merged(profile, found.value or LineRules(""))
    except BoardError as why:
        log.error("%s is not used, the profile's rules count: %s", state.line_rules_file, why)
        return merged(profile, LineRules(""))


def save_rules(state: State, asked: LineRules) -> None:
    """Replaces STATE/line_rules.json and its copy as a whole; BoardError when the disk refuses."""
    try:
        _kept(state).write(asked)
    except OSError as why:
        raise BoardError("the line rules cannot be kept in {path}: {why}", path=state.line_rules_file, why=why) from why


def _kept(state: State) -> Kept[LineRules]:
    return Kept(state.line_rules_file, lambda document: from_plain(LineRules, document), to_plain)


def _check_name(name: str, known: Mapping[str, int], kind: str) -> None:
    if name not in known:
        raise BoardError("there is no {kind} {name!r}; this board has {known}", kind=kind, name=name, known=tuple(known))
