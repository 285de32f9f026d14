// LPR configuration: the form, ROI and lanes drawn with two clicks, default configuration and restart (manual 4.5, LPR configuration tab).
import {$, $$, api, connectForm, followWhen, onClick, sure, svg, toast, values} from "./portal.js";
import {_} from "./words.js";
import {openCountries} from "./countries.js";
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
  body: values,
  then: async () => {
    if (withRestart) { await restartAndReload(); } else { sessionStorage.setItem("said", _("Saved.")); location.reload(); }
  },
});
onClick($("#restart"), restart);
onClick($("#default"), async () => {
  if (!await sure(_("Default configuration"), _("All settings of this page go back to their defaults. Region and countries stay."), _("Set defaults"))) return;
  await api("POST", "settings/lpr/default");
  sessionStorage.setItem("said", _("Default configuration stored."));
  location.reload();
});
const said = sessionStorage.getItem("said");
if (said) { sessionStorage.removeItem("said"); toast(said); }

// --- picture ----------------------------------------------------------------------------------------------------------

let size = [4, 3];

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
  draw();
}, (text) => { $("#no-picture").textContent = text; });

// --- drawing ----------------------------------------------------------------------------------------------------------

const STEPS = {
  roi: [_("Click the top left point of the region."), _("Now click the bottom right point.")],
  masks: [_("Click the top left point of the mask."), _("Now click the bottom right point.")],
  lane_line: [_("Click the top point of the line between the lanes."), _("Now click the bottom point.")],
};
const DRAGGED = 0.02; // of the picture: a shorter way is a click
let drawing = null;
let first = null;

const stored = (name) => JSON.parse($(`#f-${name}`).value);

function draw() {
  const overlay = $("#overlay");
  overlay.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
  overlay.setAttribute("preserveAspectRatio", "none");
  const parts = [];
  const roi = stored("roi");
  const lane = stored("lane_line");
  if (roi) parts.push(svg("rect", {class: "roi", x: roi[0] * size[0], y: roi[1] * size[1], width: (roi[2] - roi[0]) * size[0], height: (roi[3] - roi[1]) * size[1]}));
  for (const mask of stored("masks")) parts.push(svg("rect", {class: "mask", x: mask[0] * size[0], y: mask[1] * size[1], width: (mask[2] - mask[0]) * size[0], height: (mask[3] - mask[1]) * size[1]}));
  if (lane) parts.push(svg("line", {class: "lane", x1: lane[0] * size[0], y1: lane[1] * size[1], x2: lane[2] * size[0], y2: lane[3] * size[1]}));
  if (first) parts.push(svg("circle", {class: "dot", cx: first[0] * size[0], cy: first[1] * size[1], r: size[0] / 120}));
  overlay.replaceChildren(...parts);
}

function say(text) { $("#draw-step").textContent = text; }

for (const button of $$("[data-draw]")) {
  button.addEventListener("click", () => {
    drawing = button.dataset.draw;
    first = null;
    $("#view").classList.add("drawing");
    say(STEPS[drawing][0]);
    draw();
  });
}
for (const button of $$("[data-reset]")) {
  button.addEventListener("click", () => {
    $(`#f-${button.dataset.reset}`).value = button.dataset.reset === "masks" ? "[]" : "null";
    drawing = first = null;
    $("#view").classList.remove("drawing");
    say(_("Removed. Save and restart the service to put it in force."));
    draw();
  });
}

let begun = false;

function pointOf(event) {
  const box = $("#view").getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((n) => Math.round(Math.max(0, Math.min(1, n)) * 10000) / 10000);
}

function finish(point) {
  const inOrder = first[1] < point[1] && (drawing === "lane_line" || first[0] < point[0]);
  if (!inOrder) { say(drawing === "lane_line" ? _("That is not below the first point. Now click the bottom point.") : _("That is not below and right of the first point. Now click the bottom right point.")); return; }
  const field = $(`#f-${drawing}`);
  const drawn = [...first, ...point];
  field.value = JSON.stringify(drawing === "masks" ? [...stored("masks"), drawn] : drawn);
  drawing = first = null;
  $("#view").classList.remove("drawing");
  say(_("Drawn. Save and restart the service to put it in force."));
  draw();
}

// Two clicks, or one drag from the first point to the second.
$("#view").addEventListener("pointerdown", (event) => {
  if (!drawing) return;
  event.preventDefault();
  if (first) { finish(pointOf(event)); return; }
  first = pointOf(event);
  begun = true;
  say(STEPS[drawing][1]);
  draw();
});
$("#view").addEventListener("pointerup", (event) => {
  if (!drawing || !first || !begun) return;
  begun = false;
  const point = pointOf(event);
  if (Math.hypot(point[0] - first[0], point[1] - first[1]) > DRAGGED) finish(point);
});

draw();
