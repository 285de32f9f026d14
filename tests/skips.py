"""Skips: tests that may be left out where CI runs, and why no machine of ours can have what they need. Any other skip fails CI."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowed:
    """`file`: of the test; `reason`: a pattern of what it says; `because`: why CI cannot have it."""

    file: str
    reason: str
    because: str


MODULE = "a container may load no kernel module; ./scripts/hil --board virtual runs it in a guest that has it"
BOARD = "it needs lines of a board; ./scripts/hil --board virtual gives it the kernel's simulated ones"
DAEMON = "only root may install a server; ./scripts/setup --test does it where it may"

TRAINING = "the training environment (scripts/setup --train) is some gigabytes large, and no board has it"

SHALLOW = "a shallow clone has no earlier release to upgrade from"

ALLOWED = (
    Allowed("tests/browser/test_pages.py", "axe-core is not installed", "a machine may have no npm"),
    Allowed("tests/chain/test_apart.py", "this user may not change users", "only root may"),
    Allowed("tests/unit/firmware/processes/test_starter.py", "this user may not change users", "only root may"),
    Allowed("tests/unit/scripts/test_detector_windows.py", "OpenCV is in the training environment only", TRAINING),
    Allowed("tests/unit/scripts/test_tflite.py", "PyTorch is in the training environment only", TRAINING),
    Allowed("tests/unit/scripts/test_detector_training.py", "PyTorch is in the training environment only", TRAINING),
    Allowed("tests/unit/scripts/test_reader_training.py", "PyTorch is in the training environment only", TRAINING),
    Allowed("tests/unit/board/camera/test_v4l2_controls.py", "no virtual video device: ", MODULE),
    Allowed("tests/unit/firmware/processes/test_watchdog.py", "the kernel's softdog is not loaded", MODULE),
    Allowed("tests/contract/test_groups.py", "no cgroup2 with memory, pids and cpu", "a container has none that it may divide"),
    Allowed("tests/contract/test_kernel.py", "no (computer to reset|vivid|lines to drive|camera of the kernel's driver)", MODULE),
    Allowed("tests/contract/test_kernel.py", "the (lgpio|picamera2) library is not installed", BOARD),
    Allowed("tests/contract/test_i2c.py", "no i2c-stub: ", MODULE),
    Allowed("tests/contract/test_gpio.py", "gpiod needs a wired chip of the kernel", BOARD),
    Allowed("tests/contract/test_gpio.py", "this machine has GPIO chips", "it shows what is said without any"),
    Allowed("tests/contract/test_actions.py", "mosquitto is not installed", DAEMON),
    Allowed("tests/unit/firmware/test_install.py", "systemd-analyze is not installed", "a container may run without systemd"),
    Allowed("tests/unit/engine/formats/test_milestone.py", "the vendor's schema is not here", "it is theirs and not handed on"),
    Allowed("tests/servers/test_mqtt_action.py", "mosquitto is not installed", DAEMON),
    Allowed("tests/servers/test_home_assistant.py", "HOME_ASSISTANT_PYTHON names no Python", "it is too large for every machine"),
    Allowed("tests/servers/test_http_action_lighttpd.py", "lighttpd is not installed", DAEMON),
    Allowed("tests/servers/test_ftp_action.py", "(vsftpd|pure-ftpd|pure-pw) is not installed", DAEMON),
    Allowed("tests/servers/test_exchange_jobs.py", "vsftpd is not installed", DAEMON),
    Allowed("tests/servers/test_ftp_action.py", "pure-ftpd serves its users as root only", "it changes to each user"),
    Allowed("tests/servers/test_shared_ftp.py", "vsftpd is not installed", DAEMON),
    Allowed("tests/servers/test_ftp_server.py", "(curl|lftp) is not installed", DAEMON),
    Allowed("tests/chain/test_from_nothing.py", "curl is not installed", DAEMON),
    Allowed("tests/servers/test_syslog_action.py", "syslog-ng is not installed", "a machine has one log daemon, often another"),
    Allowed("tests/unit/engine/store/test_old_database.py", "the history does not reach back", SHALLOW),
    Allowed("tests/chain/test_upgrade.py", "the history of this checkout does not reach back", SHALLOW),
    Allowed("tests/unit/engine/service/test_card_pictures.py", "a card cannot be mounted here", "only root may, and no container"),
    Allowed("tests/servers/test_full_storage.py", "a small file system cannot be mounted here", "only root may, and no container"),
    Allowed("tests/servers/test_video.py", "ffprobe is not installed", "it pulls half a desktop; PyAV plays the same"),
    Allowed("tests/servers/test_video.py", "GStreamer is not installed", DAEMON),
    Allowed("tests/unit/engine/test_network.py", "this machine has no address but loopback", "a container may have no network"),
    Allowed(
        "tests/contract/test_recognition_accuracy.py", "the labelled development photographs", "they are others' and not handed on"
    ),
    Allowed("tests/servers/test_onvif_clients.py", r"(onvif|node-onvif) is not installed", "a machine may have no node"),
    Allowed("tests/servers/test_onvif_event_clients.py", "onvif is not installed", "a machine may have no node"),
    Allowed("tests/servers/test_discovery.py", "no network of its own: ", "only root may make one, and no container"),
    Allowed("tests/browser/test_bench_report.py", r"[\w ]+ is not installed: nothing is shown", "one browser will do"),
)


def unexpected(skips: Iterable[tuple[str, str]]) -> list[str]:
    """What is not allowed of (file, reason) pairs, a line each, sorted."""
    return sorted(
        f"{file}: {reason}"
        for file, reason in skips
        if not any(file == each.file and re.match(each.reason, reason) for each in ALLOWED)
    )
