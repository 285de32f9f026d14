// Alarm: a sound, a flash or both when a blacklisted plate comes; by choice of whoever sits at this screen.
import {$} from "./portal.js";

const SHOWN_MS = 6000;
const CHOICES = ["sound", "flash"];
let sound = null;
let flashing = 0;

for (const name of CHOICES) {
  const box = $(`#alarm-${name}`);
  box.checked = localStorage.getItem(`alarm-${name}`) === "1";
  box.addEventListener("change", () => {
    localStorage.setItem(`alarm-${name}`, box.checked ? "1" : "0");
    if (box.checked && name === "sound") beep();
  });
}
// Browsers let a page sound only after somebody has touched it.
document.addEventListener("pointerdown", () => { if ($("#alarm-sound").checked) speaker().resume(); }, {once: true});

function speaker() {
  sound ??= new AudioContext();
  return sound;
}

function beep() {
  const speak = speaker();
  speak.resume();
  for (const [start_s, hertz] of [[0, 880], [0.25, 660], [0.5, 880]]) {
    const tone = speak.createOscillator();
    const volume = speak.createGain();
    tone.frequency.value = hertz;
    volume.gain.value = 0.3;
    tone.connect(volume).connect(speak.destination);
    tone.start(speak.currentTime + start_s);
    tone.stop(speak.currentTime + start_s + 0.18);
  }
}

/** Warns of `passages` that have just come, if one of them is blacklisted. */
export function showAlarm(passages) {
  if (!passages.some((passage) => passage.lists.some((list) => list.role === "black"))) return;
  if ($("#alarm-sound").checked) beep();
  if (!$("#alarm-flash").checked) return;
  document.body.classList.add("alarm");
  clearTimeout(flashing); // that of the car before would end this one's
  flashing = setTimeout(() => document.body.classList.remove("alarm"), SHOWN_MS);
}
