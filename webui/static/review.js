// Review: a larger picture on hover, tap and key, the row opens its passage, and a filter inside the page (manual 4.3, Review tab).
import {$, $$} from "./portal.js";
import {followDownload} from "./downloads.js";
import "./stored_pictures.js";
import {zoom} from "./zoom.js";

const hover = $("#hover");

for (const thumb of $$(".thumb-button")) {
  thumb.addEventListener("click", () => { hover.hidden = true; zoom(thumb.dataset.full, thumb.dataset.plate); });
  thumb.addEventListener("pointerenter", (event) => {
    if (event.pointerType !== "mouse") return;
    const box = thumb.getBoundingClientRect();
    hover.src = thumb.dataset.full;
    hover.style.left = `${Math.min(box.right + 12, innerWidth - 440)}px`;
    hover.style.top = `${Math.max(8, Math.min(box.top - 120, innerHeight - 330))}px`;
    hover.hidden = false;
  });
  thumb.addEventListener("pointerleave", () => { hover.hidden = true; });
}

for (const row of $$("tr[data-row]")) {
  row.addEventListener("click", (event) => {
    if (!event.target.closest("a, button") && !getSelection().toString()) $("a", row).click();
  });
}

function filter() {
  const text = $("#filter").value.trim().toLowerCase();
  const rows = $$("[data-row]");
  for (const row of rows) {
    const values = row.cells ? [...row.cells].slice(0, -1) : [row]; // the last cell holds a button
    row.hidden = !values.some((value) => value.textContent.toLowerCase().includes(text));
  }
  $("#no-row").hidden = rows.some((row) => !row.hidden);
}

if ($("#no-row")) {
  $("#filter").addEventListener("input", filter);
  window.addEventListener("pageshow", filter); // a browser that goes back brings what was typed
}

for (const link of $$(".head a[download]")) link.addEventListener("click", () => followDownload(link));

