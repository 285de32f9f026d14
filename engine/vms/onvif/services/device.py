"""Device: the service that a client asks first: what the camera is, what it can, what time it has (ONVIF Core, section 8)."""

from __future__ import annotations

import socket
from datetime import datetime, timedelta

from board import interfaces as network
from board.kit.zones import camera_zone
from engine.vms.onvif.camera import MANUFACTURER, MODEL, Camera
from engine.vms.onvif.operations import ACT, OPEN, READ, Call, Later, Operation, Service
from engine.vms.onvif.place import PATH, web_port
from engine.vms.onvif.scopes import address, scopes
from engine.vms.onvif.services import _relays as relays
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
        tag("tds:Model", MODEL),
        tag("tds:FirmwareVersion", camera.version),
        tag("tds:SerialNumber", camera.settings.camera_id),
        tag("tds:HardwareId", camera.hardware),
    )


def _get_scopes(camera: Camera, call: Call) -> Xml:
    """All are fixed: they come from the settings."""
    found = (tag("tds:Scopes", tag("tt:ScopeDef", "Fixed"), tag("tt:ScopeItem", each)) for each in scopes(camera))
    return tag("tds:GetScopesResponse", *found)


def _get_hostname(camera: Camera, call: Call) -> Xml:
    name = tag("tt:Name", socket.gethostname())
    return tag("tds:GetHostnameResponse", tag("tds:HostnameInformation", tag("tt:FromDHCP", False), name))


def _get_endpoint_reference(camera: Camera, call: Call) -> Xml:
    return tag("tds:GetEndpointReferenceResponse", tag("tds:GUID", address(camera)))


def _get_wsdl_url(camera: Camera, call: Call) -> Xml:
    return tag("tds:GetWsdlUrlResponse", tag("tds:WsdlUrl", "https://www.onvif.org/ver10/device/wsdl/devicemgmt.wsdl"))


def _get_discovery_mode(camera: Camera, call: Call) -> Xml:
    mode = "Discoverable" if camera.settings.discovery else "NonDiscoverable"
    return tag("tds:GetDiscoveryModeResponse", tag("tds:DiscoveryMode", mode))


def _get_network_interfaces(camera: Camera, call: Call) -> Xml:
    return tag("tds:GetNetworkInterfacesResponse", *(_interface(each) for each in network.interfaces()))


def _interface(each: network.Interface) -> Xml:
    info = tag("tt:Info", tag("tt:Name", each.name), tag("tt:HwAddress", each.mac), tag("tt:MTU", each.mtu))
    given = tag("tt:Manual", tag("tt:Address", each.address), tag("tt:PrefixLength", each.prefix)) if each.address else None
    config = tag("tt:Config", given, tag("tt:DHCP", False))
    return tag(
        "tds:NetworkInterfaces",
        tag("tt:Enabled", each.is_up),
        info,
        tag("tt:IPv4", tag("tt:Enabled", bool(each.address)), config),
        token=each.name,
    )


def _get_network_protocols(camera: Camera, call: Call) -> Xml:
    ports = (("HTTP", True, web_port()), ("RTSP", camera.settings.rtsp, camera.rtsp_port()))
    told = ((tag("tt:Name", name), tag("tt:Enabled", is_on), tag("tt:Port", port)) for name, is_on, port in ports)
    return tag("tds:GetNetworkProtocolsResponse", *(tag("tds:NetworkProtocols", *each) for each in told))


def _get_network_default_gateway(camera: Camera, call: Call) -> Xml:
    found = network.gateway()
    given = tag("tt:IPv4Address", found) if found else None
    return tag("tds:GetNetworkDefaultGatewayResponse", tag("tds:NetworkGateway", given))


def _get_dns(camera: Camera, call: Call) -> Xml:
    servers = (tag("tt:DNSManual", tag("tt:Type", "IPv4"), tag("tt:IPv4Address", each)) for each in network.name_servers())
    return tag("tds:GetDNSResponse", tag("tds:DNSInformation", tag("tt:FromDHCP", False), *servers))


def _get_ntp(camera: Camera, call: Call) -> Xml:
    """The operating system sets the clock and chooses its time servers."""
    return tag("tds:GetNTPResponse", tag("tds:NTPInformation", tag("tt:FromDHCP", False)))


def _get_users(camera: Camera, call: Call) -> Xml:
    """The user of the request alone: device passwords are managed in the camera's own pages."""
    name = call.asked.token.user if call.asked.token is not None else call.who
    level = "Operator" if "open" in call.permissions else "User"
    return tag("tds:GetUsersResponse", tag("tds:User", tag("tt:Username", name), tag("tt:UserLevel", level)))


def _set_relay_output_settings(camera: Camera, call: Call) -> Later:
    output, properties = call.body.word("RelayOutputToken"), call.body.first("Properties")
    return relays.set_relay_output_settings("tds:SetRelayOutputSettingsResponse", camera, call, output, properties)


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
            "tt:IO",
            tag("tt:InputConnectors", len(relays.inputs(camera))),
            tag("tt:RelayOutputs", len(relays.outputs(camera))),
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
    path=PATH,
    version=(2, 60),
    operations=(
        Operation("GetSystemDateAndTime", OPEN, _get_system_date_and_time),
        Operation("GetDeviceInformation", READ, _get_device_information),
        Operation("GetServices", OPEN, _get_services),
        Operation("GetCapabilities", OPEN, _get_capabilities),
        Operation("GetHostname", OPEN, _get_hostname),
        Operation("GetEndpointReference", OPEN, _get_endpoint_reference),
        Operation("GetWsdlUrl", OPEN, _get_wsdl_url),
        Operation("GetScopes", READ, _get_scopes),
        Operation("GetDiscoveryMode", READ, _get_discovery_mode),
        Operation("GetNetworkInterfaces", READ, _get_network_interfaces),
        Operation("GetNetworkProtocols", READ, _get_network_protocols),
        Operation("GetNetworkDefaultGateway", READ, _get_network_default_gateway),
        Operation("GetDNS", READ, _get_dns),
        Operation("GetNTP", READ, _get_ntp),
        Operation("GetUsers", READ, _get_users),
        Operation("GetRelayOutputs", READ, relays.get_relay_outputs),
        Operation("SetRelayOutputState", ACT, relays.set_relay_output_state),
        Operation("SetRelayOutputSettings", ACT, _set_relay_output_settings),
    ),
    capabilities=_capabilities,
    category="Device",
    legacy=_legacy,
)
