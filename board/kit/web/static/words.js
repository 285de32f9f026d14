// Words: _(sentence, values) says a sentence in the language of the page, which brings the words of its scripts.
const known = JSON.parse(document.getElementById("words")?.textContent || "{}");

export function _(key, values = {}) {
  return (known[key] ?? key).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}
