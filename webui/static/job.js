// Job: the form of an export or import that runs by itself.
import {$, api, ApiError, changed, connectForm, leave, notice, onClick, sayNext, showProblems, values} from "./portal.js";
import {_} from "./words.js";

const form = $("#job");
const {job, list, kind, direction} = form.dataset;
const inside = (place) => values({elements: [...form.elements].filter((input) => $(place).contains(input))});
let run = false;

form.addEventListener("submit", (event) => { run = event.submitter?.name === "run"; }, {capture: true});
connectForm(form, {
  method: job === "0" ? "POST" : "PUT",
  path: job === "0" ? `lists/${list}/jobs` : `jobs/${job}`,
  body: () => (job === "0" ? {kind, ...inside("#when"), options: inside("#options")} : {...changed(form, "#when"), options: changed(form, "#options")}),
  then: async (saved) => {
    // It is saved: whoever stayed here and pressed again would make a second one.
    if (run) await api("POST", `jobs/${saved.id}/run`).catch((error) => { if (!(error instanceof ApiError)) throw error; sayNext(error.message); });
    leave(`/anpr/lists/${list}?view=${direction}s`);
  },
});

onClick($("#test"), async () => {
  const place = $("#outcome");
  notice("", _("Testing…"), [], place);
  try {
    const outcome = await api("POST", "jobs/test", {kind, list_id: Number(list), job_id: Number(job), options: inside("#options")});
    notice(outcome.ok ? "ok" : "bad", outcome.note, [], place);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    showProblems(form, error, place);
  }
});
