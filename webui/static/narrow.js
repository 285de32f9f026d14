// Narrow: on a phone the fields of a search are folded while one of its spans of days is chosen: what was found comes first.
import {$} from "./portal.js";

const fold = $("details.narrow");
const phone = matchMedia("(max-width: 820px)");
const follow = () => { fold.open = !phone.matches || !$("[aria-current]", fold.parentElement) || Boolean($("[role=alert]")); };
phone.addEventListener("change", follow);
follow();
