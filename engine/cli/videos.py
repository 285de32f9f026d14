"""Videos: real cars that drive by, one frame read in so many ms: what the first passage of each says after filters and vote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from board.camera.replay import pictures_of
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.types import Frame
from engine.cli.labels import rows_of
from engine.cli.scoring import PlateReader
from engine.lists import comparable
from engine.reading.passages.difference import contained, difference
from engine.reading.passages.filters import ReadFilter
from engine.reading.passages.repeat_filter import RepeatFilter
from engine.reading.passages.vote import Settled, Vote
from engine.settings import LprSettings

COLUMNS = ("video", "plate")
START = datetime(2026, 1, 1, tzinfo=UTC)
SAME_CAR = 1 / 3
"""A passage that differs from a car's plate in at most this share of its characters is that car, misread."""


@dataclass(slots=True)
class VideoTally:
    """Cars by what their first passage said, by plate; `again`: further passages of a car; `phantoms`: those of no car, as read."""

    name: str
    right: list[str] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    phantoms: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        counts = {name: len(getattr(self, name)) for name in ("right", "wrong", "missed", "again", "phantoms")}
        return {"video": self.name, "cars": counts["right"] + counts["wrong"] + counts["missed"], **counts}

    def add(self, other: VideoTally) -> None:
        for name in ("right", "wrong", "missed", "again", "phantoms"):
            getattr(self, name).extend(getattr(other, name))


def read_cars(table: Path) -> dict[Path, list[str]]:
    """{video file, or folder of its frames: the plates of the cars that pass}, from a table with the columns video,plate, a row for
    each car; a video without a car has a row without a plate. ConfigError names what is wrong."""
    found: dict[Path, list[str]] = {}
    for number, row in enumerate(rows_of(table, COLUMNS), start=2):
        video = table.parent / (row["video"] or "")
        if not row["video"] or not video.exists():
            raise ConfigError("{path}, row {number}: there is no video {video!r}", path=table, number=number, video=row["video"])
        plate = (row["plate"] or "").strip().upper()
        found.setdefault(video, []).extend([plate] if plate else [])
    return found


def passages(reader: PlateReader, video: Path, every_ms: int, settings: LprSettings) -> Iterator[Settled]:
    """The passages of a video in which one frame every `every_ms` is read; a folder's pictures are `every_ms` apart.

    CameraError: it cannot be played."""
    reads = ReadFilter(settings)
    vote = Vote(settings.votes, settings.min_confidence_pct, settings.lost_after_ms)
    repeats = RepeatFilter(settings)
    frame = None
    for seq, (rgb, at_s, _) in enumerate(pictures_of(video, 1000 / every_ms), 1):
        frame = Frame(seq, START + timedelta(seconds=at_s), round(at_s * 1e9), rgb)
        yield from _new(vote.see(frame, *reads.sort(frame, reader.read(rgb))), repeats, frame)
    if frame:
        yield from _new(vote.finish(), repeats, frame)


def _new(settled: Iterable[Settled], repeats: RepeatFilter, frame: Frame) -> Iterator[Settled]:
    yield from (each for each in settled if not repeats.refusal(each.read.text, frame.monotonic_ns))


def judged(name: str, cars: Sequence[str], said: Sequence[str]) -> VideoTally:
    """Each passage given to the car that it says, else to the one that it misread, else to none; O as 0, I as 1."""
    tally = VideoTally(name)
    first: dict[int, str] = {}
    for text in said:
        exact = [at for at, plate in enumerate(cars) if comparable(plate) == comparable(text)]
        here = exact or sorted(
            (at for at, plate in enumerate(cars) if _misread(plate, text)), key=lambda at: difference(cars[at], text)
        )
        fresh = [at for at in here if at not in first]
        if not here:
            tally.phantoms.append(text)
        elif not fresh:
            tally.again.append(text)
        else:
            first[fresh[0]] = text
    for at, plate in enumerate(cars):
        if at not in first:
            tally.missed.append(plate)
        elif comparable(first[at]) == comparable(plate):
            tally.right.append(plate)
        else:
            tally.wrong.append((plate, first[at]))
    return tally


def evaluate_videos(reader: PlateReader, table: Path, every_ms: int, settings: LprSettings) -> list[VideoTally]:
    """One tally for each video of a table of cars."""
    return [
        judged(video.name, cars, [each.read.text for each in passages(reader, video, every_ms, settings)])
        for video, cars in read_cars(table).items()
    ]


def _misread(plate: str, text: str) -> bool:
    return difference(plate, text) <= SAME_CAR * len(plate) or contained(plate, text)
