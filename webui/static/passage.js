// Passage: what follows from one car: its plate into a list, and all data of its plate out of the camera.
import {$, api, leave, onClick, sayNext, sure, toast} from "./portal.js";
import "./stored_pictures.js";
import {_, _n} from "./words.js";

const {plate} = $("#passage").dataset;

const toList = $("#to-list");
if (toList) {
  toList.addEventListener("submit", (event) => event.preventDefault());
  onClick($("button", toList), async () => {
    await api("POST", `lists/${$("#target").value}/entries`, {plate});
    toast(_("The plate is in the list now."));
  });
}

onClick($("#forget"), async () => {
  if (!await sure(_("Delete all data of this plate?"), _("Its passages, pictures, deliveries and its entries in lists are deleted, also in the copies of the lists, and exports on this camera in which it stands. The gate does not open for it any more. This cannot be undone. What was sent or downloaded before keeps it, and so does what is kept for a way back to an earlier version; logs do until newer lines take their place."), _("Delete"))) return;
  const answer = await api("DELETE", `plates/${encodeURIComponent(plate)}/data`);
  const stay = answer.waiting ? _n("{count} passage is deleted once its messages are delivered or given up.", "{count} passages are deleted once their messages are delivered or given up.", answer.waiting) : "";
  const files = answer.files ? _n("{count} file of an export deleted.", "{count} files of exports deleted.", answer.files) : "";
  sayNext([_n("{count} passage deleted.", "{count} passages deleted.", answer.passages), files, stay].filter(Boolean).join(" "));
  leave("/anpr/review");
});
