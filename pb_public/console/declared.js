// The fields of a resource that its operator has added, as the server declares them
// (OPTIONS).

import { h } from "./dom.js";
import { formatDate, formatDay, formatMoment, formatNumber } from "./format.js";
import { request } from "./request.js";

/**
 * @typedef {{ name: string, label: string, type: string, required: boolean, read_only: boolean, help_text?: string, max_length?: number, choices?: { value: any, display_name: string }[] }} Declared
 */

/** What every patient and doctor has. */
const KNOWN = ["id", "created_by", "created_at", "name", "age", "notes", "speciality"];

/** How long a view waits for the declaration, in milliseconds. */
const PATIENCE = 4000;

/** How the fields of a form ask for values of each type; no other types are asked for. @type {Record<string, Partial<import("./field.js").Field>>} */
const INPUTS = {
  string: {}, email: { type: "email" }, url: { inputmode: "url" }, integer: { inputmode: "numeric" }, float: { inputmode: "decimal" }, decimal: { inputmode: "decimal" },
  boolean: { type: "checkbox" }, date: { type: "date" }, choice: {},
  "multiple choice": { type: "checkboxes", textOf: (value) => JSON.stringify(value ?? []) },
  datetime: { help: "Such as 2026-01-31, or 2026-01-31T12:00:00Z with a time.", textOf: (value) => isDay(value) ? value.slice(0, 10) : String(value ?? "") },
};

/** Whether a time is a day: operators have no other type for one. @param {any} value */
const isDay = (value) => typeof value === "string" && /^[-\d]+T00:00:00(\.0+)?Z$/.test(value);

const list = new Intl.ListFormat("en", { type: "unit" });

/** @type {Map<string, Promise<Declared[]>>} */
const asked = new Map();

/** Returns the fields that an operator has added, asked for once per page. @param {string} path @returns {Promise<Declared[]>} */
export function addedFields(path) {
  const before = asked.get(path);
  if (before) return before;
  const answer = load(path);
  asked.set(path, answer);
  answer.catch(() => asked.delete(path));
  return answer;
}

/** @param {string} path @returns {Promise<Declared[]>} */
async function load(path) {
  const { actions } = await request("OPTIONS", path, { signal: AbortSignal.timeout(PATIENCE) });
  return Object.entries(actions?.POST ?? {}).filter(([name]) => !KNOWN.includes(name)).map(([name, field]) => ({ name, ...field }));
}

/** Returns how a form asks for added fields. @param {Declared[]} added @returns {import("./field.js").Field[]} */
export function inputsOf(added) {
  return added.filter(({ type, read_only }) => !read_only && INPUTS[type]).map(({ name, label, type, required, help_text, max_length, choices }) => ({
    name, label, required,
    ...(type === "string" && (max_length ?? Infinity) > 500 && { lines: max_length ? 1 : 4 }),
    ...(choices && { choices: choices.map(({ value, display_name }) => ({ value: String(value), label: display_name })) }),
    ...INPUTS[type],
    help: [help_text, INPUTS[type]?.help].filter(Boolean).join(" "),
  }));
}

/**
 * Returns what is sent for the values of a form. A number that is left empty is not
 * sent, and 0, which is none, in the place of one; a date without a value is null, and
 * several choices are a list.
 * @param {Declared[]} added @param {Record<string, string>} values @param {boolean} isNew
 */
export function encodeAdded(added, values, isNew) {
  const types = new Map(added.map(({ name, type, required }) => [name, required ? "" : type]));
  const lists = new Set(added.filter(({ type }) => type === "multiple choice").map(({ name }) => name));
  return Object.fromEntries(Object.entries(values).flatMap(/** @returns {[string, any][]} */ ([name, value]) => {
    if (lists.has(name)) return [[name, JSON.parse(value)]];
    const type = value === "" ? types.get(name) : undefined;
    if (type === "datetime" || type === "date") return [[name, null]];
    if (type === "integer" || type === "float" || type === "decimal") return isNew ? [] : [[name, 0]];
    return [[name, value]];
  }));
}

/** A point on the map; 0, 0 is none. @param {{ lat: number, lon: number }} point */
const placeOf = ({ lat, lon }) => lat || lon ? `${lat}, ${lon}` : h("span", { class: "muted" }, "–");

/** Returns what a person sees of a value. @param {Declared} field @param {any} value */
export function show({ type, choices }, value) {
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) return h("span", { class: "muted" }, "–");
  if (type === "boolean") return value ? "Yes" : "No";
  if (isDay(value)) return formatDate(value);
  if (type === "nested object") return placeOf(value);
  if (type === "date" || type === "datetime") return type === "date" ? formatDay(value) : formatMoment(value);
  if (typeof value === "number") return formatNumber(value);
  /** @param {any} one */
  const textOf = (one) => choices?.find((choice) => choice.value === one)?.display_name ?? (typeof one === "string" ? one : JSON.stringify(one));
  return h("span", { dir: "auto" }, Array.isArray(value) ? list.format(value.map(textOf)) : textOf(value));
}
