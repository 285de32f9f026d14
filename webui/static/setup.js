// Setup: region and countries on the first access (manual 3.3, First access).
import {$, $$, connectForm, leave, sayNext} from "./portal.js";
import {openCountries} from "./countries.js";
import {restart} from "./restart.js";
import {_} from "./words.js";

const form = $("#setup");
if (form) {
  const region = () => form.elements.region.value;
  const update = openCountries($("[data-countries]"), region);
  form.addEventListener("change", update);
  connectForm(form, {
    method: "PUT",
    path: "settings/lpr",
    body: () => ({region: region(), countries: $$("[name=countries]:checked", form).map((box) => box.value)}),
    then: async () => {
      let why = "";
      try { if (!await restart()) why = $("#notices").textContent; } catch (error) { why = error.message; }
      if (why) sayNext(_("Saved. {why}", { why })); // there it can be read
      leave("/anpr/live");
    },
  });
}
