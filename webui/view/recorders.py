"""Recorders: what to type into common video management systems and programs, with this camera's addresses filled in.

<<name>> in a template is an address or port of this camera (webui/view/integration.py); USER and PASSWORD are those of a device
password, which the page fills in once it has made one.
"""

from __future__ import annotations

from board.kit.dataclass import dataclass
from board.kit.words import mark


@dataclass(frozen=True, slots=True)
class Copied:
    """A text to copy. `use`: of the device password that it names; "" for none."""

    label: str
    template: str
    use: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """A recorder or VMS, and how the camera is entered there."""

    name: str
    steps: tuple[str, ...]
    copies: tuple[Copied, ...]


ADDRESS = Copied(mark("Address"), "<<host>>")
WEB_PORT = Copied(mark("Port"), "<<web_port>>")
DEVICE_SERVICE = Copied(mark("ONVIF address"), "<<onvif>>")
USER = Copied(mark("User name"), "USER", "onvif")
PASSWORD = Copied(mark("Password"), "PASSWORD", "onvif")
MAIN = Copied(mark("Video, full size"), "<<rtsp>>")
SUB = Copied(mark("Video, small"), "<<rtsp_sub>>")

FRIGATE = """cameras:
  gate:
    ffmpeg:
      inputs:
        - path: rtsp://USER:PASSWORD@<<rtsp_place>>/main
          roles: [record]
        - path: rtsp://USER:PASSWORD@<<rtsp_place>>/sub
          roles: [detect]
"""
HOME_ASSISTANT = """rest_command:
  open_gate:
    url: http://<<web>>/anpr/api/board/outputs/DO1
    method: post
    content_type: application/json
    headers:
      authorization: Bearer TOKEN
    payload: '{"do": "pulse", "duration_ms": 500, "reason": "Home Assistant"}'
"""

PRODUCTS = (
    Product(
        "Milestone XProtect",
        (
            mark("Add hardware, Manual, driver ONVIF (under Other): address, port, user name and password."),
            mark("Switch on video, metadata, inputs and outputs of the new hardware."),
            mark("Events of the device: choose LicensePlateDetector or Recognition."),
            mark("To have plates as analytics events instead, add the action MILESTONE to a list."),
        ),
        (ADDRESS, WEB_PORT, USER, PASSWORD),
    ),
    Product(
        "Network Optix Nx Witness",
        (
            mark("Add device, Known address: the ONVIF address, user name and password."),
            mark("In the same network the camera is found by itself."),
            mark("The metadata of the stream is read with the video; plates as generic events come by the action HTTP."),
        ),
        (DEVICE_SERVICE, USER, PASSWORD),
    ),
    Product(
        "Genetec Security Center",
        (
            mark("Config Tool, Video, Add unit: manufacturer ONVIF, product type All, address, HTTP port, specific log-in."),
            mark("The relay of the unit opens the gate for operators whose role may trigger outputs."),
        ),
        (ADDRESS, WEB_PORT, USER, PASSWORD),
    ),
    Product(
        "Synology Surveillance Station",
        (
            mark("IP camera, Add: brand ONVIF, model All functions, address, port, user name and password."),
            mark("If it finds no stream, choose brand User-defined and type the address of the video."),
        ),
        (ADDRESS, WEB_PORT, USER, PASSWORD, MAIN, SUB),
    ),
    Product(
        "Frigate",
        (
            mark("Put this into its configuration. The camera reads plates itself: Frigate's own recognition can stay off."),
            mark("Plates come by the action MQTT of a list, to the broker that Frigate uses."),
        ),
        (Copied("config.yml", FRIGATE, "onvif"),),
    ),
    Product(
        "Home Assistant",
        (
            mark("Settings, Devices, Add integration, ONVIF: address, port, user name and password give the picture."),
            mark("The action MQTT with Discovery adds the last plate and the barrier as entities by themselves."),
            mark("To open the gate, make a token with the permission open (Camera, Programs) and put it for TOKEN."),
        ),
        (ADDRESS, WEB_PORT, USER, PASSWORD, Copied("configuration.yaml", HOME_ASSISTANT)),
    ),
    Product(
        "Milesight NVR, VMS",
        (
            mark("Add the camera with ONVIF for its video."),
            mark("For plates add it as an LPR camera: its address, the port of plates, and a device password of the use nvr."),
            mark("Software that takes plates by HTTP gets them by the action HTTP, format Milesight."),
        ),
        (
            ADDRESS,
            Copied(mark("Port of plates"), "<<nvr_port>>"),
            Copied(mark("User name"), "USER", "nvr"),
            Copied(mark("Password"), "PASSWORD", "nvr"),
            DEVICE_SERVICE,
        ),
    ),
    Product(
        "VIVOTEK VAST 2",
        (
            mark("Add device by hand, brand ONVIF: address, port, user name and password."),
            mark("Plates come by the action VAST2 of a list."),
            mark("Scripts for VIVOTEK's cameras find setdo.cgi and getparam.cgi here as well."),
        ),
        (
            ADDRESS,
            WEB_PORT,
            USER,
            PASSWORD,
            Copied(mark("Open the gate for half a second"), "http://<<web>>/cgi-bin/dido/setdo.cgi?do1=1&pulse_ms=500"),
        ),
    ),
)
