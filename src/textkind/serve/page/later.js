// Places that are filled when their answer comes.

import { failure } from "./elements.js";
import { patiently } from "./patience.js";
import { Refusal, predict } from "./service.js";

// Fill a place with what shown() makes of the result of a request for one text, or with why there is none.
export async function fill(place, body, signal, shown) {
  place.setAttribute("aria-busy", "true");
  try {
    const answer = await patiently(() => predict(body, signal), signal, (words) => words && place.replaceChildren(words));
    const [result] = answer.results;
    place.replaceChildren(...(result.error ? [failure(result.error.problem)] : shown(result)));
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Refusal)) throw error;
    place.replaceChildren(failure(String(error)));
  }
  place.removeAttribute("aria-busy");
}
