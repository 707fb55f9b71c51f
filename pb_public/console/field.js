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
  const helpId = newId(), errorId = newId();
  const error = h("p", { id: errorId, class: "error", hidden: true });
  const caption = [label, required && h("span", { class: "required-mark", "aria-hidden": "true" }, " *")];
  const described = { "aria-describedby": [help && helpId, errorId].filter(Boolean).join(" ") };
  const { element, inputs, read, write } = field.type === "checkboxes" ? several(field, caption, described) : single(field, caption, described);
  element.append(...help ? [h("p", { id: helpId, class: "help" }, help)] : [], error);
  write(value);
  // Read it back: the browser normalizes line breaks to "\n".
  let initial = read();
  return {
    element,
    input: /** @type {Input} */ (inputs[0]),
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
      for (const input of inputs) {
        if ("readOnly" in input && input.type !== "checkbox") input.readOnly = isLocked;
        else input.disabled = isLocked;
      }
    },
    /** @param {string[]} messages */
    tell(messages) {
      error.textContent = messages.map((message) => reword(message, label, read())).join(" ");
      error.hidden = messages.length === 0;
      for (const input of inputs) {
        if (messages.length > 0) input.setAttribute("aria-invalid", "true");
        else input.removeAttribute("aria-invalid");
      }
    },
  };
}

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Input */
/** @typedef {{ element: HTMLElement, inputs: Input[], read: () => string, write: (text: string) => void }} Parts */

/** @param {Field} field @param {import("./dom.js").Child[]} caption @param {import("./dom.js").Attributes} described @returns {Parts} */
function single(field, caption, described) {
  const id = newId(), isCheckbox = field.type === "checkbox";
  const input = inputOf(field, { id, name: field.name, "aria-required": field.required ? "true" : null, ...described });
  const heading = h("label", { for: id }, caption);
  return {
    element: h("div", { class: "field" }, isCheckbox ? h("div", { class: "check" }, input, heading) : [heading, input]),
    inputs: [input],
    read: () => input instanceof HTMLInputElement && isCheckbox ? String(input.checked) : input.value,
    write(text) {
      if (input instanceof HTMLInputElement && isCheckbox) input.checked = text === "true";
      else input.value = text;
    },
  };
}

/** Choices of which several may be taken; their text is JSON. @param {Field} field @param {import("./dom.js").Child[]} caption @param {import("./dom.js").Attributes} described @returns {Parts} */
function several({ name, choices = [] }, caption, described) {
  const boxes = choices.map(({ value }) => h("input", { type: "checkbox", class: "checkbox", id: newId(), name, value }));
  return {
    element: h("fieldset", { class: "field choices", ...described }, h("legend", {}, caption),
      boxes.map((box, index) => h("div", { class: "check" }, box, h("label", { for: box.id }, choices[index]?.label ?? "")))),
    inputs: boxes,
    read: () => JSON.stringify(boxes.filter(({ checked }) => checked).map(({ value }) => value)),
    write(text) {
      const chosen = JSON.parse(text || "[]");
      for (const box of boxes) box.checked = chosen.includes(box.value);
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
