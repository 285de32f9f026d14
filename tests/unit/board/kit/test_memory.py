"""What the processes of a small board do not load: looked at in processes of their own, as they start."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from board.identity import device_serial
from board.kit.state import State
from firmware.packages.licence import licence_bytes
from tests.tiny_package import KEY, contents, trust_file, write
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[4]
MANAGER = "from board.kit.memory import *; hash_without_openssl(); speak_http_without_tls(); find_addresses_without_inspect(); "
MANAGER += "import webui.server"
HOST = "from board.kit.memory import *; speak_http_without_tls(); find_addresses_without_inspect(); "
HOST += "import firmware.run, firmware.gateway.app; firmware.gateway.app.routes()"
SERVICE = (
    "from board.kit.memory import *; hash_without_openssl(); import engine.service.run; from engine.actions import find_kinds; "
    "find_kinds()"
)


ENGINE = (
    "from board.kit.memory import *; hash_without_openssl(); import board.camera, engine.reading.run, engine.recognise.pipeline; "
    "from board.camera._kind import CameraKind; from board.kit.registry import find; find(board.camera, 'CAMERA', CameraKind)"
)


def loaded(start: str, *modules: str) -> list[str]:
    """Those of `modules` that a process has loaded after `start`."""
    code = f"{start}; import sys; print(*[name for name in {modules!r} if sys.modules.get(name) is not None])"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()


def loaded_after(program: str, *modules: str) -> list[str]:
    """Those of `modules` that a process has loaded when `program` ends by sys.exit(0)."""
    code = f"import sys\ntry:\n    {program}\nexcept SystemExit as end:\n    assert end.code == 0\n"
    code += f"print('loaded', *[name for name in {modules!r} if sys.modules.get(name) is not None])"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return said.splitlines()[-1].split()[1:]


@pytest.mark.parametrize("start", [SERVICE, MANAGER], ids=["service", "manager"])
def test_no_openssl_numpy_or_video_library_is_loaded_before_somebody_needs_it(start: str) -> None:
    heavy = ("_hashlib", "ssl", "_ssl", "numpy", "av", "requests", "asyncio", "ai_edge_litert", "cryptography")
    assert loaded(start, *heavy, "pydantic", "pydantic_core", "typing_extensions") == []


def test_the_engine_reads_plates_without_the_libraries_of_settings_database_http_and_video() -> None:
    heavy = ("pydantic", "sqlite3", "engine.store", "_hashlib", "ssl", "http.client", "email", "av", "statistics", "decimal")
    assert loaded(ENGINE, *heavy, "numpy") == ["numpy"]


def test_vms_and_video_load_neither_pydantic_nor_the_database() -> None:
    start = "from board.kit.memory import *; hash_without_openssl(); import engine.vms.run, engine.video.run"
    assert loaded(start, "pydantic", "sqlite3", "_hashlib", "ssl", "http.client", "asyncio", "email", "numpy") == []


@pytest.mark.parametrize(
    "start",
    [SERVICE, MANAGER, "import board.pins.__main__", "import engine.vms.run", HOST, "import firmware.packages.checker"],
    ids=["service", "manager", "pins", "vms", "host", "checker"],
)
def test_what_others_import_of_the_standard_library_and_never_use_is_not_loaded(start: str) -> None:
    """inspect, which every dataclass without a docstring is looked at with, brings ast."""
    assert loaded(start, "ast", "_pickle", "_bz2", "_lzma", "_posixsubprocess") == []


def test_bottle_finds_the_parameters_of_a_function_also_without_inspect() -> None:
    code = (
        "import board; from board.kit.memory import find_addresses_without_inspect as find; find(); import bottle; "
        "app = bottle.Bottle(); app.route('/<a>')(lambda a, b=1: a); print(app.routes[0].get_callback_args()); "
        "import inspect; print(len(inspect.signature(lambda a, b: 1).parameters))"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said == "['a', 'b']\n2\n"


def test_hashes_are_the_same_without_openssl_and_it_can_still_be_loaded_afterwards() -> None:
    code = (
        "from board.kit.memory import hash_without_openssl; hash_without_openssl(); import hashlib, hmac, sys; "
        "assert '_hashlib' not in sys.modules; "
        "print(hashlib.sha256(b'plate').hexdigest(), hashlib.new('md5', b'plate').hexdigest(), "
        "hmac.new(b'key', b'plate', 'sha256').hexdigest()); "
        "from board.kit.digest import _hash; print(_hash('sha512_256', b'plate')); import ssl"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    import hmac

    assert said == [
        hashlib.sha256(b"plate").hexdigest(),
        hashlib.md5(b"plate").hexdigest(),
        hmac.new(b"key", b"plate", "sha256").hexdigest(),
        hashlib.new("sha512_256", b"plate").hexdigest(),
    ]


def test_what_is_loaded_already_stays() -> None:
    from board.kit.memory import hash_without_openssl

    before = hashlib.sha256
    hash_without_openssl()
    assert "_hashlib" in sys.modules and hashlib.sha256 is before and hashlib.scrypt is not None


def test_the_host_at_work_has_loaded_neither_tls_nor_the_library_of_signatures(tmp_path: Path) -> None:
    """It has checked an installed package and its licence by then, has started it, and looks at the licence again."""
    state, told = tmp_path / "state", tmp_path / "state" / "told.txt"
    members = contents(conf=lambda text: text.replace("mechanism = none", "mechanism = file"))
    archive, key, licence = write(tmp_path / "tiny.tar.gz", members), trust_file(tmp_path), tmp_path / "licence.json"
    install = [sys.executable, "-m", "firmware", "install", str(archive), "--state", str(state), "--trust", str(key)]
    subprocess.run(install, cwd=ROOT, check=True, capture_output=True)
    fields = {"package": "TINY", "serial": device_serial(State(state)), "expires": ""}
    signature = b64encode(KEY.sign(licence_bytes(**fields))).decode()
    licence.write_text(json.dumps({"licence": fields, "signature": signature}))
    words = [*install[3:], "--licence", str(licence)]
    again = f"import sys, firmware.__main__ as host; sys.exit(host.main({words!r}))"
    assert loaded_after(again, "cryptography", "pydantic_core") == []
    code = "import firmware.packages.running as running; running.LICENCE_EVERY_S = 0; import sys, firmware.__main__ as host; "
    start = ["--state", str(state), "--port", "0", "--trust", str(key)]
    host = subprocess.Popen([sys.executable, "-c", f"{code}sys.exit(host.main({start!r}))"], cwd=ROOT)
    try:
        until(lambda: "licensed=1" in told.read_text(), "the first process of the package, with its licence", 60)
        for name in ("TINY.json", "TINY.json.copy"):
            (state / "host" / "licences" / name).write_text("{}")
        until(lambda: "licensed=0" in told.read_text(), "a look at the licence", 60)
        maps = Path(f"/proc/{host.pid}/maps").read_text()
    finally:
        host.terminate()
        host.wait(30)
    assert [name for name in ("pydantic_core", "cryptography", "/_ssl.", "libssl") if name in maps] == []
