"""A viewer of GStreamer's: `python3 gst_viewer.py URL` prints "playing", then each packet of the metadata track (needs gi)."""

import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

Gst.init(None)
source = Gst.ElementFactory.make("rtspsrc")
source.set_property("location", sys.argv[1])
source.set_property("protocols", 4)  # TCP
source.set_property("latency", 0)
pipeline = Gst.Pipeline()
pipeline.add(source)


def taken(sink):
    sample = sink.emit("pull-sample")
    buffer = sample.get_buffer()
    _, content = buffer.map(Gst.MapFlags.READ)
    print(bytes(content.data)[12:].decode("utf-8", "replace").strip(), flush=True)
    buffer.unmap(content)
    return Gst.FlowReturn.OK


def linked(_, pad):
    caps = pad.get_current_caps().to_string()
    metadata = "VND.ONVIF.METADATA" in caps.upper()
    sink = Gst.ElementFactory.make("appsink" if metadata else "fakesink")
    sink.set_property("sync", False)
    if metadata:
        sink.set_property("emit-signals", True)
        sink.connect("new-sample", taken)
    pipeline.add(sink)
    sink.sync_state_with_parent()
    pad.link(sink.get_static_pad("sink"))
    if metadata:
        print("playing", flush=True)


source.connect("pad-added", linked)
pipeline.set_state(Gst.State.PLAYING)
GLib.MainLoop().run()
