"""Device: the service that a client asks first: what the camera is, what it can, what time it has (ONVIF Core, section 8)."""

from __future__ import annotations

from datetime import datetime, timedelta

from board.kit.zones import camera_zone
from engine.vms.onvif.camera import MANUFACTURER, Camera
from engine.vms.onvif.operations import OPEN, READ, Call, Operation, Service
from engine.vms.onvif.soap import cannot
from engine.vms.onvif.xml import Xml, join, tag

CATEGORIES = ("Analytics", "Device", "Events", "Imaging", "Media", "PTZ")
EXTENSIONS = ("DeviceIO",)
"""Elements of GetCapabilities in their order; the second ones stand in its Extension."""


def _get_system_date_and_time(camera: Camera, call: Call) -> Xml:
    now = camera.clock.now()
    zone = camera_zone(camera.settings.time_zone)
    local = now.astimezone(zone)
    return tag(
        "tds:GetSystemDateAndTimeResponse",
        tag(
            "tds:SystemDateAndTime",
            tag("tt:DateTimeType", "NTP"),
            tag("tt:DaylightSavings", bool(local.dst())),
            tag("tt:TimeZone", tag("tt:TZ", _posix(local))),
            _moment("tt:UTCDateTime", now),
            _moment("tt:LocalDateTime", local),
        ),
    )


def _moment(name: str, at: datetime) -> Xml:
    time = tag("tt:Time", tag("tt:Hour", at.hour), tag("tt:Minute", at.minute), tag("tt:Second", at.second))
    return tag(name, time, tag("tt:Date", tag("tt:Year", at.year), tag("tt:Month", at.month), tag("tt:Day", at.day)))


def _posix(local: datetime) -> str:
    """The zone as POSIX writes it, with the offset that it has now: "<+02:00>-02:00"."""
    offset = local.utcoffset() or timedelta()
    minutes = abs(round(offset.total_seconds() / 60))
    if not minutes:
        return "UTC0"
    east, clock = offset > timedelta(), f"{minutes // 60:02d}:{minutes % 60:02d}"
    return f"<{'+' if east else '-'}{clock.replace(':', '')}>{'-' if east else '+'}{clock}"


def _get_device_information(camera: Camera, call: Call) -> Xml:
    return tag(
        "tds:GetDeviceInformationResponse",
        tag("tds:Manufacturer", MANUFACTURER),
        tag("tds:Model", "LPR camera"),
        tag("tds:FirmwareVersion", camera.version),
        tag("tds:SerialNumber", camera.settings.camera_id),
        tag("tds:HardwareId", camera.board),
    )


def _get_services(camera: Camera, call: Call) -> Xml:
    with_capabilities = call.body.word("IncludeCapability") in ("true", "1")
    return tag("tds:GetServicesResponse", *(_service(camera, call, each, with_capabilities) for each in call.services))


def _service(camera: Camera, call: Call, service: Service, with_capabilities: bool) -> Xml:
    return tag(
        "tds:Service",
        tag("tds:Namespace", service.space),
        tag("tds:XAddr", call.base + service.path),
        tag("tds:Capabilities", service.capabilities(camera)) if with_capabilities else None,
        tag("tds:Version", tag("tt:Major", service.version[0]), tag("tt:Minor", service.version[1])),
    )


def _get_capabilities(camera: Camera, call: Call) -> Xml:
    known = {each.category: each for each in call.services if each.category}
    wanted = [each.text.strip() for each in call.body.all("Category")] or ["All"]
    if "All" in wanted:
        wanted = [*CATEGORIES, *EXTENSIONS]
    elif not any(each in known for each in wanted):
        raise cannot("ter:ActionNotSupported", "this camera has none of these services", "ter:NoSuchService")

    def of(category: str) -> Xml | None:
        if category not in wanted or category not in known:
            return None
        service = known[category]
        address = tag("tt:XAddr", call.base + service.path)
        return tag(f"tt:{category}", address, service.legacy(camera) if service.legacy is not None else None)

    extensions = [of(each) for each in EXTENSIONS]
    return tag(
        "tds:GetCapabilitiesResponse",
        tag(
            "tds:Capabilities",
            *(of(each) for each in CATEGORIES),
            tag("tt:Extension", *extensions) if any(extensions) else None,
        ),
    )


def _capabilities(camera: Camera) -> Xml:
    return tag(
        "tds:Capabilities",
        tag("tds:Network", NTP=0, IPFilter=False, ZeroConfiguration=False, IPVersion6=False, DynDNS=False),
        tag(
            "tds:Security",
            **{"TLS1.0": False, "TLS1.1": False, "TLS1.2": False, "X.509Token": False},
            OnboardKeyGeneration=False,
            AccessPolicyConfig=False,
            DefaultAccessPolicy=False,
            RemoteUserHandling=False,
            SAMLToken=False,
            KerberosToken=False,
            UsernameToken=True,
            HttpDigest=True,
            RELToken=False,
            HashingAlgorithms="MD5,SHA-256",
        ),
        tag(
            "tds:System",
            DiscoveryResolve=True,
            DiscoveryBye=True,
            RemoteDiscovery=False,
            SystemBackup=False,
            SystemLogging=False,
            FirmwareUpgrade=False,
        ),
    )


def _legacy(camera: Camera) -> Xml:
    version = tag("tt:SupportedVersions", tag("tt:Major", 2), tag("tt:Minor", 60))
    return join(
        tag(
            "tt:Network",
            *(tag(f"tt:{name}", False) for name in ("IPFilter", "ZeroConfiguration", "IPVersion6", "DynDNS")),
        ),
        tag(
            "tt:System",
            tag("tt:DiscoveryResolve", True),
            tag("tt:DiscoveryBye", True),
            *(tag(f"tt:{name}", False) for name in ("RemoteDiscovery", "SystemBackup", "SystemLogging", "FirmwareUpgrade")),
            version,
        ),
        tag(
            "tt:Security",
            *(
                tag(f"tt:{name}", False)
                for name in (
                    "TLS1.1", "TLS1.2", "OnboardKeyGeneration", "AccessPolicyConfig", "X.509Token", "SAMLToken", "KerberosToken",
                    "RELToken",
                )
            ),
        ),
    )  # fmt: skip


SERVICE = Service(
    prefix="tds",
    path="/onvif/device_service",
    version=(2, 60),
    operations=(
        Operation("GetSystemDateAndTime", OPEN, _get_system_date_and_time),
        Operation("GetDeviceInformation", READ, _get_device_information),
        Operation("GetServices", OPEN, _get_services),
        Operation("GetCapabilities", OPEN, _get_capabilities),
    ),
    capabilities=_capabilities,
    category="Device",
    legacy=_legacy,
)
