// Path images: pictures that stand in for the camera of a simulated board, sent one after the other (manual 4.6, General configuration tab).
import {$, api, ApiError, el, notice, onClick, sure, toast} from "./portal.js";
import {_, _n} from "./words.js";

const MOST_BYTES = 16 << 20;
const files = $("#path-files");
const place = $("#path-effect");

function show({pictures}) {
  $("#path-count").textContent = pictures.length ? _n("{count} picture is here.", "{count} pictures are here.", pictures.length) : _("No picture is here yet.");
  $("#no-path-images").hidden = !pictures.length;
}

async function send(file) {
  if (file.size > MOST_BYTES) throw new ApiError(413, {error: _("The picture is larger than 16 MB.")});
  const name = file.name.replace(/[^\p{L}\p{N}_ .+()-]/gu, "_").replace(/^[ .]+/, "").slice(-100);
  show(await api("PUT", `path-images/${encodeURIComponent(name)}`, file));
}

async function sendAll(chosen) {
  place.replaceChildren();
  files.disabled = true;
  const refused = [];
  for (const [number, file] of chosen.entries()) {
    $("#path-count").textContent = _("{number} of {count}: {name}", {number: number + 1, count: chosen.length, name: file.name});
    try { await send(file); } catch (error) { refused.push(`${file.name}: ${error.problems?.[0]?.text ?? error.message}`); }
  }
  files.disabled = false;
  files.value = "";
  try { show(await api("GET", "path-images")); } catch (error) { refused.push(error.message); }
  if (refused.length) {
    const node = notice("bad", el("strong", {}, _n("{count} picture was not taken:", "{count} pictures were not taken:", refused.length)), [], place);
    node.firstChild.append(el("ul", {}, ...refused.map((each) => el("li", {}, each))));
  }
  else toast(_n("{count} picture is stored.", "{count} pictures are stored.", chosen.length));
}

if (files) {
  files.addEventListener("change", () => sendAll([...files.files]));
  onClick($("#no-path-images"), async () => {
    if (!await sure(_("Remove all path images?"), _("Nothing stands in for the camera then."), _("Remove"))) return;
    place.replaceChildren();
    show(await api("DELETE", "path-images"));
  });
}
