// Firmware: uploads a new host, goes back to the one before, and waits for the camera to answer again.
import "./ready.js";
import { confirmed, progress, takeUploads, tell } from "./upload.js";
import { _ } from "./words.js";

const AWAY_S = 8; // a camera that has not been away by then did not start again

function follow() {
  const began = Date.now();
  let was_away = false;
  const look = async () => {
    try {
      const reply = await fetch("/health", { cache: "no-store" });
      if (was_away ? reply.status < 600 : (Date.now() - began) / 1000 > AWAY_S) return location.reload();
    } catch (error) {
      was_away = true;
    }
    setTimeout(look, 500);
  };
  progress(_("The camera starts again. This page goes on by itself when it answers."), null);
  look();
}

async function back(event) {
  const { version, previous } = event.currentTarget.dataset;
  const question = _("{version} is replaced by the version before it. Packages and settings stay. No gate opens until the camera runs again.", { version });
  if (!(await confirmed([_("Go back to {previous}?", { previous }), question, _("Go back")]))) return;
  const reply = await fetch("/api/firmware/back", { method: "POST", headers: { "X-Requested-With": "page", Accept: "application/json" } }).catch(() => null);
  if (!reply) return tell(_("The camera does not answer."), "bad");
  const said = await reply.json().catch(() => ({}));
  if (reply.ok) follow();
  else tell(said.error || _("The camera answered {status}.", { status: reply.status }), "bad");
}

if (document.getElementById("upload")) {
  takeUploads({
    address: "/api/firmware",
    name: "firmware",
    checks: _("Verifying, storing and trying the new host beside the one that runs …"),
    done: (reply) => {
      setTimeout(follow);
      return _("{version} is stored. The camera starts again with it.", reply);
    },
  });
}
document.getElementById("back")?.addEventListener("click", back);
