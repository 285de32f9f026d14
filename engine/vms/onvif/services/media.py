"""Media: profiles and where their streams are, as clients of Profile S ask (ONVIF Media Service Specification)."""

from __future__ import annotations

from collections.abc import Callable

from engine.vms.onvif.camera import Camera, Video
from engine.vms.onvif.operations import READ, Call, Operation, Service
from engine.vms.onvif.services import _video as video
from engine.vms.onvif.soap import wrong
from engine.vms.onvif.xml import Xml, join, tag

STREAM = "RTP-Unicast"


def _get_profiles(camera: Camera, call: Call) -> Xml:
    return tag("trt:GetProfilesResponse", *(_profile(camera, "trt:Profiles", each) for each in camera.videos()))


def _get_profile(camera: Camera, call: Call) -> Xml:
    found = video.profile_named(camera, call.body.word("ProfileToken"))
    return tag("trt:GetProfileResponse", _profile(camera, "trt:Profile", found))


def _profile(camera: Camera, name: str, profile: Video) -> Xml:
    return tag(
        name,
        tag("tt:Name", video.PROFILES[profile.stream.name]),
        video.source_configuration(camera, "tt:VideoSourceConfiguration"),
        _encoder("tt:VideoEncoderConfiguration", profile),
        video.analytics_configuration("tt:VideoAnalyticsConfiguration"),
        video.metadata_configuration("tt:MetadataConfiguration"),
        token=profile.stream.name,
        fixed=True,
    )


def _encoder(name: str, each: Video) -> Xml:
    """tt:VideoEncoderConfiguration."""
    rate = (
        tag("tt:FrameRateLimit", each.stream.frames_per_s),
        tag("tt:EncodingInterval", 1),
        tag("tt:BitrateLimit", video.bit_rate(each)),
    )
    h264 = (tag("tt:GovLength", video.gov_length(each)), tag("tt:H264Profile", "Baseline"))
    return tag(
        name,
        *video.entity(f"{video.PROFILES[each.stream.name]} encoder"),
        tag("tt:Encoding", each.stream.codec),
        video.resolution("tt:Resolution", each.size),
        tag("tt:Quality", video.quality(each)),
        tag("tt:RateControl", *rate),
        tag("tt:H264", *h264) if video.is_h264(each) else None,
        video.multicast(),
        tag("tt:SessionTimeout", video.SESSION),
        token=each.stream.name,
    )


def _encoder_options(camera: Camera, call: Call) -> Xml:
    token = call.body.word("ConfigurationToken") or call.body.word("ProfileToken") or next(iter(video.PROFILES))
    each = video.encoder_named(camera, token)
    rate = each.stream.frames_per_s
    common = (
        video.resolution("tt:ResolutionsAvailable", each.size),
        video.between("tt:GovLengthRange", video.gov_length(each), video.gov_length(each)) if video.is_h264(each) else None,
        video.between("tt:FrameRateRange", rate, rate),
        video.between("tt:EncodingIntervalRange", 1, 1),
        tag("tt:H264ProfilesSupported", "Baseline") if video.is_h264(each) else None,
    )
    options = (
        video.between("tt:QualityRange", video.quality(each), video.quality(each)),
        tag(f"tt:{each.stream.codec}", *common),
    )
    return tag("trt:GetVideoEncoderConfigurationOptionsResponse", tag("trt:Options", *options))


def _get_stream_uri(camera: Camera, call: Call) -> Xml:
    kind = call.body.word("StreamSetup", "Stream")
    if kind and kind != STREAM:
        raise wrong("ter:InvalidArgVal", "there is no multicast", "ter:InvalidStreamSetup")
    return _uri("trt:GetStreamUriResponse", video.stream_address(camera, call, call.body.word("ProfileToken")))


def _get_snapshot_uri(camera: Camera, call: Call) -> Xml:
    return _uri("trt:GetSnapshotUriResponse", video.snapshot_address(camera, call, call.body.word("ProfileToken")))


def _uri(name: str, address: str) -> Xml:
    valid = (tag("tt:InvalidAfterConnect", False), tag("tt:InvalidAfterReboot", False), tag("tt:Timeout", "PT0S"))
    return tag(name, tag("trt:MediaUri", tag("tt:Uri", address), *valid))


def _get_instances(camera: Camera, call: Call) -> Xml:
    """Each encoder serves one of the streams."""
    codec = camera.videos()[0].stream.codec
    video.check_source(call.body.word("ConfigurationToken"))
    count = len(video.PROFILES)
    return tag("trt:GetGuaranteedNumberOfVideoEncoderInstancesResponse", tag("trt:TotalNumber", count), tag(f"trt:{codec}", count))


def _listed(name: str, child: str, *made: Callable[[Camera, str], Xml]) -> Operation:
    """Lists all; the element that names a profile or configuration is ignored, because all have the same."""

    def answer(camera: Camera, call: Call) -> Xml:
        return tag(f"trt:{name}Response", *(make(camera, f"trt:{child}") for make in made))

    return Operation(name, READ, answer)


def _one(name: str, child: str, token: str, make: Callable[[Camera, str], Xml]) -> Operation:
    """Returns the only one, by its `token`."""

    def answer(camera: Camera, call: Call) -> Xml:
        if call.body.word("ConfigurationToken") != token:
            raise video.no_configuration()
        return tag(f"trt:{name}Response", make(camera, f"trt:{child}"))

    return Operation(name, READ, answer)


def _encoders(name: str) -> Operation:
    def answer(camera: Camera, call: Call) -> Xml:
        return tag(f"trt:{name}Response", *(_encoder("trt:Configurations", each) for each in camera.videos()))

    return Operation(name, READ, answer)


def _get_encoder(camera: Camera, call: Call) -> Xml:
    found = video.encoder_named(camera, call.body.word("ConfigurationToken"))
    return tag("trt:GetVideoEncoderConfigurationResponse", _encoder("trt:Configuration", found))


def _add(name: str, is_there: Callable[[str, str], bool]) -> Operation:
    """Adding to a profile what it already has: clients do so to be sure."""

    def answer(camera: Camera, call: Call) -> Xml:
        profile = video.profile_named(camera, call.body.word("ProfileToken"))
        if not is_there(profile.stream.name, call.body.word("ConfigurationToken")):
            raise wrong("ter:InvalidArgVal", video.NOT_CHANGED, "ter:NoConfig")
        return tag(f"trt:{name}Response")

    return Operation(name, READ, answer)


def _set_synchronization_point(camera: Camera, call: Call) -> Xml:
    """A key picture comes at least every 2 s, and whenever somebody begins to watch."""
    video.profile_named(camera, call.body.word("ProfileToken"))
    return tag("trt:SetSynchronizationPointResponse")


def _sources(camera: Camera, call: Call) -> Xml:
    return tag("trt:GetVideoSourcesResponse", video.video_source(camera, "trt:VideoSources"))


def _metadata(camera: Camera, name: str) -> Xml:
    return video.metadata_configuration(name)


def _metadata_options(camera: Camera, name: str) -> Xml:
    return video.metadata_options(name)


def _analytics(camera: Camera, name: str) -> Xml:
    return video.analytics_configuration(name)


NOTHING = (
    ("GetAudioSources", "AudioSources"),
    ("GetAudioOutputs", "AudioOutputs"),
    ("GetAudioSourceConfigurations", "Configurations"),
    ("GetAudioEncoderConfigurations", "Configurations"),
    ("GetAudioOutputConfigurations", "Configurations"),
    ("GetAudioDecoderConfigurations", "Configurations"),
    ("GetCompatibleAudioSourceConfigurations", "Configurations"),
    ("GetCompatibleAudioEncoderConfigurations", "Configurations"),
    ("GetCompatibleAudioOutputConfigurations", "Configurations"),
    ("GetCompatibleAudioDecoderConfigurations", "Configurations"),
    ("GetOSDs", "OSDs"),
)
"""Operations whose answer is an empty list."""


def _capabilities(camera: Camera) -> Xml:
    return tag(
        "trt:Capabilities",
        tag("trt:ProfileCapabilities", MaximumNumberOfProfiles=len(video.PROFILES)),
        tag("trt:StreamingCapabilities", RTPMulticast=False, RTP_TCP=False, RTP_RTSP_TCP=True, NonAggregateControl=False),
        SnapshotUri=True,
        Rotation=False,
        VideoSourceMode=False,
        OSD=False,
    )


def _legacy(camera: Camera) -> Xml:
    streaming = (tag("tt:RTPMulticast", False), tag("tt:RTP_TCP", False), tag("tt:RTP_RTSP_TCP", True))
    profiles = tag("tt:ProfileCapabilities", tag("tt:MaximumNumberOfProfiles", len(video.PROFILES)))
    return join(tag("tt:StreamingCapabilities", *streaming), tag("tt:Extension", profiles))


SERVICE = Service(
    prefix="trt",
    path="/onvif/media_service",
    version=(2, 60),
    operations=(
        Operation("GetProfiles", READ, _get_profiles),
        Operation("GetProfile", READ, _get_profile),
        Operation("GetStreamUri", READ, _get_stream_uri),
        Operation("GetSnapshotUri", READ, _get_snapshot_uri),
        Operation("GetVideoSources", READ, _sources),
        Operation("GetVideoEncoderConfiguration", READ, _get_encoder),
        Operation("GetVideoEncoderConfigurationOptions", READ, _encoder_options),
        Operation("GetGuaranteedNumberOfVideoEncoderInstances", READ, _get_instances),
        Operation("SetSynchronizationPoint", READ, _set_synchronization_point),
        _encoders("GetVideoEncoderConfigurations"),
        _encoders("GetCompatibleVideoEncoderConfigurations"),
        _listed("GetVideoSourceConfigurations", "Configurations", video.source_configuration),
        _listed("GetCompatibleVideoSourceConfigurations", "Configurations", video.source_configuration),
        _listed("GetVideoSourceConfigurationOptions", "Options", video.source_options),
        _listed("GetMetadataConfigurations", "Configurations", _metadata),
        _listed("GetCompatibleMetadataConfigurations", "Configurations", _metadata),
        _listed("GetMetadataConfigurationOptions", "Options", _metadata_options),
        _listed("GetVideoAnalyticsConfigurations", "Configurations", _analytics),
        _listed("GetCompatibleVideoAnalyticsConfigurations", "Configurations", _analytics),
        _one("GetVideoSourceConfiguration", "Configuration", video.SOURCE, video.source_configuration),
        _one("GetMetadataConfiguration", "Configuration", video.METADATA, _metadata),
        _one("GetVideoAnalyticsConfiguration", "Configuration", video.ANALYTICS, _analytics),
        *video.set_operations("trt"),
        _add("AddVideoEncoderConfiguration", lambda profile, token: token == profile),
        _add("AddVideoSourceConfiguration", lambda profile, token: token == video.SOURCE),
        _add("AddMetadataConfiguration", lambda profile, token: token == video.METADATA),
        _add("AddVideoAnalyticsConfiguration", lambda profile, token: token == video.ANALYTICS),
        *(_listed(name, child) for name, child in NOTHING),
    ),
    capabilities=_capabilities,
    category="Media",
    legacy=_legacy,
)
