// Backup: uploads a backup with progress and shows what is in it. Text from the camera is only set as text.
import "./ready.js";
import { _ } from "./words.js";

const form = document.getElementById("open");
const file = document.getElementById("file");
const progress = document.getElementById("progress");

function tell(text, kind) {
  progress.hidden = false;
  progress.textContent = text;
  progress.className = `alert ${kind}`;
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!file.files.length) return;
  if (file.files[0].size > Number(form.dataset.max)) return tell(_("The file is too large."), "bad");
  const button = form.querySelector("button");
  button.disabled = true;
  const request = new XMLHttpRequest();
  request.open("POST", "/api/backup/open");
  request.setRequestHeader("X-Requested-With", "page");
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", (moved) => {
    const percent = moved.total ? Math.floor((100 * moved.loaded) / moved.total) : 0;
    tell(percent < 100 ? _("Uploading: {percent} %", { percent }) : _("Opening and checking the backup …"), "");
  });
  request.addEventListener("error", () => {
    button.disabled = false;
    tell(_("The camera does not answer."), "bad");
  });
  request.addEventListener("load", () => {
    if (request.status === 201) return location.reload();
    button.disabled = false;
    let said = {};
    try {
      said = JSON.parse(request.responseText);
    } catch (error) {
      said = {};
    }
    tell(said.error || _("The camera answered {status}.", { status: request.status }), "bad");
  });
  const body = new FormData();
  body.append("passphrase", document.getElementById("passphrase").value);
  body.append("backup", file.files[0]);
  request.send(body);
});
