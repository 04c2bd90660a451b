// The field for a key, shown where the service asks for one. The key lives as long as the page.

import { Refusal, setKey } from "./service.js";

const form = document.querySelector("#key-form");
const field = document.querySelector("#key");

// Whether the error asks for a key; the field is shown then.
export function keyWanted(error) {
  if (!(error instanceof Refusal) || error.status !== 401) return false;
  document.querySelector("#key-told").textContent = String(error.message);
  form.hidden = false;
  field.focus();
  return true;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  setKey(field.value.trim());
  field.value = "";
  form.hidden = true;
  document.dispatchEvent(new Event("key-given"));
});
