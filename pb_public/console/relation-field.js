// Fields of forms that name other records, chosen by what people call them. The text of
// the field is a JSON list of ids.

import { combobox } from "./combobox.js";
import { fill, h, newId } from "./dom.js";
import { icon } from "./icons.js";
import { findLabel, labelOf, search } from "./related.js";

/** @type {import("./field.js").Maker} */
export function relation(field, caption, described) {
  return field.related ? choice(field, field.related, caption, described) : plain(field, caption, described);
}

/** Asks for the ids of records that nobody may list. @type {import("./field.js").Maker} */
function plain({ name, multiple = false, required }, caption, described) {
  const input = h("input", { id: newId(), name, class: "input", type: "text", autocomplete: "off", dir: "ltr", placeholder: multiple ? "Ids, separated by commas" : "Id", "aria-required": required ? "true" : null, ...described });
  return {
    element: h("div", { class: "field" }, h("label", { for: input.id }, caption), input),
    inputs: [input],
    read: () => JSON.stringify(input.value.split(multiple ? "," : "\n").map((id) => id.trim()).filter(Boolean)),
    write(text) { input.value = JSON.parse(text || "[]").join(", "); },
  };
}

/** @param {import("./field.js").Field} field @param {import("./related.js").Related} related @param {import("./dom.js").Child[]} caption @param {import("./dom.js").Attributes} described @returns {import("./field.js").Parts} */
function choice({ label, multiple = false }, related, caption, described) {
  /** @type {string[]} */
  let ids = [];
  const list = h("ul", { class: "chosen" });
  const box = combobox({
    label: `Search ${label.toLowerCase()}`, inForm: true, placeholder: "Search", nothing: "Nothing found.",
    search: async (text, signal) => (await search(related, text, signal)).filter(({ id }) => !ids.includes(id)),
    option: ({ id }) => [h("span", { dir: "auto" }, labelOf(related, id)), labelOf(related, id) !== id && h("span", { class: "muted small" }, `No. ${id}`)],
    choose: ({ id }) => {
      ids = multiple ? [...ids, id] : [id];
      changed();
      if (!multiple) list.querySelector("button")?.focus();
    },
  });
  const element = h("fieldset", { class: "field choices", ...described }, h("legend", {}, caption), list, box.element);

  function changed() {
    show();
    element.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function show() {
    fill(list, ids.map(entry));
    list.hidden = ids.length === 0;
    box.element.hidden = !multiple && ids.length > 0;
  }

  /** @param {string} id */
  function entry(id) {
    const name = h("span", { class: "chosen-name", dir: "auto" }, labelOf(related, id));
    const remove = h("button", { type: "button", class: "button quiet icon small", "aria-label": `Remove ${labelOf(related, id)}`, click: () => {
      ids = ids.filter((other) => other !== id);
      changed();
      box.focus();
    } }, icon("close"));
    void findLabel(related, id).then((text) => {
      name.textContent = text;
      remove.setAttribute("aria-label", `Remove ${text}`);
    });
    return h("li", {}, name, remove);
  }

  return {
    element, inputs: [box.input],
    read: () => JSON.stringify(ids),
    write(text) {
      ids = JSON.parse(text || "[]");
      show();
    },
  };
}
