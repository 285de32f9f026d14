// Lists: dialogs to add, change and delete lists and plates, switches of actions, collisions of Wiegand numbers.
import {$, $$, api, ApiError, asSeen, changed as differing, clearProblems, connectForm, el, leave, notice, number, onClick, sayNext, sure, values} from "./portal.js";
import {openWeek} from "./week.js";
import {_, _n} from "./words.js";

const list = $("#lists").dataset.list;

for (const button of $$("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());

// --- lists ------------------------------------------------------------------------------------------------------------

function dialogForm(dialog, options) {
  connectForm($("form", dialog), {...options, place: $(".notices", dialog)});
}

function openToName(dialog) {
  dialog.showModal();
  $("[name=name]", dialog).focus(); // not the help beside it, whose bubble would lie over the field
}

$("#list-dialog h2").textContent = _("Add list");
$("#add-list").addEventListener("click", () => openToName($("#list-dialog")));
dialogForm($("#list-dialog"), {method: "POST", path: "lists", then: (saved) => { leave(`/anpr/lists/${saved.id}`); }});
$("#edit-list").addEventListener("click", () => openToName($("#rename-dialog")));
dialogForm($("#rename-dialog"), {method: "PUT", path: `lists/${list}`, body: differing, then: () => leave()});
onClick($("#delete-list"), async () => {
  const name = $("#delete-list").dataset.name;
  if (!await sure(_("Delete list"), _("Delete {name} with all its plates and actions? This cannot be undone.", { name }), _("Delete"))) return;
  await api("DELETE", `lists/${list}`);
  leave("/anpr/lists");
});

// --- plates -----------------------------------------------------------------------------------------------------------

const entry = $("#entry-dialog");
const week = $("[data-grid]", entry) && openWeek($("[data-grid]", entry));
const ALWAYS = Array.from({length: 7}, () => [[0, 1440]]);
let edited = null;
let shownWeek = "";

function fill(form, row) {
  for (const input of form.elements) {
    if (!input.name) continue;
    const stored = row?.dataset[input.name] ?? "";
    input.value = stored;
    if (!input.value) input.value = stored.slice(0, 16);  // a limit with an offset, or finer than the field shows
    input.dataset.shown = input.value;
  }
  asSeen(form.elements.plate);
  if (row) $("[data-week]", form).dataset.week = row.dataset.week;
}

function openEntry(row) {
  edited = row;
  const form = $("form", entry);
  form.reset();
  clearProblems(form);
  $(".notices", entry).replaceChildren();
  $("h2", entry).textContent = row ? _("Change plate") : _("Add plate");
  fill(form, row);
  week.show(row ? JSON.parse(row.dataset.week) : ALWAYS);
  shownWeek = JSON.stringify(week.read());
  entry.showModal();
  form.elements.plate.focus();
}

/** What differs from what was shown: a limit is stored finer than it is shown, and what nobody touched stays as it is. */
function changed(form) {
  const all = values(form);
  const hours = JSON.stringify(week.read()) === shownWeek ? {} : {week: week.read()};
  if (!edited) return {...all, ...hours};
  return {...hours, ...Object.fromEntries(Object.entries(all).filter(([name]) => form.elements[name].validity.badInput || form.elements[name].value !== form.elements[name].dataset.shown))};
}

$("#add-entry")?.addEventListener("click", () => openEntry(null));
dialogForm(entry, {
  method: () => (edited ? "PUT" : "POST"),
  body: changed,
  path: () => (edited ? `entries/${edited.dataset.id}` : `lists/${list}/entries`),
  theirs: (page) => {
    const [form, row] = [$("#entry-dialog form", page), $(`#entries [data-id="${edited.dataset.id}"]`, page)];
    if (row) fill(form, row);
    return row && form;
  },
  then: (saved) => {
    sayNext(edited ? _("Saved.") : _("{plate} is in the list.", saved)); // on a page that does not show it, perhaps
    leave();
  },
});
$("#entries")?.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  const row = button.closest("tr");
  if (button.dataset.do === "edit") return openEntry(row);
  if (!await sure(_("Delete plate"), _("Delete {plate} from this list?", row.dataset), _("Delete"))) return;
  try { await api("DELETE", `entries/${row.dataset.id}`); leave(); } catch (error) { notice("bad", error.message); }
});

// Not awaited: the buttons below work at once.
async function markCollisions() {
  const {collisions} = await api("GET", `lists/${list}/collisions`);
  const plates = new Map(collisions.map((each) => [each.number, each.plates]));
  for (const mark of $$("[data-collision]")) {
    const others = (plates.get(mark.dataset.collision) || []).filter((plate) => plate !== mark.closest("tr").dataset.plate);
    if (!others.length) continue;
    mark.hidden = false;
    mark.replaceChildren(el("span", {}, _("same as {plates}", { plates: others.join(", ") })));
  }
}
if ($("#entries")) markCollisions().catch((error) => { if (!(error instanceof ApiError)) throw error; notice("bad", error.message); });

// --- risk -------------------------------------------------------------------------------------------------------------

const share = (count, of) => _("{count} of {most}", { count: number(count), most: number(of) });

function riskLines(found, fuzzy) {
  const lines = [
    el("p", {}, el("b", {}, share(found.admitted, found.strangers)), " ", found.countries.length ? _("made-up plates of {countries} would be taken for plates of this list.", { countries: found.countries.join(", ") }) : _("made-up plates of the world would be taken for plates of this list.")),
    el("ul", {},
      el("li", {}, _("Listed themselves, O and 0, I and 1 counting as one: {number}", { number: number(found.exact) })),
      el("li", {}, _("By a plate with ? or *: {number}", { number: number(found.wildcards) })),
      el("li", {}, fuzzy ? _("One confused character off, which counts in this list: {number}", { number: number(found.fuzzy) })
        : _("One confused character off, which does not count in this list: {number}", { number: number(found.fuzzy) }))),
  ];
  const wide = found.patterns.filter((each) => each.strangers > 0);
  if (wide.length) {
    lines.push(el("p", {}, _("The widest plates with ? or *:")), el("ul", {}, ...wide.slice(0, 20).map((each) => el("li", {}, el("span", {class: "mono as-seen"}, each.plate), ` ${share(each.strangers, found.strangers)}`))));
  }
  lines.push(el("p", {}, found.near.length
    ? _n("One confused character apart ({number} plate was compared with all listed ones):", "One confused character apart ({number} plates were compared with all listed ones):", found.looked_at, { number: number(found.looked_at) })
    : _n("No listed plate is one confused character from another ({number} was compared).", "No listed plate is one confused character from another ({number} were compared).", found.looked_at, { number: number(found.looked_at) })));
  if (found.near.length) {
    lines.push(el("ul", {class: "near"}, ...found.near.map((each) => el("li", {}, el("span", {class: "mono as-seen"}, each.plate), " – ", el("span", {class: "mono as-seen"}, each.other), ` (${each.other_list})`))));
  }
  return lines;
}

onClick($("#ask-risk"), async () => {
  const place = $("#risk .in");
  place.replaceChildren(el("p", {class: "muted"}, _("Counting…")));
  place.replaceChildren(...riskLines(await api("GET", `lists/${list}/risk`), $("#risk").dataset.fuzzy === "on"));
});

// --- actions ----------------------------------------------------------------------------------------------------------

$("#add-action")?.addEventListener("click", () => $("#kind-dialog").showModal());
for (const box of $$("[data-do=enable]")) {
  box.addEventListener("change", async () => {
    try {
      await api("PUT", `rules/${box.closest("[data-rule]").dataset.rule}`, {enabled: box.checked});
      leave();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      box.checked = !box.checked;
      notice("bad", error.message, error.problems);
    }
  });
}
for (const button of $$("[data-do=delete-rule]")) {
  onClick(button, async () => {
    if (!await sure(_("Delete action"), _("Delete the action {name}?", button.dataset), _("Delete"))) return;
    await api("DELETE", `rules/${button.closest("[data-rule]").dataset.rule}`);
    leave();
  });
}
