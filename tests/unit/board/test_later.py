"""Later: a module that nobody looked into is not loaded, and whoever looks finds it whole. In processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def said(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_a_module_does_not_load_it() -> None:
    assert said(
        "import board, dataclasses, inspect, logging.handlers, pickle, sys; print('ast' in sys.modules, '_pickle' in sys.modules)"
    ) == ("False False")


@pytest.mark.parametrize(
    "code",
    [
        "import pickle; print(pickle.loads(pickle.dumps(7)))",
        "from pickle import dumps, loads; print(loads(dumps(7)))",
        "from pickle import *; print(loads(dumps(7)))",
        "import pickle as first; first.dumps; import pickle; print(7 * (pickle is not first and pickle.dumps is first.dumps))",
        "import importlib.util as util; print(7 if util.find_spec('pickle').origin.endswith('pickle.py') else 0)",
        "import copyreg, pickle, pydantic; print(pickle.loads(pickle.dumps(7)))",
    ],
)
def test_whoever_looks_into_it_finds_it_whole(code: str) -> None:
    assert said(f"import board; {code}") == "7"


def test_threads_that_look_at_once_all_find_it() -> None:
    code = """
import board, threading, subprocess, zipfile
found, start = [], threading.Barrier(16)
def look():
    start.wait()
    found.append((subprocess.run, zipfile.ZipFile))
threads = [threading.Thread(target=look) for _ in range(16)]
for each in threads: each.start()
for each in threads: each.join()
print(len(found), len(set(found)))
"""
    assert said(code) == "16 1"


def test_a_thread_that_looks_while_a_faster_one_loads_it_does_not_load_another_one() -> None:
    """What one module raised, nobody caught who asked the other one for the name of it."""
    code = """
import board, board._later as later, sys, threading
from types import SimpleNamespace
import configparser
found = []
class Slow(dict):
    def get(self, name):
        stands = sys.modules.get(name)
        if threading.current_thread() is threading.main_thread():
            faster.start()
            faster.join(0.5)
        return stands
    def __delitem__(self, name): sys.modules.pop(name, None)
    def pop(self, name, other): sys.modules.pop(name, other)
later.sys = SimpleNamespace(modules=Slow())
faster = threading.Thread(target=lambda: found.append(configparser.Error))
found.append(configparser.Error)
faster.join()
print(len(found), len(set(found)))
"""
    assert said(code) == "2 1"


def test_what_is_loaded_already_stays() -> None:
    assert said("import pickle; before = pickle; import board, pickle; print(pickle is before)") == "True"
