// The rows of a list that are selected, and what can be done with them.

import { fill, h } from "./dom.js";
import { formatCount } from "./format.js";

/**
 * @template {{ id: import("./api.js").Id, name: string }} Item
 * @param {{ one: string, actions: (items: Item[], clear: () => void) => Node[] }} options
 */
export function listSelection({ one, actions }) {
  /** @type {Map<string, Item>} */
  const chosen = new Map();
  /** @type {Item[]} */
  let shown = [];
  const all = h("input", { type: "checkbox", class: "checkbox", "aria-label": `Select all on this page`, change: () => {
    for (const item of shown) toggle(item, all.checked);
    update();
  } });
  const count = h("p", { role: "status" });
  const buttons = h("div", { class: "buttons" });
  const bar = h("div", { class: "selection", role: "group", "aria-label": "Selected", hidden: true }, count, buttons);

  /** @param {Item} item @param {boolean} isChosen */
  function toggle(item, isChosen) {
    if (isChosen) chosen.set(String(item.id), item);
    else chosen.delete(String(item.id));
  }

  function clear() {
    chosen.clear();
    update();
  }

  function update() {
    const items = [...chosen.values()], isShown = (/** @type {Item} */ { id }) => chosen.has(String(id));
    bar.hidden = items.length === 0;
    count.textContent = items.length === 0 ? "" : `${formatCount(items.length, one)} selected`;
    if (items.length > 0) fill(buttons, ...actions(items, clear), h("button", { type: "button", class: "button quiet", click: clear }, "Clear"));
    all.checked = shown.length > 0 && shown.every(isShown);
    all.indeterminate = !all.checked && shown.some(isShown);
    document.querySelectorAll("tr[data-key]").forEach((row) => {
      const box = row.querySelector(/** @type {"input"} */ (".select-row"));
      if (box) box.checked = chosen.has(row.getAttribute("data-key") ?? "");
    });
  }

  return {
    all,
    bar,
    /** Returns the checkbox of a row. @param {Item} item */
    box: (item) => h("input", { type: "checkbox", class: "checkbox select-row", "aria-label": `Select ${item.name}`, change: ({ currentTarget }) => {
      toggle(item, currentTarget.checked);
      update();
    } }),
    /** Says which rows are shown: what is selected stays so on other pages. @param {Item[]} items */
    show(items) {
      shown = items;
      for (const item of items) if (chosen.has(String(item.id))) chosen.set(String(item.id), item);
      update();
    },
    /** Forgets a record that is deleted. @param {import("./api.js").Id} id */
    drop(id) {
      if (chosen.delete(String(id))) update();
    },
    clear,
  };
}
