"""`engine evaluate-sequence`: what voting is worth: photographs replayed as approaches through reader, filters and vote."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from board.kit.dataclass import dataclass
from board.pictures import load_rgb
from board.types import Frame
from engine.cli.approach import approach
from engine.cli.evaluate import shown, table
from engine.cli.labels import LabelledSet, read_set
from engine.cli.read import add_model_options, recogniser_of
from engine.cli.scoring import PlateReader, percent, read_at
from engine.cli.videos import VideoTally, evaluate_videos
from engine.lists import fold
from engine.reading.passages.filters import ReadFilter
from engine.reading.passages.vote import Settled, Vote
from engine.settings import LprSettings
from engine.types import Box, PlateRead

AFTER = (1, 2, 3, 5, 8, 12)
FRAME_MS = 100
START = datetime(2026, 1, 1, tzinfo=UTC)
RIGHT, WRONG, NOTHING = "right", "wrong", "nothing"


@dataclass(frozen=True, slots=True)
class Seen:
    """One view as read: `frame` (its pixels given away), the reads that passed the filters and those that did not, and where
    the labelled plates lie."""

    frame: Frame
    valid: tuple[PlateRead, ...]
    refused: tuple[PlateRead, ...]
    boxes: tuple[Box, ...]
    read_ms: float


@dataclass()
class SequenceTally:
    """Outcomes of one set. `views`: each view on its own; `after`: number of views -> the vote asked then; `decided`: what the
    product said first; `later`: what it said again at the plate's place; `decided_after`: views until it said anything."""

    name: str
    approaches: int = 0
    views: list[str] = field(default_factory=list)
    after: dict[int, list[str]] = field(default_factory=lambda: {count: [] for count in AFTER})
    decided: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    """The same, by what the picture shows where a label is known to be wrong."""
    decided_after: list[int] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    read_ms: list[float] = field(default_factory=list)
    vote_ms: list[float] = field(default_factory=list)
    wrong: list[tuple[str, str, str]] = field(default_factory=list)
    """(picture, wanted, said) of wrong first decisions."""

    def add(self, other: SequenceTally) -> None:
        self.approaches += other.approaches
        for name in ("views", "decided", "corrected", "decided_after", "later", "read_ms", "vote_ms", "wrong"):
            getattr(self, name).extend(getattr(other, name))
        for count, outcomes in other.after.items():
            self.after[count] += outcomes

    def as_json(self) -> dict[str, object]:
        """Shares in percent (right with O as 0 and I as 1); None where there is nothing to share."""
        after = [(f"vote after {count}", outcomes) for count, outcomes in self.after.items() if outcomes]
        asked = [("one view", self.views), *after, ("first decision", self.decided)]
        asked += [("first decision, corrected", self.corrected)] if self.corrected != self.decided else []
        return {
            "set": self.name,
            "approaches": self.approaches,
            "plates": len(self.decided),
            "asked": [{"asked": name, **_shares(outcomes)} for name, outcomes in asked],
            "wrong_first_decisions": self.decided.count(WRONG),
            "further_passages": len(self.later),
            "decided_after_views": round(float(np.mean(self.decided_after)), 2) if self.decided_after else None,
            "read_ms": round(float(np.median(self.read_ms)), 2) if self.read_ms else None,
            "vote_ms": round(float(np.median(self.vote_ms)), 3) if self.vote_ms else None,
        }


def _shares(outcomes: Sequence[str]) -> dict[str, object]:
    return {f"{which}_pct": percent(outcomes.count(which), len(outcomes)) for which in (RIGHT, WRONG, NOTHING)}


def replay(reader: PlateReader, picture: Path, boxes: Sequence[Box], views: int, seed: int, settings: LprSettings) -> list[Seen]:
    """A photograph's approach as the reader sees it. ImageError when it is unreadable."""
    reads = ReadFilter(settings)
    seen = []
    for number, view in enumerate(approach(load_rgb(picture), boxes, views, seed, picture.name)):
        at = timedelta(milliseconds=number * FRAME_MS)
        pixels = np.broadcast_to(np.uint8(0), view.rgb.shape)
        frame = Frame(number + 1, START + at, (1 + number) * FRAME_MS * 1_000_000, pixels)
        begun = time.perf_counter()
        found = reader.read(view.rgb)
        read_ms = (time.perf_counter() - begun) * 1000
        valid, refused = reads.sort(frame, found)
        seen.append(Seen(frame, tuple(valid), tuple(refused), view.boxes, read_ms))
    return seen


def judge(
    name: str, seen: Sequence[Seen], plate: int, wanted: str, settings: LprSettings, tally: SequenceTally, shown: str = ""
) -> None:
    """Adds the outcomes of one labelled plate of picture `name`: `plate` is its place in `Seen.boxes`; `shown`: what the picture
    shows where the label is known to be wrong."""
    for view in seen:
        read = read_at(view.boxes[plate], sorted((*view.valid, *view.refused), key=lambda read: -read.confidence))
        tally.views.append(_outcome(read.text if read else "", wanted))
    for count in AFTER:
        if count <= len(seen):
            asked = Vote(count + 1, settings.min_confidence_pct, settings.lost_after_ms)
            for view in seen[:count]:
                asked.see(view.frame, view.valid, view.refused)
            answers = _here(asked.finish(), seen, plate)
            tally.after[count].append(_outcome(answers[0].read.text if answers else "", wanted))
    decisions: list[tuple[int, Settled]] = []
    vote = Vote(settings.votes, settings.min_confidence_pct, settings.lost_after_ms)
    for number, view in enumerate(seen, 1):
        begun = time.perf_counter()
        settled = vote.see(view.frame, view.valid, view.refused)
        tally.vote_ms.append((time.perf_counter() - begun) * 1000)
        decisions += [(number, each) for each in _here(settled, seen, plate)]
    decisions += [(len(seen), each) for each in _here(vote.finish(), seen, plate)]
    texts = [each.read.text for _, each in decisions]
    tally.decided.append(_outcome(texts[0] if texts else "", wanted))
    tally.corrected.append(_outcome(texts[0] if texts else "", shown or wanted))
    if decisions:
        tally.decided_after.append(decisions[0][0])
    tally.later += [_outcome(text, wanted) for text in texts[1:]]
    if tally.decided[-1] == WRONG:
        tally.wrong.append((name, wanted, texts[0]))


def _here(settled: Iterable[Settled], seen: Sequence[Seen], plate: int) -> list[Settled]:
    """Those of the settled cars that carry the plate: their box is at the label's place in their frame."""
    return [each for each in settled if read_at(seen[each.frame.seq - 1].boxes[plate], [each.read])]


def _outcome(text: str, wanted: str) -> str:
    return NOTHING if not text else RIGHT if fold(text) == fold(wanted) else WRONG


def evaluate_sequences(
    reader: PlateReader, sets: Iterable[LabelledSet], views: int, seed: int, settings: LprSettings
) -> list[SequenceTally]:
    """One tally per set: of every scene with a labelled text. Crops are left out: no detector could find them."""
    tallies = []
    for one in sets:
        tally = SequenceTally(one.name)
        for picture, labels in one.pictures.items():
            wanted = [(label.box, label) for label in labels if label.box and label.text]
            if not wanted:
                continue
            seen = replay(reader, picture, [box for box, _ in wanted], views, seed, settings)
            tally.approaches += 1
            tally.read_ms += [view.read_ms for view in seen]
            for plate, (_, label) in enumerate(wanted):
                judge(picture.name, seen, plate, label.text, settings, tally, label.shown)
        tallies.append(tally)
    return tallies


def report(tally: SequenceTally) -> list[str]:
    """One set for people."""
    told = tally.as_json()
    rows = told.pop("asked")
    assert isinstance(rows, list)
    return [
        f"{tally.name}: {told['plates']} plates in {told['approaches']} approaches",
        *table(rows),
        f"first decisions: {told['wrong_first_decisions']} wrong, after {told['decided_after_views']} views on average;"
        f" {told['further_passages']} further passages of the same car; median ms: read {told['read_ms']}, vote {told['vote_ms']}",
        "",
    ]


def video_report(tallies: Sequence[VideoTally], options: argparse.Namespace) -> list[str]:
    """Videos for people, or as JSON where the options ask for it; what was wrong too where they do."""
    total = VideoTally("together")
    for tally in tallies:
        total.add(tally)
    if options.json:
        misses = (
            {"misses": {tally.name: [tally.wrong, tally.missed, tally.phantoms] for tally in tallies}} if options.misses else {}
        )
        told = {"videos": [tally.as_json() for tally in tallies], "together": total.as_json(), **misses}
        return [json.dumps(told, ensure_ascii=False)]
    lines = table([tally.as_json() for tally in (*tallies, total)])
    for tally in tallies if options.misses else ():
        lines += [f"{tally.name}: {shown(plate)} said as {shown(text)}" for plate, text in tally.wrong]
        lines += [f"{tally.name}: {shown(plate)} missed" for plate in tally.missed]
        lines += [f"{tally.name}: {shown(text)} is no car of it" for text in tally.phantoms]
    return lines


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m engine evaluate-sequence",
        description="Each labelled scene becomes an approach: views that grow, drift, shake, are blurred, exposed and noised,"
        " 100 ms apart, the last third standing. They go through the reader, the read filters and the vote with default settings."
        " 'vote after n': asked after so many views; 'first decision': what the product says first, by its own rule; right: with"
        " O = 0 and I = 1; nothing: no read that passes the filters. --videos measures real cars instead: what the first passage of"
        " each says (right, wrong, missed), further passages of a car, and passages of no car (phantoms).",
    )
    parser.add_argument("tables", nargs="*", type=Path, metavar="LABELS.csv", help="label files, or folders of them")
    parser.add_argument(
        "--videos",
        type=Path,
        metavar="CARS.csv",
        help="a table with the columns video,plate: a row for each car that passes; a video is a file or a folder of pictures,"
        " beside the table",
    )
    parser.add_argument("--every-ms", type=int, default=200, help="of a video one frame is read in so many ms (default 200)")
    parser.add_argument("--views", type=int, default=12, help="views of each photograph (default 12)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--votes",
        type=int,
        choices=range(1, 11),
        default=LprSettings().votes,
        help="the setting 'Agreeing reads' (default %(default)s)",
    )
    parser.add_argument("--held-out", action="store_true", help="only plates whose text is held out of training")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--misses", action="store_true", help="list wrong first decisions")
    add_model_options(parser)
    options = parser.parse_args(arguments)
    settings = LprSettings(votes=options.votes)
    if bool(options.videos) == bool(options.tables):
        parser.error("name label files of photographs, or --videos CARS.csv")
    if options.videos:
        print(
            *video_report(evaluate_videos(recogniser_of(options), options.videos, max(1, options.every_ms), settings), options),
            sep="\n",
        )
        return 0
    sets = [read_set(table, options.held_out) for table in options.tables]
    tallies = evaluate_sequences(recogniser_of(options), sets, max(1, options.views), abs(options.seed), settings)
    total = SequenceTally("together")
    for tally in tallies:
        total.add(tally)
    if options.json:
        every = [tally.as_json() for tally in (*tallies, total)]
        found: dict[str, object] = {"sets": every[:-1], "together": every[-1]}
        if options.misses:
            found["misses"] = {tally.name: tally.wrong for tally in tallies}
        print(json.dumps(found, ensure_ascii=False))
        return 0
    for tally in (*tallies, total):
        print(*report(tally), sep="\n")
    for tally in tallies if options.misses else ():
        for name, wanted, said in tally.wrong:
            print(f"{tally.name} {name}: {shown(wanted)} said as {shown(said)}")
    return 0
