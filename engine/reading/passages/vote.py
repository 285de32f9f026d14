"""Vote: one car is one track of similar reads; it is settled once, when enough frames agree surely or when the car has left.

Similar means: nearly the same text at nearly the same place (two cars in one frame are two tracks). The winning text is one
that was really read, never one put together; the frame and box kept are those of its best read. A settled track stays as
long as its car is in sight, so that a car standing there gives nothing more, whatever is misread later.

Reads that a filter refused cannot win, but they are evidence: a text that contradicts them waits for more reads, and counts as less
sure. Reads of small characters and reads at the picture's edge, where the plate may be cut off, wait for better ones: for a while,
or until the car has left.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import field, replace

from board.kit.dataclass import dataclass
from board.types import Frame
from engine.lists import comparable
from engine.reading.passages.difference import contained, difference
from engine.reading.passages.heights import Heights
from engine.reading.passages.seen import Seen
from engine.types import Box, PlateRead, SeenRead

log = logging.getLogger("vote")

MOST_TEXTS = 4
"""Texts (each with the frame of its best read) that a track keeps: what bounds its memory."""
MOST_TRACKS = 8
NEAR_WIDTHS = 3.0
"""A car moves at most this many plate widths from one read to the next; the neighbouring lane is about six away."""
STANDS_WIDTHS = 0.15
"""Between two pictures of a folder only a plate that hardly moved may be misread: the next one mostly shows another car."""
SAME_SPOT_WIDTHS = 0.5
"""Two plates are never nearer than this: such a pair is one plate, read in two ways."""
GRACE_NS = 1_000_000_000
"""Without any frame (camera stuck) a car is kept this much longer."""
STALE_NS = 3_000_000_000
"""A best read older than this gives way to the newest: the passage's time is its frame's, and no action is carried out late."""
ENOUGH_DOUBT = 0.1
"""For an early end the doubt in every position, multiplied over the agreeing reads, is at most this for each vote asked for:
two votes want two reads at 90 % or three at 79 %. Reads that contradict a position divide by theirs."""
LEAST_DOUBT = 0.02
"""No single read counts for more: frames of one car are alike in what they show badly."""
EDGE_SHARE = 0.005
"""A box nearer to the picture's edge than this share of its width is at the edge."""
SMALL_PX = 14.0
"""Characters lower than this are far away: the next reads of an approaching car are better."""
WAIT_NS = 1_500_000_000
"""A car in sight for this long comes no nearer: its reads count like any others."""
GROWTH = 1.08
"""A plate this much larger than at first sight approaches."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome for one car. `read`: the best among the agreeing reads, its character height steadied over the car's reads;
    `frame`: the frame it was read in.
    `confidence` 0..100: mean of the agreeing reads, less what other reads put in doubt; `direction`: "", "approach", "away";
    `reads`: of the car, until then."""

    read: PlateRead
    frame: Frame
    confidence: float
    votes: int
    direction: str
    reads: tuple[SeenRead, ...] = ()


@dataclass(slots=True)
class _Tally:
    """The reads of one text, and the best of them."""

    best: PlateRead
    frame: Frame
    evidence: list[float]
    """For each position the logarithms of the reads' doubt, summed up and negated."""
    confidences: list[float] = field(default_factory=list)

    @property
    def weight(self) -> float:
        return sum(self.confidences)

    def join(self, other: _Tally) -> None:
        """The other's reads count for this text too; its best read stays."""
        self.confidences += other.confidences
        self.evidence = [one + more for one, more in zip(self.evidence, other.evidence, strict=True)]


@dataclass(slots=True)
class _Track:
    """One car, followed from look to look."""

    text: str
    """The leading text."""
    box: Box
    first_height_px: float
    last_height_px: float
    begun_ns: int
    seen_ns: int
    source: str
    missed: int = 0
    settled: bool = False
    tallies: dict[str, _Tally] = field(default_factory=dict)
    """Texts that may win."""
    waiting: dict[str, _Tally] = field(default_factory=dict)
    """Texts whose reads wait for better ones."""
    refused: dict[str, _Tally] = field(default_factory=dict)
    """Texts that a filter refused."""
    seen: Seen = field(default_factory=Seen)
    heights: Heights = field(default_factory=Heights)

    @property
    def open(self) -> bool:
        """Whether it is not settled yet, but may be."""
        return not self.settled and bool(self.tallies or self.waiting)

    def others(self, leader: str) -> Iterator[tuple[str, _Tally]]:
        """What else was read, by text: of another text than `leader`."""
        for tallies in (self.tallies, self.waiting, self.refused):
            yield from ((text, tally) for text, tally in tallies.items() if text != leader)


class Vote:
    """The tracks of one view. `votes`: frames that must agree, up to twice as many less one while a position is in doubt;
    `lost_after_ms`: a car that was not seen for this long has left."""

    def __init__(self, votes: int, min_confidence_pct: float, lost_after_ms: int) -> None:
        self._votes = votes
        self._min_confidence = min_confidence_pct
        self._lost_after_ns = lost_after_ms * 1_000_000
        self._tracks: list[_Track] = []
        self._cut_off: list[str] = []

    @property
    def open(self) -> bool:
        """Whether a car in sight is not settled yet, of those that may be."""
        return any(track.open for track in self._tracks)

    @property
    def tracking(self) -> bool:
        """Whether a car is in sight, settled or not."""
        return bool(self._tracks)

    def plates_seen_at(self, monotonic_ns: int) -> list[str]:
        """The settled plates in the frame of that time."""
        return [track.text for track in self._tracks if track.settled and track.seen_ns == monotonic_ns]

    def see(self, frame: Frame, valid: Sequence[PlateRead], refused: Sequence[PlateRead] = ()) -> list[Settled]:
        """Takes the reads of one frame; returns the cars that it settled.

        `refused`: reads that passed no filter: they never win, but they show that a known car is still there, and are evidence
        against what contradicts them; sure ones also before a car gave any other."""
        settled = self._leave(frame)
        seen: list[_Track] = []
        for read, counts in self._in_turn(valid, refused):
            track = self._track_of(read, frame, seen)
            if track is None and (counts or read.confidence >= self._min_confidence):
                track = self._begin(read, frame)
            if track is None:
                continue
            seen.append(track)
            _sight(track, read, frame)
            if not counts:
                self._count_refused(track, read, frame)
            elif outcome := self._count(track, read, frame):
                settled.append(outcome)
        for track in [track for track in self._tracks if track not in seen]:
            track.missed += 1
            if _own_picture(track, frame):
                settled += self._end(track)  # the car is not in it, so it has left
            elif not track.settled and any(known.settled and _near(known.box, track.box, SAME_SPOT_WIDTHS) for known in seen):
                self._tracks.remove(track)
                log.info("read %r dropped: the car there is settled and back under its own plate", track.text)
        while len(self._tracks) > MOST_TRACKS:
            settled += self._end(min(self._tracks, key=lambda track: (track.settled or track.open, track.seen_ns)))
        return settled

    def tick(self, now_ns: int) -> list[Settled]:
        """No frame is waiting: ends the tracks of cars that have left by now."""
        ended: list[Settled] = []
        for track in list(self._tracks):
            if now_ns - track.seen_ns >= self._lost_after_ns + (0 if track.missed else GRACE_NS):
                if track.settled and not track.missed and not track.source:
                    self._cut_off.append(track.text)
                ended += self._end(track)
        return ended

    def take_cut_off(self) -> list[str]:
        """The settled plates that were in the camera's last picture when no more came, since this was asked last."""
        cut_off, self._cut_off = self._cut_off, []
        return cut_off

    def forget(self, plate: str) -> None:
        """The car with this plate counts as not settled: if it is still in sight, it is settled anew. One with nearly the same
        plate is only taken for it where it is not in sight itself."""
        alike = [track for track in self._tracks if track.settled and difference(track.text, plate) <= 1]
        itself = [track for track in alike if difference(track.text, plate) == 0]
        for track in itself or alike:
            track.settled = False

    def finish(self) -> list[Settled]:
        """Ends every track (a trigger is over)."""
        return [outcome for track in list(self._tracks) for outcome in self._end(track)]

    def _in_turn(self, valid: Sequence[PlateRead], refused: Sequence[PlateRead]) -> list[tuple[PlateRead, bool]]:
        """The reads of one frame as they choose their cars, each with whether it is valid: first those of which a car has that very
        text, so that another close to it with nearly the same is not taken for it. Reads of one spot are one plate: the valid and
        the surer one goes first."""
        reads = [*((read, True) for read in _once_each(valid)), *((read, False) for read in _once_each(refused))]
        known = {comparable(track.text) for track in self._tracks}

        def chooses_later(turn: tuple[PlateRead, bool]) -> bool:
            read = turn[0]
            alone = not any(other is not read and _near(other.box, read.box, SAME_SPOT_WIDTHS) for other, _ in reads)
            return not (alone and comparable(read.text) in known)

        return sorted(reads, key=chooses_later)

    def _leave(self, frame: Frame) -> list[Settled]:
        left = [track for track in self._tracks if frame.monotonic_ns - track.seen_ns >= self._lost_after_ns and track.missed]
        return [outcome for track in left for outcome in self._end(track)]

    def _track_of(self, read: PlateRead, frame: Frame, taken: Sequence[_Track]) -> _Track | None:
        costs = [(self._unlikeness(track, read, frame), track) for track in self._tracks if track not in taken]
        fitting = [(cost, track) for cost, track in costs if cost is not None]
        return min(fitting, key=lambda pair: pair[0])[1] if fitting else None

    def _unlikeness(self, track: _Track, read: PlateRead, frame: Frame) -> int | None:
        """How many characters the read is off the track's texts; None when it belongs to another car."""
        changed = min(difference(text, read.text) for text in (track.text, *track.tallies))
        if changed == 0:
            return 0
        if _own_picture(track, frame):
            return changed if changed == 1 and _near(track.box, read.box, STANDS_WIDTHS) else None
        # A plate that was out of sight for half the time it takes to have left may be another car's now: no misreads then.
        if frame.monotonic_ns - track.seen_ns > self._lost_after_ns // 2 or not _near(track.box, read.box, NEAR_WIDTHS):
            return None
        return changed if changed <= 2 or contained(track.text, read.text) else None

    def _begin(self, read: PlateRead, frame: Frame) -> _Track:
        track = _Track(read.text, read.box, read.char_height_px, 0.0, frame.monotonic_ns, 0, "")
        self._tracks.append(track)
        return track

    def _count(self, track: _Track, read: PlateRead, frame: Frame) -> Settled | None:
        if track.settled:
            return None
        far = read.char_height_px < SMALL_PX
        if (far or _at_edge(read.box, frame)) and frame.monotonic_ns - track.begun_ns < WAIT_NS:
            track.seen.add(read, frame, "far" if far else "edge")
            _add(track.waiting, read, frame)
            return None
        track.seen.add(read, frame)
        _add(track.tallies, read, frame)
        leader = _leader(track)
        track.text = leader.best.text
        return self._settle(track, leader, _mean(leader.confidences)) if self._agree(track, leader) else None

    def _agree(self, track: _Track, leader: _Tally) -> bool:
        """Whether as many reads agree, and as surely, as are asked for."""
        key = comparable(leader.best.text)
        votes = len(leader.confidences)
        others = [len(other.confidences) for text, other in track.others(key) if not _piece(text, key)]
        if votes < self._votes or votes <= max(others, default=0):
            return False
        return votes >= 2 * self._votes - 1 or _sureness(track, leader) >= self._votes * -math.log(ENOUGH_DOUBT)

    def _count_refused(self, track: _Track, read: PlateRead, frame: Frame) -> None:
        """However often it was refused before it became valid, a text weighs no more than the most votes that are asked for."""
        if not track.settled:
            track.seen.add(read, frame)
        known = track.refused.get(comparable(read.text))
        if not track.settled and (known is None or len(known.confidences) < 2 * self._votes - 1):
            _add(track.refused, read, frame)

    def _end(self, track: _Track) -> list[Settled]:
        """The car has left: reads that waited for better ones agree with these now, or count alone when none came. With fewer
        agreeing reads than asked for, its confidence counts less by every doubt."""
        self._tracks.remove(track)
        if not track.tallies:
            track.tallies, track.waiting = track.waiting, {}
        if track.settled or not track.tallies:
            return []
        for text in track.tallies.keys() & track.waiting.keys():
            track.tallies[text].join(track.waiting.pop(text))
        leader = _leader(track)
        confidence = _mean(leader.confidences) * (1.0 if self._agree(track, leader) else _agreement(track, leader))
        if confidence < self._min_confidence:
            log.info(
                "car left unsettled: %r in %d of %d reads, confidence %.0f %%, minimum %.0f %%",
                leader.best.text,
                len(leader.confidences),
                sum(len(tally.confidences) for tally in track.tallies.values()),
                confidence,
                self._min_confidence,
            )
            return []
        return [self._settle(track, leader, confidence)]

    def _settle(self, track: _Track, leader: _Tally, confidence: float) -> Settled:
        growth = track.last_height_px / track.first_height_px if track.first_height_px else 1.0
        direction = "approach" if growth >= GROWTH else "away" if growth <= 1 / GROWTH else ""
        read = replace(leader.best, char_height_px=track.heights.steady(leader.best))
        outcome = Settled(
            read, leader.frame, round(confidence, 1), len(leader.confidences), direction, track.seen.told(leader.frame)
        )
        track.settled = True
        track.text = leader.best.text
        # its frames are no longer needed
        for tallies in (track.tallies, track.waiting, track.refused):
            tallies.clear()
        track.seen = Seen()
        return outcome


def _add(tallies: dict[str, _Tally], read: PlateRead, frame: Frame) -> None:
    """One more read of its text; of too many texts the weakest is forgotten."""
    key = comparable(read.text)
    tally = tallies.get(key)
    if tally is None:
        if len(tallies) >= MOST_TEXTS:
            tallies.pop(min(tallies, key=lambda text: tallies[text].weight))
        tally = tallies[key] = _Tally(read, frame, [0.0] * len(key))
    elif _better(read, tally.best) or frame.monotonic_ns - tally.frame.monotonic_ns > STALE_NS:
        tally.best, tally.frame = read, frame
    tally.confidences.append(read.confidence)
    tally.evidence = [before + more for before, more in zip(tally.evidence, _evidence(read, len(key)), strict=True)]


def _at_edge(box: Box, frame: Frame) -> bool:
    """Whether the box comes as near to an edge of the picture as if it went on beyond."""
    height, width = int(frame.rgb.shape[0]), int(frame.rgb.shape[1])
    near = EDGE_SHARE * width
    return min(box[0], box[1], width - box[0] - box[2], height - box[1] - box[3]) < near


def _piece(text: str, of: str) -> bool:
    """Whether a text is a shorter piece of another: a plate that was cut off does not contradict the whole one."""
    return len(text) < len(of) and contained(text, of)


def _once_each(reads: Sequence[PlateRead]) -> list[PlateRead]:
    """Best first; the same text twice in one frame (a reflection) counts once."""
    best: dict[str, PlateRead] = {}
    for read in sorted(reads, key=lambda read: -read.confidence):
        if read.text:
            best.setdefault(comparable(read.text), read)
    return list(best.values())


def _sight(track: _Track, read: PlateRead, frame: Frame) -> None:
    track.box = read.box
    track.last_height_px = read.char_height_px
    track.heights.add(read)
    track.seen_ns = frame.monotonic_ns
    track.source = frame.source
    track.missed = 0


def _better(read: PlateRead, other: PlateRead) -> bool:
    return (read.confidence, read.char_height_px) > (other.confidence, other.char_height_px)


def _own_picture(track: _Track, frame: Frame) -> bool:
    """Whether the frame is another file of a replayed folder than the one that showed the car: mostly another scene."""
    return bool(frame.source and track.source) and frame.source != track.source


def _near(one: Box, other: Box, widths: float) -> bool:
    """Whether the centres of the boxes are at most `widths` plate widths apart."""
    width = max(one[2], other[2], 1)
    across = abs((one[0] + one[2] / 2) - (other[0] + other[2] / 2))
    down = abs((one[1] + one[3] / 2) - (other[1] + other[3] / 2))
    return max(across, down) <= widths * width


def _leader(track: _Track) -> _Tally:
    """Most reads, then the best agreement position by position, then the most confident."""
    return max(track.tallies.values(), key=lambda tally: (len(tally.confidences), _agreement(track, tally), tally.weight))


def _evidence(read: PlateRead, length: int) -> list[float]:
    """What one read says for each of its positions: the weakest has the doubt of the whole read, the others as much less as
    they are surer."""
    doubt = 1 - read.confidence / 100
    doubts = [1 - char.confidence for char in read.chars] if len(read.chars) == length else [1.0] * length
    most = max(doubts) or 1.0
    return [-math.log(min(1.0, max(LEAST_DOUBT, doubt * each / most))) for each in doubts]


def _sureness(track: _Track, leader: _Tally) -> float:
    """The evidence for the leader's weakest position, less what reads of another symbol there, or of another length, say."""
    symbols = comparable(leader.best.text)
    total = list(leader.evidence)
    for text, tally in track.others(symbols):
        if len(text) != len(symbols):
            against = 0.0 if _piece(text, symbols) else min(tally.evidence)
            total = [each - against for each in total]
        else:
            same = (symbol == other for symbol, other in zip(symbols, text, strict=True))
            total = [each + (more if agrees else -more) for each, more, agrees in zip(total, tally.evidence, same, strict=True)]
    return min(total)


def _agreement(track: _Track, leader: _Tally) -> float:
    """0..1: the share of the leader's weakest position among all reads of its length; other lengths count against all of it.
    Reads of its text that a filter refused are no votes, but they speak for it as those of another speak against it."""
    symbols = comparable(leader.best.text)
    length = len(symbols)
    agreeing = [leader, *(tally for text, tally in track.refused.items() if text == symbols)]
    positions = [{symbol: sum(_char_weight(tally, at, length) for tally in agreeing)} for at, symbol in enumerate(symbols)]
    other_lengths = 0.0
    for text, tally in track.others(symbols):
        if len(text) != length:
            other_lengths += 0.0 if _piece(text, symbols) else tally.weight
            continue
        for at, symbol in enumerate(text):
            positions[at][symbol] = positions[at].get(symbol, 0.0) + _char_weight(tally, at, length)
    return min(
        position[symbol] / (sum(position.values()) + other_lengths) for position, symbol in zip(positions, symbols, strict=True)
    )


def _char_weight(tally: _Tally, position: int, length: int) -> float:
    """The tally's reads, weighed by how sure its best read was of that character."""
    chars = tally.best.chars
    sure = chars[position].confidence if len(chars) == length else tally.best.confidence / 100
    return tally.weight * max(sure, 0.01)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
