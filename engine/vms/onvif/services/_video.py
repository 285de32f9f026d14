"""Video: profiles and their configurations, as both media services report them.

There are two profiles, each with the camera's one video source, its own encoder, the analytics and the metadata. The board
determines what the encoders make (engine/video/plan.py): a client may only set what is already in force.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.formats.onvif import DETECTOR_RULE, RULE, VIDEO_ANALYTICS, VIDEO_SOURCE
from engine.video.plan import H264, KEY_EVERY_S
from engine.vms.onvif.camera import Camera, Video
from engine.vms.onvif.operations import READ, SNAPSHOT, Call, Operation
from engine.vms.onvif.soap import Fault, wrong
from engine.vms.onvif.xml import Element, Xml, join, tag

PROFILES = {"main": "Main", "sub": "Sub"}
"""Token of a profile, which is also that of its encoder and the path of its stream -> its name."""

METADATA = "Metadata"
"""Token of the metadata's configuration."""

SOURCE, ANALYTICS = VIDEO_SOURCE, VIDEO_ANALYTICS
"""Tokens of the video source, which is also that of its configuration, and of the analytics: those that events name."""

SESSION = "PT60S"
NOT_CHANGED = "this camera's streams are made by its board: what it offers are the values that it has"


def profile_named(camera: Camera, token: str) -> Video:
    """Fault for an unknown token."""
    found = next((each for each in camera.videos() if each.stream.name == token), None)
    if found is None:
        raise wrong("ter:InvalidArgVal", "there is no such profile", "ter:NoProfile")
    return found


def encoder_named(camera: Camera, token: str) -> Video:
    """Fault for an unknown token."""
    found = next((each for each in camera.videos() if each.stream.name == token), None)
    if found is None:
        raise no_configuration()
    return found


def no_configuration() -> Fault:
    return wrong("ter:InvalidArgVal", "there is no such configuration", "ter:NoConfig")


def check_source(token: str) -> None:
    """Fault for a token that is not that of the video source."""
    if token != SOURCE:
        raise wrong("ter:InvalidArgVal", "there is no such video source", "ter:NoVideoSource")


def stream_address(camera: Camera, call: Call, profile: str) -> str:
    profile_named(camera, profile)
    if not camera.settings.rtsp:
        raise wrong("ter:InvalidArgVal", "RTSP is switched off in the camera's settings", "ter:InvalidStreamSetup")
    return f"rtsp://{call.host}:{camera.rtsp_port()}/{profile}"


def snapshot_address(camera: Camera, call: Call, profile: str) -> str:
    profile_named(camera, profile)
    return f"{call.base}{SNAPSHOT}?profile={profile}"


def resolution(name: str, size: tuple[int, int]) -> Xml:
    return tag(name, tag("tt:Width", size[0]), tag("tt:Height", size[1]))


def between(name: str, least: object, most: object) -> Xml:
    return tag(name, tag("tt:Min", least), tag("tt:Max", most))


def video_source(camera: Camera, name: str) -> Xml:
    """tt:VideoSource."""
    rate = float(camera.videos()[0].stream.frames_per_s)
    return tag(name, tag("tt:Framerate", rate), resolution("tt:Resolution", camera.size()), token=SOURCE)


def source_configuration(camera: Camera, name: str) -> Xml:
    """tt:VideoSourceConfiguration."""
    width, height = camera.size()
    return tag(
        name,
        *entity("Video source", len(PROFILES)),
        tag("tt:SourceToken", SOURCE),
        tag("tt:Bounds", x=0, y=0, width=width, height=height),
        token=SOURCE,
    )


def source_options(camera: Camera, name: str) -> Xml:
    """tt:VideoSourceConfigurationOptions."""
    width, height = camera.size()
    bounds = (
        between("tt:XRange", 0, 0),
        between("tt:YRange", 0, 0),
        between("tt:WidthRange", width, width),
        between("tt:HeightRange", height, height),
    )
    return tag(name, tag("tt:BoundsRange", *bounds), tag("tt:VideoSourceTokensAvailable", SOURCE))


def quality(video: Video) -> int:
    return video.stream.quality_pct


def bit_rate(video: Video) -> int:
    """kbit/s; of JPEG, whose pictures have as many bytes as they need, about the most."""
    width, height = video.size
    return video.stream.kbit_per_s or width * height * video.stream.frames_per_s * 2 // 1000


def multicast() -> Xml:
    """There is none."""
    address = tag("tt:Address", tag("tt:Type", "IPv4"), tag("tt:IPv4Address", "0.0.0.0"))
    return tag("tt:Multicast", address, tag("tt:Port", 0), tag("tt:TTL", 0), tag("tt:AutoStart", False))


def gov_length(video: Video) -> int:
    """Distance between key pictures, in pictures."""
    return KEY_EVERY_S * video.stream.frames_per_s


def is_h264(video: Video) -> bool:
    return video.stream.codec == H264


def metadata_configuration(name: str) -> Xml:
    """tt:MetadataConfiguration: the stream's metadata track carries all events."""
    return tag(
        name,
        *entity("Metadata", len(PROFILES)),
        tag("tt:Events"),
        tag("tt:Analytics", True),
        multicast(),
        tag("tt:SessionTimeout", SESSION),
        token=METADATA,
        CompressionType="None",
    )


def metadata_options(name: str) -> Xml:
    """tt:MetadataConfigurationOptions."""
    status = (tag("tt:PanTiltStatusSupported", False), tag("tt:ZoomStatusSupported", False))
    return tag(name, tag("tt:PTZStatusFilterOptions", *status))


def analytics_configuration(name: str) -> Xml:
    """tt:VideoAnalyticsConfiguration."""
    return tag(
        name,
        *entity("Licence plates", len(PROFILES)),
        tag("tt:AnalyticsEngineConfiguration"),
        tag("tt:RuleEngineConfiguration", rules("tt:Rule")),
        token=ANALYTICS,
    )


def rules(name: str) -> Xml:
    """tt:Config of each rule whose events are sent."""
    types = ((RULE, "tt:LicensePlateRecognition"), (DETECTOR_RULE, "tt:LicensePlateDetector"))
    return join(*(tag(name, tag("tt:Parameters"), Name=rule, Type=type_name) for rule, type_name in types))


def check_encoder(camera: Camera, wanted: Element) -> None:
    """Fault if a client tries to change an encoder. Name, multicast and time-outs are ignored."""
    video = encoder_named(camera, wanted.attributes.get("token", ""))
    asked = (wanted.word("Encoding"), wanted.word("Resolution", "Width"), wanted.word("Resolution", "Height"))
    if asked != (video.stream.codec, str(video.size[0]), str(video.size[1])):
        raise wrong("ter:InvalidArgVal", NOT_CHANGED, "ter:ConfigModify")


def check_source_configuration(camera: Camera, wanted: Element) -> None:
    """The same for the source."""
    if wanted.attributes.get("token") != SOURCE:
        raise no_configuration()
    bounds = wanted.first("Bounds")
    asked = bounds.attributes if bounds is not None else {}
    width, height = camera.size()
    if wanted.word("SourceToken") != SOURCE or (asked.get("width"), asked.get("height")) != (str(width), str(height)):
        raise wrong("ter:InvalidArgVal", NOT_CHANGED, "ter:ConfigModify")


def check_metadata(wanted: Element) -> None:
    """The same for the metadata, which all clients share."""
    if wanted.attributes.get("token") != METADATA:
        raise no_configuration()


def set_operations(prefix: str) -> tuple[Operation, ...]:
    """The operations that set a configuration, of the media service with this prefix; they accept only what is already in force."""

    def operation(name: str, check: Callable[[Camera, Element], None]) -> Operation:
        def answer(camera: Camera, call: Call) -> Xml:
            wanted = call.body.first("Configuration")
            if wanted is None:
                raise no_configuration()
            check(camera, wanted)
            return tag(f"{prefix}:{name}Response")

        return Operation(name, READ, answer)

    return (
        operation("SetVideoEncoderConfiguration", check_encoder),
        operation("SetVideoSourceConfiguration", check_source_configuration),
        operation("SetMetadataConfiguration", lambda camera, wanted: check_metadata(wanted)),
    )


def entity(name: str, uses: int = 1) -> tuple[Xml, Xml]:
    """What each configuration begins with. `uses`: profiles that have it."""
    return tag("tt:Name", name), tag("tt:UseCount", uses)
