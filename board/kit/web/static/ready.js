// Ready: a page that needs its scripts takes clicks and keys only once they run. A form sent before that would be lost.
document.addEventListener("DOMContentLoaded", () => { document.querySelector("main").inert = false; });
