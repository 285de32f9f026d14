// Zoom: a passage's picture, large, in the dialog #zoom, with its download.
import {$} from "./portal.js";
import {_} from "./words.js";

$("#zoom-close")?.addEventListener("click", () => $("#zoom").close());
$("#zoom")?.addEventListener("click", (event) => { if (event.target.id === "zoom") $("#zoom").close(); });

/** Shows the picture at `url`; `name` is the plate. */
export function zoom(url, name) {
  const dialog = $("#zoom");
  $(".empty", dialog)?.remove(); // of one that was gone
  $("img", dialog).hidden = $("a[download]", dialog).hidden = false;
  $("img", dialog).src = url;
  $("img", dialog).alt = name ? _("Picture of {plate}", { plate: name }) : _("Picture of the passage");
  $("#zoom-plate").textContent = name || _("no plate");
  $("a[download]", dialog).href = `${url}?download=1`;
  dialog.showModal();
}
