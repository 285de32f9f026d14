"""Help: chapter 6 of the manual, each file a page of checks that look at the camera while they explain (webui/help/_topic.py)."""

from webui.help._topic import Topic

__all__ = ["Topic"]
