"""A real RTSP server for the camera suite: `python3 rtsp_server.py PORT`, H.264 320x240 of a moving ball (needs GStreamer's gi)."""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

LAUNCH = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=10/1 "
    "! openh264enc gop-size=10 ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)

Gst.init(None)
if Gst.ElementFactory.find("openh264enc") is None:
    LAUNCH = LAUNCH.replace("openh264enc gop-size=10", "x264enc tune=zerolatency key-int-max=10")
server = GstRtspServer.RTSPServer()
server.set_service(sys.argv[1])
server.set_address("127.0.0.1")
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(LAUNCH)
factory.set_shared(True)
server.get_mount_points().add_factory("/gate", factory)
server.attach(None)
print("listening", flush=True)
GLib.MainLoop().run()
