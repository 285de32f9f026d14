// Downloads: how far a table has come that the browser stores while the camera makes it, with a way to break it off.
import {$, api, ApiError, el, notice, number, onClick} from "./portal.js";
import {_, _n} from "./words.js";

const EVERY_MS = 700;
const BEGINS_WITHIN = 15; // times that it is asked for
const wait = () => new Promise((resolve) => setTimeout(resolve, EVERY_MS));

/** Called when `link` is clicked: it gets a name under which the camera tells how far it is; the browser goes on by itself. */
export async function followDownload(link) {
  const name = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const address = new URL(link.href);
  address.searchParams.set("progress", name);
  link.href = address.href;
  const text = el("span", {class: "nums"}, _("The download begins…"));
  const bar = el("progress", {"aria-label": _("Download")});
  const cancel = el("button", {type: "button"}, _("Cancel"));
  const place = notice("", "");
  place.removeAttribute("role"); // only its end is said aloud
  place.firstChild.append(text);
  place.append(bar, cancel);
  onClick(cancel, () => api("DELETE", `downloads/${name}`));
  let found = null;
  for (let asked = 0; found?.state === "running" || (!found && asked < BEGINS_WITHIN); asked++) {
    await wait();
    try { found = await api("GET", `downloads/${name}`); } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status !== 404 || found) { found = {state: "failed", rows: found?.rows ?? 0, why: error.message}; break; }
      continue;
    }
    const values = {rows: number(found.rows), total: number(found.total)};
    text.textContent = found.more ? _("{rows} rows written of more than {total}", values) : _("{rows} of {total} rows written", values);
    if (found.more) bar.removeAttribute("value");
    else { bar.max = Math.max(found.total, 1); bar.value = found.rows; }
  }
  if (!place.isConnected) return; // another notice has taken its place
  const rows = number(found?.rows ?? 0);
  if (!found) notice("bad", _("The download has not begun. Try it again."));
  else if (found.state === "done") notice("ok", _n("The file is complete: {count} row.", "The file is complete: {count} rows.", found.rows));
  else if (found.state === "cancelled") notice("warn", _("The download was broken off after {rows} rows: the file is not complete.", {rows}));
  else notice("bad", _("The download failed after {rows} rows: {why}", {rows, why: found.why || _("the log of the manager says more")}));
}
