// HTTPS: sends a certificate and its key, read here, and says what is wrong with them.
import "./ready.js";
import { _ } from "./words.js";

const $ = (id) => document.getElementById(id);

async function base64(input) {
  const file = input.files[0];
  if (!file) return "";
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function tell(text, kind) {
  $("installed").textContent = text;
  $("installed").className = `alert ${kind}`;
  $("installed").hidden = false;
}

$("install").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  tell(_("It is checked …"), "");
  try {
    const body = JSON.stringify({ certificate: await base64($("certificate")), private_key: await base64($("key")), password: $("secret").value });
    const reply = await fetch("/api/https/certificate", {
      method: "PUT", body, headers: { "Content-Type": "application/json", "X-Requested-With": "page" },
    }).catch(() => { throw new Error(_("The camera does not answer.")); });
    const answer = await reply.json().catch(() => ({}));
    if (!reply.ok) throw new Error(answer.error || _("The camera answered {status}.", { status: reply.status }));
    location.reload();
  } catch (error) {
    tell(error.message, "bad");
    button.disabled = false;
  }
});
