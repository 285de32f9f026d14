// Events: what the camera pushes (server-sent events), opened again when it stops, and only while the page is seen.

const SILENT_MS = 8000; // the camera says how it is every second
const AGAIN_MS = 30_000; // after it said that too many watch

/** Opens `/anpr/api/<path>` and calls `on[name](data)` for each event. `slow(true)` when the camera has no room for another viewer,
 *  so that the page asks by itself; `lost()` when nothing was heard for a while; `asleep()` when it is seen again after such a while, and
 *  `again()` when it is pushed to anew, without what became meanwhile of what it knows. `path` is a function: it names what was seen last. */
export function openEvents(path, on, {slow, lost, asleep, again}) {
  let source = null;
  let heard = 0;
  let nextTry = 0;
  let opened = false;
  let hiddenAt = 0;

  const close = () => { source?.close(); source = null; };
  const open = () => {
    close();
    if (hiddenAt && Date.now() - hiddenAt > SILENT_MS) asleep();
    hiddenAt = 0;
    heard = Date.now();
    source = new EventSource(`/anpr/api/${path()}`);
    for (const [name, take] of Object.entries(on)) {
      source.addEventListener(name, (event) => {
        heard = Date.now();
        slow(false);
        take(JSON.parse(event.data));
      });
    }
    source.onopen = () => { if (opened) again(); opened = true; };
    source.onerror = () => {
      if (source?.readyState !== EventSource.CLOSED) return; // it tries again by itself
      close();
      nextTry = Date.now() + AGAIN_MS;
      slow(true);
    };
  };
  const look = () => {
    if (document.hidden) { close(); nextTry = 0; hiddenAt ||= Date.now(); return; }
    if (!source && Date.now() >= nextTry) open();
    else if (source && Date.now() - heard > SILENT_MS) { lost(); open(); }
  };
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pagehide", close);
  setInterval(look, 1000);
  look();
}
