"""A real pins process on a simulated chip, and a client that speaks to it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from board.kit.errors import WireError
from board.kit.state import State
from board.kit.wire import Codec, connect
from board.types import PINS_MESSAGES, PinsTaken
from board.wiegand.receive import read_edges

ROOT = Path(__file__).parents[4]
PATIENCE_S = 20

ON_A_CARD = """
import errno, os, runpy, sys, time
sync = os.fsync
def on_the_card(number):
    while os.path.exists(sys.argv[-1] + "/stalls"):
        time.sleep(0.01)
    if os.path.exists(sys.argv[-1] + "/refuses"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    sync(number)
os.fsync = on_the_card
runpy.run_module("board.pins", run_name="__main__", alter_sys=True)
"""
"""pins on a storage that stalls while STATE/stalls is there, and takes nothing while STATE/refuses is."""


class Pins:
    """One STATE and the process that serves it."""

    def __init__(self, folder):
        self.state = State(folder)
        self.process = None
        self.clients = []

    def start(self, program=("-m", "board.pins")):
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, *program, "--state", str(self.state.root)]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                connect(self.state.pins_socket, Codec(PINS_MESSAGES)).close()
            except (WireError, OSError):
                assert self.process.poll() is None, self.process.stderr.read()
                assert time.monotonic() < until, "pins did not start"
                time.sleep(0.02)
            else:
                return self

    def client(self):
        client = Client(connect(self.state.pins_socket, Codec(PINS_MESSAGES)))
        self.clients.append(client)
        return client

    def edges(self, *lines):
        """(line, level) of the edge log, oldest first; all lines when none are named."""
        return [(edge.line, edge.level) for edge in self.log() if not lines or edge.line in lines]

    def log(self):
        return read_edges(self.state.sim / "edges.jsonl")

    def await_edges(self, *expected):
        """Waits until the log of the lines in `expected` holds exactly these edges."""
        lines = {line for line, _ in expected}
        until = time.monotonic() + PATIENCE_S
        while self.edges(*lines) != list(expected):
            assert time.monotonic() < until, self.edges(*lines)
            time.sleep(0.01)

    def end(self):
        for client in self.clients:
            client.close()
        if self.process is not None:
            if self.process.poll() is None:
                self.process.terminate()
                self.process.wait(PATIENCE_S)
            self.process.stderr.close()


class Client:
    def __init__(self, channel):
        self.channel = channel
        self.seen = []

    def ask(self, request):
        """The answer to this request; what else arrived is in `seen`."""
        self.channel.send(request)
        return self.answer(request.id)

    def answer(self, name):
        """The last one: that a request was taken is among what was seen."""
        return self.until(lambda message: getattr(message, "id", None) == name and not isinstance(message, PinsTaken))

    def until(self, wanted):
        while True:
            message = self.channel.receive(PATIENCE_S)
            assert message is not None, f"no answer; seen: {self.seen}"
            if wanted(message):
                return message
            self.seen.append(message)

    def close(self):
        self.channel.close()


@pytest.fixture(scope="module")
def shared_pins(tmp_path_factory):
    """For tests after which everything is as before."""
    running = Pins(tmp_path_factory.mktemp("pins"))
    yield running.start()
    running.end()


@pytest.fixture
def pins(tmp_path):
    running = Pins(tmp_path)
    yield running.start()
    running.end()


@pytest.fixture
def card_pins(tmp_path):
    running = Pins(tmp_path)
    yield running.start(("-c", ON_A_CARD))
    (tmp_path / "stalls").unlink(missing_ok=True)
    running.end()
