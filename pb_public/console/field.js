// The fields of forms. Each has a text as its value.

import { h, newId } from "./dom.js";
import { files } from "./file-field.js";
import { moment, point } from "./parts-fields.js";
import { relation } from "./relation-field.js";
import { reword } from "./wording.js";

/**
 * The text of a value is textOf, and what people read of the text say. What is typed into
 * a fleeting field is in no draft.
 * @typedef {{ name: string, label: string, type?: string, value?: string, required?: boolean, help?: string, lines?: number, autocomplete?: string, inputmode?: string,
 *   multiple?: boolean, accept?: string, isFleeting?: boolean, related?: import("./related.js").Related,
 *   textOf?: (value: any) => string, say?: (text: string) => string, choices?: { value: string, label: string }[] }} Field
 * @typedef {Record<string, string>} Values
 */

/** How fields of some types are made; the others have one input. @type {Record<string, Maker>} */
const makers = { checkboxes: several, file: files, moment, point, relation };

/** A labelled field. @param {Field} field */
export function control(field) {
  const { label, value = "", required, help } = field;
  const helpId = newId(), errorId = newId();
  const error = h("p", { id: errorId, class: "error", hidden: true });
  const caption = [label, required && h("span", { class: "required-mark", "aria-hidden": "true" }, " *")];
  const described = { "aria-describedby": [help && helpId, errorId].filter(Boolean).join(" ") };
  const { element, inputs, read, write, files: chosen, nameOf = (part) => part } = (makers[field.type ?? ""] ?? single)(field, caption, described);
  element.append(...help ? [h("p", { id: helpId, class: "help" }, help)] : [], error);
  write(value);
  // Read it back: the browser normalizes line breaks to "\n".
  let initial = read();
  return {
    element,
    input: /** @type {Input} */ (inputs[0]),
    read,
    write,
    files: () => chosen?.() ?? [],
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
        if ("readOnly" in input && !["checkbox", "file"].includes(input.type)) input.readOnly = isLocked;
        else input.disabled = isLocked;
      }
      for (const button of element.querySelectorAll("button")) button.disabled = isLocked;
    },
    /** Shows messages, which may be about parts of the value. @param {string[] | Record<string, string[]>} reasons */
    tell(reasons) {
      const messages = Array.isArray(reasons) ? reasons.map((message) => reword(message, label, read()))
        : Object.entries(reasons).flatMap(([part, about]) => [about].flat().map((message) => `${nameOf(part)}: ${reword(message, nameOf(part), "…")}`));
      error.textContent = messages.join(" ");
      error.hidden = messages.length === 0;
      for (const input of inputs) {
        if (messages.length > 0) input.setAttribute("aria-invalid", "true");
        else input.removeAttribute("aria-invalid");
      }
    },
  };
}

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Input */
/** @typedef {{ element: HTMLElement, inputs: Input[], read: () => string, write: (text: string) => void, files?: () => File[], nameOf?: (part: string) => string }} Parts */
/** @typedef {(field: Field, caption: import("./dom.js").Child[], described: import("./dom.js").Attributes) => Parts} Maker */

/** @type {Maker} */
function single(field, caption, described) {
  const id = newId(), isCheckbox = field.type === "checkbox";
  const input = inputOf(field, { id, name: field.name, "aria-required": field.required ? "true" : null, ...described });
  const heading = h("label", { for: id }, caption);
  return {
    element: h("div", { class: "field" }, isCheckbox ? h("div", { class: "check" }, input, heading) : [heading, input]),
    inputs: [input],
    read: () => input instanceof HTMLInputElement && isCheckbox ? String(input.checked) : field.type === "json" ? indented(input.value) : input.value,
    write(text) {
      if (input instanceof HTMLInputElement && isCheckbox) input.checked = text === "true";
      else input.value = text;
    },
  };
}

/** Returns JSON as it is written if it is stored. @param {string} text */
function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Choices of which several may be taken; their text is JSON. @type {Maker} */
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
  if (type === "json") return h("textarea", { ...common, class: "input code", rows: lines, dir: "ltr", spellcheck: "false" });
  if (lines) return h("textarea", { ...common, rows: lines, dir: "auto" });
  return h("input", { ...common, type, inputmode, dir: ["email", "password"].includes(type) ? "ltr" : "auto" });
}
