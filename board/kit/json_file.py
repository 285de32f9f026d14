"""JSON files that people may have written: the object in one, or an error that names the file."""

from __future__ import annotations

from pathlib import Path

from board.kit.errors import ConfigError
from board.kit.from_json import from_json


def object_in(path: Path) -> dict[str, object]:
    """{} when there is no such file; ConfigError when it cannot be read or holds something else."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as why:
        raise ConfigError("{path} cannot be read: {why}", path=path, why=why) from why
    return object_of(path, data)


def object_of(path: Path, data: bytes) -> dict[str, object]:
    """What `path` holds; ConfigError as above."""
    try:
        value = from_json(data)
    except ValueError as why:
        raise ConfigError("{path} is not JSON: {why}; correct or delete it", path=path, why=why) from why
    if not isinstance(value, dict):
        raise ConfigError("{path} must hold one JSON object; correct or delete it", path=path)
    return value
