// What may be held back: the fields of a request that the ticked promises come to.

const FIELDS = { max_error: "promises", sets: "promises", reject_novel: "novelty" }; // field: the fact of a model it needs

const boxes = Object.keys(FIELDS).map((name) => document.querySelector(`#${name}`));

function share(box) {
  const input = document.querySelector(`#${box.id}-share`);
  return Number((input.valueAsNumber / 100).toPrecision(12));
}

// {max_error: 0.05, ...} of those that are ticked.
export function promisesAsked() {
  return Object.fromEntries(boxes.filter((box) => box.checked).map((box) => [box.id, share(box)]));
}

// Only what the model can promise may be ticked.
export function allowPromises(model) {
  for (const box of boxes) {
    box.disabled = !model[FIELDS[box.id]];
    if (box.disabled) box.checked = false;
    showPromise(box);
  }
}

function showPromise(box) {
  document.querySelector(`#${box.id}-share`).disabled = !box.checked;
  document.querySelector(`#${box.id}-absent`).hidden = !box.disabled;
}

for (const box of boxes) box.addEventListener("change", () => showPromise(box));
for (const input of document.querySelectorAll("details input")) {
  input.addEventListener("invalid", () => (input.closest("details").open = true)); // what is closed cannot be pointed at
}
