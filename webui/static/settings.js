// A tab that is one form (Camera, General configuration): the form and restart.
import {$, api, changed, connectForm, leave, onClick, sayNext, sure} from "./portal.js";
import {restart, restartAndReload} from "./restart.js";
import {_} from "./words.js";

const form = $("#settings");
let withRestart = false;
form.addEventListener("click", (event) => { if (event.target.type === "submit") withRestart = event.target.value === "restart"; });
connectForm(form, {
  method: "PUT",
  path: form.dataset.path,
  body: changed,
  then: async () => {
    if (withRestart) { await restartAndReload(); } else { sayNext(_("Saved.")); leave(); }
  },
});
onClick($("#restart"), restart);
onClick($("#default"), async () => {
  if (!await sure(_("Default configuration"), _("All settings of this page go back to their defaults. What names the camera and its place stays."), _("Set defaults"), "primary")) return;
  await api("POST", `${form.dataset.path}/default`);
  sayNext(_("The defaults are set."));
  leave();
});
