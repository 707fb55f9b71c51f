// The fields of a resource that its operator has added, as the server declares them
// (OPTIONS), and how a form asks for them.

import { fileName } from "./file-links.js";
import { formatDate, formatMoment } from "./format.js";
import { labelOf } from "./related.js";
import { request } from "./request.js";

/**
 * @typedef {{ type: string, multiple?: boolean, list?: string, label?: string }} DeclaredInput
 * @typedef {{ name: string, label: string, type: string, required: boolean, read_only: boolean, help_text?: string, max_length?: number, min_value?: number, max_value?: number,
 *   choices?: { value: any, display_name: string }[], input?: DeclaredInput }} Declared
 * @typedef {Partial<import("./field.js").Field>} Input
 */

/** What every patient and doctor has. */
const KNOWN = ["id", "created_by", "created_at", "name", "age", "notes", "speciality"];

/** How long a view waits for the declaration, in milliseconds. */
const TIMEOUT = 4000;

/** Kinds that OPTIONS names otherwise. @type {Record<string, string>} */
const KINDS = { "file upload": "file", "image upload": "file", list: "file", "nested object": "point" };

/** Kinds that a list has no room for. */
const BROAD = ["html", "json", "relation", "file", "point"];

/** How a form asks for values of each kind. @type {Record<string, (field: Declared) => Input>} */
const INPUTS = {
  string: ({ max_length }) => (max_length ?? Infinity) > 500 ? { lines: max_length ? 1 : 4 } : {},
  email: () => ({ type: "email" }),
  url: () => ({ inputmode: "url" }),
  integer: () => ({ inputmode: "numeric" }),
  float: () => ({ inputmode: "decimal" }),
  boolean: () => ({ type: "checkbox", say: (text) => text === "true" ? "Yes" : "No" }),
  choice: () => ({}),
  "multiple choice": () => ({ type: "checkboxes", textOf: (value) => JSON.stringify(value ?? []), say: (text) => enumerate(JSON.parse(text || "[]")) }),
  datetime: () => ({ type: "moment", textOf: (value) => isDay(value) ? value.slice(0, 10) : String(value ?? ""), say: sayMoment }),
  html: () => ({ lines: 4, help: "As HTML." }),
  json: () => ({ type: "json", lines: 4, help: "As JSON.", textOf: (value) => value === null || value === undefined ? "" : JSON.stringify(value, null, 2) }),
  password: () => ({ type: "password", autocomplete: "new-password", isFleeting: true, help: "It is not shown again. Left empty, a stored one stays.", textOf: () => "" }),
  point: () => ({ type: "point", textOf: pointText, say: (text) => JSON.parse(text || "[]").join(", ") }),
  file: ({ type }) => ({
    type: "file", isFleeting: true, multiple: type === "list", ...(type === "image upload" && { accept: "image/*" }), help: "Not kept if you leave before it is saved.",
    textOf: (value) => filesText([value ?? []].flat().map(fileName)), say: sayFiles,
  }),
  relation: ({ input }) => relationInput(input ?? { type: "relation" }),
};

/** @param {DeclaredInput} input @returns {Input} */
function relationInput({ multiple = false, list, label }) {
  /** @param {any} value */
  const textOf = (value) => JSON.stringify([value ?? []].flat().map(String));
  const related = list && label ? { list, label } : undefined;
  return { type: "relation", multiple, textOf, say: (text) => enumerate(JSON.parse(text || "[]").map((/** @type {string} */ id) => related ? labelOf(related, id) : id)), ...(related && { related }) };
}

/** Whether a time is a day: operators have no other type for one. @param {any} value */
export const isDay = (value) => typeof value === "string" && /^[-\d]+T00:00:00(\.0+)?Z$/.test(value);

const list = new Intl.ListFormat("en", { type: "unit" });

/** @param {string[]} texts */
export const enumerate = (texts) => list.format(texts);

/** @param {string} text */
function sayMoment(text) {
  if (Number.isNaN(Date.parse(text))) return text;
  return text.length === 10 ? formatDate(`${text}T00:00:00Z`) : formatMoment(text);
}

/** The degrees of a point; 0, 0 is none. @param {{ lat: number, lon: number } | undefined} point */
const pointText = (point) => point && (point.lat || point.lon) ? JSON.stringify([String(point.lat), String(point.lon)]) : "";

/** The text of a field of files of which nothing was changed. @param {string[]} kept */
const filesText = (kept) => JSON.stringify({ kept, removed: [], added: [] });

/** @param {string} text */
function sayFiles(text) {
  const { kept, added } = JSON.parse(text || filesText([]));
  return enumerate([...kept, ...added.map((/** @type {[string]} */ [name]) => `${name} (new)`)]);
}

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
  const { actions, inputs } = await request("OPTIONS", path, { signal: AbortSignal.timeout(TIMEOUT) });
  return Object.entries(actions?.POST ?? {}).filter(([name]) => !KNOWN.includes(name)).map(([name, field]) => ({ name, ...field, input: inputs?.[name] }));
}

/** Returns the kind of a field's values. @param {Declared} field */
export const kindOf = ({ type, input }) => input?.type ?? KINDS[type] ?? type;

/** Returns those of added fields that can be read, as passwords cannot. @param {Declared[]} added */
export const readable = (added) => added.filter((field) => kindOf(field) !== "password");

/** Returns those that a list has room for. @param {Declared[]} added */
export const concise = (added) => readable(added).filter((field) => !BROAD.includes(kindOf(field)));

/** Returns how a form asks for added fields. @param {Declared[]} added @returns {import("./field.js").Field[]} */
export function inputsOf(added) {
  return added.filter(({ read_only }) => !read_only).map((field) => {
    const { name, label, required, help_text, choices } = field, input = INPUTS[kindOf(field)]?.(field) ?? {};
    return {
      name, label, required,
      ...(choices && { choices: choices.map(({ value, display_name }) => ({ value: String(value), label: display_name })) }),
      ...input,
      help: [help_text, input.help].filter(Boolean).join(" "),
    };
  });
}
