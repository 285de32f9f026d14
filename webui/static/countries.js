// Countries: shows those of the chosen region that match the search; ticked ones stay in sight.
import {$, $$} from "./portal.js";
import {_, _n} from "./words.js";

/** `region()` gives the region chosen now. Call the function that comes back when it has changed. */
export function openCountries(root, region) {
  const search = $("[data-search]", root);
  const all = $("[data-all]", root);
  const change = $("[data-change]", root);
  let open = !$(":checked", root); // those that were chosen stand there alone until somebody wants to change them
  const chips = $$(".chip", root);
  const update = () => {
    const text = search.value.trim().toLowerCase();
    let ticked = 0;
    for (const chip of chips) {
      const box = $("input", chip);
      const here = chip.dataset.region === region();
      if (!here && box.checked) chip.dataset.kept = ""; // ticked again when its region comes back
      if (!here) box.checked = false;
      else if ("kept" in chip.dataset) { box.checked = true; delete chip.dataset.kept; }
      chip.hidden = !here || (!box.checked && (!open || (text !== "" && !chip.textContent.toLowerCase().includes(text))));
      if (box.checked) ticked += 1;
    }
    if (!ticked) open = true;
    search.hidden = !open;
    all.hidden = !open || !region();
    change.hidden = open;
    $("[data-count]", root).textContent = !region() ? _("Choose the region first.") : ticked ? _n("{count} chosen", "{count} chosen", ticked) : _("None chosen yet: choose at least one.");
  };
  change.addEventListener("click", () => { open = true; update(); search.focus(); });
  all.addEventListener("click", () => { for (const chip of chips) if (chip.dataset.region === region()) $("input", chip).checked = true; root.dispatchEvent(new Event("change", {bubbles: true})); update(); });
  search.addEventListener("input", update);
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  root.addEventListener("change", update);
  update();
  return update;
}
