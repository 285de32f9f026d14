"""LPR settings: what is read, and how (manual 4.5, LPR configuration tab)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from board.kit.errors import CameraError, ConfigError
from board.kit.settings import Problem, Settings, field_validator, option
from board.kit.words import Text
from board.serial import parse_url
from engine.formats.serial_text import unescape
from engine.regions import Corners, Rectangle, check_polygon, check_rectangle, check_rectangle_size, follow_change, is_covered

CAMERA_SCHEMES = ("http", "https", "picamera2", "replay", "rtsp", "rtsps", "v4l2")
"""Those of the back ends of board/camera, whose modules this process need not load."""

MOST_MASKS = 8

FUNCTION_MODES = ("MOTION", "TRIGGER", "FREEFLOW")

TRIGGER_MODE = {"mode": ("TRIGGER",)}
FLOW_MODES = {"mode": ("MOTION", "FREEFLOW")}
MOTION_MODE = {"mode": ("MOTION",)}

SAME_SHAPE = ("1280x960", "1920x1440", "640x480")
"""Resolutions for reading that see what the video resolutions see: 4 to 3."""


class LprSettings(Settings):
    """LPR Configuration tab (manual 4.5, LPR configuration tab). Those marked `restart` take effect after "Restart service"."""

    key = "lpr"

    region: str = option(
        "", "Region", "Region of the world; narrows the countries to choose from.", widget="region", restart=True, group="Countries"
    )
    countries: tuple[str, ...] = option(
        (),
        "Countries",
        "Whose plates are read (ISO codes, US states as US-TX). Several may be chosen, at least one.",
        widget="countries",
        restart=True,
        group="Countries",
    )
    mode: str = option(
        "MOTION",
        "Function mode",
        "MOTION reads when the picture changes, TRIGGER only on a trigger, FREEFLOW every frame.",
        choices=FUNCTION_MODES,
        restart=True,
        group="Mode",
    )
    resolution: str = option(
        "1280x960",
        "Resolution",
        "Resolution for reading; higher does not mean more accurate.",
        choices=(*SAME_SHAPE, "1280x720"),
        restart=True,
        group="Mode",
    )
    video_size: str = option(
        "",
        "Video resolution",
        "Of the pictures for recorders (RTSP) and viewers, where the camera makes larger ones than are read. Larger ones take memory and "
        "time. A board with 512 MB shows what it reads; the encoder of a Pi up to 4 stays within 1920x1080.",
        choices={"": "as it is read", "1920x1440": "1920x1440", "2560x1920": "2560x1920"},
        restart=True,
        group="Mode",
    )
    roi: tuple[float, float, float, float] | None = option(
        None,
        "Region of interest",
        "Only plates wholly inside are read. Fractions of the picture: left, top, right, bottom.",
        widget="roi",
        restart=True,
        group="Picture",
    )
    roi_corners: tuple[tuple[float, float], ...] = option(
        (),
        "Corners of the region of interest",
        "Makes it a polygon: plates count whose centre lies in it. 3 to 8 corners, each a fraction of the picture from the left and from"
        " the top; none: the rectangle. They set the rectangle above, which is the one around them.",
        widget="corners",
        restart=True,
        group="Picture",
    )
    lane_line: tuple[float, float, float, float] | None = option(
        None,
        "Lane line",
        "Plates left of the line are lane 1, right of it lane 2. Fractions: top x, top y, bottom x, bottom y.",
        widget="lane",
        restart=True,
        group="Picture",
    )
    masks: tuple[tuple[float, float, float, float], ...] = option(
        (),
        "Masks",
        "No plate is looked for there: lines that the camera writes into its picture, signs, parked cars. Fractions of the picture:"
        " left, top, right, bottom of each.",
        widget="masks",
        restart=True,
        group="Picture",
        max_length=MOST_MASKS,
    )
    mask_corners: tuple[tuple[tuple[float, float], ...], ...] = option(
        (),
        "Corners of the masks",
        "Of each mask that is a polygon 3 to 8 corners, as of the region of interest; the rectangle around it stands among the masks.",
        widget="mask_corners",
        restart=True,
        group="Picture",
        max_length=MOST_MASKS,
    )
    min_char_height_px: int = option(
        10,
        "Minimum character height",
        "Smaller characters are not read; 25 is a good reference.",
        unit="px",
        restart=True,
        group="Filters",
        ge=5,
        le=200,
    )
    max_char_height_px: int = option(
        160, "Maximum character height", "Larger characters are not read.", unit="px", restart=True, group="Filters", ge=10, le=400
    )
    min_confidence_pct: int = option(
        80,
        "Minimum confidence",
        "Reads below are not valid: Logs > Service names them, and Review has the car if none of its reads was sure. Of reads at 80"
        " four in five are right, of all from 80 on far more.",
        unit="%",
        restart=True,
        group="Filters",
        ge=1,
        le=100,
    )
    min_characters: int = option(
        4, "Minimum characters", "Shorter texts are not taken for plates.", restart=True, group="Filters", ge=2, le=10
    )
    fold_lookalikes: bool = option(
        True,
        "Look-alikes",
        "O and 0, I and 1 count as the same when a plate is looked up in a list: most plate fonts draw them alike.",
        group="Filters",
    )
    votes: int = option(
        2,
        "Agreeing reads",
        "A car's plate is settled once this many frames agree, or up to twice as many less one while a character is in doubt; a"
        " car seen in fewer frames is settled when it has left.",
        restart=True,
        group="Filters",
        ge=1,
        le=10,
    )
    lost_after_ms: int = option(
        1500,
        "Car has left after",
        "A car not seen for this long has left; the same plate is a new car then.",
        unit="ms",
        restart=True,
        group="Filters",
        ge=200,
        le=60000,
    )
    trigger_captures: int = option(
        5,
        "Trigger captures",
        "A trigger ends after this many pictures or the timeout, first of the two.",
        restart=True,
        group="Trigger",
        when=TRIGGER_MODE,
        ge=1,
        le=100,
    )
    trigger_timeout_s: float = option(
        2.0,
        "Trigger timeout",
        "A trigger ends after this time or the captures, first of the two.",
        unit="s",
        restart=True,
        group="Trigger",
        when=TRIGGER_MODE,
        ge=0.2,
        le=60,
    )
    trigger_period_s: float = option(
        4.0,
        "Trigger period",
        "Triggers closer than this are refused (manual: not under 4 s).",
        unit="s",
        restart=True,
        group="Trigger",
        when=TRIGGER_MODE,
        ge=0,
        le=60,
    )
    trigger_io: bool = option(
        True,
        "Trigger by digital input",
        "The digital input below starts a trigger.",
        restart=True,
        group="Trigger",
        when=TRIGGER_MODE,
    )
    trigger_input: str = option(
        "DI1",
        "Trigger input",
        "Which digital input.",
        widget="input",
        restart=True,
        group="Trigger",
        when=TRIGGER_MODE,
        max_length=8,
    )
    trigger_edge: str = option(
        "active",
        "Trigger edge",
        "Start when the input becomes active or inactive.",
        choices=("active", "inactive"),
        restart=True,
        group="Trigger",
        when=TRIGGER_MODE,
    )
    trigger_repeat: bool = option(
        False,
        "Trigger while it lasts",
        "The input triggers again every trigger period for as long as it stays as the edge above left it (a level trigger).",
        restart=True,
        group="Trigger",
        when=TRIGGER_MODE,
    )
    trigger_serial: str = option(
        "",
        "Trigger serial line",
        "What comes in on this line starts a trigger: serial:///dev/ttyUSB0?baud=9600 (also parity, bits, stop), socket://host:port; "
        "empty: none.",
        restart=True,
        group="Trigger",
        when=TRIGGER_MODE,
        max_length=200,
    )
    trigger_serial_pattern: str = option(
        "TRIGGER",
        "Trigger serial pattern",
        r"A trigger starts each time these bytes have come in; \r, \n and \x02 stand for bytes.",
        restart=True,
        group="Trigger",
        when=TRIGGER_MODE,
        min_length=1,
        max_length=64,
    )
    filter_mode: str = option(
        "millis",
        "Filter mode",
        "How free flow and motion drop repeated plates.",
        choices={"millis": "by time (milliseconds)", "captures": "by number of captures", "off": "off"},
        restart=True,
        group="Free flow and motion",
        when=FLOW_MODES,
    )
    filter_captures: int = option(
        5,
        "Filter captures",
        "A plate is not accepted again until this many other plates were read.",
        restart=True,
        group="Free flow and motion",
        when=FLOW_MODES,
        ge=1,
        le=100,
    )
    filter_ms: int = option(
        10000,
        "Filter time",
        "Minimum time from the last sight of a plate until it is accepted again.",
        unit="ms",
        restart=True,
        group="Free flow and motion",
        when=FLOW_MODES,
        ge=0,
        le=3600000,
    )
    min_difference: int = option(
        1,
        "Minimum characters difference",
        "Plates that differ in fewer characters count as the same car for the filter.",
        restart=True,
        group="Free flow and motion",
        when=FLOW_MODES,
        ge=1,
        le=5,
    )
    motion_threshold: int = option(
        3,
        "Motion threshold",
        "How different two pictures must be to count as motion (0 always, 100 never).",
        restart=True,
        group="Free flow and motion",
        when=MOTION_MODE,
        ge=0,
        le=100,
    )
    motion_queue: int = option(
        1,
        "Motion queue",
        "Pictures kept for reading; 1 opens the barrier soonest.",
        restart=True,
        group="Free flow and motion",
        when=MOTION_MODE,
        ge=1,
        le=20,
    )
    connection: str = option(
        "BOARD",
        "Connection type",
        "Where pictures come from: the board's own camera, the URL below, or, on a simulated board, the path images that were uploaded "
        "in General configuration.",
        choices={"BOARD": "the board's own camera", "URL": "network or USB camera (URL)", "PATH": "path images (simulated board)"},
        restart=True,
        group="Camera",
    )
    camera_url: str = option(
        "",
        "Camera URL",
        "rtsp://, http:// (MJPEG), v4l2:/dev/video0; used with connection type URL. A stored password is shown as (hidden).",
        widget="secret_url",
        restart=True,
        group="Camera",
        max_length=300,
    )

    def completed(self, stored: Mapping[str, Any]) -> Self:
        return self.model_copy(follow_change(self, stored))

    def conflicts(self) -> tuple[Problem, ...]:
        found = self._regions_too_small()
        if len(self.masks) > MOST_MASKS:
            found.append(self.conflict("masks", "must have at most {max_length} entries", max_length=MOST_MASKS))
        elif is_covered(self):
            found.append(self.conflict("masks", "leave nothing of the region of interest: no plate would be read"))
        if self.min_char_height_px > self.max_char_height_px:
            most = self.title_of("max_char_height_px")
            found.append(
                self.conflict("min_char_height_px", "must not be more than {most} ({px} px)", most=most, px=self.max_char_height_px)
            )
        if self.video_size and self.resolution not in SAME_SHAPE:
            found.append(
                self.conflict("video_size", "the resolution for reading must be 4 to 3 as well, not {size}", size=self.resolution)
            )
        scheme = self.camera_url.partition(":")[0].lower() if ":" in self.camera_url else ""
        if self.connection == "URL" and not self.camera_url:
            found.append(self.conflict("camera_url", "must be given for the connection type URL"))
        elif self.camera_url and scheme not in CAMERA_SCHEMES:
            known = ", ".join(f"{each}:" for each in CAMERA_SCHEMES)
            found.append(self.conflict("camera_url", "must begin with one of {known}", known=known))
        elif scheme in ("http", "https", "rtsp", "rtsps"):
            found += self._malformed_address()
        return tuple(found)

    def _malformed_address(self) -> list[Problem]:
        """Said where it is typed: in an address that is cut at the wrong place nobody knows what is a password and to be hidden."""
        from board.camera._address import parse_address  # here: this process need not load what belongs to cameras otherwise

        try:
            parse_address(self.camera_url)
        except CameraError as why:
            return [Problem("camera_url", self.model_fields["camera_url"].title, why.text)]
        return []

    def _regions_too_small(self) -> list[Problem]:
        """Rectangles that an earlier release stored are read all the same."""
        found = []
        for name, regions in (("roi", [self.roi] if self.roi else []), ("masks", self.masks)):
            for region in regions:
                try:
                    check_rectangle_size(region)
                except ConfigError as why:
                    found.append(Problem(name, self.model_fields[name].title, why.text))
        return found

    @field_validator("roi")
    @classmethod
    def _is_region(cls, roi: Rectangle | None) -> Rectangle | None:
        if roi is not None:
            check_rectangle(roi, Text("draw the top left point, then the bottom right point"))
        return roi

    @field_validator("roi_corners")
    @classmethod
    def _is_polygon(cls, corners: Corners) -> Corners:
        if corners:
            check_polygon(corners)
        return corners

    @field_validator("masks")
    @classmethod
    def _are_masks(cls, masks: tuple[Rectangle, ...]) -> tuple[Rectangle, ...]:
        for mask in masks:
            check_rectangle(mask, Text("draw the top left point of a mask, then its bottom right point"))
        return masks

    @field_validator("mask_corners")
    @classmethod
    def _are_polygons(cls, polygons: tuple[Corners, ...]) -> tuple[Corners, ...]:
        for number, corners in enumerate(polygons, 1):
            try:
                check_polygon(corners)
            except ConfigError as why:
                raise ConfigError("mask {number} of those with corners: {problem}", number=number, problem=why.text) from why
        return polygons

    @field_validator("trigger_serial")
    @classmethod
    def _is_line(cls, url: str) -> str:
        if url:
            parse_url(url)
        return url

    @field_validator("trigger_serial_pattern")
    @classmethod
    def _is_pattern(cls, text: str) -> str:
        unescape(text)
        return text
