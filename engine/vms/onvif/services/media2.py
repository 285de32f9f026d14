"""Media 2: the same profiles, as clients of Profile T ask (ONVIF Media2 Service Specification)."""

from __future__ import annotations

from collections.abc import Callable

from engine.vms.onvif.camera import Camera, Video
from engine.vms.onvif.operations import READ, Call, Operation, Service
from engine.vms.onvif.services import _video as video
from engine.vms.onvif.soap import wrong
from engine.vms.onvif.xml import Xml, tag

PROTOCOLS = ("RtspUnicast", "RTSP", "RtspOverHttp", "")
TYPES = {"VideoSource": video.SOURCE, "Analytics": video.ANALYTICS, "Metadata": video.METADATA}
"""Kind of a configuration that both profiles have -> its token. Their encoders are named as they are."""


def _get_profiles(camera: Camera, call: Call) -> Xml:
    token, types = call.body.word("Token"), {each.text.strip() for each in call.body.all("Type")}
    found = (video.profile_named(camera, token),) if token else camera.videos()
    return tag("tr2:GetProfilesResponse", *(_profile(camera, each, types) for each in found))


def _profile(camera: Camera, profile: Video, types: set[str]) -> Xml:
    parts: dict[str, Callable[[], Xml]] = {
        "VideoSource": lambda: video.source_configuration(camera, "tr2:VideoSource"),
        "VideoEncoder": lambda: _encoder("tr2:VideoEncoder", profile),
        "Analytics": lambda: video.analytics_configuration("tr2:Analytics"),
        "Metadata": lambda: video.metadata_configuration("tr2:Metadata"),
    }
    wanted = [make() for name, make in parts.items() if name in types or "All" in types]
    return tag(
        "tr2:Profiles",
        tag("tr2:Name", video.PROFILES[profile.stream.name]),
        tag("tr2:Configurations", *wanted) if wanted else None,
        token=profile.stream.name,
        fixed=True,
    )


def _encoder(name: str, each: Video) -> Xml:
    """tt:VideoEncoder2Configuration."""
    h264 = {"GovLength": video.gov_length(each), "Profile": "Baseline"} if video.is_h264(each) else {}
    limits = (tag("tt:FrameRateLimit", float(each.stream.frames_per_s)), tag("tt:BitrateLimit", video.bit_rate(each)))
    return tag(
        name,
        *video.entity(f"{video.PROFILES[each.stream.name]} encoder"),
        tag("tt:Encoding", each.stream.codec),
        video.resolution("tt:Resolution", each.size),
        tag("tt:RateControl", *limits, ConstantBitRate=False),
        video.multicast(),
        tag("tt:Quality", float(video.quality(each))),
        token=each.stream.name,
        **h264,
    )


def _encoders(camera: Camera, call: Call) -> tuple[Video, ...]:
    """The encoders that the request names: of a configuration, of a profile, or all."""
    token = call.body.word("ConfigurationToken")
    if token:
        return (video.encoder_named(camera, token),)
    profile = call.body.word("ProfileToken")
    return (video.profile_named(camera, profile),) if profile else camera.videos()


def _get_encoders(camera: Camera, call: Call) -> Xml:
    found = (_encoder("tr2:Configurations", each) for each in _encoders(camera, call))
    return tag("tr2:GetVideoEncoderConfigurationsResponse", *found)


def _get_encoder_options(camera: Camera, call: Call) -> Xml:
    found = (_encoder_options(each) for each in _encoders(camera, call)[:1])
    return tag("tr2:GetVideoEncoderConfigurationOptionsResponse", *found)


def _encoder_options(each: Video) -> Xml:
    h264 = {"GovLengthRange": f"{video.gov_length(each)} {video.gov_length(each)}", "ProfilesSupported": "Baseline"}
    return tag(
        "tr2:Options",
        tag("tt:Encoding", each.stream.codec),
        video.between("tt:QualityRange", float(video.quality(each)), float(video.quality(each))),
        video.resolution("tt:ResolutionsAvailable", each.size),
        video.between("tt:BitrateRange", video.bit_rate(each), video.bit_rate(each)),
        FrameRatesSupported=float(each.stream.frames_per_s),
        ConstantBitRateSupported=False,
        **(h264 if video.is_h264(each) else {}),
    )


def _get_stream_uri(camera: Camera, call: Call) -> Xml:
    if call.body.word("Protocol") not in PROTOCOLS:
        raise wrong("ter:InvalidArgVal", "streams are fetched by RTSP", "ter:InvalidStreamSetup")
    address = video.stream_address(camera, call, call.body.word("ProfileToken"))
    return tag("tr2:GetStreamUriResponse", tag("tr2:Uri", address))


def _get_snapshot_uri(camera: Camera, call: Call) -> Xml:
    address = video.snapshot_address(camera, call, call.body.word("ProfileToken"))
    return tag("tr2:GetSnapshotUriResponse", tag("tr2:Uri", address))


def _get_instances(camera: Camera, call: Call) -> Xml:
    video.check_source(call.body.word("ConfigurationToken"))
    count = len(video.PROFILES)
    codec = tag("tr2:Codec", tag("tr2:Encoding", camera.videos()[0].stream.codec), tag("tr2:Number", count))
    return tag("tr2:GetVideoEncoderInstancesResponse", tag("tr2:Info", codec, tag("tr2:Total", count)))


def _listed(name: str, child: str, kind: str = "", make: Callable[[Camera, str], Xml] | None = None) -> Operation:
    """Tells what there is of a kind; both profiles have the same."""

    def answer(camera: Camera, call: Call) -> Xml:
        token, profile = call.body.word("ConfigurationToken"), call.body.word("ProfileToken")
        if token and token != TYPES.get(kind):
            raise video.no_configuration()
        if profile:
            video.profile_named(camera, profile)
        return tag(f"tr2:{name}Response", make(camera, f"tr2:{child}") if make is not None else None)

    return Operation(name, READ, answer)


def _add_configuration(camera: Camera, call: Call) -> Xml:
    """Adding to a profile what it already has: clients do so to be sure."""
    profile = video.profile_named(camera, call.body.word("ProfileToken"))
    for each in call.body.all("Configuration"):
        kind, token = each.word("Type"), each.word("Token")
        if token and token != {**TYPES, "VideoEncoder": profile.stream.name}.get(kind):
            raise video.no_configuration()
        if kind not in (*TYPES, "VideoEncoder"):
            raise wrong("ter:InvalidArgVal", video.NOT_CHANGED, "ter:ConfigurationConflict")
    return tag("tr2:AddConfigurationResponse")


def _set_synchronization_point(camera: Camera, call: Call) -> Xml:
    """As in media."""
    video.profile_named(camera, call.body.word("ProfileToken"))
    return tag("tr2:SetSynchronizationPointResponse")


NOTHING = (
    ("GetAudioSourceConfigurations", "Configurations"),
    ("GetAudioEncoderConfigurations", "Configurations"),
    ("GetAudioOutputConfigurations", "Configurations"),
    ("GetAudioDecoderConfigurations", "Configurations"),
    ("GetOSDs", "OSDs"),
    ("GetMasks", "Masks"),
)
"""Operations whose answer is an empty list."""


def _capabilities(camera: Camera) -> Xml:
    return tag(
        "tr2:Capabilities",
        tag(
            "tr2:ProfileCapabilities",
            MaximumNumberOfProfiles=len(video.PROFILES),
            ConfigurationsSupported="VideoSource VideoEncoder Analytics Metadata",
        ),
        tag("tr2:StreamingCapabilities", RTSPStreaming=True, RTPMulticast=False, RTP_RTSP_TCP=True, NonAggregateControl=False),
        SnapshotUri=True,
        Rotation=False,
        VideoSourceMode=False,
        OSD=False,
        Mask=False,
    )


SERVICE = Service(
    prefix="tr2",
    path="/onvif/media2_service",
    version=(2, 60),
    operations=(
        Operation("GetProfiles", READ, _get_profiles),
        Operation("GetStreamUri", READ, _get_stream_uri),
        Operation("GetSnapshotUri", READ, _get_snapshot_uri),
        Operation("GetVideoEncoderConfigurations", READ, _get_encoders),
        Operation("GetVideoEncoderConfigurationOptions", READ, _get_encoder_options),
        Operation("GetVideoEncoderInstances", READ, _get_instances),
        Operation("AddConfiguration", READ, _add_configuration),
        Operation("SetSynchronizationPoint", READ, _set_synchronization_point),
        _listed("GetVideoSourceConfigurations", "Configurations", "VideoSource", video.source_configuration),
        _listed("GetVideoSourceConfigurationOptions", "Options", "VideoSource", video.source_options),
        _listed("GetMetadataConfigurations", "Configurations", "Metadata", lambda _, name: video.metadata_configuration(name)),
        _listed("GetMetadataConfigurationOptions", "Options", "Metadata", lambda _, name: video.metadata_options(name)),
        _listed("GetAnalyticsConfigurations", "Configurations", "Analytics", lambda _, name: video.analytics_configuration(name)),
        *video.set_operations("tr2"),
        *(_listed(name, child) for name, child in NOTHING),
    ),
    capabilities=_capabilities,
)
