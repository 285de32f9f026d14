// LPR configuration: the form, the picture to draw on, default configuration and restart (manual 4.5, LPR configuration tab).
import {$, api, changed, connectForm, followWhen, leave, onClick, sayNext, sure} from "./portal.js";
import {_} from "./words.js";
import {openCountries} from "./countries.js";
import {openDrawing} from "./drawing.js";
import {followPictures} from "./pictures.js";
import {restart, restartAndReload} from "./restart.js";

const form = $("#lpr");
const updateCountries = openCountries($("[data-countries]"), () => $("#f-region").value);
$("#f-region").addEventListener("change", updateCountries);

followWhen(form);

let withRestart = false;
form.addEventListener("click", (event) => { if (event.target.type === "submit") withRestart = event.target.value === "restart"; });
connectForm(form, {
  method: "PUT",
  path: "settings/lpr",
  body: changed,
  then: async () => {
    if (withRestart) { await restartAndReload(); } else { sayNext(_("Saved.")); leave(); }
  },
});
onClick($("#restart"), restart);
onClick($("#default"), async () => {
  if (!await sure(_("Default configuration"), _("All settings of this page go back to their defaults. Region and countries stay."), _("Set defaults"), "primary")) return;
  await api("POST", "settings/lpr/default");
  sayNext(_("Default configuration stored."));
  leave();
});

// --- picture ----------------------------------------------------------------------------------------------------------

let size = [4, 3];
const redraw = openDrawing($("#view"), $("#overlay"));

followPictures(() => `width=${$("#view").clientWidth}`, async (picture) => {
  const canvas = $("#picture");
  [canvas.width, canvas.height] = [picture.bitmap.width, picture.bitmap.height];
  canvas.getContext("2d").drawImage(picture.bitmap, 0, 0);
  picture.bitmap.close();
  canvas.hidden = false;
  $("#no-picture").hidden = true;
  if (picture.size[0] === size[0] && picture.size[1] === size[1]) return;
  size = picture.size;
  $("#view").style.setProperty("--ratio", size[0] / size[1]);
  redraw(size);
}, (text) => { $("#no-picture").textContent = text; });
