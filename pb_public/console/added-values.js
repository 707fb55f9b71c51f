// What is sent for the values of forms with fields that an operator has added.

import { Refused } from "../session.js";
import { kindOf } from "./declared.js";

/**
 * @typedef {import("./declared.js").Declared} Declared
 * @typedef {Record<string, File[]>} Files
 */

/**
 * Returns the bodies of the requests that save the values of a form, one after the
 * other: more than one only if a form with files cannot say that a list becomes empty.
 * @param {Declared[]} added @param {Record<string, string>} values @param {Files} files @param {boolean} isNew @returns {(object | Blob)[]}
 */
export function encodeAdded(added, values, files, isNew) {
  const fields = new Map(added.map((field) => [field.name, field]));
  const entries = Object.entries(values).flatMap(/** @returns {[string, any][]} */ ([name, text]) => {
    const field = fields.get(name);
    return field ? encode(field, text, files[name] ?? [], isNew) : [[name, text]];
  });
  const isUpload = (/** @type {any} */ value) => [value].flat().some((one) => one instanceof File);
  if (!entries.some(([, value]) => isUpload(value))) return [Object.fromEntries(entries)];
  const isEmpty = (/** @type {any} */ value) => Array.isArray(value) && value.length === 0;
  const emptied = isNew ? [] : entries.filter(([, value]) => isEmpty(value));
  const form = multipart(entries.filter(([, value]) => !isEmpty(value)), (name) => fields.has(name) ? kindOf(/** @type {Declared} */ (fields.get(name))) : "string");
  return emptied.length > 0 ? [form, Object.fromEntries(emptied)] : [form];
}

/** Returns the members of the body for a field. @param {Declared} field @param {string} text @param {File[]} files @param {boolean} isNew @returns {[string, any][]} */
function encode(field, text, files, isNew) {
  const { name, required, min_value = 0, max_value = 0 } = field;
  switch (kindOf(field)) {
    case "multiple choice": return [[name, JSON.parse(text)]];
    case "relation": return encodeRelation(field, JSON.parse(text));
    case "json": return [[name, text.trim() === "" ? null : parse(name, text)]];
    case "point": return encodePoint(name, JSON.parse(text || "[]"), isNew);
    case "file": return encodeFiles(field, JSON.parse(text).removed, files, isNew);
    case "password": return text === "" && !(isNew && required) ? [] : [[name, text]];
  }
  // A number that is left empty is not sent, and what is none, 0 or else null, in the place of one.
  if (text !== "" || required) return [[name, text]];
  if (field.type === "datetime") return [[name, null]];
  if (field.type === "integer" || field.type === "float") return isNew ? [] : [[name, min_value > 0 || max_value < 0 ? null : 0]];
  return [[name, text]];
}

/** @param {Declared} field @param {string[]} ids @returns {[string, any][]} */
const encodeRelation = ({ name, input }, ids) => [[name, input?.multiple ? ids : ids[0] ?? null]];

/** @param {string} name @param {string} text */
function parse(name, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(400, { [name]: ["Value must be valid JSON."] });
  }
}

/** @param {string} name @param {string[]} degrees @param {boolean} isNew @returns {[string, any][]} */
function encodePoint(name, [lat = "", lon = ""], isNew) {
  if (lat === "" && lon === "") return isNew ? [] : [[name, { lat: 0, lon: 0 }]];
  return [[name, { lat, lon }]];
}

/** @param {Declared} field @param {string[]} removed @param {File[]} files @param {boolean} isNew @returns {[string, any][]} */
function encodeFiles({ name, type }, removed, files, isNew) {
  const isSeveral = type === "list";
  return [
    ...(removed.length > 0 && (isSeveral || files.length === 0) ? [/** @type {[string, any]} */ ([`${name}-`, removed])] : []),
    ...(files.length > 0 ? [/** @type {[string, any]} */ ([isSeveral && !isNew ? `${name}+` : name, files])] : []),
  ];
}

/**
 * Returns a form with files. FormData would change the line breaks of texts.
 * @param {[string, any][]} entries @param {(name: string) => string} kindOf
 */
function multipart(entries, kindOf) {
  const boundary = crypto.getRandomValues(new Uint32Array(4)).join("");
  /** @type {BlobPart[]} */
  const parts = [];
  /** @param {string} name @param {any} value */
  const add = (name, value) => {
    const file = value instanceof File ? `; filename="${value.name.replace(/["\r\n]/g, encodeURIComponent)}"\r\nContent-Type: ${value.type || "application/octet-stream"}` : "";
    parts.push(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`, value instanceof File ? value : String(value ?? ""), "\r\n");
  };
  for (const [name, value] of entries) {
    if (kindOf(name) === "json") add(name, JSON.stringify(value));
    else if (kindOf(name) === "point") for (const [part, degrees] of Object.entries(value)) add(`${name}.${part}`, degrees);
    else for (const one of [value].flat()) add(name, one);
  }
  return new Blob([...parts, `--${boundary}--\r\n`], { type: `multipart/form-data; boundary=${boundary}` });
}
