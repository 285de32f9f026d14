// Stored pictures: a passage names its own for longer than they are kept. Where one is gone, the page shows what it shows where none is named.
import {$$, el} from "./portal.js";
import {_} from "./words.js";

async function look(image) {
  const address = image.src;
  if (!address.startsWith(`${location.origin}/anpr/images/`)) return;
  const answer = await fetch(address).catch(() => null);
  if (answer?.status !== 404 || image.src !== address) return; // the camera does not answer, or the place shows another one by now
  for (const link of $$("a[download]")) link.hidden ||= link.href === `${address}?download=1`;
  const whole = image.closest(".thumb-button")?.dataset.full;
  if (whole && !address.endsWith(whole)) image.src = whole;
  else {
    const place = image.closest(".stage, .crop > *, button") ?? image;
    place.hidden = true;
    if (place.matches(".stage, .check-picture, #zoom *")) place.after(el("p", {class: "empty"}, _("The whole picture is not stored, or not any more.")));
    if (place.matches(".crop > *")) place.after(el("span", {class: "muted small"}, _("No plate image stored")));
  }
}

document.addEventListener("error", ({target}) => { if (target instanceof HTMLImageElement) look(target); }, true);
for (const image of document.images) if (image.complete && !image.naturalWidth) look(image); // before this script was there
