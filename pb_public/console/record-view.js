// The page of a record: its name, what can be done with it, and sections.

import { addedFields, readable } from "./declared.js";
import { isDeleted } from "./deletions.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { isMissing } from "./request.js";
import { address } from "./router.js";
import { show } from "./show.js";
import { emptiness, failure, skeleton } from "./states.js";
import { live, onChanges } from "./store.js";

/** The length in characters from which a name has a line of its own. */
const LONG = 40;

/**
 * @template {{ id: import("./api.js").Id, name: string }} Item
 * @typedef {{
 *   id: string, collection: string, one: string, picture: "patients" | "doctors", missing: string, signal: AbortSignal, retitle: (title: string) => void,
 *   resource: { get: (id: string, signal: AbortSignal) => Promise<Item> },
 *   summary: (item: Item) => import("./dom.js").Child[], buttons: (shown: () => Item) => Node[], sections: (item: Item) => Element[], update?: (item: Item) => void,
 * }} RecordViewOptions
 */

/** @template {{ id: import("./api.js").Id, name: string }} Item @param {RecordViewOptions<Item>} options */
export function recordView({ id, collection, one, picture, missing, signal, retitle, resource, summary, buttons, sections, update }) {
  const many = `${one[0]?.toUpperCase()}${one.slice(1)}s`;
  const heading = h("h1", { tabindex: -1, dir: "auto" }, many.slice(0, -1));
  const line = h("p", { class: "muted" });
  const actions = h("div", { class: "buttons", hidden: true });
  const rest = h("div", { class: "columns", hidden: true });
  const place = h("div", {});
  const element = h("div", { class: "view record" },
    h("header", { class: "view-head" },
      h("div", { class: "view-title" },
        h("a", { class: "back-link", href: address([collection]) }, icon("back"), many),
        heading, line),
      actions),
    place,
    rest);
  /** @type {Item} */
  let shown;

  const { reload, replace } = live({
    load: (own) => resource.get(id, own),
    collections: [collection],
    concerns: ({ record }) => String(record.id) === id,
    /** @param {import("./store.js").Answer<Item>} answer */
    show({ data, error }) {
      element.setAttribute("aria-busy", String(data === undefined && error === undefined));
      const gone = isDeleted(collection, id) || (error !== undefined && isMissing(error));
      rest.hidden = actions.hidden = line.hidden = gone || data === undefined;
      if (gone) {
        heading.textContent = `${many.slice(0, -1)} not found`;
        return fill(place, h("div", { class: "panel" }, emptiness({
          picture, title: `This ${one} does not exist`, text: missing,
          action: h("a", { class: "button", href: address([collection]) }, `All ${one}s`) })));
      }
      if (data === undefined) return fill(place, h("div", { class: "panel" }, error ? failure(error, () => void reload()) : skeleton(6)));
      shown = data;
      heading.textContent = data.name;
      heading.classList.toggle("long", data.name.length > LONG);
      retitle(data.name);
      fill(line, summary(data));
      // Buttons and sections are created once, so that they keep the focus.
      if (!actions.firstChild) {
        actions.append(...buttons(() => shown));
        rest.append(...sections(data));
      }
      update?.(data);
      fill(place);
    },
    signal,
  });
  // What was saved here is edited next, though it may not be loaded yet.
  onChanges([collection], ({ action, record }) => {
    if (action === "update" && String(record.id) === id && "etag" in record) replace(/** @type {any} */ (record));
  }, signal);
  return { title: many.slice(0, -1), element };
}

/**
 * The fields that an operator has added, of the record that update is called with.
 * Without any, the section is hidden.
 * @param {string} path
 */
export function facts(path) {
  const list = h("dl", { class: "facts" });
  const element = h("section", { class: "panel section", "aria-labelledby": "facts-title", hidden: true }, h("h2", { id: "facts-title" }, "Details"), list);
  const added = addedFields(path).then(readable).catch(() => []);
  return {
    element,
    /** @param {any} item */
    async update(item) {
      const fields = await added;
      element.hidden = fields.length === 0;
      fill(list, fields.map((field) => h("div", {}, h("dt", {}, field.label), h("dd", {}, show(field, item[field.name])))));
    },
  };
}
