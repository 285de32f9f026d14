// Review: a larger picture on hover, a large one on click, and a filter inside the page of results (manual 4.3, Review tab).
import {$, $$} from "./portal.js";
import {zoom} from "./zoom.js";

const hover = $("#hover");

for (const thumb of $$(".thumb")) {
  const open = () => { hover.hidden = true; zoom(thumb.dataset.full, thumb.dataset.plate); };
  thumb.addEventListener("click", open);
  thumb.addEventListener("keydown", (event) => { if (event.key === "Enter") open(); });
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

$("#filter")?.addEventListener("input", (event) => {
  const text = event.target.value.trim().toLowerCase();
  const rows = $$("#results tbody tr");
  for (const row of rows) {
    const values = [...row.cells].slice(0, -1).map((cell) => cell.textContent.toLowerCase()); // the last one holds a button
    row.hidden = !values.some((value) => value.includes(text));
  }
  $("#no-row").hidden = rows.some((row) => !row.hidden);
});
