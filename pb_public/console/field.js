// The fields of forms. Each has a text as its value.

import { h, newId } from "./dom.js";
import { reword } from "./wording.js";

/**
 * @typedef {{ name: string, label: string, type?: string, value?: string, required?: boolean, help?: string, lines?: number, autocomplete?: string, inputmode?: string,
 *   textOf?: (value: any) => string, choices?: { value: string, label: string }[] }} Field
 * @typedef {Record<string, string>} Values
 */

/** A labelled field. @param {Field} field */
export function control(field) {
  const { label, value = "", required, help } = field;
  const id = newId(), helpId = newId(), errorId = newId();
  const input = inputOf(field, {
    id, name: field.name, "aria-required": required ? "true" : null,
    "aria-describedby": [help && helpId, errorId].filter(Boolean).join(" "),
  });
  const isCheckbox = field.type === "checkbox";
  const error = h("p", { id: errorId, class: "error", hidden: true });
  const caption = h("label", { for: id }, label, required && h("span", { class: "required-mark", "aria-hidden": "true" }, " *"));
  const element = h("div", { class: "field" },
    isCheckbox ? h("div", { class: "check" }, input, caption) : [caption, input],
    help && h("p", { id: helpId, class: "help" }, help),
    error);

  const read = () => input instanceof HTMLInputElement && isCheckbox ? String(input.checked) : input.value;
  /** @param {string} text */
  function write(text) {
    if (input instanceof HTMLInputElement && isCheckbox) input.checked = text === "true";
    else input.value = text;
  }
  write(value);
  // Read it back: the browser normalizes line breaks to "\n".
  let initial = read();
  return {
    element,
    input,
    read,
    write,
    initial: () => initial,
    /** @param {string} value */
    rebase(value) {
      const own = read(), isChanged = own !== initial;
      write(value);
      initial = read();
      if (isChanged) write(own);
    },
    /** @param {boolean} isLocked */
    lock(isLocked) {
      // A text keeps the focus, and can be read; the others have no such state.
      if ("readOnly" in input && !isCheckbox) input.readOnly = isLocked;
      else input.disabled = isLocked;
    },
    /** @param {string[]} messages */
    tell(messages) {
      error.textContent = messages.map((message) => reword(message, label, read())).join(" ");
      error.hidden = messages.length === 0;
      if (messages.length > 0) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };
}

/** @param {Field} field @param {import("./dom.js").Attributes} shared @returns {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} */
function inputOf({ type = "text", lines, autocomplete, inputmode, choices, required }, shared) {
  if (type === "checkbox") return h("input", { ...shared, type, class: "checkbox" });
  const common = { ...shared, class: "input", autocomplete: autocomplete ?? "off" };
  if (choices) return h("select", common, !required && h("option", { value: "" }, "–"), choices.map(({ value, label }) => h("option", { value }, label)));
  if (lines) return h("textarea", { ...common, rows: lines, dir: "auto" });
  return h("input", { ...common, type, inputmode, dir: ["email", "password"].includes(type) ? "ltr" : "auto" });
}
