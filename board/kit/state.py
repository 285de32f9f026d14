"""State: where things lie below the STATE folder; the one place that knows the names."""

from __future__ import annotations

import os
from pathlib import Path

from board.kit.dataclass import dataclass

RUN = "GATEWRIGHT_RUN"
"""The variable by which the host tells its processes of another run folder."""


@dataclass(frozen=True, slots=True)
class State:
    """The folder of one camera's persistent state (`--state DIR`)."""

    root: Path
    """Absolute, however it was given: libraries (lgpio) change the working folder."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", self.root.absolute())

    @property
    def run(self) -> Path:
        """Sockets, heartbeats and the frame ring; mode 0700; may be emptied between boots. Elsewhere (`RUN`) when the host found
        that the storage takes nothing."""
        return Path(os.environ.get(RUN) or self.root / "run")

    @property
    def own(self) -> Path:
        """A folder for each process that keeps files here and is a user of its own (firmware/processes/places.py); not there
        where all are one user: then these files lie in `root`."""
        return self.root / "own"

    def _own(self, process: str) -> Path:
        return self.own / process if self.own.is_dir() else self.root

    @property
    def pins_socket(self) -> Path:
        return self.run / "pins.sock"

    @property
    def service_socket(self) -> Path:
        return self.run / "service.sock"

    @property
    def manager_socket(self) -> Path:
        """HTTP of the portal, behind the host's proxy."""
        return self.run / "manager.sock"

    @property
    def people_socket(self) -> Path:
        """Where the host answers "who is this?" (board/kit/people.py)."""
        return self.run / "people.sock"

    @property
    def vms_socket(self) -> Path:
        """HTTP of the servers for video management, behind the host's proxy."""
        return self.run / "vms.sock"

    @property
    def broadcasts_socket(self) -> Path:
        """Where the vms process takes events for the clients of its ports (engine/vms/broadcasts.py)."""
        return self.run / "broadcasts.sock"

    @property
    def guesses(self) -> Path:
        """Wrong passwords, for the host's next start (firmware/people/guesses.py)."""
        return self.run / "guesses.json"

    @property
    def device_guesses(self) -> Path:
        """The same of device passwords and API tokens."""
        return self.run / "device_guesses.json"

    @property
    def frames(self) -> Path:
        """The memory-mapped frame ring that the engine writes and the portal reads."""
        return self.run / "frames.ring"

    @property
    def board_file(self) -> Path:
        """{"profile": name, "camera": url or "", "sd": folder or ""}: written by the host, read by pins and engine."""
        return self.root / "board.json"

    @property
    def polarity_file(self) -> Path:
        """{"DO1": true (active high)...}: written by pins, read by pins at boot and by the host's safe-state routine."""
        return self._own("pins") / "polarity.json"

    @property
    def line_rules_file(self) -> Path:
        """Interlocks, longest on-times and stuck times: written and read by pins, so that they count before any client asks."""
        return self._own("pins") / "line_rules.json"

    @property
    def acts_file(self) -> Path:
        """Ids of pulses and frames that began: a pins that died must not repeat them."""
        return self.run / "pins.acts"

    @property
    def lines_file(self) -> Path:
        """An installer's own lines and I2C devices, besides the profile's (board/profiles/_lines_file.py)."""
        return self.root / "lines.json"

    @property
    def devices(self) -> Path:
        """One small file per I2C or serial device in use: how it is (board/devices.py)."""
        return self.run / "devices"

    @property
    def night_file(self) -> Path:
        """Whether the camera's light says night, kept for the next one that opens it (board/camera/_night.py)."""
        return self.run / "night"

    @property
    def sights_file(self) -> Path:
        """The plates in sight, kept by the engine for the next one (engine/reading/passages/sights.py); outlives a power cut."""
        return self._own("engine") / "sights.json"

    @property
    def unstored_file(self) -> Path:
        """Passages that the service has not stored yet, kept by the engine for the next one (engine/reading/unstored.py)."""
        return self.run / "unstored"

    @property
    def last_trigger_file(self) -> Path:
        """When the service accepted the last trigger, for the next one (engine/service/remembered.py)."""
        return self.run / "last_trigger.json"

    @property
    def lane_file(self) -> Path:
        """Whom the barrier was opened for last, for the next service (engine/service/lane.py)."""
        return self.run / "lane.json"

    @property
    def last_inputs_file(self) -> Path:
        """The inputs as the service knew them last, kept as the last trigger is."""
        return self.run / "last_inputs.json"

    @property
    def last_look_file(self) -> Path:
        """When the service looked for times of timers last, kept as the last trigger is."""
        return self.run / "last_look.json"

    @property
    def last_wiegand_file(self) -> Path:
        """The last Wiegand frame, kept as the last trigger is."""
        return self.run / "last_wiegand.json"

    @property
    def log_level_file(self) -> Path:
        """The log level of every process, 1 to 5 (board/kit/process.py)."""
        return self.run / "log_level"

    @property
    def exchange_said(self) -> Path:
        """The last words of the process that the service had export or import."""
        return self.run / "exchange.err"

    @property
    def exchange_lock(self) -> Path:
        """Held by the process that exports or imports (engine/exchange/work.py)."""
        return self.run / "exchange.lock"

    @property
    def servers_file(self) -> Path:
        """{"trigger": "tcp://127.0.0.1:2000"...}: addresses of the package's servers that are on, written by who runs them."""
        return self.run / "servers.json"

    @property
    def clients(self) -> Path:
        """One socket per process with servers, which says who uses them (board/kit/clients.py)."""
        return self.run / "clients"

    @property
    def sim(self) -> Path:
        """The simulated chip: levels, line locks and edges.jsonl; beside the run folder where that is elsewhere."""
        return self.run / "sim" if os.environ.get(RUN) else self.root / "sim"

    @property
    def database(self) -> Path:
        return self.root / "anpr" / "anpr.db"

    @property
    def images(self) -> Path:
        return self.root / "anpr" / "images"

    @property
    def exchange(self) -> Path:
        """Files of exports and imports: a folder for each job, one for what people upload."""
        return self.root / "anpr" / "exchange"

    @property
    def path_images(self) -> Path:
        """Uploaded pictures that stand in for the camera of a simulated board."""
        return self.root / "anpr" / "path-images"

    @property
    def portal_files(self) -> Path:
        """The logo, and what a person can go back to: the configuration and the logo of before."""
        return self.root / "anpr" / "portal"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def host(self) -> Path:
        """Accounts, trusted keys and package slots of the firmware host."""
        return self.root / "host"

    @property
    def ftp(self) -> Path:
        """What the camera's FTP server shows (firmware/ftp/): lists/ has the lists that other cameras copy, the rest is theirs."""
        return self.root / "ftp"

    @property
    def ftp_status(self) -> Path:
        """Address and counters of the FTP server, while it runs."""
        return self.run / "ftp.json"

    @property
    def tls(self) -> Path:
        """The camera's own certificate and its key (firmware/certificates/own.py)."""
        return self.host / "tls"

    def beat(self, process: str) -> Path:
        """The heartbeat file of one process: its modification time is renewed at least every 2 s."""
        return self.run / f"{process}.beat"
