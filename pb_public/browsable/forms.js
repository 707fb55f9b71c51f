// Reads what a form sends: JSON, or a multipart form if a file was chosen.

import { chosen } from "./choices.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Control */

/** The initial state of each control. @type {WeakMap<Control, string>} */
const shown = new WeakMap();

/** @param {HTMLFormElement} form @returns {Control[]} */
const controls = (form) => [.../** @type {NodeListOf<Control>} */ (form.querySelectorAll("[name]"))];

/** Returns the values that are selected in a list. @param {Control} control */
const selected = (control) => (control instanceof HTMLSelectElement ? [...control.selectedOptions].map((option) => option.value) : []);

/** What changes when somebody edits the control. @param {Control} control */
function state(control) {
  if (control instanceof HTMLInputElement && control.type === "checkbox") return String(control.checked);
  return control instanceof HTMLSelectElement ? JSON.stringify(selected(control)) : control.value;
}

/** @param {HTMLFormElement} form */
export function remember(form) {
  form.setAttribute("data-ready", "");
  for (const control of controls(form)) shown.set(control, state(control));
}

/** Whether files have been chosen in the control. @param {Control} control */
const hasFiles = (control) => control instanceof HTMLInputElement && Boolean(control.files?.length);

/**
 * Returns a form's content: the raw tab's text as it is, else all fields, or only the
 * changed ones for PATCH. Files stay unless others were chosen.
 * @param {HTMLFormElement} form @param {string} method @returns {string | FormData}
 */
export function payload(form, method) {
  if (form.hasAttribute("data-raw")) return /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea")).value;
  const original = originals(form);
  /** @type {Record<string, unknown>} */
  const values = {};
  for (const control of controls(form)) {
    if (control.dataset.type === "file") continue;
    const changed = state(control) !== shown.get(control);
    if (method === "PATCH" && !changed) continue;
    // Controls normalize some texts, such as carriage returns: send unchanged
    // fields back as they were.
    values[control.name] = changed || method === "POST" ? read(control) : original[control.name];
  }
  return controls(form).some(hasFiles) ? multipart(form, values) : JSON.stringify(values);
}

/** Returns a form with files. @param {HTMLFormElement} form @param {Record<string, unknown>} values */
function multipart(form, values) {
  const data = new FormData();
  for (const control of controls(form)) {
    if (hasFiles(control)) for (const file of /** @type {HTMLInputElement} */ (control).files ?? []) data.append(control.name, file);
    if (!(control.name in values)) continue;
    const value = values[control.name];
    if (control.dataset.type === "json") data.append(control.name, JSON.stringify(value));
    else if (control.dataset.type === "point") for (const [part, degrees] of Object.entries(value ?? {})) data.append(`${control.name}.${part}`, String(degrees));
    else for (const item of Array.isArray(value) ? value : [value]) data.append(control.name, String(item ?? ""));
  }
  return data;
}

/** Returns the form's initial values, from the raw tab. @param {HTMLFormElement} form @returns {Record<string, unknown>} */
function originals(form) {
  const raw = /** @type {HTMLTextAreaElement | null | undefined} */ (form.closest("section")?.querySelector("textarea.raw"));
  return JSON.parse(raw?.defaultValue || "{}");
}

/** @param {Control} control */
function read(control) {
  switch (control.dataset.type) {
    case "boolean":
      return /** @type {HTMLInputElement} */ (control).checked;
    case "list":
      return selected(control);
    case "datetime":
      return control.value || null;
    case "key":
      return chosen(/** @type {HTMLInputElement} */ (control)) ?? (control.value || null);
    case "json":
    case "point":
      return json(control);
  }
  if (control.type === "number" && /^-?\d{1,15}$/.test(control.value)) return Number(control.value);
  return (control instanceof HTMLSelectElement ? undefined : chosen(control)) ?? control.value;
}

/** Parses the JSON in a control. @param {Control} control @returns {unknown} */
function json(control) {
  if (!control.value.trim()) return null;
  try {
    return JSON.parse(control.value);
  } catch {
    throw new Error(`${control.labels?.[0]?.textContent?.trim()} is not valid JSON.`);
  }
}
