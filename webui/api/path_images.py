"""Path images: pictures that stand in for the camera of a simulated board (manual 4.6, General configuration tab)."""

from __future__ import annotations

from board.kit.web.bodies import file_of
from board.kit.web.routes import STREAM, Answer, Call, Refused, api, data
from webui.noted import noted
from webui.path_images import MOST_BYTES, PathImages
from webui.portal import Portal
from webui.view import shapes


def _of(portal: Portal) -> PathImages:
    return PathImages(portal.state, portal.profile)


def _show(portal: Portal, call: Call) -> Answer:
    return data(shown(portal))


def _put(portal: Portal, call: Call) -> Answer:
    images = _of(portal)
    images.need_use()  # before the picture is in memory
    sent = file_of(call.environ, MOST_BYTES)
    with portal.changing:
        images.put(call.path["name"], sent)
        return _changed(portal, call)


def _delete(portal: Portal, call: Call) -> Answer:
    images = _of(portal)
    with portal.changing:
        if len(images.files()) == 1:
            _need_spare(portal)
        images.remove(call.path["name"])
        return _changed(portal, call)


def _delete_all(portal: Portal, call: Call) -> Answer:
    with portal.changing:
        _need_spare(portal)
        _of(portal).remove_all()
        return _changed(portal, call)


def _need_spare(portal: Portal) -> None:
    if portal.lpr().connection == "PATH":
        raise Refused(409, "They stand in for the camera now: choose another connection type in LPR configuration first.")


def _changed(portal: Portal, call: Call) -> Answer:
    found = shown(portal)
    with noted(call.user, "a change of the path images"):
        portal.store.changes.add(call.user, "path_images", 0, None, {"path_images": len(found["pictures"])})
    return data(found)


def shown(portal: Portal) -> shapes.PathImages:
    images = _of(portal)
    pictures = [shapes.PathImage(name=path.name, bytes=path.stat().st_size) for path in images.files()]
    return {"are_used": images.are_used, "pictures": pictures}


ROUTES = (
    api("GET", "api/path-images", "configure", _show, "The pictures that stand in for the camera.", reply=shapes.PathImages),
    api(
        "PUT",
        "api/path-images/<name>",
        "configure",
        _put,
        "Takes in a picture (the body) that stands in for the camera of a simulated board.",
        reply=shapes.PathImages,
        takes=STREAM,
        max_body_bytes=MOST_BYTES,
    ),
    api("DELETE", "api/path-images/<name>", "configure", _delete, "Removes one.", reply=shapes.PathImages),
    api("DELETE", "api/path-images", "configure", _delete_all, "Removes all of them.", reply=shapes.PathImages),
)
