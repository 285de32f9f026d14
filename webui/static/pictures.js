// Pictures: the live picture as the camera streams it (multipart/x-mixed-replace), part by part, each with its number.
import {_} from "./words.js";

const ALONE_MS = 2000;
const STILL_MS = 5000;
const QUIET_MS = 10_000; // a connection that was cut says nothing: a stream without a picture for so long is begun anew

/** The parts of a multipart answer: {headers, bytes}. The next one is read when the last one has been taken. `heard()`: some of it came. */
async function* parts(body, heard) {
  const reader = body.getReader();
  let held = new Uint8Array(0);
  const more = async () => {
    const {done, value} = await reader.read();
    if (done) throw new Error("the stream is over");
    heard();
    const joined = new Uint8Array(held.length + value.length);
    joined.set(held);
    joined.set(value, held.length);
    held = joined;
  };
  try {
    for (;;) {
      let end;
      while ((end = headEnd(held)) < 0) await more();
      const headers = new Map(new TextDecoder().decode(held.subarray(0, end)).split("\r\n").filter((line) => line.includes(": "))
        .map((line) => [line.slice(0, line.indexOf(": ")).toLowerCase(), line.slice(line.indexOf(": ") + 2)]));
      const size = Number(headers.get("content-length"));
      while (held.length < end + 4 + size) await more();
      const bytes = held.slice(end + 4, end + 4 + size);
      held = held.slice(end + 4 + size);
      yield {headers, bytes};
    }
  } finally { reader.cancel().catch(() => {}); }
}

function headEnd(bytes) {
  for (let at = 0; at + 3 < bytes.length; at++) if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  return -1;
}

async function picture(headers, bytes) {
  return {
    seq: Number(headers.get("x-frame-seq")),
    size: headers.get("x-frame-size").split("x").map(Number),
    age_s: Number(headers.get("x-frame-age-s")),
    sharpness: headers.get("x-sharpness") ?? null,
    bitmap: await createImageBitmap(new Blob([bytes], {type: "image/jpeg"})),
  };
}

/** Shows the newest picture for as long as the page is open: streamed while the page is seen, asked for now and then while the camera
 *  has no room for a stream. `query()`: "width=640"; `show(picture)`; `failed(text)`: why there is none. Gives a function that begins
 *  the stream anew, for a query that has changed. */
export function followPictures(query, show, failed) {
  let streaming = new AbortController();
  let shownAt = 0;
  let seq = -1;
  let watch = 0;
  const why = (error) => error instanceof TypeError ? _("The camera does not answer.") : error.message;
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  async function arrived(picture) {
    shownAt = Date.now();
    seq = picture.seq;
    await show(picture);
  }

  async function alone() {
    try {
      const one = await onePicture(query(), seq);
      if (one) await arrived(one);
    } catch (error) { failed(why(error)); }
  }

  async function run() {
    for (;;) {
      if (document.hidden) { await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, {once: true})); continue; }
      streaming = new AbortController();
      let pause_ms = 1000;
      const quiet = () => { clearTimeout(watch); watch = setTimeout(() => streaming.abort(), QUIET_MS); };
      quiet();
      try { await streamPictures(query(), streaming.signal, arrived, quiet); } catch (error) {
        clearTimeout(watch);
        if (error.name === "AbortError") pause_ms = 0;
        else if (error.retry_s) {
          for (let turn = 0; turn < 15 && !document.hidden; turn++) { await alone(); await pause(ALONE_MS); }
          pause_ms = 0;
        } else if (Date.now() - shownAt > STILL_MS) failed(why(error));
      }
      await pause(pause_ms);
    }
  }

  document.addEventListener("visibilitychange", () => { if (document.hidden) streaming.abort(); });
  window.addEventListener("pagehide", () => streaming.abort());
  run();
  return () => streaming.abort();
}

/** Streams until `signal` aborts or the camera ends it; `show(picture)` for each, `heard()` for whatever comes. Throws an Error with what the camera says;
 *  `error.retry_s` when it is too busy for a stream. */
async function streamPictures(query, signal, show, heard) {
  const response = await fetch(`/anpr/api/pictures?${query}`, {signal});
  if (!response.ok) {
    const error = new Error((await response.json().catch(() => ({}))).error || _("No picture."));
    error.retry_s = Number(response.headers.get("Retry-After")) || 0;
    throw error;
  }
  for await (const part of parts(response.body, heard)) await show(await picture(part.headers, part.bytes));
}

/** One picture; null when it is still the one with number `seq`. */
async function onePicture(query, seq) {
  const response = await fetch(`/anpr/api/frame?${query}&seq=${seq}`);
  if (response.status === 204) return null;
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error || _("No picture."));
  return picture(response.headers, await response.arrayBuffer());
}
