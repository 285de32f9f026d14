// Drawing on the picture: the region of interest, masks and the lane line, by pointer or by keys. What is drawn stands in hidden fields of the form.
import {$, $$, svg} from "./portal.js";
import {_, _n} from "./words.js";
import {FEWEST, MOST, crosses, isRectangle, outline, points, rectangle, same, span, stroke, withCorners} from "./regions.js";

const DRAGGED = 0.02; // of the picture: a shorter way is a click
const NEAR_PX = 14; // of the first corner: the polygon is closed
const LEAST = 0.005; // of the picture: the sides of a rectangle
const STEP = {false: 0.005, true: 0.05}; // of the picture: an arrow key, and with Shift
const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

const TITLES = {roi: _("Region of interest"), masks: _("Mask"), lane_line: _("Lane line")};
const FORMS = {
  rectangle: {points: 2, first: _("Click the top left point."), next: () => _("Now click the bottom right point."), corners: (drawn) => rectangle(span(drawn))},
  polygon: {
    points: MOST, first: _("Click the corners, one after the other around the region: {fewest} to {most} of them.", {fewest: FEWEST, most: MOST}),
    next: (count) => count < FEWEST ? _n("{count} corner. Click the next one.", "{count} corners. Click the next one.", count) : _("{count} corners. Click the next one, or the first one again to finish.", {count}),
    corners: (drawn) => drawn,
  },
  line: {points: 2, first: _("Click the top point of the line between the lanes."), next: () => _("Now click the bottom point."), corners: (drawn) => [...drawn].sort((one, other) => one[1] - other[1])},
};
const IN_FORCE = _("Save and restart the service to put it in force.");
const BY_POINTER = _("Drag a corner to move it, click a side to add one.");
const BY_KEYS = _("Arrow keys move the corner, with Shift in larger steps; Insert adds one, Delete removes it.");

/** Draws into `overlay` over `view`; gives a function that draws anew for a picture of another size [width, height]. */
export function openDrawing(view, overlay) {
  const field = (name) => $(`#f-${name}`);
  const stored = (name) => JSON.parse(field(name).value);
  const shapes = [
    ...withCorners(stored("roi") ? [stored("roi")] : [], [stored("roi_corners")].filter((corners) => corners.length)).map((corners) => ({kind: "roi", corners})),
    ...withCorners(stored("masks"), stored("mask_corners")).map((corners) => ({kind: "masks", corners})),
  ];
  const line = stored("lane_line");
  if (line) shapes.push({kind: "lane_line", corners: [line.slice(0, 2), line.slice(2)]});

  let size = [4, 3];
  let drawing = null; // {kind, form, points}
  let cursor = null; // where keys draw
  let pointer = null; // where the mouse is while something is drawn
  let chosen = null; // a shape
  let at = null; // one of its corners
  let held = null; // "corner" while that one is dragged, "first" while something is drawn by dragging

  // --- the fields of the form ---

  function keep() {
    const of = (kind) => shapes.filter((shape) => shape.kind === kind).map((shape) => shape.corners);
    const [roi] = of("roi");
    const [lane] = of("lane_line");
    const found = {
      roi: roi ? span(roi) : null, roi_corners: roi && !isRectangle(roi) ? roi : [],
      masks: of("masks").map(span), mask_corners: of("masks").filter((corners) => !isRectangle(corners)),
      lane_line: lane ? lane.flat() : null,
    };
    for (const [name, value] of Object.entries(found)) {
      if (same(value, stored(name))) continue;
      field(name).value = JSON.stringify(value);
      field(name).dispatchEvent(new Event("change", {bubbles: true}));
    }
  }

  // --- what is seen ---

  const say = (...texts) => { $("#draw-step").textContent = texts.join(" "); };
  const percent = ([x, y]) => ({x: Math.round(100 * x), y: Math.round(100 * y)});

  function render() {
    const focused = overlay.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const px = size[0] / (view.clientWidth || size[0]);
    overlay.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
    overlay.setAttribute("preserveAspectRatio", "none");
    const parts = shapes.flatMap(partsOf);
    if (chosen) parts.push(...gripsOf(chosen, px));
    if (drawing) parts.push(...draftOf(px));
    overlay.replaceChildren(...parts);
    if (focused) overlay.querySelector(`[data-key="${focused}"]`)?.focus({preventScroll: true});
    view.classList.toggle("drawing", drawing !== null);
    const isPolygon = drawing?.form === FORMS.polygon;
    $("#draw-finish").hidden = !(isPolygon && drawing.points.length >= FEWEST);
    $("#draw-cancel").hidden = !drawing;
    $("#draw-remove").hidden = !chosen || drawing !== null;
    $("#draw-remove-corner").hidden = !chosen || at === null || chosen.corners.length <= FEWEST;
    $("#draw-now").hidden = !drawing && !chosen;
  }

  function partsOf(shape, number) {
    const more = {"data-shape": number, "data-key": `shape-${number}`, tabindex: drawing ? -1 : 0, role: "button", "aria-label": TITLES[shape.kind], "aria-pressed": shape === chosen};
    if (shape.kind === "lane_line") return [stroke("lane", shape.corners, size), stroke("side", shape.corners, size, more)];
    const kind = {roi: "roi", masks: "mask"}[shape.kind] + (shape === chosen ? " chosen" : "") + (crosses(shape.corners) ? " crossed" : "");
    return [outline(kind, shape.corners, size, more)];
  }

  function gripsOf({kind, corners}, px) {
    const count = corners.length;
    const sides = kind === "lane_line" || count >= MOST ? [] : corners.map((corner, side) => stroke("side", [corner, corners[(side + 1) % count]], size, {"data-side": side}));
    const grips = corners.map((corner, number) => svg("circle", {
      class: "grip" + (number === at ? " on" : ""), cx: corner[0] * size[0], cy: corner[1] * size[1], r: 7 * px, "data-corner": number, "data-key": `corner-${number}`, tabindex: 0, role: "button",
      "aria-label": _("Corner {number} of {count}: {x} % from the left, {y} % from the top", {number: number + 1, count, ...percent(corner)}),
    }));
    return [...sides, ...grips];
  }

  function draftOf(px) {
    const to = cursor || pointer;
    const drawn = to && drawing.points.length ? [...drawing.points, to] : drawing.points;
    const parts = [];
    if (drawn.length > 1) parts.push(drawing.form === FORMS.rectangle ? outline("draft", rectangle(span(drawn)), size) : svg("polyline", {class: "draft", points: points(drawn, size)}));
    parts.push(...drawing.points.map(([x, y]) => svg("circle", {class: "dot", cx: x * size[0], cy: y * size[1], r: 5 * px})));
    if (cursor) {
      const [x, y] = [cursor[0] * size[0], cursor[1] * size[1]];
      parts.push(svg("path", {class: "cross", d: `M${x - 14 * px} ${y}H${x + 14 * px}M${x} ${y - 14 * px}V${y + 14 * px}`}));
    }
    return parts;
  }

  // --- drawing something new ---

  function begin(kind, form) {
    drawing = {kind, form: FORMS[form], points: []};
    chosen = at = cursor = pointer = held = null;
    say(drawing.form.first);
    render();
    view.focus({preventScroll: true});
    view.scrollIntoView({block: "nearest"});
  }

  function put(point) {
    const {form, points: drawn} = drawing;
    const px = ([x, y]) => [x * view.clientWidth, y * view.clientHeight];
    const isNear = (other) => other && Math.hypot(px(point)[0] - px(other)[0], px(point)[1] - px(other)[1]) < NEAR_PX;
    if (form === FORMS.polygon && drawn.length >= FEWEST && (isNear(drawn[0]) || isNear(drawn.at(-1)))) { finish(); return; }
    if (isNear(drawn.at(-1))) return; // a double click, or a slip of the finger
    drawn.push(point);
    if (drawn.length === form.points) { finish(); return; }
    say(form.next(drawn.length));
    render();
  }

  function finish() {
    const {kind, form, points: drawn} = drawing;
    const byKeys = cursor !== null;
    if (kind !== "masks") remove(kind);
    chosen = {kind, corners: form.corners(drawn)};
    shapes.push(chosen);
    drawing = cursor = pointer = held = null;
    keep();
    sayChosen(_("Drawn."));
    render();
    if (byKeys) overlay.querySelector(".grip").focus({preventScroll: true});
  }

  function cancel() {
    drawing = cursor = pointer = held = null;
    say(_("Nothing was changed."));
    render();
  }

  // --- changing what is there ---

  function sayChosen(said) {
    if (crosses(chosen.corners)) say(_("Two sides cross: move a corner, so that they go once around the region."));
    else if (chosen.kind === "lane_line") say(said, IN_FORCE);
    else say(said, document.activeElement?.matches(".grip:focus-visible") ? BY_KEYS : BY_POINTER, IN_FORCE);
  }

  function choose(shape) {
    chosen = shape;
    at = null;
    if (chosen) sayChosen(`${TITLES[chosen.kind]}.`);
    else say(_("Click a region or a line to change it."));
    render();
  }

  function move(corner, to) {
    const {kind, corners} = chosen;
    const point = to.map((part) => Math.round(10000 * Math.max(0, Math.min(1, part))) / 10000);
    if (kind !== "lane_line" && isRectangle(corners)) {
      // the opposite corner stays where it is, and each corner on its side of it
      const across = corners[(corner + 2) % 4];
      const apart = point.map((part, axis) => corners[corner][axis] < across[axis] ? Math.min(part, across[axis] - LEAST) : Math.max(part, across[axis] + LEAST));
      chosen.corners = rectangle(span([apart, across]));
    } else corners[corner] = point;
    if (kind === "lane_line" && corners[0][1] > corners[1][1]) { corners.reverse(); at = 1 - corner; }
    keep();
    sayChosen(_("Changed."));
    render();
  }

  function add(side, point) {
    const {corners} = chosen;
    if (chosen.kind === "lane_line" || corners.length >= MOST) { say(_("A region has at most {most} corners.", {most: MOST})); return; }
    chosen.corners = [...corners.slice(0, side + 1), point, ...corners.slice(side + 1)];
    changed(side + 1);
  }

  function removeCorner(corner) {
    if (chosen.kind === "lane_line" || chosen.corners.length <= FEWEST) { say(_("A region has at least {fewest} corners.", {fewest: FEWEST})); return; }
    chosen.corners = chosen.corners.filter((_each, number) => number !== corner);
    changed(Math.min(corner, chosen.corners.length - 1));
  }

  function changed(corner) {
    at = corner;
    keep();
    render();
    overlay.querySelector(`[data-corner="${corner}"]`).focus({preventScroll: true});
    sayChosen(_("Changed."));
  }

  function remove(kind, shape = null) {
    for (const each of [...shapes]) if (each.kind === kind && (!shape || each === shape)) shapes.splice(shapes.indexOf(each), 1);
    if (!shapes.includes(chosen)) chosen = at = null;
  }

  function removed() {
    keep();
    say(_("Removed."), IN_FORCE);
    render();
  }

  // --- the pointer ---

  function pointOf(event) {
    const box = view.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((part) => Math.round(Math.max(0, Math.min(1, part)) * 10000) / 10000);
  }

  view.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const point = pointOf(event);
    if (drawing) {
      event.preventDefault();
      cursor = null;
      pointer = point;
      held = drawing.form === FORMS.polygon || drawing.points.length ? null : "first";
      put(point);
      return;
    }
    const {shape, side, corner} = event.target.dataset;
    if (side === undefined && corner === undefined) { choose(shape === undefined ? null : shapes[Number(shape)]); return; }
    event.preventDefault();
    if (side !== undefined) add(Number(side), point);
    else overlay.querySelector(`[data-corner="${corner}"]`).focus({preventScroll: true});
    held = "corner";
    view.setPointerCapture(event.pointerId);
  });
  view.addEventListener("pointermove", (event) => {
    if (drawing) {
      if (event.pointerType === "touch" && !held) return;
      pointer = pointOf(event);
      cursor = null;
      render();
    } else if (held) move(at, pointOf(event));
  });
  view.addEventListener("pointerup", (event) => {
    const isFirst = held === "first";
    held = null;
    if (!drawing || !isFirst) return;
    const point = pointOf(event);
    const [first] = drawing.points;
    if (Math.hypot(point[0] - first[0], point[1] - first[1]) > DRAGGED) put(point);
  });
  view.addEventListener("pointercancel", () => { held = null; });
  overlay.addEventListener("focusin", (event) => {
    const {corner} = event.target.dataset;
    if (corner === undefined || at === Number(corner)) return;
    at = Number(corner);
    sayChosen(`${TITLES[chosen.kind]}.`);
    render();
  });

  // --- keys ---

  const moved = ([x, y], [right, down], isFar) => [x + right * STEP[isFar], y + down * STEP[isFar]].map((part) => Math.round(10000 * Math.max(0, Math.min(1, part))) / 10000);

  function keyWhileDrawing(event) {
    if (ARROWS[event.key]) {
      cursor = moved(cursor || pointer || [0.5, 0.5], ARROWS[event.key], event.shiftKey);
      say(_("Crosshair at {x} % from the left, {y} % from the top: Enter sets the point, Escape cancels.", percent(cursor)));
      render();
    } else if (event.key === "Escape") cancel();
    else if (event.key === "Enter" || event.key === " ") {
      if (cursor) put(cursor);
      else if (drawing.form === FORMS.polygon && drawing.points.length >= FEWEST) finish();
    } else if (event.key === "Backspace" && drawing.points.length) { drawing.points.pop(); render(); }
    else return false;
    return true;
  }

  function keyAtCorner(event, corner) {
    if (ARROWS[event.key]) move(corner, moved(chosen.corners[corner], ARROWS[event.key], event.shiftKey));
    else if (event.key === "Delete" || event.key === "Backspace") removeCorner(corner);
    else if (event.key === "Insert" || event.key === "+") {
      const [[x1, y1], [x2, y2]] = [chosen.corners[corner], chosen.corners[(corner + 1) % chosen.corners.length]];
      add(corner, moved([(x1 + x2) / 2, (y1 + y2) / 2], [0, 0], false));
    } else if (event.key === "Escape") {
      const number = shapes.indexOf(chosen);
      choose(null);
      overlay.querySelector(`[data-shape="${number}"]`).focus({preventScroll: true});
    } else return false;
    return true;
  }

  function keyAtShape(event, shape) {
    if (event.key === "Enter" || event.key === " ") {
      choose(shape);
      overlay.querySelector(".grip").focus({preventScroll: true});
    } else if (event.key === "Delete" || event.key === "Backspace") { remove(shape.kind, shape); removed(); }
    else return false;
    return true;
  }

  view.addEventListener("keydown", (event) => {
    const {shape, corner} = event.target.dataset;
    let isTaken = false;
    if (drawing) isTaken = keyWhileDrawing(event);
    else if (corner !== undefined) isTaken = keyAtCorner(event, Number(corner));
    else if (shape !== undefined) isTaken = keyAtShape(event, shapes[Number(shape)]);
    if (isTaken) event.preventDefault();
  });

  // --- buttons ---

  for (const button of $$("[data-draw]")) button.addEventListener("click", () => begin(button.dataset.draw, button.dataset.form));
  for (const button of $$("[data-reset]")) button.addEventListener("click", () => { drawing = null; remove(button.dataset.reset); removed(); });
  $("#draw-finish").addEventListener("click", finish);
  $("#draw-cancel").addEventListener("click", cancel);
  $("#draw-remove").addEventListener("click", () => { remove(chosen.kind, chosen); removed(); });
  $("#draw-remove-corner").addEventListener("click", () => removeCorner(at));

  new ResizeObserver(render).observe(view);
  render();
  return (now) => { size = now; render(); };
}
