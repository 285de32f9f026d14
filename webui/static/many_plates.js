// Many plates: the same change to all selected plates of a list (webui/many_plates.py).
import {$, $$, api, connectForm, leave, notice, onClick, sure, toast, values} from "./portal.js";
import {_, _n} from "./words.js";

const bar = $("#many");
const list = $("#lists").dataset.list;
let allFound = false;

const boxes = () => $$("[data-choose]");
const chosen = () => boxes().filter((box) => box.checked);
const count = () => (allFound ? Number(bar.dataset.found) : chosen().length);

function show() {
  const some = chosen().length;
  bar.hidden = !some;
  $("#chosen").textContent = _n("{count} plate selected", "{count} plates selected", count());
  const page = $("#choose-page");
  page.checked = some === boxes().length;
  page.indeterminate = some > 0 && !page.checked;
  $("#choose-all").hidden = page.checked;
  const found = Number(bar.dataset.found);
  $("#choose-found").hidden = allFound || !page.checked || !bar.dataset.search || found <= boxes().length || found > Number(bar.dataset.most);
}

function choose(checked) {
  for (const box of boxes()) box.checked = checked;
  allFound = false;
  show();
}

/** What the server is told of the selected ones. */
const selection = () => (allFound ? {search: bar.dataset.search} : {ids: chosen().map((box) => Number(box.closest("tr").dataset.id))});

/** Said on the page that shows the result. */
function done(answer) {
  sessionStorage.setItem("many", JSON.stringify(answer));
  leave();
}

function say({done, kept}) {
  const text = _n("{count} plate was changed.", "{count} plates were changed.", done);
  if (!kept.length) return toast(text);
  const node = notice("warn", `${text} ${_n("{count} plate stays as it was:", "{count} plates stay as they were:", kept.length)}`);
  const lines = kept.slice(0, 20).map((each) => `${each.plate}: ${each.why}`);
  if (kept.length > 20) lines.push("…");
  const items = document.createElement("ul");
  items.append(...lines.map((line) => Object.assign(document.createElement("li"), {textContent: line})));
  node.firstChild.append(items);
}

const SURE = {
  delete: () => [_n("Delete {count} plate", "Delete {count} plates", count()), _("They are taken out of this list. This cannot be undone."), _("Delete")],
  stop: () => [_n("Disable {count} plate", "Disable {count} plates", count()), _("Their validity ends now. They stay in the list and can be enabled again."), _("Disable"), "primary"],
  resume: () => [_n("Enable {count} plate", "Enable {count} plates", count()), _("Those whose validity has ended are valid again, without an end."), _("Enable"), "primary"],
};
const DIALOGS = {
  change: ["#many-dialog", () => _n("Change {count} plate", "Change {count} plates", count())],
  move: ["#move-dialog", () => _n("Move {count} plate", "Move {count} plates", count())],
};

if (bar) {
  const said = sessionStorage.getItem("many");
  if (said) { sessionStorage.removeItem("many"); say(JSON.parse(said)); }
  $("#entries").addEventListener("change", (event) => {
    if (event.target.id === "choose-page") return choose(event.target.checked);
    if (event.target.matches("[data-choose]")) { allFound = false; show(); }
  });
  $("#choose-none").addEventListener("click", () => { choose(false); boxes()[0].focus(); });
  $("#choose-all").addEventListener("click", () => { choose(true); $("#choose-none").focus(); });
  $("#choose-found").addEventListener("click", () => { allFound = true; show(); });
  for (const button of $$("[data-many]")) {
    const does = button.dataset.many;
    onClick(button, async () => {
      if (DIALOGS[does]) {
        const [place, title] = DIALOGS[does];
        $("h2", $(place)).textContent = title();
        $(place).showModal();
      } else if (await sure(...SURE[does]())) done(await api("PUT", `lists/${list}/many`, {...selection(), do: does}));
    });
  }
  for (const box of $$("[data-change]")) {
    const input = $(`#many-${box.dataset.change}`);
    box.addEventListener("change", () => { input.disabled = !box.checked; if (box.checked) input.focus(); });
  }
  for (const does of Object.keys(DIALOGS)) {
    const dialog = $(DIALOGS[does][0]);
    if (!dialog) continue;
    const form = $("form", dialog);
    connectForm(form, {
      method: "PUT", path: `lists/${list}/many`, place: $(".notices", dialog), then: done,
      body: () => ({...selection(), do: does, ...values(form)}),
    });
  }
}
