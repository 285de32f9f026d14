// A tab that is one form (Camera, General configuration): the form and restart.
import {$, connectForm, onClick, toast, values} from "./portal.js";
import {restart, restartAndReload} from "./restart.js";

const form = $("#settings");
let withRestart = false;
form.addEventListener("click", (event) => { if (event.target.type === "submit") withRestart = event.target.value === "restart"; });
connectForm(form, {
  method: "PUT",
  path: form.dataset.path,
  body: values,
  then: async () => {
    if (withRestart) { await restartAndReload(); } else { sessionStorage.setItem("said", "Saved."); location.reload(); }
  },
});
onClick($("#restart"), restart);
const said = sessionStorage.getItem("said");
if (said) { sessionStorage.removeItem("said"); toast(said); }
