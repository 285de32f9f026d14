// Events: what the camera pushes (server-sent events), opened again when it stops, and only while the page is seen.

const SILENT_MS = 8000; // the camera says how it is every second
const AGAIN_MS = 30_000; // after it said that too many watch

/** Opens `/anpr/api/<path>` and calls `on[name](data)` for each event. `slow(true)` when the camera has no room for another viewer,
 *  so that the page asks by itself; `lost()` when nothing was heard for a while. `path` is a function: it names what was seen last. */
export function openEvents(path, on, {slow, lost}) {
  let source = null;
  let heard = 0;
  let again = 0;

  const close = () => { source?.close(); source = null; };
  const open = () => {
    close();
    heard = Date.now();
    source = new EventSource(`/anpr/api/${path()}`);
    for (const [name, take] of Object.entries(on)) {
      source.addEventListener(name, (event) => {
        heard = Date.now();
        slow(false);
        take(JSON.parse(event.data));
      });
    }
    source.onerror = () => {
      if (source?.readyState !== EventSource.CLOSED) return; // it tries again by itself
      close();
      again = Date.now() + AGAIN_MS;
      slow(true);
    };
  };
  const look = () => {
    if (document.hidden) { close(); again = 0; return; }
    if (!source && Date.now() >= again) open();
    else if (source && Date.now() - heard > SILENT_MS) { lost(); open(); }
  };
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pagehide", close);
  setInterval(look, 1000);
  look();
}
