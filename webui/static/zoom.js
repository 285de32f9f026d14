// Zoom: a passage's picture, large, in the dialog #zoom, with its download.
import {$} from "./portal.js";

$("#zoom-close")?.addEventListener("click", () => $("#zoom").close());
$("#zoom")?.addEventListener("click", (event) => { if (event.target.id === "zoom") $("#zoom").close(); });

/** Shows the picture at `url`; `name` is the plate. */
export function zoom(url, name) {
  const dialog = $("#zoom");
  $("img", dialog).src = url;
  $("img", dialog).alt = `Picture of ${name || "a passage"}`;
  $("#zoom-plate").textContent = name || "no plate";
  $("a[download]", dialog).href = `${url}?download=1`;
  dialog.showModal();
}
