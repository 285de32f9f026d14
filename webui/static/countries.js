// Countries: shows those of the chosen region that match the search; ticked ones stay in sight.
import {$, $$} from "./portal.js";

/** `region()` gives the region chosen now. Call the function that comes back when it has changed. */
export function openCountries(root, region) {
  const search = $("[data-search]", root);
  const chips = $$(".chip", root);
  const update = () => {
    const text = search.value.trim().toLowerCase();
    let ticked = 0;
    for (const chip of chips) {
      const box = $("input", chip);
      const here = chip.dataset.region === region();
      if (!here) box.checked = false;
      chip.hidden = !here || (!box.checked && text !== "" && !chip.textContent.toLowerCase().includes(text));
      if (box.checked) ticked += 1;
    }
    $("[data-count]", root).textContent = !region() ? "Choose the region first." : ticked ? `${ticked} chosen` : "None chosen: plates of all countries are read.";
  };
  search.addEventListener("input", update);
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  root.addEventListener("change", update);
  update();
  return update;
}
