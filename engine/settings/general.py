"""General settings: the device, its pictures, history, trigger socket, outputs and logs (manual 4.6, General configuration tab)."""

from __future__ import annotations

from board.kit.settings import Settings, field_validator, option
from engine.formats.infoplate import infoplate
from engine.line_settings import MAX_S, groups, seconds_by_line
from engine.network import reachable

LIST, SQUARE = "LIST", "SQUARE"
"""How Review shows passages (manual 4.6, General configuration tab)."""

CAMERA, SD_CARD = "CAMERA", "SD CARD"
"""Where pictures are stored."""


class GeneralSettings(Settings):
    """General Configuration tab (manual 4.6, General configuration tab), as far as built."""

    key = "general"

    device_name: str = option(
        "Gatewright",
        "Device name",
        "Sent with every event; make it unique for each camera.",
        group="Device",
        min_length=1,
        max_length=40,
    )
    camera_id: str = option(
        "",
        "Camera id",
        "Sent with every event, so that a server can tell cameras apart; empty: made from the board's serial number. Enter the old one "
        "after the board was replaced.",
        group="Device",
        max_length=40,
        pattern=r"^[A-Za-z0-9._-]*$",
    )
    site: str = option("", "Site", "Sent with every event: the place that the camera belongs to.", group="Device", max_length=60)
    time_zone: str = option(
        "",
        "Time zone",
        "Of schedules and of times that are shown or sent. Leave it as the system's, which is set once, under System, Time; choose "
        "another only if the gate is to follow other hours than the camera's own clock.",
        widget="time_zone",
        group="Device",
        max_length=60,
    )
    view_type: str = option(
        LIST,
        "View type",
        "How Review shows passages. Each visitor can switch.",
        group="Images",
        choices={LIST: "In rows (LIST)", SQUARE: "As pictures (SQUARE)"},
    )
    save_full_image: bool = option(
        True, "Save the image", "Stores the whole picture of each passage.", restart=True, group="Images"
    )
    save_plate_image: bool = option(
        True, "Save the plate image", "Stores the plate's crop of each passage.", restart=True, group="Images"
    )
    image_quality_pct: int = option(
        70, "Image quality", "JPEG quality of stored pictures.", unit="%", restart=True, group="Images", ge=10, le=95
    )
    store_images_on: str = option(
        CAMERA,
        "Store image on",
        "SD CARD: pictures go to the card a minute after the car; while it is not there, full or only to be read, they stay in the "
        "camera, and follow when it is back. What is on it already is found in either case.",
        group="Images",
        choices={CAMERA: "the camera (CAMERA)", SD_CARD: "the SD card (SD CARD)"},
    )
    purge: str = option(
        "freespace",
        "Type of purge",
        "By free space: the oldest go when the storage runs low. By days: passages of more days go, and the oldest when the storage "
        "runs low before. Disabled: nothing is deleted until the storage is full; then pictures give way to events.",
        group="History",
        choices={"freespace": "By free space", "days": "By days", "disabled": "Disabled"},
    )
    purge_interval: str = option(
        "day",
        "Purge interval",
        "When passages are deleted by their days: each hour; each day at 23:59:59; Mondays at 00:00:00; on the first of each month at "
        "23:59:59. Low storage is noticed within a minute at any time.",
        group="History",
        choices={"hour": "every hour", "day": "every day", "week": "every week", "month": "every month"},
    )
    purge_days: int = option(
        30,
        "Days to preserve",
        "Type days: passages and pictures of the last so many days are kept. A list may have days of its own. Files of exports on the "
        "camera are as many as each export keeps, whatever their age.",
        unit="days",
        group="History",
        ge=1,
        le=3650,
    )
    keep_free_pct: int = option(
        10,
        "Keep free on the SD card",
        "The oldest pictures are deleted when less than this part of the storage that holds them is free.",
        unit="%",
        group="History",
        ge=1,
        le=80,
    )
    keep_camera_free_pct: int = option(
        2,
        "Keep free on the camera",
        "The oldest passages are deleted, but for the newest 1,000, when less than this part of the storage that holds them is free.",
        unit="%",
        group="History",
        ge=1,
        le=80,
    )
    history_passages: int = option(
        200_000,
        "Passages kept",
        "The oldest passages over this number are deleted, with their pictures and actions, once all their messages are delivered "
        "or have expired; 0 keeps all. 100,000 take about 50 MB without pictures.",
        group="History",
        zero="all",
        ge=0,
        le=10_000_000,
    )
    trigger_port: int = option(
        11000,
        "Trigger socket port",
        "TCP port that takes the trigger message; 0 switches it off.",
        restart=True,
        group="Trigger socket",
        zero="off",
        ge=0,
        le=65535,
    )
    trigger_message: str = option(
        "TRIGGER",
        "Trigger message",
        "Exactly this text starts a trigger, with or without a line end after it; another message is discarded.",
        restart=True,
        group="Trigger socket",
        min_length=1,
        max_length=64,
    )
    interlocks: str = option(
        "",
        "Interlocked outputs",
        "Outputs of which one at a time may be on, such as DO1 DO2; several groups are parted by semicolons. The pins process refuses "
        "what would switch on a second one.",
        restart=True,
        group="Outputs and inputs",
        max_length=200,
    )
    longest_on: str = option(
        "",
        "Longest time on",
        "An output is switched off after so many seconds in one go, whatever was asked; 0 means no limit. In files and for the API: "
        "DO1=60 DO2=600.",
        unit="s",
        widget="output_seconds",
        within=(0, MAX_S),
        restart=True,
        group="Outputs and inputs",
        max_length=200,
    )
    stuck_after: str = option(
        "",
        "Input stuck after",
        "An input that stays active for more seconds than this is reported on the Live tab; 0 means never. In files and for the API: DI1=600.",
        unit="s",
        widget="input_seconds",
        within=(0, MAX_S),
        restart=True,
        group="Outputs and inputs",
        max_length=200,
    )
    cgi_first_line: int = option(
        1,
        "First line in CGIs",
        "The number of the first input and output in setdo.cgi, getdi.cgi and getdo.cgi: manuals of VIVOTEK's cameras print do1 or do0. "
        "With the wrong one a script switches another output.",
        group="Outputs and inputs",
        ge=0,
        le=1,
    )
    action_addresses: str = option(
        "",
        "Addresses that actions may reach",
        "Actions reach every address but those of the camera itself and those that only it sees (loopback, link-local, multicast). "
        "Addresses and networks named here are permitted all the same, such as 127.0.0.1 169.254.7.0/24.",
        group="Actions",
        max_length=300,
    )
    info_columns: str = option(
        "",
        "Customised columns",
        "Sent with every event: one name=value a line, such as Building No.=192.",
        widget="textarea",
        group="Customised options",
        max_length=2000,
    )
    log_level: int = option(
        3,
        "Log level",
        "Of the service and all other processes: 1 errors only, 2 warnings too, 3 what a camera at work does, 4 every step of it, 5 "
        "what happens many times a second. 4 and 5 are for experts. Takes effect at once.",
        group="Logs",
        ge=1,
        le=5,
    )
    log_engine: bool = option(
        False,
        "Activate log engine",
        "Writes everything that the engine does (level 5): every read of every picture and the motion in it. For experts; it takes "
        "effect at once, also when it is switched off again.",
        group="Logs",
    )
    log_level_manager: int = option(
        3,
        "Log level of the portal (manager)",
        "As the log level, for the portal alone: 4 tells each request.",
        group="Logs",
        ge=1,
        le=5,
    )

    @property
    def log_levels(self) -> dict[str, int]:
        """Of the processes that have one of their own (board/kit/process.py)."""
        return {"manager": self.log_level_manager, **({"engine": 5} if self.log_engine else {})}

    @field_validator("action_addresses")
    @classmethod
    def _are_addresses(cls, text: str) -> str:
        reachable(text)
        return text

    @field_validator("info_columns")
    @classmethod
    def _are_columns(cls, text: str) -> str:
        infoplate(text)
        return text

    @field_validator("interlocks")
    @classmethod
    def _are_groups(cls, text: str) -> str:
        groups(text)
        return text

    @field_validator("longest_on", "stuck_after")
    @classmethod
    def _are_seconds(cls, text: str) -> str:
        seconds_by_line(text)
        return text
