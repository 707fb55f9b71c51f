// What two texts have in common, word by word.

/** From this number of words on, only what the texts begin and end with is compared. */
const MANY = 1500;

/** @typedef {{ text: string, differs: boolean }} Piece */

/**
 * Returns both texts in pieces: those that they have in common, and those that differ.
 * @param {string} one @param {string} other @returns {[Piece[], Piece[]]}
 */
export function diff(one, other) {
  const a = one.match(/\s+|\S+/g) ?? [], b = other.match(/\s+|\S+/g) ?? [];
  let start = 0, end = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const middle = compare(a.slice(start, a.length - end), b.slice(start, b.length - end));
  /** @param {string[]} words @param {boolean[]} common */
  const pieces = (words, common) => join(words.map((text, index) =>
    ({ text, differs: index >= start && index < words.length - end && !common[index - start] })));
  return [pieces(a, middle[0]), pieces(b, middle[1])];
}

/** Returns which words belong to a longest common subsequence. @param {string[]} a @param {string[]} b @returns {[boolean[], boolean[]]} */
function compare(a, b) {
  /** @type {[boolean[], boolean[]]} */
  const common = [a.map(() => false), b.map(() => false)];
  if (a.length > MANY || b.length > MANY) return common;
  // lengths[i * width + j] is the length for the words from i and from j on.
  const width = b.length + 1, lengths = new Uint16Array((a.length + 1) * width);
  /** @param {number} i @param {number} j */
  const at = (i, j) => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) common[0][i++] = common[1][j++] = true;
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return common;
}

/** @param {Piece[]} words @returns {Piece[]} */
function join(words) {
  /** @type {Piece[]} */
  const pieces = [];
  for (const word of words) {
    const last = pieces.at(-1);
    if (last && last.differs === word.differs) last.text += word.text;
    else pieces.push({ ...word });
  }
  return pieces;
}
