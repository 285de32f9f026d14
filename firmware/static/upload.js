// Upload: the form of a page that takes a file: what was chosen, how far it is, and the question whether what has to be confirmed is wanted.
// Text from the camera is only set as text.
import { number } from "./habit.js";
import { _ } from "./words.js";

const $ = (id) => document.getElementById(id);
let sending = false;

export const uploading = () => sending;

export function tell(text, kind) {
  $("result").textContent = text;
  $("result").className = `alert ${kind}`;
  $("result").hidden = false;
}

export function confirmed([title, text, yes]) {
  const ask = $("ask");
  $("ask-title").textContent = title;
  $("ask-text").textContent = text;
  $("ask-yes").textContent = yes;
  ask.returnValue = "no";
  ask.showModal();
  return new Promise((resolve) => ask.addEventListener("close", () => resolve(ask.returnValue === "yes"), { once: true }));
}

// The second click of a double click answers no question that the first one has opened.
$("ask").addEventListener("click", (event) => { if (event.detail > 1) event.preventDefault(); });

export function size(bytes) {
  return bytes < 1048576 ? `${number(Math.ceil(bytes / 1024))} KB` : `${number(bytes / 1048576, 1)} MB`;
}

function chosen() {
  const file = $("file").files[0];
  $("drop").classList.toggle("has", Boolean(file));
  $("chosen").textContent = file ? `${file.name} (${size(file.size)})` : _("Select file");
  $("result").hidden = true;
}

export function progress(text, part) {
  $("progress").hidden = text === null;
  $("progress-text").textContent = text || "";
  $("bar").parentElement.classList.toggle("wait", part === null);
  $("bar").style.width = `${Math.round((part || 0) * 100)}%`;
}

// The page's form sends its file to `address` as `name`, with what `more()` gives. `checks`: what is shown meanwhile; `done(reply)`: it
// is installed; `ended()`: it is over, however it went.
export function takeUploads({ address, name, more = () => ({}), checks, done, ended = () => {} }) {
  const send = (file, older) => {
    const form = new FormData();
    for (const [field, value] of Object.entries({ ...more(), older })) form.append(field, value);
    form.append(name, file);
    const request = new XMLHttpRequest();
    const end = (text, kind) => {
      sending = false;
      $("send").disabled = $("file").disabled = false;
      progress(null, 0);
      if (text) tell(text, kind);
      ended();
    };
    request.open("POST", address);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-Requested-With", "page");
    request.upload.onprogress = (sent) => progress(_("{percent} % sent", { percent: Math.round((100 * sent.loaded) / sent.total) }), sent.loaded / sent.total);
    request.upload.onload = () => progress(checks, null);
    request.onerror = () => end(_("The upload broke off: the camera closed the connection."), "bad");
    request.onload = () => {
      let reply = {};
      try {
        reply = JSON.parse(request.responseText);
      } catch (error) {
        reply = { error: _("The camera answered {status}.", request) };
      }
      if (request.status < 300) {
        $("upload").reset();
        chosen();
        end(done(reply), "ok");
      } else end(reply.error, request.status === 409 ? "warn" : "bad");
      if (request.status === 409) confirmed([_("Install it all the same?"), reply.error, _("Install")]).then((yes) => yes && send(file, "1"));
    };
    sending = true;
    $("result").hidden = true;
    $("send").disabled = $("file").disabled = true;
    progress(_("Sending …"), 0);
    request.send(form);
  };
  $("file").addEventListener("change", chosen);
  window.addEventListener("pageshow", chosen); // a browser that goes back has the file still, and would send what nobody sees
  $("upload").addEventListener("submit", (event) => {
    event.preventDefault();
    const file = $("file").files[0];
    const most = Number($("upload").dataset.max);
    if (!file || sending) return;
    if (file.size > most) tell(_("{file} is larger than the limit of {most} MB.", { file: file.name, most: most >> 20 }), "bad");
    else send(file, "0");
  });
  for (const each of ["dragover", "dragleave", "drop"]) {
    $("drop").addEventListener(each, (event) => {
      $("drop").classList.toggle("over", each === "dragover");
      if (each === "dragover") event.preventDefault();
    });
  }
}
