// Marks in a text what was searched for, without regard to case and accents.

import { h } from "./dom.js";

/** Returns the words and the phrases in quotation marks of a search. @param {string} search */
export function terms(search) {
  return [...search.matchAll(/"([^"]+)"|'([^']+)'|(\S+)/g)].map(([, one, two, three]) => fold(one ?? two ?? three ?? "")).filter(Boolean);
}

/** @param {string} text */
const fold = (text) => text.normalize("NFKD").replace(/\p{Mn}/gu, "").toLowerCase();

/** Returns where the terms are in a text, as ranges of code units. @param {string} text @param {string[]} sought @returns {[number, number][]} */
function find(text, sought) {
  let folded = "";
  /** Where each folded code unit comes from. @type {number[]} */
  const from = [];
  let at = 0;
  for (const character of text) {
    const own = fold(character);
    for (let i = 0; i < own.length; i += 1) from.push(at);
    folded += own;
    at += character.length;
  }
  /** @type {[number, number][]} */
  const found = [];
  for (const term of sought) {
    for (let i = folded.indexOf(term); i >= 0; i = folded.indexOf(term, i + term.length)) found.push([from[i] ?? 0, from[i + term.length] ?? text.length]);
  }
  return found.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
}

/** Returns the text with what was found marked. @param {string} text @param {string[]} sought @returns {(Node | string)[]} */
export function marked(text, sought) {
  /** @type {(Node | string)[]} */
  const parts = [];
  let end = 0;
  for (const [from, to] of find(text, sought)) {
    if (to <= end) continue;
    parts.push(text.slice(end, Math.max(from, end)), h("mark", {}, text.slice(Math.max(from, end), to)));
    end = to;
  }
  return [...parts, text.slice(end)];
}

/** Returns the part of a long text with the first hit, on one line. @param {string} text @param {string[]} sought @param {number} length */
export function excerptAround(text, sought, length) {
  const line = text.slice(0, 20_000).replace(/\s+/g, " ").trim();
  const first = find(line, sought)[0]?.[0] ?? 0;
  const start = first < length / 2 ? 0 : line.indexOf(" ", first - 30) + 1;
  const part = Array.from(line.slice(start)).slice(0, length).join("");
  return `${start > 0 ? "… " : ""}${part}${start + part.length < line.length || text.length > 20_000 ? "…" : ""}`;
}
