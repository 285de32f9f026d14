// At the gate: what a guard does about a car: open by hand with a reason, put its plate in a list.
import {$, $$, api, ApiError, asSeen, clearProblems, el, keepUnsaved, notice, onClick, onSubmit, order, toast} from "./portal.js";
import {_} from "./words.js";

for (const button of $$("dialog [data-close]")) button.addEventListener("click", () => button.closest("dialog").close());

/** Sends the form of a dialog by `work`, closes it and says what `work` gives: behind an open dialog no screen reader hears it. */
function sends(dialog, place, work) {
  const form = $("form", dialog);
  keepUnsaved(form, () => $$("input, select", form).map((each) => (each.type === "checkbox" ? each.checked : each.value)));
  onSubmit(form, place, async () => {
    clearProblems(form);
    place.replaceChildren();
    const said = await work();
    dialog.close();
    toast(said);
  });
}

/** The dialog "Open gate", opened by `button`. */
export function openGateDialog(button) {
  const dialog = $("#gate-dialog");
  const reason = $("#gate-reason");
  button.addEventListener("click", () => { reason.value = ""; $("#gate-problems").replaceChildren(); dialog.showModal(); reason.focus(); });
  for (const each of $$("#gate-reasons button")) each.addEventListener("click", () => { reason.value = each.dataset.reason; $("[type=submit]", dialog).focus(); });
  sends(dialog, $("#gate-problems"), async () => {
    const answer = await order("gate", {reason: reason.value});
    return answer.note || _("Gate opened");
  });
}

/** The dialog "Add to list", opened by `button` for the plate that `plateNow()` gives. `mayAct`: also gives a list its first action.
 *  `added()` is called after it. */
export function openListDialog(button, plateNow, mayAct, added) {
  const dialog = $("#list-dialog");
  const choice = $("#list-id");
  let lists = [];
  let begun = ""; // list and plate that are stored, or may be: whoever sends them again finishes what then failed

  const openerOf = async () => {
    const chosen = lists.find((each) => String(each.id) === choice.value);
    $("#list-opens-row").hidden = true;
    if (!mayAct || !chosen || chosen.barrier !== "open") return;
    const {rules} = await api("GET", `lists/${chosen.id}/rules`);
    if (choice.value !== String(chosen.id)) return; // another list has been chosen meanwhile: its own answer counts
    $("#list-opens-row").hidden = rules.length > 0;
    $("#list-opens-text").textContent = _("Open the gate for plates of {list}, which has no action yet", { list: chosen.name });
  };

  onClick(button, async () => {
    const plate = plateNow(); // the next car may come before the camera has answered
    $("#list-problems").replaceChildren();
    lists = (await api("GET", "lists")).lists.filter((each) => each.role !== "all" && each.role !== "unlisted");
    lists.sort((one, other) => (other.role === "white") - (one.role === "white"));
    choice.replaceChildren(...lists.map((each) => el("option", {value: each.id}, each.name)));
    await openerOf();
    $("#list-plate").value = plate;
    asSeen($("#list-plate"));
    $("#list-description").value = "";
    dialog.showModal();
  });
  choice.addEventListener("change", () => openerOf().catch((error) => { if (!(error instanceof ApiError)) throw error; notice("bad", error.message, [], $("#list-problems")); }));
  sends(dialog, $("#list-problems"), async () => {
    const opens = !$("#list-opens-row").hidden && $("#list-opens").checked;
    const [list, plate, description] = [choice.value, $("#list-plate").value, $("#list-description").value];
    if (begun === `${list} ${plate}`) await api("PUT", `lists/${list}/plates/${encodeURIComponent(plate)}`, description ? {description} : {}); // it may have been there before, described
    else {
      try { await api("POST", `lists/${list}/entries`, {plate, description}); } catch (error) {
        if (error.status === 0) begun = `${list} ${plate}`;
        throw error;
      }
      begun = `${list} ${plate}`;
    }
    if (opens && !(await api("GET", `lists/${list}/rules`)).rules.length) await api("POST", `lists/${list}/rules`, {kind: "io", name: _("Open the gate"), options: {}});
    begun = "";
    added();
    return _("{plate} is in the list.", { plate });
  });
}
