"""Names: file names that exports create and imports look for, made from an installer's template."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import chain

from board.kit.words import mark
from engine.exchange.kind import JobEnv
from engine.formats.event import Device
from engine.formats.file_name import check_path, path_with
from engine.types import PlateList

MOST_BESIDE = 100
PLACES = ("list", "date", "time", "device", "site", "camera")
NAME = mark(
    "Without extension, which follows from the format; {list}, {date}, {time}, {device}, {site} and {camera} are filled in."
)
PATH = mark(
    "Folders and name without extension, which follows from the format; {list}, {date}, {time}, {device}, {site} and {camera} are "
    "filled in."
)
"""Help text of the name's field."""


def check_name(template: str) -> str:
    """The template unchanged; ConfigError if it is not a path with these placeholders."""
    return check_path(template, PLACES, "{list}_{date}")


def path_of(template: str, plate_list: PlateList, device: Device, at: datetime) -> tuple[list[str], str]:
    """(folders, name without extension)."""
    return path_with(template, _values(plate_list, device, at))


def unused(template: str, env: JobEnv, is_there: Callable[[str], bool]) -> str:
    """A name without folders and extension that no file has: passages are in one file each, and a batch that replaced the one
    before would lose it. The time alone is the same each day; several files of one run have the same time as well."""
    beside = f"{template}_{{time}}" if "{date}" in template else f"{template}_{{date}}_{{time}}"
    first, second = (path_of(each, env.list, env.device, env.at)[1] for each in (template, beside))
    others = (f"{second}_{number}" for number in range(2, MOST_BESIDE))
    return next((each for each in chain((first, second), others) if not is_there(each)), second)


def file_name(template: str, env: JobEnv, extension: str) -> str:
    """One name without folders."""
    return f"{path_of(template, env.list, env.device, env.at)[1]}.{extension}"


def _values(plate_list: PlateList, device: Device, at: datetime) -> Mapping[str, str]:
    local = at.astimezone(device.zone)
    return {
        "list": plate_list.name,
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H-%M-%S}",
        "device": device.name,
        "site": device.site,
        "camera": device.id,
    }
