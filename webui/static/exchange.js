// Exchange: files of plates to import by hand, with what they would change, and the exports and imports that run by themselves.
import {$, $$, api, ApiError, el, leave, notice, number, onClick, sayNext, sure} from "./portal.js";
import {_, _n} from "./words.js";

const list = $("#lists").dataset.list;
const POLL_MS = 500;
const ANEW_MS = 2000;
const MOST_BYTES = 64 << 20;

// --- an import by hand --------------------------------------------------------------------------------------------------

const file = $("#file");
let upload = null;

/** Sends the file; the camera looks at it then. */
async function send() {
  if (file.files[0].size > MOST_BYTES) throw new ApiError(413, {error: _("The file is larger than {most} MB.", { most: MOST_BYTES >> 20 })});
  return api("POST", `lists/${list}/uploads`, file.files[0]);
}

function terms(apply) {
  const force = $("#t-force").checked;
  return {
    removes: $("#t-removes").checked, dates: $("#t-dates").value, any_list: $("#t-any").checked,
    may_empty: force, most_removed_pct: force ? 100 : 50, apply,
  };
}

let looks = 0; // each file that is chosen, and each look at one

async function followed(answer, mine) {
  while (answer.state === "reading") {
    if (mine === looks) notice("", answer.rows ? _n("Reading… {rows} row", "Reading… {rows} rows", answer.rows, { rows: number(answer.rows) }) : _("Reading…"), [], $("#effect"));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    answer = await api("GET", `uploads/${answer.upload}`);
  }
  return answer;
}

function counted(each) {
  return each.is_new
    ? _("{name} (new list): {added} added, {changed} changed, {removed} removed; plates: {before} → {after}", each)
    : _("{name}: {added} added, {changed} changed, {removed} removed; plates: {before} → {after}", each);
}

function change([name, [before, after]]) {
  return `${name}: ${before ?? "–"} → ${after ?? "–"}`;
}

function exampleRow(example) {
  const [kind, word] = {added: ["ok", _("added")], changed: ["accent", _("changed")], removed: ["bad", _("removed")]}[example.kind];
  return el("tr", {},
    el("td", {"data-name": _("Line"), class: "nums"}, example.line ? String(example.line) : ""),
    el("td", {"data-name": _("Plate"), class: "plate-cell"}, el("span", {class: "plate"}, example.plate)),
    el("td", {"data-name": _("Change")}, el("span", {class: `badge ${kind}`}, word)),
    el("td", {"data-name": _("What"), class: "small"}, Object.entries(example.fields).map(change).join("; ")));
}

function table(headings, rows) {
  return el("div", {class: "scroll"}, el("table", {class: "fold compact"},
    el("thead", {}, el("tr", {}, ...headings.map((each) => el("th", {}, each)))), el("tbody", {}, ...rows)));
}

/** What the file would change, or why it cannot be taken. */
function show(answer) {
  const place = $("#effect");
  $("#terms").hidden = false;
  $("#decide").hidden = true;
  if (answer.state === "failed") {
    if (!answer.refused) { notice("bad", answer.error, [], place); return; }
    notice("bad", _n("Nothing has changed: {count} row cannot be taken. Correct it in the file and choose the file again.", "Nothing has changed: {count} rows cannot be taken. Correct them in the file and choose it again.", answer.refused), [], place);
    place.append(table([_("Line"), _("Why")], answer.refusals.map((each) => el("tr", {},
      el("td", {"data-name": _("Line"), class: "nums"}, String(each.line)), el("td", {"data-name": _("Why"), class: "small"}, each.reason)))));
    return;
  }
  const objections = answer.lists.filter((each) => each.objection);
  notice(objections.length ? "warn" : "", answer.lists.map(counted).join(". "), [], place);
  for (const each of objections) place.append(el("p", {class: "small bad"}, _("Not possible like this: {why}. Permit it above if it is meant.", { why: each.objection })));
  if (answer.unread.length) notice("warn", _("Columns that are not read: {names}. One that says until when plates are valid must be headed: valid until.", { names: answer.unread.join(", ") }), [], place.appendChild(el("div")));
  const examples = answer.lists.flatMap((each) => each.examples);
  if (examples.length) place.append(table([_("Line"), _("Plate"), _("Change"), _("What")], examples.map(exampleRow)));
  $("#decide").hidden = false;
  $("#apply").disabled = objections.length > 0;
}

/** What is applied is what was shown: until the effect of changed terms is there, nothing is, and nothing of a file in whose place
 *  another one was chosen meanwhile. */
async function look(again) {
  const mine = ++looks;
  $("#decide").hidden = true;
  try {
    const answer = await followed(again ? await api("PUT", `uploads/${upload}`, terms(false)) : await send(), mine);
    if (mine !== looks) return;
    upload = answer.upload;
    show(answer);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (mine === looks) notice("bad", error.message, error.problems, $("#effect"));
  }
}

file?.addEventListener("change", () => { $("#look").disabled = !file.files.length; upload = null; looks += 1; $("#decide").hidden = true; $("#effect").replaceChildren(); });
onClick($("#look"), () => look(false));
for (const input of $$("#terms [name]")) input.addEventListener("change", () => { if (upload) look(true); });
onClick($("#apply"), async () => {
  const answer = await followed(await api("PUT", `uploads/${upload}`, terms(true)), looks);
  if (answer.state !== "done") { show(answer); return; }
  sayNext(answer.lists.map(counted).join(". "));
  await api("DELETE", `uploads/${upload}`).catch(() => null);
  leave(`/anpr/lists/${list}`);
});
onClick($("#drop"), async () => {
  await api("DELETE", `uploads/${upload}`);
  leave();
});

// --- jobs ---------------------------------------------------------------------------------------------------------------

const jobOf = (node) => node.closest("[data-job]").dataset.job;

$("#add-job")?.addEventListener("click", () => $("#job-dialog").showModal());
for (const box of $$("[data-do=enable-job]")) {
  box.addEventListener("change", async () => {
    try {
      await api("PUT", `jobs/${jobOf(box)}`, {enabled: box.checked});
      leave();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      box.checked = !box.checked;
      notice("bad", error.message, error.problems);
    }
  });
}
for (const button of $$("[data-do=run-job]")) onClick(button, async () => { await api("POST", `jobs/${jobOf(button)}/run`); leave(); });
for (const button of $$("[data-do=accept-job]")) {
  onClick(button, async () => {
    if (!await sure(_("Accept"), _("The next file is taken whatever it is, also if it removes all plates of a list. Have you seen why it was refused?"), _("Accept"), "primary")) return;
    await api("POST", `jobs/${jobOf(button)}/accept`);
    leave();
  });
}
for (const button of $$("[data-do=delete-job]")) {
  onClick(button, async () => {
    if (!await sure(_("Delete"), _("Delete {name}?", { name: button.dataset.name }), _("Delete"))) return;
    await api("DELETE", `jobs/${jobOf(button)}`);
    leave();
  });
}
/** While a job runs. What somebody has begun here meanwhile, a file or a dialog, would be gone. */
function anew() {
  if ($("dialog[open]") || file?.files.length) setTimeout(anew, ANEW_MS);
  else leave();
}
if ($("[data-running]")) setTimeout(anew, ANEW_MS);
