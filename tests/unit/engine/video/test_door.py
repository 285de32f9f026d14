"""Door: what a side that has ended leaves behind."""

from __future__ import annotations

from engine.video.door import Serving, pair, receive, send


def test_a_side_that_ended_with_messages_unread_is_gone() -> None:
    """The video process wrote a traceback each time that vms was killed so."""
    vms, video = pair()
    assert send(video, Serving(0, 0))
    vms.close()
    assert receive(video) is None
    video.close()
