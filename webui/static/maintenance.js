// Maintenance: an uploaded file goes where it belongs; export of the configuration, and back to what was before (manual 4.6, General configuration tab).
import {$, api, ApiError, el, leave, notice, onClick, sayNext, sure} from "./portal.js";
import {_, _n} from "./words.js";

const file = $("#file");
const place = $("#effect");
const MOST_BYTES = 4 << 20;
let configuration = null;
let logo = null;
let looks = 0; // each file that is chosen, and each look at one: what comes late says nothing about another

function done(text) {
  sayNext(text);
  location.hash = "maintenance";
  leave();
}

// --- what was chosen ------------------------------------------------------------------------------------------------------

const KINDS = [
  [/\.json$/i, readConfiguration],
  [/\.(png|jpe?g|svg|gif|webp|bmp)$/i, showLogo],
  [/\.(csv|xml|xlsx)$/i, () => leadTo(_("This looks like a list of plates: import it into its list, in Imports."), "/anpr/lists", _("Lists"))],
  [/./, () => leadTo(_("Packages and licences are uploaded on Package management."), "/setup/application/vadp.html", _("Package management"))],
];

function leadTo(text, href, title) {
  notice("", text, [], place).append(el("a", {class: "btn", href}, title));
}

async function take(chosen) {
  clear();
  if (!chosen) return;
  try { await KINDS.find(([name]) => name.test(chosen.name))[1](chosen); } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    notice("bad", error.message, [], place);
  }
}

function clear() {
  configuration = logo = null;
  looks += 1;
  place.replaceChildren();
  $("#decide").hidden = $("#file-passphrase").hidden = $("#names-choice").hidden = true;
}

file.addEventListener("change", () => take(file.files[0]));
for (const kind of ["dragover", "drop"]) $("#drop").addEventListener(kind, (event) => event.preventDefault());
$("#drop").addEventListener("drop", (event) => take(event.dataTransfer.files[0]));

async function showLogo(chosen) {
  if (chosen.size > MOST_BYTES) throw new ApiError(413, {error: _("The picture is larger than 4 MB.")});
  logo = chosen;
  const image = el("img", {class: "logo", alt: `${_("Logo")}: ${chosen.name}`, src: URL.createObjectURL(chosen)});
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  place.replaceChildren(image);
  $("#decide").hidden = false;
}

async function sendLogo() {
  try { await api("PUT", "logo", logo); } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    notice("bad", error.message, [], place);
    return;
  }
  done(_("The logo is changed."));
}

// --- configuration ----------------------------------------------------------------------------------------------------------

async function readConfiguration(chosen) {
  if (chosen.size > MOST_BYTES) throw new ApiError(413, {error: _("The file is larger than a configuration can be.")});
  const mine = looks;
  const text = await chosen.text();
  if (mine !== looks) return;
  try { configuration = JSON.parse(text); } catch { throw new ApiError(422, {error: _("This file is no JSON, or it is cut off.")}); }
  $("#file-passphrase").hidden = !configuration?.passwords;
  await look();
}

const order = (apply) => api("POST", "configuration/import", {
  document: configuration, passphrase: $("#import-passphrase").value, keep_names: $("#names-choice").hidden ? null : $("#keep-names").checked, apply,
});

async function look() {
  const mine = ++looks;
  $("#decide").hidden = true;
  try {
    const answer = await order(false);
    if (mine === looks) show(answer);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (mine === looks) notice("bad", error.message, [], place);
  }
}

function show(answer) {
  if (answer.other_camera) $("#names-choice").hidden = false;
  if (answer.problems.length) {
    const node = notice("bad", el("strong", {}, _("Nothing can be taken over:")), [], place);
    node.firstChild.append(el("ul", {}, ...answer.problems.map((each) => el("li", {}, each))));
    return;
  }
  if (!answer.changes) { notice("ok", _("This camera is configured like the file: nothing would change."), [], place); return; }
  notice("", _n("{count} change:", "{count} changes:", answer.changes), [], place);
  const cells = (each) => [[_("Where"), each.place], [_("What"), each.name], [_("Now"), each.before ?? "–"], [_("Then"), each.after ?? "–"]];
  place.append(el("div", {class: "scroll"}, el("table", {class: "fold"},
    el("thead", {}, el("tr", {}, ...[_("Where"), _("What"), _("Now"), _("Then")].map((each) => el("th", {}, each)))),
    el("tbody", {}, ...answer.differences.map((each) => el("tr", {}, ...cells(each).map(([name, text]) => el("td", {"data-name": name}, text))))))));
  if (configuration.passwords && !$("#import-passphrase").value) place.append(el("p", {class: "small muted"}, _("Without the passphrase the passwords of this camera stay as they are.")));
  if (answer.missing.length) place.append(el("p", {}, _("Passwords that have to be entered here afterwards:")), el("ul", {}, ...answer.missing.map((each) => el("li", {}, each))));
  if (answer.stays.length) place.append(el("p", {class: "small muted"}, `${_("Lists that the file does not name stay as they are:")} ${answer.stays.join(", ")}`));
  $("#decide").hidden = false;
}

for (const input of ["#import-passphrase", "#keep-names"]) $(input).addEventListener("change", () => { if (configuration) look(); });
onClick($("#apply"), async () => {
  if (logo) return sendLogo();
  try { show(await order(true)); } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    notice("bad", error.message, error.problems, place);
    return;
  }
  done(_("The configuration is taken over."));
});
onClick($("#cancel"), async () => { file.value = ""; clear(); });

$("#export-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const answer = await api("POST", "configuration/export", {passphrase: $("#export-passphrase").value});
    const address = URL.createObjectURL(new Blob([JSON.stringify(answer, null, 1)], {type: "application/json"}));
    const name = answer.camera.name.replace(/[^\p{L}\p{N}._-]+/gu, "-");
    el("a", {href: address, download: `configuration-${name}-${answer.made_at.slice(0, 10)}.json`}).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    notice("bad", error.message, [], place);
  }
});

// --- back -------------------------------------------------------------------------------------------------------------------

onClick($("#revert"), async () => {
  if (!await sure(_("Back to the configuration before?"), _("Settings, lists and actions become what they were before the last file. Plates stay."), _("Go back"), "primary")) return;
  await api("POST", "configuration/revert");
  done(_("The configuration of before is back."));
});
onClick($("#revert-logo"), async () => { await api("POST", "logo/revert"); done(_("The logo of before is back.")); });
onClick($("#no-logo"), async () => { await api("DELETE", "logo"); done(_("The usual logo is back.")); });
