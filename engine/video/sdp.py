"""SDP: describes a stream's tracks, as the answer to DESCRIBE (RFC 4566, RFC 6184, ONVIF Streaming Specification)."""

from __future__ import annotations

from collections.abc import Sequence

from board.kit.dataclass import dataclass
from engine.video.payloads import ParameterSets

VIDEO, METADATA, AUDIO = "video", "metadata", "audio"
"""Names of tracks: the last part of their addresses."""


@dataclass(frozen=True, slots=True)
class Track:
    """`payload_type`: RTP's; `media`: SDP's "video", "audio", "application"; `lines`: of its own in SDP."""

    name: str
    media: str
    payload_type: int
    clock_hz: int
    lines: tuple[str, ...]


METADATA_TRACK = Track(METADATA, "application", 107, 90_000, ("a=rtpmap:107 vnd.onvif.metadata/90000",))
"""In lower case, and not compressed: many clients cannot read gzip, and the documents are short."""

AUDIO_TRACK = Track(AUDIO, "audio", 0, 8_000, ("a=rtpmap:0 PCMU/8000", "a=ptime:40"))


def h264_track(sets: ParameterSets, size: tuple[int, int], frames_per_s: int, kbit_per_s: int) -> Track:
    parameters = f"packetization-mode=1;profile-level-id={sets.profile_level_id};sprop-parameter-sets={sets.sprop}"
    rate = f"b=AS:{kbit_per_s}"
    return Track(
        VIDEO, "video", 96, 90_000, (rate, "a=rtpmap:96 H264/90000", f"a=fmtp:96 {parameters}", *_picture(size, frames_per_s))
    )


def jpeg_track(size: tuple[int, int], frames_per_s: int) -> Track:
    return Track(VIDEO, "video", 26, 90_000, ("a=rtpmap:26 JPEG/90000", *_picture(size, frames_per_s)))


def _picture(size: tuple[int, int], frames_per_s: int) -> tuple[str, ...]:
    return f"a=framerate:{frames_per_s}", f"a=x-dimensions:{size[0]},{size[1]}"


def description(tracks: Sequence[Track], address: str, number: int) -> bytes:
    """`address`: the camera's; `number`: another one for another description."""
    family, any_address = ("IP6", "::") if ":" in address else ("IP4", "0.0.0.0")
    lines = [
        "v=0",
        f"o=- {number} 1 IN {family} {address.partition('%')[0]}",
        "s=Gatewright",
        f"c=IN {family} {any_address}",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
    ]
    for track in tracks:
        lines.append(f"m={track.media} 0 RTP/AVP {track.payload_type}")
        lines += [*track.lines, f"a=control:{track.name}", "a=recvonly"]
    return "\r\n".join([*lines, ""]).encode()
