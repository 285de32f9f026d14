"""Self-test: a table of what this board has and who uses it, for a technician: `python -m board selftest`."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from board.devices import read_devices
from board.gpio import open_gpio, taken_by
from board.i2c import FIRST_ADDRESS, LAST_ADDRESS, open_device, parse_url
from board.i2c import all_kinds as all_i2c_kinds
from board.i2c._bus import open_bus
from board.kit.clock import CLOCK_KNOWN, Clock, synchronised
from board.kit.dataclass import dataclass
from board.kit.errors import GatewrightError, PinBusy
from board.kit.files import text_of
from board.kit.state import State
from board.line_rules import load_rules
from board.lines import pin_names, place
from board.serial._ports import holder
from board.types import BoardProfile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOW_DISK_BYTES = 500_000_000
FRESH_BEAT_S = 15.0
FIRST_FRAME_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """A row of the table. `good` False: the camera cannot work like this."""

    part: str
    found: str
    good: bool = True


def examine(profile: BoardProfile, state: State, picture: Path | None) -> list[Finding]:
    """Everything, in the order in which a technician asks for it. Changes nothing on the board.

    `picture`: JPEG file that what the camera sees is written to; None: it is looked at only."""
    parts: tuple[Callable[[BoardProfile, State], Iterator[Finding]], ...] = (
        _board, _gpio, _lines, _reserved, partial(_cameras, picture=picture), _buses, _i2c, _serial, _clock, _disk
    )  # fmt: skip
    return [finding for part in parts for finding in part(profile, state)]


def table(findings: list[Finding]) -> str:
    """The findings as aligned text."""
    width = max(len(finding.part) for finding in findings)
    return "\n".join(f"{'ok ' if f.good else 'BAD'}  {f.part:<{width}}  {f.found}" for f in findings)


def _board(profile: BoardProfile, state: State) -> Iterator[Finding]:
    yield Finding("board", f"{profile.title} (profile {profile.name})")
    yield Finding("machine", f"{text_of(Path('/proc/device-tree/model')) or platform.machine()}, Linux {platform.release()}")
    yield Finding("python", platform.python_version())


def _gpio(profile: BoardProfile, state: State) -> Iterator[Finding]:
    chip = ", ".join(profile.chip_labels) or ("simulated chip" if profile.simulated else "no chip label")
    try:
        open_gpio(profile, state).close()
        load_rules(state, profile)
    except GatewrightError as why:
        yield Finding("gpio", f"{profile.gpio}, {chip}: {why}", good=False)
    else:
        yield Finding("gpio", f"{profile.gpio}, {chip}")


def _lines(profile: BoardProfile, state: State) -> Iterator[Finding]:
    for pin, name in pin_names(profile).items():
        owner = taken_by(profile, state, pin)
        ours = not owner or owner.startswith("pins")
        yield Finding(name, f"{place(profile, pin)}, {'taken by ' + owner if owner else 'free'}", good=ours)


def _reserved(profile: BoardProfile, state: State) -> Iterator[Finding]:
    """The board's own pins that somebody holds at present."""
    for pin, use in profile.reserved:
        owner = taken_by(profile, state, pin)
        if owner:
            yield Finding(use, f"{place(profile, pin)}, taken by {owner}")


def _cameras(profile: BoardProfile, state: State, picture: Path | None) -> Iterator[Finding]:
    from board.camera import open_camera

    for device in sorted(Path("/sys/class/video4linux").glob("video*")):
        yield Finding("video device", f"/dev/{device.name}: {text_of(device / 'name')}")
    if not profile.camera:
        yield Finding("camera", "none is set")
        return
    if _is_alive(state.beat("engine")):
        yield Finding("camera", f"{profile.camera}: in use by the running engine")
        return
    try:
        camera = open_camera(profile.camera, (1280, 960), Clock())
        try:
            frame = camera.read(FIRST_FRAME_S)
        finally:
            camera.close()
    except GatewrightError as why:
        yield Finding("camera", str(why), good=False)
        return
    if frame is None:
        yield Finding("camera", f"{profile.camera} sent no picture within {FIRST_FRAME_S:.0f} s", good=False)
        return
    height, width = frame.rgb.shape[:2]
    yield Finding("camera", f"{profile.camera}: {width} x {height}, mean brightness {frame.rgb.mean():.0f} of 255")
    if picture is not None:
        yield _kept(frame.rgb, picture)


def _kept(rgb: NDArray[np.uint8], picture: Path) -> Finding:
    from PIL import Image

    try:
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rgb).save(picture, "JPEG", quality=90)
    except OSError as why:
        return Finding("picture", f"{picture} cannot be written: {why}", good=False)
    return Finding("picture", str(picture))


def _i2c(profile: BoardProfile, state: State) -> Iterator[Finding]:
    """The board's I2C devices. Each is asked, except one that a process of ours uses: its state is in STATE/run/devices."""
    used = {one.device: one for one in read_devices(state)}
    for url in profile.i2c:
        place = str(parse_url(url))
        one = used.get(place)
        if one is not None:
            yield Finding(place, str(one.problem) or f"in use by the running {one.process}", good=not one.problem)
            continue
        try:
            device, bus = open_device(url, state)
        except GatewrightError as why:
            yield Finding(place, str(why), good=False)
            continue
        try:
            yield Finding(place, device.reading())
        except PinBusy as why:
            yield Finding(place, str(why))
        except GatewrightError as why:
            yield Finding(place, str(why), good=False)
        finally:
            bus.close()
    for bus_number in sorted(int(path.name.removeprefix("i2c-")) for path in Path("/dev").glob("i2c-*")):
        yield Finding(f"i2c bus {bus_number}", ", ".join(_on_bus(bus_number, state)) or "nothing answers")


def _on_bus(number: int, state: State) -> Iterator[str]:
    """Who answers on a bus of the kernel. One byte is read at each address, which no device of ours takes for a command."""
    kinds = all_i2c_kinds().values()
    try:
        bus = open_bus("i2c", number, state)
    except GatewrightError as why:
        yield str(why)
        return
    for address in range(FIRST_ADDRESS, LAST_ADDRESS + 1):
        try:
            bus.read(address)
        except PinBusy as why:
            yield str(why)
        except GatewrightError:
            continue
        else:
            names = " or ".join(kind.name for kind in kinds if address in kind.addresses)
            yield f"0x{address:02x}{f' ({names}?)' if names else ''}"
    bus.close()


def _serial(profile: BoardProfile, state: State) -> Iterator[Finding]:
    """The serial devices that are there and who has them, then those in use that are not well."""
    names = ("serial[0-9]*", "ttyAMA*", "ttyS*", "ttyUSB*", "ttyACM*")
    found = sorted({path for name in names for path in Path("/dev").glob(name) if _is_port(path)})
    for path in found:
        yield Finding(str(path), f"taken by {taker}" if (taker := holder(str(path))) else "free")
    for one in read_devices(state):
        if one.process == "service":
            yield Finding(one.device, str(one.problem) or "in use by the running service", good=not one.problem)
    if not found:
        yield Finding("serial", "none")


def _is_port(path: Path) -> bool:
    """A port with hardware behind it: the kernel makes /dev/ttyS0 to 3 also where there is none (type 0)."""
    if not path.is_char_device():
        return False
    kind = text_of(Path("/sys/class/tty") / path.resolve().name / "type")
    return kind != "0"


def _buses(profile: BoardProfile, state: State) -> Iterator[Finding]:
    patterns = {"i2c": ("i2c-*",), "spi": ("spidev*",)}
    for bus, names in patterns.items():
        devices = sorted(str(path) for name in names for path in Path("/dev").glob(name) if path.is_char_device())
        yield Finding(bus, ", ".join(devices) or "none")


def _clock(profile: BoardProfile, state: State) -> Iterator[Finding]:
    rtc = ", ".join(text_of(path / "name") for path in sorted(Path("/sys/class/rtc").glob("rtc*"))) or "none"
    now = datetime.now(UTC)
    state_of_time = "synchronised" if synchronised() else "NOT synchronised: schedules and validity dates may be wrong"
    yield Finding("time", f"{now:%Y-%m-%d %H:%M:%S} UTC, {state_of_time}", good=now >= CLOCK_KNOWN)
    yield Finding("clock chip", rtc)


def _disk(profile: BoardProfile, state: State) -> Iterator[Finding]:
    try:
        free = shutil.disk_usage(state.root if state.root.exists() else Path.cwd()).free
    except OSError as why:
        yield Finding("disk", f"{state.root}: {why}", good=False)
        return
    yield Finding("disk", f"{free / 1e9:.1f} GB free for {state.root}", good=free >= LOW_DISK_BYTES)


def _is_alive(beat: Path) -> bool:
    try:
        return time.time() - beat.stat().st_mtime < FRESH_BEAT_S
    except FileNotFoundError:
        return False
