// The filters of a list: a panel to choose them in, and what is chosen as chips.

import { combobox } from "./combobox.js";
import { fill, h, newId } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {Record<string, string>} Values */

/**
 * A filter with a name in the address. One without choices, suggestions or a search
 * is on or off. Say returns what its chip says. An address can have any value: one that
 * is not valid is no filter.
 * @typedef {{
 *   name: string, label: string, hidden?: boolean, isValid?: (value: string) => boolean, choices?: { value: string, label: string }[], suggest?: () => Promise<string[]>,
 *   search?: (text: string, signal: AbortSignal) => Promise<{ id: import("./api.js").Id, name: string }[]>, say?: (value: string) => string | Promise<string>,
 * }} Filter
 */

/** @typedef {ReturnType<typeof filtersOf>} Filters */

/** @param {Filter[]} all @param {(values: Values) => import("./request.js").Query} query */
export function filtersOf(all, query) {
  /** @type {Values} */
  let values = {};
  /** @type {(values: Values) => void} */
  let changed = () => {};
  const panelId = newId();
  const count = h("span", { class: "badge good", hidden: true });
  const button = h("button", { type: "button", class: "button filter-button", "data-shortcut": "f", "aria-expanded": "false", "aria-controls": panelId, click: () => toggle(button.getAttribute("aria-expanded") === "false") },
    icon("filter"), h("span", {}, "Filter"), count);
  const asked = all.filter(({ hidden }) => !hidden).map((filter) => ({ filter, ...controlOf(filter, set) }));
  /** @type {HTMLElement} */
  const controls = h("div", { class: "filter-controls", id: panelId, hidden: true }, asked.map(({ element }) => element));
  const chips = h("ul", { class: "chips", "aria-label": "Filters", hidden: true });
  const panel = h("div", {}, controls, chips);

  /** @param {boolean} open */
  function toggle(open) {
    controls.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  }

  /** @param {string} name @param {string} value */
  function set(name, value) {
    values = Object.fromEntries(Object.entries({ ...values, [name]: value }).filter(([, value]) => value !== ""));
    update();
    changed(values);
  }

  function update() {
    for (const { filter, write } of asked) write(values[filter.name] ?? "");
    const active = all.filter(({ name }) => values[name]);
    chips.hidden = active.length === 0;
    count.hidden = chips.hidden;
    count.textContent = String(active.length);
    fill(chips, active.map(chip));
  }

  /** @param {Filter} filter */
  function chip({ name, label, choices, say }) {
    const value = values[name] ?? "";
    const text = h("span", {}, choices?.find((choice) => choice.value === value)?.label ?? (say ? "…" : label));
    if (say) Promise.resolve(say(value)).then((said) => { text.textContent = said; }, () => { text.textContent = label; });
    return h("li", { class: "chip" }, text,
      h("button", { type: "button", class: "button quiet icon", "aria-label": `Remove the filter ${label.toLowerCase()}`, click: () => { set(name, ""); button.focus(); } }, icon("close")));
  }

  return {
    button,
    panel,
    query,
    /** @param {URLSearchParams} from @returns {Values} */
    read: (from) => Object.fromEntries(all.flatMap((filter) => {
      const value = from.get(filter.name) ?? "";
      return isPossible(filter, value) ? [[filter.name, value]] : [];
    })),
    /** @param {Values} initial @param {(values: Values) => void} onChange */
    connect(initial, onChange) {
      values = initial;
      changed = onChange;
      update();
    },
    clear() {
      values = {};
      update();
    },
  };
}

/** @param {Filter} filter @param {string} value */
function isPossible({ choices, suggest, search, isValid }, value) {
  if (value === "" || value.includes("\0")) return false;
  if (isValid) return isValid(value);
  if (choices) return choices.some((choice) => choice.value === value);
  return suggest !== undefined || search !== undefined || value === "1";
}

/** @param {Filter} filter @param {(name: string, value: string) => void} set @returns {{ element: Element, write: (value: string) => void }} */
function controlOf({ name, label, choices, suggest, search }, set) {
  const id = newId();
  if (search) {
    const { element } = combobox({ label, placeholder: "Search by name", search, option: (item) => [h("span", { dir: "auto" }, item.name)], choose: (item) => set(name, String(item.id)) });
    return { element, write: () => {} };
  }
  if (choices) {
    const select = h("select", { id, class: "input", change: () => set(name, select.value) }, h("option", { value: "" }, "Any"), choices.map(({ value, label }) => h("option", { value }, label)));
    return { element: h("div", { class: "field" }, h("label", { for: id }, label), select), write: (value) => { select.value = value; } };
  }
  if (suggest) {
    const list = h("datalist", { id: newId() });
    const input = h("input", { id, class: "input", list: list.id, autocomplete: "off", dir: "auto", change: () => set(name, input.value.trim()), focus: () => void fillList() });
    const fillList = async () => { if (!list.firstChild) fill(list, (await suggest().catch(() => [])).map((value) => h("option", { value }))); };
    return { element: h("div", { class: "field" }, h("label", { for: id }, label), input, list), write: (value) => { input.value = value; } };
  }
  const box = h("input", { type: "checkbox", id, class: "checkbox", change: () => set(name, box.checked ? "1" : "") });
  return { element: h("div", { class: "check filter-check" }, box, h("label", { for: id }, label)), write: (value) => { box.checked = value === "1"; } };
}
