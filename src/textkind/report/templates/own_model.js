
// The page: reads the model that stands in it and labels what is written.
(async () => {
  const MOST_SHOWN = 20; // labels in the table
  const place = (id) => document.getElementById(id);
  const made = (name, className, text) => {
    const element = document.createElement(name);
    element.className = className;
    element.textContent = text;
    return element;
  };
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  let classifier;
  try {
    const packed = atob(place("model").textContent);
    classifier = await load(Uint8Array.from(packed, (character) => character.charCodeAt(0)));
  } catch (error) {
    place("gone").textContent = `The model in this page cannot be used: ${error.message}`;
    place("gone").hidden = false;
    return;
  }
  const row = (label, probability, isGiven) => {
    const line = document.createElement("tr");
    const name = made("th", isGiven ? "given" : "", "");
    name.scope = "row";
    name.append(made("bdi", "", String(label)));
    const whole = made("span", "whole-bar", ""), part = made("span", "part-bar", "");
    part.style.width = `${100 * probability}%`;
    whole.append(part);
    const bar = made("td", "bar", "");
    bar.append(whole);
    line.append(name, made("td", "number", percent(probability)), bar);
    return line;
  };
  const show = () => {
    const probabilities = classifier.probabilities(place("text").value);
    const given = [classifier.answer(probabilities)].flat();
    const order = probabilities.map((_, label) => label)
      .sort((one, other) => probabilities[other] - probabilities[one]);
    const shown = order.slice(0, MOST_SHOWN);
    const names = given.map((label) => String(classifier.labels[label]));
    place("answer").replaceChildren(names.length ? "Label: " : "No label reaches its threshold");
    names.forEach((name, index) => {
      place("answer").append(index ? ", " : "", made("bdi", "name", name));
    });
    place("probabilities").replaceChildren(...shown.map((label) =>
      row(classifier.labels[label], probabilities[label], given.includes(label))));
    place("shown").hidden = false;
    const left = order.length - shown.length;
    place("rest").textContent = left ? `and ${left} less likely labels` : "";
  };
  let waiting;
  place("text").disabled = false;
  place("text").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 100); // of a long text not every key
  });
  show();
})();
