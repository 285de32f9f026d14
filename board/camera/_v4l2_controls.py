"""V4L2 controls: exposure, gain, flicker, focus and mirrors of a video device by the kernel's ioctls (linux/videodev2.h)."""

from __future__ import annotations

import fcntl
import logging
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from board.camera._flicker import AS_IS, FLICKER_HZ
from board.camera._setup import exposure, flips
from board.kit.dataclass import dataclass
from board.kit.errors import CameraError
from board.kit.words import NOTHING, Text, mark

if TYPE_CHECKING:
    from board.camera._settings import CameraSettings

log = logging.getLogger("camera")

QUERY = struct.Struct("=II32siiiiI8x")
"""v4l2_queryctrl: id, type, name, minimum, maximum, step, default, flags."""
CONTROL = struct.Struct("=Ii")
"""v4l2_control: id, value."""


def _request(number: int, size: int) -> int:
    """_IOWR('V', number, size)."""
    return 3 << 30 | size << 16 | ord("V") << 8 | number


VIDIOC_S_CTRL = _request(28, CONTROL.size)
VIDIOC_QUERYCTRL = _request(36, QUERY.size)
UNUSABLE = 0x1 | 0x4
"""V4L2_CTRL_FLAG_DISABLED, V4L2_CTRL_FLAG_READ_ONLY."""

USER, CAMERA = 0x0098_0900, 0x009A_0900
WHITE_BALANCE_AUTO, GAIN_AUTO, GAIN = USER + 12, USER + 18, USER + 19
HFLIP, VFLIP, POWER_LINE_FREQUENCY = USER + 20, USER + 21, USER + 24
EXPOSURE_AUTO, EXPOSURE_ABSOLUTE, FOCUS_ABSOLUTE, FOCUS_AUTO = CAMERA + 1, CAMERA + 2, CAMERA + 10, CAMERA + 12

NAMES = {
    WHITE_BALANCE_AUTO: (mark("Colour by night"), "white_balance_automatic"),
    GAIN_AUTO: (mark("Gain"), "gain_automatic"),
    GAIN: (mark("Gain"), "gain"),
    POWER_LINE_FREQUENCY: (mark("Lamp flicker"), "power_line_frequency"),
    EXPOSURE_AUTO: (mark("Shutter"), "auto_exposure"),
    EXPOSURE_ABSOLUTE: (mark("Shutter"), "exposure_time_absolute"),
    FOCUS_ABSOLUTE: (mark("Lens position"), "focus_absolute"),
    FOCUS_AUTO: (mark("Focus"), "focus_automatic_continuous"),
}
"""Control -> (the setting's title, the driver's name as v4l2-ctl shows it)."""
EXPOSURE_MANUAL, EXPOSURE_AUTOMATIC = 1, (3, 0)
"""Cameras by USB know "aperture priority" (3) for automatic; others 0."""
MAINS = {0: 0, 50: 1, 60: 2}
US_PER_STEP = 100
"""exposure_time_absolute counts in 100 us."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a control of the driver takes."""

    lowest: int
    highest: int
    step: int


class V4l2Controls:
    """The controls of one device, open beside the one that streams. `notes`: the settings that it lacks, by title."""

    def __init__(self, device: Path) -> None:
        """CameraError when the device cannot be opened."""
        try:
            self._file = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as why:
            raise CameraError("v4l2 {device}: {reason}", device=device, reason=why.strerror) from why
        self.notes: tuple[Text, ...] = ()

    def set_fixed(self, settings: CameraSettings) -> tuple[bool, bool]:
        """What holds by day and by night; (mirrored, upended): which flips the driver does."""
        if settings.flicker != AS_IS:
            self._set(POWER_LINE_FREQUENCY, MAINS[FLICKER_HZ[settings.flicker]])
        if settings.focus == "automatic":
            self._set(FOCUS_AUTO, 1)
        elif settings.focus == "manual":
            if self._limits(FOCUS_AUTO):
                self._set(FOCUS_AUTO, 0)
            self._set(FOCUS_ABSOLUTE, round(settings.lens_position))
        mirrored, upended = flips(settings)
        return self._flip(HFLIP, mirrored), self._flip(VFLIP, upended)

    def set_exposure(self, settings: CameraSettings, night: bool) -> None:
        """The preset of the day or the night; a camera without automatics keeps what it has where 0 is asked."""
        preset = exposure(settings, night)
        if preset.shutter_us:
            if self._limits(EXPOSURE_AUTO):
                self._set(EXPOSURE_AUTO, EXPOSURE_MANUAL)
            self._set(EXPOSURE_ABSOLUTE, max(1, round(preset.shutter_us / US_PER_STEP)))
        elif self._limits(EXPOSURE_AUTO):
            self._set(EXPOSURE_AUTO, *EXPOSURE_AUTOMATIC)
        if self._limits(GAIN_AUTO):
            self._set(GAIN_AUTO, 0 if preset.gain else 1)
        if preset.gain:
            self._set(GAIN, round(preset.gain))
        if settings.night != "never" and (self._limits(WHITE_BALANCE_AUTO) or not preset.colour):
            self._set(WHITE_BALANCE_AUTO, int(preset.colour))

    def close(self) -> None:
        os.close(self._file)

    def _flip(self, control: int, wanted: bool) -> bool:
        if self._limits(control) is None:
            return False
        return self._set(control, int(wanted))

    def _limits(self, control: int) -> Limits | None:
        """None when the driver lacks the control or does not let it be set."""
        asked = QUERY.pack(control, 0, b"", 0, 0, 0, 0, 0)
        try:
            answer = fcntl.ioctl(self._file, VIDIOC_QUERYCTRL, asked)
        except OSError:
            return None
        _, _, _, lowest, highest, step, _, flags = QUERY.unpack(answer)
        return None if flags & UNUSABLE else Limits(lowest, highest, max(step, 1))

    def _set(self, control: int, *values: int) -> bool:
        """The first of `values` that the driver takes, moved into its limits; False and a note when it takes none."""
        title, name = NAMES.get(control, ("Picture", "mirror"))
        limits = self._limits(control)
        if limits is None:
            self._note(Text("{title}: this camera's driver has no such control ({name})", {"title": Text(title), "name": name}))
            return False
        problem = NOTHING
        for value in values:
            taken = min(max(value, limits.lowest), limits.highest)
            taken -= (taken - limits.lowest) % limits.step
            try:
                fcntl.ioctl(self._file, VIDIOC_S_CTRL, CONTROL.pack(control, taken))
            except OSError as why:
                problem = Text(
                    "{title}: this camera's driver refuses {name} = {value}: {why}",
                    {"title": Text(title), "name": name, "value": value, "why": why.strerror},
                )
                continue
            if not limits.lowest <= value <= limits.highest:
                self._note(_out_of_limits(title, name, value, limits, taken))
            return True
        self._note(problem)
        return False

    def _note(self, text: Text) -> None:
        if text not in self.notes:
            log.warning("%s", text)
            self.notes = (*self.notes, text)


def _out_of_limits(title: str, name: str, value: int, limits: Limits, taken: int) -> Text:
    return Text(
        "{title}: {name} goes from {lowest} to {highest}, {value} is asked: {taken} holds",
        {"title": Text(title), "name": name, "lowest": limits.lowest, "highest": limits.highest, "value": value, "taken": taken},
    )
