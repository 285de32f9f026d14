"""Report: the bench's results as one self-contained HTML page of A4, signed by the device, for the installer's customer."""

from __future__ import annotations

import base64
import errno
import io
import os
from collections import Counter
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from textwrap import wrap

from bottle import SimpleTemplate

from board.identity import device_serial
from board.kit.errors import GatewrightError
from board.kit.state import State
from board.types import BoardProfile
from firmware.packages.keys import fingerprint, public_of
from hil_tests.machine import model, system
from hil_tests.progress import Result
from hil_tests.signature import device_key, sign_report
from hil_tests.wiring_svg import wiring_svg
from vadp_package import __version__
from vadp_package.build import identity

NAME = "report.html"
TEMPLATE = Path(__file__).with_name("report.tpl")
MOST_CHARACTERS = 300
"""Of one test's reason or figures."""
TABLE_PT, NOTICE_PT = 482, 20
"""Height that all else on the page, at its fullest, leaves to the table, and what a simulated board's notice takes of it."""
ROW_PT, LINE_PT = 3.5, 9.1
"""Of report.tpl: what a row of the table has beside its lines, and a line."""
COLUMNS = 55, 59, 27
"""Characters a line of what, shown and through in a wide font: narrower fonts need fewer lines."""
MOST_NAME = 80
PICTURE_PX = 300


@dataclass(frozen=True, slots=True)
class Names:
    """Who and where, as the technician gave them."""

    technician: str = ""
    customer: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the page says about the device and the software."""

    model: str
    serial: str
    system: str
    version: str
    package_sha256: str
    key: str
    """Fingerprint of the key that signs."""
    at: datetime


def check_place(folder: Path, state: State) -> None:
    """Before a bench runs for long: GatewrightError when its report could not be written or signed."""
    device_key(state)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as why:
        raise GatewrightError("the report cannot be written to {folder}: {strerror}", folder=folder, strerror=why.strerror) from why


def write_report(
    folder: Path, state: State, profile: BoardProfile, results: tuple[Result, ...], names: Names, picture: Path | None
) -> Path:
    """Writes `folder`/report.html, .sig and .pub; returns the page's path. `picture`: what the camera saw.

    GatewrightError when the folder cannot be written or the device's key is damaged."""
    key = device_key(state)
    facts = Facts(
        model(),
        device_serial(state),
        system(),
        __version__,
        package_sha256(),
        fingerprint(public_of(key)),
        datetime.now(UTC),
    )
    page = render(profile, results, names, facts, _picture_uri(picture) if picture else "")
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
        sign_report(path, key)
    except OSError as why:
        raise GatewrightError("the report cannot be written to {folder}: {strerror}", folder=folder, strerror=why.strerror) from why
    return path


def render(profile: BoardProfile, results: tuple[Result, ...], names: Names, facts: Facts, picture_uri: str = "") -> str:
    """The page. All texts are escaped by the template; only the wiring, escaped by itself, goes in as it is."""
    count = Counter(result.outcome for result in results)
    real = [result for result in results if result.kernel and result.outcome == "passed"]
    shown = [clip(each.reason or " · ".join(each.figures), MOST_CHARACTERS) for each in results]
    room = TABLE_PT - (NOTICE_PT if profile.simulated else 0)
    most = share([_lines(each, text) for each, text in zip(results, shown, strict=True)], room)
    page: str = SimpleTemplate(TEMPLATE.read_text("utf-8")).render(
        profile=profile,
        rows=list(zip(results, shown, most, strict=True)),
        names=Names(*(clip(name, MOST_NAME) or "–" for name in astuple(names))),
        facts=facts,
        count=count,
        real=len(real),
        verdict=_verdict(count),
        svg=wiring_svg(profile),
        picture=picture_uri,
        fingerprint=" ".join(facts.key[at : at + 8] for at in range(0, 64, 8)),
    )
    return page


def package_sha256() -> str:
    """Identity of the software that was tested: what Package Management shows once this checkout's package is installed."""
    return identity()


def share(needed: list[int], room: float) -> list[int]:
    """Lines that each row may have, from those it needs: all together fit `room` in whatever font the reader's machine has.

    Too few: the longest rows lose first, down to one. Left over: they gain first, for a font wider than was thought."""
    given = [max(1, lines) for lines in needed]
    left = int((room - ROW_PT * len(given)) / LINE_PT) - sum(given)
    while left < 0 and max(given) > 1:
        given[given.index(max(given))] -= 1
        left += 1
    longest_first = sorted(range(len(given)), key=lambda row: -given[row])
    for row in islice(cycle(longest_first), max(0, left)):
        given[row] += 1
    return given


def clip(text: str, most: int) -> str:
    """The text in one line, shortened with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _lines(result: Result, shown: str) -> int:
    """The lines of its fullest column."""
    texts = f"{result.title} {result.proves}", shown, "; ".join((*result.kernel, *result.through))
    return max(len(wrap(text, width)) for text, width in zip(texts, COLUMNS, strict=True))


def _verdict(count: Counter[str]) -> tuple[str, str]:
    """(word, class)"""
    if count["failed"]:
        return f"{count['failed']} FAILED", "bad"
    return ("PASSED", "ok") if count["passed"] else ("NOTHING RAN", "bad")


def _picture_uri(path: Path) -> str:
    from PIL import Image

    with Image.open(path) as image:
        image.thumbnail((PICTURE_PX, PICTURE_PX))
        data = io.BytesIO()
        image.convert("RGB").save(data, "JPEG", quality=72)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()
