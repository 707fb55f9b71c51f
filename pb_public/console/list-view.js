// A page with a live list of records that can be searched, filtered, sorted and
// paged. What it shows is in its address.

import { isDeleted } from "./deletions.js";
import { fill, h, newId, reconcile } from "./dom.js";
import { formatCount } from "./format.js";
import { icon } from "./icons.js";
import { listPages, PAGE_SIZES } from "./list-pages.js";
import { listSelection } from "./list-selection.js";
import { terms } from "./marks.js";
import { isMissing } from "./request.js";
import { address, note } from "./router.js";
import { emptiness, failure, skeleton } from "./states.js";
import { live, onChanges } from "./store.js";

/**
 * @template Item
 * @typedef {{ name: string, label: string, sort?: string, secondary?: boolean, cell: (item: Item, sought: string[]) => import("./dom.js").Child[] }} Column
 */

/**
 * @template {{ id: import("./api.js").Id, name: string }} Item
 * @typedef {{
 *   collection: string, title: string, one: string, hint: string, picture: "patients" | "doctors",
 *   columns: Column<Item>[], order: string, filters?: import("./filters.js").Filters,
 *   load: (query: import("./request.js").Query, signal: AbortSignal) => Promise<import("./api.js").Page<Item>>,
 *   also?: string[], actions: (item: Item) => import("./dom.js").Child[], add: () => void, extra?: (query: import("./request.js").Query) => Node[],
 *   selected: (items: Item[], clear: () => void) => Node[], route: import("./router.js").Route, signal: AbortSignal,
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

/** The delay between a keystroke and the search, in milliseconds. */
const REST = 250;

/** @param {string | null} text @param {number} otherwise */
const positive = (text, otherwise) => Math.max(1, Number.parseInt(text ?? "", 10) || otherwise);

/** @template {{ id: import("./api.js").Id, name: string }} Item @param {ListOptions<Item>} options */
export function listView({ collection, title, one, hint, picture, columns, order, filters, load, also = [], actions, add, extra, selected, route, signal }) {
  const size = positive(route.query.get("rows"), 25);
  const state = {
    search: route.query.get("search") ?? "",
    ordering: route.query.get("ordering") ?? order,
    page: positive(route.query.get("page"), 1),
    size: PAGE_SIZES.includes(size) ? size : 25,
    filters: filters?.read(route.query) ?? {},
  };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  let lastSearch = state.search;

  const summary = h("p", { class: "muted", role: "status" });
  const search = h("input", { type: "search", class: "input", id: newId(), placeholder: "Search", autocomplete: "off", dir: "auto", "data-shortcut": "/", input: onSearch });
  search.value = state.search;
  const sorts = columns.flatMap(({ label, sort }) => sort ? [[`${label} ↑`, sort], [`${label} ↓`, `-${sort}`]] : []);
  const select = h("select", { class: "input", id: newId(), change: () => go({ ordering: select.value, page: 1 }) },
    sorts.map(([label, value]) => h("option", { value: value ?? "" }, label ?? "")));
  const selection = listSelection({ one, actions: selected });
  const heads = columns.map((column) => h("th", { scope: "col", class: `column-${column.name}${column.secondary ? " secondary" : ""}` }, column.sort ? sortButton(column) : column.label));
  const body = h("tbody");
  const table = h("table", { class: "table" },
    h("caption", { class: "visually-hidden" }, title),
    h("thead", {}, h("tr", {}, h("td", { class: "column-select" }, selection.all), heads, h("th", { scope: "col", class: "column-actions" }, h("span", { class: "visually-hidden" }, "Actions")))),
    body);
  const place = h("div", {});
  const pages = listPages({ go });
  const more = h("div", { class: "buttons" });
  const element = h("div", { class: "view" },
    h("header", { class: "view-head" },
      h("div", {}, h("h1", { tabindex: -1 }, title), summary),
      more,
      h("button", { type: "button", class: "button primary", "aria-label": `Add ${one}`, "data-shortcut": "n", click: add }, icon("add"), h("span", {}, `Add ${one}`))),
    h("div", { class: "panel list" },
      h("div", { class: "toolbar", role: "search" },
        h("div", { class: "search" }, h("label", { for: search.id, class: "visually-hidden" }, `Search ${title.toLowerCase()}`), icon("search"), search),
        filters?.button,
        h("div", { class: "sort-select" }, h("label", { for: select.id, class: "visually-hidden" }, "Sort by"), select)),
      filters?.panel, selection.bar, place, table, pages.element));
  filters?.connect(state.filters, (changed) => go({ filters: changed, page: 1 }));

  /** @param {Column<Item>} column */
  function sortButton({ label, sort }) {
    return h("button", { type: "button", class: "sort", click: () => go({ ordering: state.ordering === sort ? `-${sort}` : sort, page: 1 }) },
      label, icon("up"), icon("down"));
  }

  function onSearch() {
    clearTimeout(typing);
    typing = setTimeout(seek, REST);
  }

  function seek() {
    clearTimeout(typing);
    typing = undefined;
    go({ search: search.value.trim(), page: 1 });
  }

  /** @returns {import("./request.js").Query} */
  const query = () => ({ search: state.search, ordering: state.ordering, ...filters?.query(state.filters) });

  /** @param {Partial<typeof state>} change */
  function go(change) {
    Object.assign(state, change);
    // One search is one entry of the history, however it was typed.
    const replace = change.search !== undefined && lastSearch !== "" && state.search !== "";
    lastSearch = state.search;
    note(address([collection], {
      search: state.search, ...state.filters,
      ordering: state.ordering === order ? undefined : state.ordering,
      page: state.page === 1 ? undefined : state.page,
      rows: state.size === 25 ? undefined : state.size,
    }), { replace });
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
    if (extra) fill(more, extra(query()));
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
    // What can still be undone is counted, though it is not shown.
    if (!loading && state.page > 1 && shown.length === 0 && count > 0) return go({ page: state.page - 1 });
    table.hidden = data === undefined || isEmpty;
    pages.element.hidden = table.hidden;
    if (failed) fill(place, failure(error, () => void reload()));
    else if (data === undefined) fill(place, skeleton(8));
    else if (isEmpty) fill(place, nothing());
    else fill(place);
    if (!data) return;
    const sought = terms(state.search);
    reconcile(body, shown.map((item) => ({ item, sought })), ({ item }) => item.id, row);
    selection.show(shown);
    summary.textContent = isNarrowed() ? formatCount(count, "match", "matches") : formatCount(count, one);
    pages.show(state.page, state.size, count);
  }

  const isNarrowed = () => state.search !== "" || Object.values(state.filters).some(Boolean);

  /** A row leads where its first link does. @param {{ item: Item, sought: string[] }} shown */
  function row({ item, sought }) {
    return h("tr", { click: follow },
      h("td", { class: "column-select" }, selection.box(item)),
      columns.map(({ name, cell, secondary }, index) =>
        h(index === 0 ? "th" : "td", { class: `column-${name}${secondary ? " secondary" : ""}`, scope: index === 0 ? "row" : null }, cell(item, sought))),
      h("td", { class: "column-actions" }, actions(item)));
  }

  function nothing() {
    if (!isNarrowed()) {
      return emptiness({ picture, title: `No ${title.toLowerCase()} yet`, text: hint, action: h("button", { type: "button", class: "button primary", click: add }, icon("add"), `Add ${one}`) });
    }
    const clear = () => { search.value = ""; search.focus(); filters?.clear(); go({ search: "", filters: {}, page: 1 }); };
    return emptiness({ picture: "search", title: "Nothing matches", text: `No ${one} is like that.`, action: h("button", { type: "button", class: "button", click: clear }, "Show all") });
  }

  showOrder();
  const { reload } = live({
    load: (own) => load({ ...query(), page: state.page, page_size: state.size }, own),
    collections: [collection, ...also],
    show,
    signal,
  });
  onChanges([collection], ({ action, record }) => {
    if (record.id !== undefined && (action === "delete" || isDeleted(collection, record.id))) selection.drop(record.id);
  }, signal);
  // What has just been typed is in the address before a click leads elsewhere.
  document.addEventListener("click", () => typing !== undefined && seek(), { capture: true, signal });
  signal.addEventListener("abort", () => clearTimeout(typing));
  return element;
}

/** @param {MouseEvent} event */
function follow(event) {
  const row = /** @type {Element} */ (event.currentTarget), target = /** @type {Element} */ (event.target);
  const link = row.querySelector(/** @type {"a"} */ ("a[href]"));
  // Neither what is a control itself nor the end of selecting text leads anywhere.
  if (!link || target.closest("a, button, input, .column-select, .column-actions") || getSelection()?.toString()) return;
  if (event.ctrlKey || event.metaKey) open(link.href);
  else link.click();
}
