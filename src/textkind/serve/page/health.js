// Whether the service is there: a banner while it is not, and the event "service-back" when it is again.

import { isThere } from "./service.js";

const FIRST = 500; // milliseconds to the next look, doubled up to the longest
const LONGEST = 5000;

const banner = document.querySelector("#gone");
let returns = null; // a promise while the service is away

// Resolves when the service answers again; the banner stands until then.
export function whenBack() {
  returns ??= watch();
  return returns;
}

async function watch() {
  banner.textContent = "The service does not answer. It is asked again until it does; nothing that you entered is lost.";
  banner.hidden = false;
  for (let wait = FIRST, back = false; !back; wait = Math.min(2 * wait, LONGEST)) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    back = await isThere();
  }
  returns = null;
  banner.hidden = true;
  document.dispatchEvent(new Event("service-back"));
}
