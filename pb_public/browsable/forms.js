// What a form sends.

import { chosen } from "./choices.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Control */

/** What each field had when the form came, as its control shows it. @type {WeakMap<Control, string>} */
const shown = new WeakMap();

/** @param {HTMLFormElement} form @returns {Control[]} */
const controls = (form) => [.../** @type {NodeListOf<Control>} */ (form.querySelectorAll("[name]"))];

/** @param {HTMLFormElement} form */
export function remember(form) {
  form.setAttribute("data-ready", "");
  for (const control of controls(form)) shown.set(control, control.value);
}

/**
 * The JSON of a form: of the raw tab as it stands, of the other every field, or
 * with PATCH those that were changed.
 * @param {HTMLFormElement} form @param {string} method
 */
export function payload(form, method) {
  if (form.hasAttribute("data-raw")) return /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea")).value;
  const original = originals(form);
  /** @type {Record<string, unknown>} */
  const values = {};
  for (const control of controls(form)) {
    const changed = control.value !== shown.get(control);
    if (method === "PATCH" && !changed) continue;
    // A control cannot hold every text, such as one with carriage returns: what
    // nobody has changed goes back as it came.
    values[control.name] = changed || method === "POST" ? read(control) : original[control.name];
  }
  return JSON.stringify(values);
}

/** The values that the form came with, from the raw tab. @param {HTMLFormElement} form @returns {Record<string, unknown>} */
function originals(form) {
  const raw = /** @type {HTMLTextAreaElement | null | undefined} */ (form.closest("section")?.querySelector("textarea.raw"));
  return JSON.parse(raw?.defaultValue || "{}");
}

/** @param {Control} control */
function read(control) {
  if (control.type === "number" && /^-?\d{1,15}$/.test(control.value)) return Number(control.value);
  return chosen(control) ?? control.value;
}
