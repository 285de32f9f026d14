// Check page: printed for the customer; texts that stand in the picture get a mask.
import {$, $$, api, leave, onClick, sayNext} from "./portal.js";
import "./stored_pictures.js";
import {_} from "./words.js";

$("#print").addEventListener("click", () => print());

for (const button of $$("[data-mask]")) {
  onClick(button, async () => {
    const {settings} = await api("GET", "settings/lpr");
    await api("PUT", "settings/lpr", {masks: [...settings.masks, JSON.parse(button.dataset.mask)]});
    sayNext(_("The mask is stored. It counts after the next restart of the service."));
    leave();
  });
}
