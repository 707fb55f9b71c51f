// What a person sees of the values of added fields.

import { enumerate, isDay, kindOf } from "./declared.js";
import { h } from "./dom.js";
import { fileLink } from "./file-links.js";
import { formatDate, formatMoment, formatNumber } from "./format.js";
import { findLabel } from "./related.js";
import { address } from "./router.js";

/** @typedef {import("./declared.js").Declared} Declared */

const none = () => h("span", { class: "muted" }, "–");

/** @param {Declared} field @param {any} value */
export function show(field, value) {
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) return none();
  switch (kindOf(field)) {
    case "boolean": return value ? "Yes" : "No";
    case "datetime": return isDay(value) ? formatDate(value) : formatMoment(value);
    case "point": return value.lat || value.lon ? `${value.lat}, ${value.lon}` : none();
    case "file": return lines([value].flat().map(fileLink));
    case "relation": return lines([value].flat().map((id) => related(field, String(id))));
    case "json": return typeof value === "object" ? h("pre", { class: "document" }, JSON.stringify(value, null, 2)) : String(value);
    case "url": return /^(https?|ftp):/i.test(value) ? h("a", { href: value, rel: "noreferrer", target: "_blank" }, value) : value;
    case "html": return h("span", { class: "markup", dir: "auto" }, textOfMarkup(value));
    case "email": return h("a", { href: `mailto:${value}` }, value);
  }
  if (typeof value === "number") return formatNumber(value);
  /** @param {any} one */
  const textOf = (one) => field.choices?.find((choice) => choice.value === one)?.display_name ?? String(one);
  return h("span", { dir: "auto" }, Array.isArray(value) ? enumerate(value.map(textOf)) : textOf(value));
}

/** A tag with its name. */
const TAG = /<(\/?)([a-z][^\s/>]*)(?:"[^"]*"|'[^']*'|[^"'>])*>/gi;

/** What begins a line, and how much of markup is shown, in characters. */
const BLOCKS = /^(br|p|div|ul|ol|li|tr|pre|blockquote|h[1-6])$/i, MUCH = 100_000;

/** The text of markup, of which no tag is parsed: the page's policy reports their attributes. @param {string} markup */
function textOfMarkup(markup) {
  const text = markup.slice(0, MUCH).replace(/<!--.*?-->|<(script|style|template)\b.*?<\/\1\s*>/gis, "")
    .replace(TAG, (_, end, name) => `${BLOCKS.test(name) ? "\n" : ""}${!end && /^li$/i.test(name) ? "• " : ""}`).replace(/</g, "&lt;");
  const { body } = new DOMParser().parseFromString(text, "text/html");
  return (body.textContent ?? "").replace(/[^\S\n]*\n\s*/g, "\n").trim();
}

/** @param {Node[]} nodes */
const lines = (nodes) => nodes.length === 1 ? /** @type {Node} */ (nodes[0]) : h("ul", { class: "plain-list" }, nodes.map((node) => h("li", {}, node)));

/** A related record, by the name that people know it by, which leads to its page if there is one. @param {Declared} field @param {string} id */
function related({ input }, id) {
  const { list, label } = input ?? {};
  const page = /^\/api\/(patients|doctors)\/$/.exec(list ?? "")?.[1];
  const element = page ? h("a", { href: address([page, id]), dir: "auto" }, id) : h("span", { dir: "auto" }, id);
  if (list && label) void findLabel({ list, label }, id).then((text) => { element.textContent = text; });
  return element;
}
