// The client of the service's public paths.

const SLACK = 15; // seconds that an answer may take beyond the service's own limit

let key = ""; // only here: gone with the page
let limit = 30;

// The service has refused: status, and its error in the words of the service.
export class Refusal extends Error {
  constructor(status, error, retryAfter) {
    super(error.problem);
    this.status = status;
    this.error = error;
    this.retryAfter = retryAfter; // seconds
  }

  toString() {
    const { problem, found, where, hint } = this.error;
    const told = [problem, found ? ` (found: ${found})` : "", where ? `, in ${where}` : "", hint ? `; ${hint}` : "", "."].join("");
    return told[0].toUpperCase() + told.slice(1);
  }
}

// Nothing has answered.
export class Gone extends Error {}

export function setKey(value) {
  key = value;
}

// {models, limits} of the service.
export async function readModels() {
  const told = await ask("v1/models");
  limit = told.limits.timeout;
  return told;
}

// {models} with their drift.
export function readDrift() {
  return ask("v1/drift");
}

// The answer to a body of POST /v1/predict.
export function predict(body, signal) {
  return ask("v1/predict", body, signal);
}

export async function isThere() {
  try {
    return (await fetch("healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}

async function ask(path, body, signal) {
  const late = AbortSignal.timeout((limit + SLACK) * 1000);
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  const asked = { headers, cache: "no-store", credentials: "omit", signal: signal ? AbortSignal.any([signal, late]) : late };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    Object.assign(asked, { method: "POST", body: JSON.stringify(body) });
  }
  let answer, told;
  try {
    answer = await fetch(path, asked);
    told = await answer.text();
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw new Gone("the service does not answer", { cause: error });
  }
  let value = null;
  try {
    value = JSON.parse(told);
  } catch {
    // what is no JSON is not from the service: told below
  }
  if (answer.ok && value) return value;
  const error = value?.error ?? { problem: `an answer that is not the service's: status ${answer.status}`, hint: "Is there a proxy?" };
  throw new Refusal(answer.status, error, Number(answer.headers.get("Retry-After") ?? 1));
}
