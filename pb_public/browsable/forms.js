// Reads the JSON that a form sends.

import { chosen } from "./choices.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Control */

/** The initial value of each control. @type {WeakMap<Control, string>} */
const shown = new WeakMap();

/** @param {HTMLFormElement} form @returns {Control[]} */
const controls = (form) => [.../** @type {NodeListOf<Control>} */ (form.querySelectorAll("[name]"))];

/** @param {HTMLFormElement} form */
export function remember(form) {
  form.setAttribute("data-ready", "");
  for (const control of controls(form)) shown.set(control, control.value);
}

/**
 * Returns a form's JSON: the raw tab's text as it is, else all fields, or only the
 * changed ones for PATCH.
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
    // Controls normalize some texts, such as carriage returns: send unchanged
    // fields back as they were.
    values[control.name] = changed || method === "POST" ? read(control) : original[control.name];
  }
  return JSON.stringify(values);
}

/** Returns the form's initial values, from the raw tab. @param {HTMLFormElement} form @returns {Record<string, unknown>} */
function originals(form) {
  const raw = /** @type {HTMLTextAreaElement | null | undefined} */ (form.closest("section")?.querySelector("textarea.raw"));
  return JSON.parse(raw?.defaultValue || "{}");
}

/** @param {Control} control */
function read(control) {
  if (control.type === "number" && /^-?\d{1,15}$/.test(control.value)) return Number(control.value);
  return chosen(control) ?? control.value;
}
