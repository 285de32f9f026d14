// Database card of General configuration: restores a copy, resets the database, takes note of what was done to it.
import {$, $$, api, ApiError, leave, notice, onClick, sure, values} from "./portal.js";
import {_} from "./words.js";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const LONGEST_MS = 90000;

async function said() {
  try { return (await api("GET", "database")).notice_local; } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return null; // service and portal start again
  }
}

async function exchange(path, body) {
  const before = await said();
  try { await api("POST", `database/${path}`, body); } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    notice("bad", error.message, error.problems).scrollIntoView({block: "nearest"});
    return;
  }
  notice("", _("Service and portal start again…")).scrollIntoView({block: "nearest"});
  const begun = performance.now();
  while (performance.now() - begun < LONGEST_MS) {
    await pause(700);
    const now = await said();
    if (now && now !== before) { location.hash = "database"; leave(); return; }
  }
  notice("bad", _("It is not done within 90 s. Logs > Service says why.")).scrollIntoView({block: "nearest"});
}

for (const button of $$("[data-restore]")) onClick(button, async () => {
  if (await sure(_("Restore this copy?"), _("Lists, actions and settings of now are replaced. Passages stay."), _("Restore"), "primary")) await exchange("restore", {name: button.dataset.restore});
});
$("#reset-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (await sure(_("Reset the database?"), _("All lists, actions, settings, passages and pictures are deleted."), _("Reset"))) await exchange("reset", values(event.target));
});
if ($("#noted")) onClick($("#noted"), async () => { await api("POST", "database/noted", {}); leave(); });
