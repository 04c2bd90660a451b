// Asking again where the service is busy or away.

import { whenBack } from "./health.js";
import { Gone, Refusal } from "./service.js";

const LONGEST = 20; // seconds between two tries

// What call() comes to, tried until the service is there and not busy, or the signal ends it.
// tell(words) says why it waits, and "" when it goes on.
export async function patiently(call, signal, tell) {
  for (let wait = 1; ; wait = Math.min(2 * wait, LONGEST)) {
    try {
      const value = await call();
      tell("");
      return value;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Gone) {
        tell("Waiting for the service.");
        await orAborted(whenBack(), signal);
        wait = 1;
      } else if (error instanceof Refusal && error.status === 503) {
        tell(`The service is busy: ${error.message}. Asking again.`);
        const seconds = Math.max(wait, error.retryAfter) * (0.75 + Math.random() / 2); // not all clients at once
        await orAborted(new Promise((resolve) => setTimeout(resolve, 1000 * seconds)), signal);
      } else {
        throw error;
      }
    }
  }
}

function orAborted(promise, signal) {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
