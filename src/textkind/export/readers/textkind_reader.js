// Reads a compact file of textkind and labels texts, in a browser or in Node; needs nothing else.
//
//   const classifier = await load(bytes)        Uint8Array or ArrayBuffer of the file
//   classifier.probabilities("a text")          one number a label, in the order of classifier.labels
//   classifier.predict("a text")                the label; of several labels an array
//
// The format is described in docs/compact-file.md of textkind. A file that is damaged, or that does
// not give its golden texts the golden answers here, is refused with CompactFileError.

const HEAD = 20; // bytes: magic, version, checksum of all behind it, length of the header
const TYPES = { u1: Uint8Array, i1: Int8Array, u2: Uint16Array, i4: Int32Array, u4: Uint32Array,
  f4: Float32Array };
const WORD = 1, SOLITARY = 2, SPACE = 4, MARK = 8, BORDER = 0x20;
// hashes are of 64 bits: pairs of their high and low half, as numbers have 53 bits
const OFFSET = [0xcbf29ce4, 0x84222325], PRIME = [0x9e3779b9, 0x7f4a7c15];
const MIX = [0xbf58476d, 0x1ce4e5b9];

export class CompactFileError extends Error {}

// The classifier of the bytes of a compact file.
export async function load(source) {
  const bytes = source instanceof Uint8Array ? source : new Uint8Array(source);
  const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const magic = new TextDecoder().decode(bytes.subarray(0, 8));
  if (bytes.length < HEAD || magic !== "textkind") {
    throw new CompactFileError("this is not a compact file of textkind");
  }
  const version = head.getUint32(8, true);
  if (version !== 1) {
    throw new CompactFileError(`the file has version ${version}, this reader reads version 1`);
  }
  if (checksum(bytes.subarray(16)) !== head.getUint32(12, true)) {
    throw new CompactFileError("the file is damaged: its checksum differs; copy it anew");
  }
  let place = HEAD + head.getUint32(16, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(HEAD, place)));
  const arrays = {};
  for (const [name, kind, count, stored] of header.arrays) {
    const packed = new Blob([bytes.subarray(place, place + stored)]).stream();
    const stream = packed.pipeThrough(new DecompressionStream("deflate"));
    const unpacked = await new Response(stream).arrayBuffer();
    if (unpacked.byteLength !== count * TYPES[kind].BYTES_PER_ELEMENT) {
      throw new CompactFileError(`the file is damaged: ${name} must have ${count} numbers`);
    }
    arrays[name] = new TYPES[kind](unpacked);
    place += stored;
  }
  const classifier = new Classifier(header, arrays);
  for (const [text, wanted, answer] of header.golden) {
    const given = classifier.probabilities(text);
    if (!given.every((one, label) => Math.abs(one - wanted[label]) <= 1e-6)) {
      throw new CompactFileError(`the golden text '${text}' has other probabilities here`);
    }
    if (String(classifier.answer(given)) !== String(answer)) {
      throw new CompactFileError(`the golden text '${text}' has another label here`);
    }
  }
  return classifier;
}

// CRC-32, as of zlib.
function checksum(bytes) {
  const table = new Uint32Array(256).map((_, byte) => {
    for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
    return byte;
  });
  let found = 0xffffffff;
  for (const byte of bytes) found = (found >>> 8) ^ table[(found ^ byte) & 255];
  return ~found >>> 0;
}

// The low 64 bits of a product.
function multiply([high, low], [otherHigh, otherLow]) {
  const a = low & 0xffff, b = low >>> 16, c = otherLow & 0xffff, d = otherLow >>> 16;
  const middle = b * c + ((a * c) >>> 16); // below 2^32
  const crossed = a * d + (middle & 0xffff);
  const carried = b * d + (middle >>> 16) + (crossed >>> 16);
  const sum = carried + (Math.imul(high, otherLow) >>> 0) + (Math.imul(low, otherHigh) >>> 0);
  return [sum >>> 0, Math.imul(low, otherLow) >>> 0];
}

// A hash with a code point more.
function grown([high, low], point) {
  return multiply([high, (low ^ point) >>> 0], PRIME);
}

// Every bit of a hash spread over all bits.
function mixed([high, low]) {
  return multiply([high, (low ^ high) >>> 0], MIX);
}

// The hash of a run, of that of its beginning and that of its last unit.
function combine(left, [high, low]) {
  const moved = multiply(left, PRIME);
  return mixed([(moved[0] ^ high) >>> 0, (moved[1] ^ low) >>> 0]);
}

// Rising numbers of their gaps, less 1; a byte of 255 goes on in the next.
function rising(gaps) {
  const found = [];
  let number = -1;
  for (const gap of gaps) {
    number += gap + (gap < 255 ? 1 : 0);
    if (gap < 255) found.push(number);
  }
  return Uint32Array.from(found);
}

// The place of a number in rising numbers, or where it would stand: behind its equals.
function bisect(numbers, number) {
  let low = 0, high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (number < numbers[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}

// A text as its characters, what they become, and what they are: {character, point, kind} of each.
class Characters {
  constructor(arrays) {
    this.starts = arrays["character starts"];
    this.shifts = arrays["character shifts"];
    this.kinds = arrays["character kinds"];
  }

  read(text) {
    return Array.from(text, (character) => {
      const run = bisect(this.starts, character.codePointAt(0)) - 1;
      const point = character.codePointAt(0) + this.shifts[run];
      return { character, point, kind: this.kinds[run] };
    });
  }
}

// A text as hashed n-grams: two blocks, each of Euclidean length 1.
class Ngrams {
  constructor(settings, arrays) {
    this.settings = settings;
    this.characters = new Characters(arrays);
    this.buckets = rising(arrays.gaps);
    this.importance = arrays.importance;
    this.codes = arrays["importance codes"];
  }

  // [row, value] of the known n-grams.
  weigh(text) {
    const told = this.settings, points = this.characters.read(text);
    const words = told.words ? runs(this.words(points), ...told.words) : [];
    const characters = told.characters ? this.characterNgrams(points, ...told.characters) : [];
    return this.block(words, 0).concat(this.block(characters, 2 ** told.bits));
  }

  block(hashes, base) {
    const counts = new Map(), found = [];
    for (const [high] of hashes) {
      const bucket = base + (high >>> (32 - this.settings.bits));
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    let squares = 0;
    for (const [bucket, number] of counts) {
      const row = bisect(this.buckets, bucket) - 1;
      if (row < 0 || this.buckets[row] !== bucket) continue;
      const count = this.settings.sublinear ? 1 + Math.log(Math.min(number, 1023)) : number;
      found.push([row, count * this.importance[this.codes[row]]]);
      squares += found.at(-1)[1] ** 2;
    }
    return found.map(([row, value]) => [row, value / Math.sqrt(squares)]);
  }

  // Hashes of the words: runs of word characters, single letters, runs of a symbol.
  words(points) {
    const found = [];
    let hashed = null, alone = 0, symbol = null, repeated = false;
    for (const { point, kind } of [...points, { point: BORDER, kind: SPACE }]) {
      const inside = kind & WORD && !(kind & SOLITARY) && !(alone && !(kind & MARK));
      if (hashed !== null && !inside) {
        found.push(mixed(hashed));
        hashed = null;
      }
      if (kind & WORD) {
        if (hashed === null) [hashed, alone, symbol] = [OFFSET, kind & SOLITARY, null];
        hashed = grown(hashed, point);
      } else if (kind & SPACE || !this.settings.symbols) {
        symbol = null;
      } else if (point !== symbol) {
        found.push(grown(OFFSET, point));
        [symbol, repeated] = [point, false];
      } else if (!repeated) { // two and more are alike
        found.push(combine(found.pop(), OFFSET));
        repeated = true;
      }
    }
    return found;
  }

  // Hashes of runs of characters, within the stretches between white space or across.
  characterNgrams(points, shortest, longest) {
    const found = [], borders = this.settings.word_borders;
    let line = [BORDER];
    [...points, { point: BORDER, kind: SPACE }].forEach(({ point, kind }, place) => {
      if (!(kind & SPACE)) line.push(point);
      else if (line.at(-1) !== BORDER) line.push(BORDER);
      if (line.length === 1 || !((kind & SPACE && borders) || place === points.length)) return;
      for (let first = 0; first < line.length; first++) {
        let hashed = OFFSET;
        for (let last = first; last < Math.min(first + longest, line.length); last++) {
          hashed = grown(hashed, line[last]);
          if (last - first + 1 >= shortest) found.push(mixed(hashed));
        }
        if (first === 0 && line.length < shortest) found.push(mixed(hashed));
      }
      line = [BORDER];
    });
    return found;
  }
}

// Hashes of the runs of units.
function runs(units, shortest, longest) {
  const found = [];
  units.forEach((unit, first) => {
    let hashed = unit;
    for (let last = first; last < Math.min(first + longest, units.length); last++) {
      if (last > first) hashed = combine(hashed, units[last]);
      if (last - first + 1 >= shortest) found.push(hashed);
    }
  });
  return found;
}

// A text as its tokens and the runs of them, each by its share.
class Tokens {
  constructor(settings, arrays) {
    this.settings = settings;
    this.characters = new Characters(arrays);
    const spelled = new TextDecoder().decode(arrays.vocabulary).split("\n");
    const runs = Array.from(rising(arrays.gaps), (bucket, id) => [bucket, spelled.length + id]);
    this.ids = new Map(spelled.map((token, id) => [token, id]).filter(([token]) => token));
    this.runs = new Map(runs);
    this.rows = new Map(Array.from(rising(arrays.rows), (id, row) => [id, row]));
  }

  // [row, share of the tokens] of those that have a row.
  weigh(text) {
    const { longest, buckets } = this.settings, ids = this.tokens(text), counts = new Map();
    const plain = ids.length;
    for (let first = 0; first < plain; first++) {
      let hashed = combine([0, 0], [0, ids[first]]);
      for (let last = first + 1; last < Math.min(first + longest, plain); last++) {
        hashed = combine(hashed, [0, ids[last]]);
        const run = this.runs.get(multiply([0, hashed[0]], [0, buckets])[0]);
        if (run !== undefined) ids.push(run);
      }
    }
    for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
    const known = [...counts].filter(([id]) => this.rows.has(id));
    return known.map(([id, count]) => [this.rows.get(id), count / ids.length]);
  }
}

// Words as GloVe has them: don't is do and n't, U.S. and 1,000 are one.
class Words extends Tokens {
  tokens(text) {
    // a text of classes: a-z, 0 digit, _ other, M mark, A letter that stands alone, * symbol
    const pattern = new RegExp(
      "'(?:[sdm]|re|ve|ll)(?!\\w)|(?:[a-z_M]\\.){2,}(?!\\w)|AM*|n't(?!\\w)" +
      "|[a-z_M0](?:(?!n't(?!\\w))[a-z_M0]|(?<=0)[.,:](?=0))*|[^\\w ]", "g");
    const points = this.characters.read(text);
    const classes = points.map(classOf).join("");
    const lowered = points.map(({ point }) => String.fromCodePoint(point === 0x2019 ? 0x27 : point));
    const ids = [];
    for (let found = pattern.exec(classes); found; found = pattern.exec(classes)) {
      const start = found.index;
      let end = pattern.lastIndex, word = lowered.slice(start, end);
      if (/^\W$/.test(found[0])) { // a run of one symbol
        while (points[end]?.character === points[start].character) end++;
        word = lowered.slice(start, Math.min(end, start + 3));
        pattern.lastIndex = end;
      }
      ids.push(this.ids.get(word.join("")) ?? this.settings.unknown);
    }
    return ids;
  }
}

function classOf({ character, kind }) {
  if (!(kind & WORD)) {
    const symbol = character === "\u2019" ? "'" : character;
    return kind & SPACE ? " " : "'.,:".includes(symbol) ? symbol : "*";
  }
  if (kind & (SOLITARY | MARK)) return kind & SOLITARY ? "A" : "M";
  return /[0-9]/.test(character) ? "0" : /[A-Za-z]/.test(character) ? character.toLowerCase() : "_";
}

// Pieces of words as BERT has them, the longest first.
class WordPieces extends Tokens {
  tokens(text) {
    const { added, several } = this.settings, ids = [];
    const escaped = Object.keys(added).sort((one, other) => other.length - one.length).map((token) =>
      token.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const parts = escaped.length ? text.split(new RegExp(`(${escaped.join("|")})`)) : [text];
    for (const part of parts) {
      if (Object.hasOwn(added, part)) {
        ids.push(added[part]);
        continue;
      }
      const become = this.characters.read(part).map((one) => became(one, several)).join("");
      for (const word of become.split(" ")) ids.push(...this.pieces(Array.from(word)));
    }
    return ids;
  }

  pieces(word) {
    const { unknown, prefix, longest_word: most } = this.settings, ids = [];
    let start = 0;
    while (start < word.length && word.length <= most) {
      let end = word.length, id;
      for (; end > start && id === undefined; end--) {
        id = this.ids.get((start ? prefix : "") + word.slice(start, end).join(""));
      }
      if (id === undefined) return [unknown];
      ids.push(id);
      start = end + 1;
    }
    return start === word.length ? ids : [unknown];
  }
}

// What stands for a character; spaces stand between words.
function became({ character, point, kind }, several) {
  const own = String.fromCodePoint(point);
  if (kind) return ["", own, ` ${own} `, " ", ""][kind];
  if (Object.hasOwn(several, character)) return several[character];
  const syllable = point - 0xac00, last = syllable % 28; // Korean: two letters or three
  const first = 0x1100 + Math.floor(syllable / 588);
  const middle = 0x1161 + Math.floor((syllable % 588) / 28);
  return String.fromCodePoint(first, middle) + (last ? String.fromCodePoint(0x11a7 + last) : "");
}

// A model and its decision; labels as in training, several: whether a text may have several.
class Classifier {
  constructor(header, arrays) {
    this.labels = header.labels;
    this.several = header.several;
    this.features = new FEATURES[header.features.kind](header.features, arrays);
    this.biases = header.biases;
    this.decision = header.decision;
    this.scales = arrays.scales;
    this.codes = arrays["scale codes"];
    this.steps = arrays.steps;
  }

  // One number a label, before calibration.
  logits(text) {
    const margins = [...this.biases], width = margins.length;
    text = text.replace(/\p{Surrogate}/gu, "\ufffd"); // halves of pairs: UTF-8 has none
    for (const [row, value] of this.features.weigh(text)) {
      const scaled = value * this.scales[this.codes[row]];
      for (let problem = 0; problem < width; problem++) {
        margins[problem] += scaled * this.steps[row * width + problem];
      }
    }
    return width < this.labels.length ? [-margins[0] / 2, margins[0] / 2] : margins;
  }

  // A probability for each label; of one label a text they add up to 1.
  probabilities(text) {
    const told = this.decision;
    const scaled = this.logits(text).map((z, label) => z * told.scales[label] + told.offsets[label]);
    const highest = scaled.reduce((one, other) => Math.max(one, other));
    const lift = this.several ? 0 : Math.max(-20 - highest, 0); // their ratios stay
    const isSigmoid = this.several || told.sigmoid;
    const plain = scaled.map((z) => (isSigmoid ? sigmoid(z + lift) : Math.exp(z - highest)));
    const found = this.shares(plain);
    if (!told.curves) return found;
    return this.shares(found.map((chance, label) => {
      const before = Math.min(Math.max(chance, 1e-12), 1 - 1e-12);
      const after = curved(told.curves[label], before);
      return after + 1e-3 * (before - after);
    }));
  }

  // Chances as probabilities: of one label a text they are made to add up to 1.
  shares(chances) {
    const total = this.several ? 1 : chances.reduce((one, other) => one + other);
    return chances.map((chance) => chance / total);
  }

  // The place of the label; of several labels their places.
  answer(probabilities) {
    const rule = this.decision.rule, places = this.labels.map((_, label) => label);
    let worth = probabilities;
    if (!this.several && rule.costs) {
      worth = places.map((k) => -probabilities.reduce((sum, p, i) => sum + p * rule.costs[i][k], 0));
    } else if (!this.several) {
      worth = probabilities.map((p, label) => p * rule.weights[label]);
    }
    const best = [...places].sort((one, other) => worth[other] - worth[one]);
    if (!this.several) return best[0];
    if (rule.top) return best.slice(0, rule.top).sort((one, other) => one - other);
    const given = places.filter((label) => probabilities[label] >= rule.thresholds[label]);
    return given.length ? given : best.slice(0, Number(rule.at_least_one));
  }

  // The label of a text; of several labels an array of them.
  predict(text) {
    const answer = this.answer(this.probabilities(text));
    return this.several ? answer.map((label) => this.labels[label]) : this.labels[answer];
  }
}

function sigmoid(score) {
  return 1 / (1 + Math.exp(Math.min(Math.max(-score, -80), 80)));
}

// A chance on a label's curve: a sigmoid of its logarithms, or straight lines between points.
function curved(curve, chance) {
  const having = Math.log(chance), lacking = Math.log1p(-chance);
  if ("a" in curve) return sigmoid(curve.a * having - curve.b * lacking + curve.c);
  const { scores, values } = curve, behind = bisect(scores, having - lacking);
  if (behind === 0 || behind === scores.length) return values[Math.min(behind, values.length - 1)];
  const [low, high, first, last] = [
    scores[behind - 1], scores[behind], values[behind - 1], values[behind],
  ];
  return first + ((last - first) * (having - lacking - low)) / (high - low);
}

const FEATURES = { ngrams: Ngrams, words: Words, wordpieces: WordPieces };
