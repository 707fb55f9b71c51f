// A page with a live list of records that can be searched, sorted and paged.

import { fill, h, newId, reconcile } from "./dom.js";
import { formatCount, formatNumber } from "./format.js";
import { icon } from "./icons.js";
import { isDeleted } from "./deletions.js";
import { isMissing } from "./request.js";
import { address, note } from "./router.js";
import { emptiness, failure, skeleton } from "./states.js";
import { live } from "./store.js";

/**
 * @template Item
 * @typedef {{ name: string, label: string, sort?: string, secondary?: boolean, cell: (item: Item) => (Node | string | false | null)[] }} Column
 */

/**
 * @template {{ id: import("./api.js").Id }} Item
 * @typedef {{
 *   collection: string, title: string, one: string, hint: string, picture: "patients" | "doctors",
 *   columns: Column<Item>[], order: string,
 *   load: (query: import("./request.js").Query, signal: AbortSignal) => Promise<import("./api.js").Page<Item>>,
 *   actions: (item: Item) => (Node | string | false | null)[], add: () => void, route: import("./router.js").Route, signal: AbortSignal,
 * }} ListOptions
 */

/**
 * Returns the buttons of a row whose record can be changed.
 * @template {{ name: string }} Item
 * @param {Item} item @param {(item: Item) => void} edit @param {(item: Item) => void} remove
 */
export function rowActions(item, edit, remove) {
  return [
    h("button", { type: "button", class: "button quiet icon", "aria-label": `Edit ${item.name}`, click: () => edit(item) }, icon("edit")),
    h("button", { type: "button", class: "button quiet icon", "aria-label": `Delete ${item.name}`, click: () => remove(item) }, icon("remove")),
  ];
}

const PAGE_SIZE = 25;

/** The delay between a keystroke and the search, in milliseconds. */
const REST = 250;

/** @template {{ id: import("./api.js").Id }} Item @param {ListOptions<Item>} options */
export function listView({ collection, title, one, hint, picture, columns, order, load, actions, add, route, signal }) {
  const state = {
    search: route.query.get("search") ?? "",
    ordering: route.query.get("ordering") ?? order,
    page: Math.max(1, Number.parseInt(route.query.get("page") ?? "1", 10) || 1),
  };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;

  const summary = h("p", { class: "muted", role: "status" });
  const search = h("input", { type: "search", class: "input", id: newId(), placeholder: `Search ${title.toLowerCase()}`, autocomplete: "off", dir: "auto", input: onSearch });
  search.value = state.search;
  const sorts = columns.flatMap(({ label, sort }) => sort ? [[`${label}, ascending`, sort], [`${label}, descending`, `-${sort}`]] : []);
  const select = h("select", { class: "input", id: newId(), change: () => go({ ordering: select.value, page: 1 }) },
    sorts.map(([label, value]) => h("option", { value: value ?? "" }, label ?? "")));
  const heads = columns.map((column) => h("th", { scope: "col", class: `column-${column.name}${column.secondary ? " secondary" : ""}` }, column.sort ? sortButton(column) : column.label));
  const body = h("tbody");
  const table = h("table", { class: "table" },
    h("caption", { class: "visually-hidden" }, title),
    h("thead", {}, h("tr", {}, heads, h("th", { scope: "col", class: "column-actions" }, h("span", { class: "visually-hidden" }, "Actions")))),
    body);
  const place = h("div", {});
  const pages = h("nav", { class: "pages", "aria-label": "Pages", hidden: true });
  const element = h("div", { class: "view" },
    h("header", { class: "view-head" },
      h("div", {}, h("h1", { tabindex: -1 }, title), summary),
      h("button", { type: "button", class: "button primary", click: add }, icon("add"), `Add ${one}`)),
    h("div", { class: "panel list" },
      h("div", { class: "toolbar", role: "search" },
        h("div", { class: "search" }, h("label", { for: search.id, class: "visually-hidden" }, `Search ${title.toLowerCase()}`), icon("search"), search),
        h("div", { class: "sort-select" }, h("label", { for: select.id, class: "visually-hidden" }, "Sort by"), select)),
      place, table, pages));

  /** @param {Column<Item>} column */
  function sortButton({ label, sort }) {
    return h("button", { type: "button", class: "sort", click: () => go({ ordering: state.ordering === sort ? `-${sort}` : sort, page: 1 }) },
      label, icon("up"), icon("down"));
  }

  function onSearch() {
    clearTimeout(typing);
    typing = setTimeout(() => go({ search: search.value.trim(), page: 1 }), REST);
  }

  /** @param {Partial<typeof state>} change */
  function go(change) {
    Object.assign(state, change);
    note(address([collection], {
      search: state.search,
      ordering: state.ordering === order ? undefined : state.ordering,
      page: state.page === 1 ? undefined : state.page,
    }));
    showOrder();
    void reload();
  }

  function showOrder() {
    select.value = state.ordering;
    columns.forEach(({ sort }, index) => {
      const direction = state.ordering === sort ? "ascending" : state.ordering === `-${sort}` && sort ? "descending" : null;
      if (direction) heads[index]?.setAttribute("aria-sort", direction);
      else heads[index]?.removeAttribute("aria-sort");
    });
  }

  /** @param {import("./store.js").Answer<import("./api.js").Page<Item>>} answer */
  function show({ data, error, loading }) {
    element.classList.toggle("is-loading", loading && data !== undefined);
    element.setAttribute("aria-busy", String(loading));
    if (error && state.page > 1 && isMissing(error)) return go({ page: 1 });
    const failed = error !== undefined && data === undefined;
    const shown = data?.results.filter(({ id }) => !isDeleted(collection, id)) ?? [];
    const count = data ? data.count - (data.results.length - shown.length) : 0;
    const isEmpty = data !== undefined && count === 0;
    table.hidden = data === undefined || isEmpty;
    pages.hidden = table.hidden;
    if (failed) fill(place, failure(error, () => void reload()));
    else if (data === undefined) fill(place, skeleton(8));
    else if (isEmpty) fill(place, nothing());
    else fill(place);
    if (!data) return;
    reconcile(body, shown, ({ id }) => id, row);
    summary.textContent = state.search ? formatCount(count, "match", "matches") : formatCount(count, one);
    showPages(count);
  }

  /** @param {Item} item */
  function row(item) {
    return h("tr", {}, columns.map(({ name, cell, secondary }, index) =>
      h(index === 0 ? "th" : "td", { class: `column-${name}${secondary ? " secondary" : ""}`, scope: index === 0 ? "row" : null }, cell(item))),
      h("td", { class: "column-actions" }, actions(item)));
  }

  function nothing() {
    if (!state.search) {
      return emptiness({ picture, title: `No ${title.toLowerCase()} yet`, text: hint, action: h("button", { type: "button", class: "button primary", click: add }, icon("add"), `Add ${one}`) });
    }
    const clear = () => { search.value = ""; search.focus(); go({ search: "", page: 1 }); };
    return emptiness({ picture: "search", title: "Nothing matches", text: `No ${one} matches all of these words.`, action: h("button", { type: "button", class: "button", click: clear }, "Clear the search") });
  }

  const range = h("p", { class: "muted" });
  const buttons = [
    pageButton("Previous page", "back", () => state.page - 1),
    pageButton("Next page", "next", () => state.page + 1),
  ];
  pages.append(range, h("div", { class: "page-buttons" }, buttons));

  /** @param {string} label @param {"back" | "next"} picture @param {() => number} target */
  function pageButton(label, picture, target) {
    return h("button", { type: "button", class: "button icon", "aria-label": label, click: ({ currentTarget }) => {
      if (currentTarget.getAttribute("aria-disabled") !== "true") go({ page: target() });
    } }, icon(picture));
  }

  /** @param {number} total */
  function showPages(total) {
    const from = (state.page - 1) * PAGE_SIZE + 1, to = Math.min(total, state.page * PAGE_SIZE);
    range.textContent = `${formatNumber(from)}–${formatNumber(to)} of ${formatNumber(total)}`;
    // Not disabled: that would lose the focus.
    buttons[0]?.setAttribute("aria-disabled", String(state.page === 1));
    buttons[1]?.setAttribute("aria-disabled", String(to >= total));
  }

  showOrder();
  const { reload } = live({
    load: (own) => load({ search: state.search, ordering: state.ordering, page: state.page, page_size: PAGE_SIZE }, own),
    collections: [collection],
    show,
    signal,
  });
  signal.addEventListener("abort", () => clearTimeout(typing));
  return element;
}
