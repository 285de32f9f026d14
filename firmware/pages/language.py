"""Language: what a browser shows the pages of host and portals in; chosen at the foot of every page, also before the log-in."""

from __future__ import annotations

from board.kit.languages import COOKIE, languages
from board.kit.web.menu import Tab
from board.kit.web.routes import PUBLIC, Answer, Call, Refused, page
from firmware.host import Host
from firmware.pages.log_in import local_path

KEPT_S = 365 * 86_400


def _choose(host: Host, call: Call) -> Answer:
    code = call.body.get("language", "")
    if code not in {language.code for language in languages()}:
        raise Refused(404, "There is no language {code!r} on this camera.", code=code[:20])
    cookie = f"{COOKIE}={code}; Path=/; Max-Age={KEPT_S}; HttpOnly; SameSite=Lax"
    there = local_path(call.body.get("next", "/"))
    return Answer(b"", "text/plain", 303, (("Location", there), ("Set-Cookie", cookie)))


TAB = Tab("language", "Language", 0, PUBLIC, (page("language", PUBLIC, _choose, method="POST"),))
