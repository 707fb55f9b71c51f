// A field that searches as the user types, following ARIA's combobox pattern with
// a listbox popup.

import { isAbort, explain } from "./request.js";
import { fill, h, newId } from "./dom.js";

/** The delay between a keystroke and the search, in milliseconds. */
const REST = 200;

/**
 * One that is a field of a form has its label in the field, and searches only when it is
 * asked.
 * @template {{ id: import("./api.js").Id }} Item
 * @typedef {{ label: string, inForm?: boolean, placeholder: string, nothing?: string, search: (text: string, signal: AbortSignal) => Promise<Item[]>,
 *   option: (item: Item) => import("./dom.js").Child[], choose: (item: Item) => void }} ComboboxOptions
 */

/** @template {{ id: import("./api.js").Id }} Item @param {ComboboxOptions<Item>} options */
export function combobox({ label, inForm = false, placeholder, nothing = "No doctor found.", search, option, choose }) {
  const id = newId(), listId = newId();
  /** @type {Item[]} */
  let items = [];
  let active = -1;
  let running = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;

  const input = h("input", {
    id, class: "input", type: "text", role: "combobox", autocomplete: "off", placeholder, dir: "auto",
    "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": listId,
    input: () => later(REST), focus: () => inForm || later(0), blur: close, keydown: onKey, click: () => later(0),
  });
  const list = h("ul", { id: listId, role: "listbox", class: "options", "aria-label": label, hidden: true });
  const status = h("p", { class: "help", role: "status" });

  /** @param {number} wait */
  function later(wait) {
    clearTimeout(typing);
    typing = setTimeout(() => void look(), wait);
  }

  async function look() {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    try {
      const found = await search(input.value.trim(), signal);
      if (signal.aborted || document.activeElement !== input) return;
      // What the keys have chosen meanwhile stays so.
      const chosen = items[active]?.id;
      items = found;
      show(items.findIndex(({ id }) => id === chosen));
      status.textContent = items.length === 0 ? nothing : "";
    } catch (error) {
      if (!isAbort(error)) status.textContent = explain(error);
    }
  }

  /** @param {number} index */
  function show(index) {
    active = index;
    fill(list, items.map((item, at) => h("li", {
      id: `${listId}-${at}`, role: "option", "aria-selected": String(at === active),
      // mousedown comes before the field's blur.
      pointerdown: (event) => event.preventDefault(),
      click: () => take(at),
    }, option(item))));
    list.hidden = items.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    if (active >= 0) input.setAttribute("aria-activedescendant", `${listId}-${active}`);
    else input.removeAttribute("aria-activedescendant");
    (list.children[active] ?? list).scrollIntoView({ block: "nearest" });
  }

  function close() {
    clearTimeout(typing);
    running.abort();
    items = [];
    status.textContent = "";
    show(-1);
  }

  /** @param {number} index */
  function take(index) {
    const item = items[index];
    if (!item) return;
    input.value = "";
    close();
    choose(item);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const last = items.length - 1;
    if (event.key === "ArrowDown" && last < 0) later(0);
    else if (event.key === "ArrowDown") show(active >= last ? 0 : active + 1);
    else if (event.key === "ArrowUp" && last >= 0) show(active <= 0 ? last : active - 1);
    else if (event.key === "Enter" && active >= 0) take(active);
    else if (event.key === "Enter" && input.value !== "") later(0); // it is no answer yet, and submits no form
    else if (event.key === "Escape" && !list.hidden) close();
    else return;
    event.preventDefault();
  }

  return {
    element: h("div", { class: "field combobox" }, h("label", { for: id, class: inForm && "visually-hidden" }, label), h("div", { class: "combobox-field" }, input, list), status),
    input,
    focus: () => input.focus(),
  };
}
