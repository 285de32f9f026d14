// Ready: a page that needs its scripts takes clicks and keys only once they run. A form sent before that would be lost.
document.addEventListener("DOMContentLoaded", () => { document.querySelector("main").inert = false; });

// A key that is held too long presses nothing twice: it would go on in the dialog that it has opened.
document.addEventListener("keydown", (event) => {
  if (event.repeat && event.key === "Enter" && !event.target.closest?.("textarea")) event.preventDefault();
}, true);
