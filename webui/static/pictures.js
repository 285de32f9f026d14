// Pictures: the live picture as the camera streams it (multipart/x-mixed-replace), part by part, each with its number.

/** The parts of a multipart answer: {headers, bytes}. The next one is read when the last one has been taken. */
async function* parts(body) {
  const reader = body.getReader();
  let held = new Uint8Array(0);
  const more = async () => {
    const {done, value} = await reader.read();
    if (done) throw new Error("the stream is over");
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

/** Streams until `signal` aborts or the camera ends it; `show(picture)` for each. Throws an Error with what the camera says;
 *  `error.retry_s` when it is too busy for a stream. */
export async function streamPictures(query, signal, show) {
  const response = await fetch(`/anpr/api/pictures?${query}`, {signal});
  if (!response.ok) {
    const error = new Error((await response.json().catch(() => ({}))).error || "No picture.");
    error.retry_s = Number(response.headers.get("Retry-After")) || 0;
    throw error;
  }
  for await (const part of parts(response.body)) await show(await picture(part.headers, part.bytes));
}

/** One picture; null when it is still the one with number `seq`. */
export async function onePicture(query, seq) {
  const response = await fetch(`/anpr/api/frame?${query}&seq=${seq}`);
  if (response.status === 204) return null;
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error || "No picture.");
  return picture(response.headers, await response.arrayBuffer());
}
