// Job: the form of an export or import that runs by itself.
import {$, api, connectForm, values} from "./portal.js";

const form = $("#job");
const {job, list, kind, direction} = form.dataset;
const inside = (place) => values({elements: [...form.elements].filter((input) => $(place).contains(input))});
let run = false;

form.addEventListener("submit", (event) => { run = event.submitter?.name === "run"; }, {capture: true});
connectForm(form, {
  method: job === "0" ? "POST" : "PUT",
  path: job === "0" ? `lists/${list}/jobs` : `jobs/${job}`,
  body: () => ({...(job === "0" ? {kind} : {}), ...inside("#when"), options: inside("#options")}),
  then: async (saved) => {
    if (run) await api("POST", `jobs/${saved.id}/run`);
    location.href = `/anpr/lists/${list}?view=${direction}s`;
  },
});
