// Words: _(sentence, values) says a sentence in the language of the page, which brings the words of its scripts; _n(one, many, count)
// says one that counts, in the plural form that the language has for this number.
import {number} from "./habit.js";

const known = JSON.parse(document.getElementById("words")?.textContent || "{}");
const forms = known[""]; // of 0, 1, 2 ..., a digit each

export function _(key, values = {}) {
  return filled(known[key] ?? key, values);
}

export function _n(one, many, count, values = {}) {
  const said = known[one]?.[forms[count < forms.length ? count : 100 + (count % 100)]] ?? (count === 1 ? one : many);
  return filled(said, {count: number(count), ...values});
}

function filled(template, values) {
  return template.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}
