// Regions: parts of the picture as corners in their order, in fractions 0..1 of width and height; four corners may be a rectangle.
import {svg} from "./portal.js";

export const FEWEST = 3;
export const MOST = 8;

export const rectangle = ([left, top, right, bottom]) => [[left, top], [right, top], [right, bottom], [left, bottom]];

/** The rectangle around corners. */
export const span = (corners) => [Math.min, Math.max].flatMap((end) => [0, 1].map((axis) => end(...corners.map((corner) => corner[axis]))));

export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export const isRectangle = (corners) => same(corners, rectangle(span(corners)));

/** The corners of each rectangle: those of the polygon which it is spanned by, else its own. */
export function withCorners(rectangles, polygons) {
  const left = [...polygons];
  return rectangles.map((each) => {
    const at = left.findIndex((corners) => same(span(corners), each));
    return at < 0 ? rectangle(each) : left.splice(at, 1)[0];
  });
}

/** Whether two sides cut one another. */
export function crosses(corners) {
  const side = ([ax, ay], [bx, by], [x, y]) => Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));
  const lines = corners.map((corner, number) => [corner, corners[(number + 1) % corners.length]]);
  return lines.some(([a, b], one) => lines.some(([c, d], other) => other > one && side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0));
}

/** "x,y x,y ...", as SVG wants it, in a picture of `size` [width, height]. */
export const points = (corners, size) => corners.map(([x, y]) => `${x * size[0]},${y * size[1]}`).join(" ");

export const outline = (kind, corners, size, more = {}) => svg("polygon", {class: kind, points: points(corners, size), ...more});

/** From one point to the other. */
export const stroke = (kind, [[x1, y1], [x2, y2]], size, more = {}) => svg("line", {class: kind, x1: x1 * size[0], y1: y1 * size[1], x2: x2 * size[0], y2: y2 * size[1], ...more});
