"""Receiver: turns the edges of two Wiegand lines back into codes, as a panel does; a frame ends after 25 ms of silence."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.errors import BoardError
from board.kit.from_json import from_json
from board.types import WiegandCode, WiegandLine

GAP_MS = 25
"""Above the slowest legal pulse interval of 20 ms (docs/sources.md, Wiegand); pigpio's 5 ms breaks there."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A level change of the named line ("W1.D0") at CLOCK_MONOTONIC `t_ns`."""

    t_ns: int
    line: str
    level: int


@dataclass(frozen=True, slots=True)
class ReceivedFrame:
    """`code`: the bits as they came. `began_ns`, `widths_us`: beginning and length of each pulse. `fault`: "" or why a panel
    would reject the frame (both lines active at once, a pulse that never ended)."""

    code: WiegandCode
    began_ns: tuple[int, ...]
    widths_us: tuple[float, ...]
    fault: str = ""

    @property
    def intervals_us(self) -> list[float]:
        """From the beginning of each pulse to that of the next."""
        return [(after - before) / 1000 for before, after in pairwise(self.began_ns)]


class Receiver:
    """Fed with edges in order; `edge` returns the frame that a gap ended, `flush` the one that is open."""

    def __init__(self, line: WiegandLine) -> None:
        self._bits = {f"{line.name}.D0": 0, f"{line.name}.D1": 1}
        self._active = int(line.active_high)
        self._value = 0
        self._last_ns = 0
        self._start_frame()

    def edge(self, edge: Edge) -> ReceivedFrame | None:
        """Takes the next edge; edges of other lines are ignored."""
        bit = self._bits.get(edge.line)
        if bit is None:
            return None
        frame = None
        if edge.level == self._active:
            if self._began and edge.t_ns - self._last_ns > GAP_MS * 1_000_000:
                frame = self.flush()
            if self._open:
                self._fault = "both lines were active at once"
            self._open[bit] = edge.t_ns
            self._began.append(edge.t_ns)
            self._value = self._value << 1 | bit
            self._last_ns = edge.t_ns
        elif bit in self._open:
            self._widths.append((edge.t_ns - self._open.pop(bit)) / 1000)
            self._last_ns = edge.t_ns
        return frame

    def flush(self) -> ReceivedFrame | None:
        """Ends the frame; None when no pulse came."""
        frame = None
        if self._began:
            fault = "a pulse did not end" if self._open else self._fault
            frame = ReceivedFrame(WiegandCode(len(self._began), self._value), tuple(self._began), tuple(self._widths), fault)
        self._start_frame()
        return frame

    def _start_frame(self) -> None:
        self._value = 0
        self._began: list[int] = []
        self._widths: list[float] = []
        self._open: dict[int, int] = {}
        self._last_ns = 0
        self._fault = ""


def receive(edges: Iterable[Edge], line: WiegandLine) -> list[ReceivedFrame]:
    """All frames of `line` in `edges`; the end of the edges ends the last frame."""
    receiver = Receiver(line)
    frames = [receiver.edge(edge) for edge in edges]
    return [frame for frame in (*frames, receiver.flush()) if frame is not None]


def read_edges(path: Path) -> list[Edge]:
    """The edge log of the simulated chip (STATE/sim/edges.jsonl), oldest first; [] when there is none.
    BoardError for a line that is none of its."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return []
    edges = []
    for number, line in enumerate(lines, 1):
        try:
            edges.append(Edge(**from_json(line)))
        except (ValueError, TypeError) as why:
            raise BoardError("{path}, line {number}: {why}", path=path, number=number, why=why) from why
    return edges
