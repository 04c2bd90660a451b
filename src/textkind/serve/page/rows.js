// Many texts labelled in batches. One that is refused is cut at the text at fault where the service names it, else in
// halves, until that text stands alone.

import { patiently } from "./patience.js";
import { Refusal, predict } from "./service.js";

const AT_ONCE = 2; // requests on their way
const TEXTS = 200; // of a request
const ONE_TEXT = new Set([413, 422, 500, 504]); // refusals that some texts of a request may be at fault for
const SPARE = 1000; // bytes of a body beside its texts

const encoder = new TextEncoder();

// {results, failed, versions}: results[i] is that of texts[i]; failed {i: why} are those without one; versions
// {version: texts}. fields are those of the request; progress(done) is called after each batch.
export async function labelRows(texts, fields, limits, { signal, tell, progress }) {
  const results = new Array(texts.length);
  const failed = new Map();
  const versions = new Map();
  const batches = batchesOf(texts, limits);
  let done = 0;

  async function ask(begin, end) {
    if (begin === end) return;
    let answer;
    try {
      const body = { texts: texts.slice(begin, end), ...fields };
      answer = await patiently(() => predict(body, signal), signal, tell);
    } catch (error) {
      if (!(error instanceof Refusal) || !ONE_TEXT.has(error.status)) throw error;
      const named = /^texts\[(\d+)\]$/.exec(error.error.where);
      const at = named ? begin + Number(named[1]) : (begin + end) >> 1;
      const isAlone = named !== null || end - begin === 1;
      if (isAlone) {
        failed.set(at, error.message);
        progress(++done);
      }
      await ask(begin, at);
      return ask(isAlone ? at + 1 : at, end);
    }
    answer.results.forEach((result, place) => {
      if (result.error) failed.set(begin + place, result.error.problem);
      else results[begin + place] = result;
    });
    versions.set(answer.version, (versions.get(answer.version) ?? 0) + end - begin);
    done += end - begin;
    progress(done);
  }

  async function run() {
    for (const [begin, end] of batches) await ask(begin, end); // all runners draw from the same batches
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run));
  return { results, failed, versions };
}

// [begin, end) of texts that make a request within the limits; a text beyond them is alone.
function* batchesOf(texts, limits) {
  const most = Math.min(limits.texts, TEXTS);
  let begin = 0;
  let bytes = SPARE;
  for (let place = 0; place < texts.length; place++) {
    const size = encoder.encode(JSON.stringify(texts[place])).length + 1;
    if (place > begin && (place - begin === most || bytes + size > limits.body)) {
      yield [begin, place];
      begin = place;
      bytes = SPARE;
    }
    bytes += size;
  }
  if (begin < texts.length) yield [begin, texts.length];
}
