// Fields of forms for files: those that there are, each to be kept or removed, and
// those that are chosen. The text of the field is JSON.

import { fill, h, newId } from "./dom.js";

/** What tells a chosen file from others. @param {File} file */
const traits = ({ name, size, lastModified }) => [name, size, lastModified];

/** @type {import("./field.js").Maker} */
export function files({ name, multiple = false, accept, required }, caption, described) {
  /** @type {string[]} */
  let kept = [];
  /** @type {string[]} */
  let removed = [];
  /** @type {File[]} */
  let added = [];
  /** All that were ever chosen: a text names them, and does not have them. @type {File[]} */
  const known = [];
  const input = h("input", { type: "file", class: "input", id: newId(), name, multiple, accept, "aria-required": required ? "true" : null, ...described, change: choose });
  const list = h("ul", { class: "chosen" });
  const element = h("div", { class: "field" }, h("label", { for: input.id }, caption), list, input);

  function choose() {
    const chosen = [...input.files ?? []];
    known.push(...chosen);
    added = multiple ? [...added, ...chosen] : chosen.slice(0, 1);
    changed();
  }

  function changed() {
    input.value = ""; // what is chosen is in the list
    show();
    element.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function show() {
    const isReplaced = !multiple && added.length > 0;
    fill(list,
      [...kept, ...removed].map((file) => removed.includes(file)
        ? entry(file, "will be removed", "Keep", () => { removed = removed.filter((other) => other !== file); kept = [...kept, file]; })
        : entry(file, isReplaced ? "will be replaced" : "", isReplaced ? "" : "Remove", () => { kept = kept.filter((other) => other !== file); removed = [...removed, file]; })),
      added.map((file) => entry(file.name, "new", "Remove", () => { added = added.filter((other) => other !== file); })));
    list.hidden = list.children.length === 0;
  }

  /** @param {string} file @param {string} state @param {string} action @param {() => void} act */
  function entry(file, state, action, act) {
    return h("li", {},
      h("span", { class: "chosen-name", dir: "auto" }, state.startsWith("will") ? h("s", {}, file) : file), state && h("span", { class: "muted small" }, state),
      action && h("button", { type: "button", class: "button quiet small", "aria-label": `${action} ${file}`, click: () => { act(); changed(); input.focus(); } }, action));
  }

  return {
    element, inputs: [input],
    nameOf: (index) => added[Number(index)]?.name ?? index,
    files: () => added,
    read: () => JSON.stringify({ kept, removed, added: added.map(traits) }),
    write(text) {
      const value = text ? JSON.parse(text) : { kept: [], removed: [], added: [] };
      const wanted = value.added.map((/** @type {any} */ one) => JSON.stringify(one));
      ({ kept, removed } = value);
      added = known.filter((file) => wanted.includes(JSON.stringify(traits(file))));
      show();
    },
  };
}
