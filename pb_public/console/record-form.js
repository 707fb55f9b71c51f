// The dialog that adds or changes a record.

import { h } from "./dom.js";
import { confirm, openDialog } from "./dialog.js";
import { form } from "./form.js";
import { onChanges, publish } from "./store.js";
import { toast } from "./toast.js";

/**
 * @template {{ id: import("./api.js").Id, name: string }} Item
 * @typedef {{
 *   collection: string, title: string, fields: import("./form.js").Field[], item?: Item,
 *   save: (values: import("./form.js").Values) => Promise<Item>, done: (item: Item) => void,
 * }} RecordFormOptions
 */

/** @template {{ id: import("./api.js").Id, name: string }} Item @param {RecordFormOptions<Item>} options */
export function openRecordForm({ collection, title, fields, item, save, done }) {
  const closed = new AbortController();
  const notice = h("div", { role: "status" });
  const valued = fields.map((field) => ({ ...field, value: read(item, field.name) }));
  const { element, isChanged, reset } = form({
    fields: valued,
    submit: item ? "Save" : "Add",
    async save(values, changed) {
      // Only send changed fields, to keep concurrent changes to others.
      const saved = await save(item ? changed : values);
      publish({ collection, action: item ? "update" : "create", record: saved });
      dialog.close();
      toast(item ? `${saved.name} saved.` : `${saved.name} added.`);
      done(saved);
    },
    cancel: () => void leave(),
  });
  const dialog = openDialog({ title, content: [notice, element], mayClose, onClose: () => closed.abort() });
  element.querySelector("input")?.focus();

  async function mayClose() {
    return !isChanged() || confirm({ title: "Discard the changes?", text: "Your changes are not saved yet.", yes: "Discard", no: "Keep editing" });
  }

  async function leave() {
    if (await mayClose()) dialog.close();
  }

  onChanges([collection], ({ action, record }) => {
    if (!item || String(record.id) !== String(item.id)) return;
    if (action === "delete") return tell("This has been deleted elsewhere in the meantime.");
    const differs = fields.some(({ name }) => name in record && read(record, name) !== read(item, name));
    if (differs) {
      tell("This has been changed elsewhere in the meantime.", h("button", { type: "button", class: "button", click: () => {
        item = record;
        reset(Object.fromEntries(fields.map(({ name }) => [name, read(record, name)])));
        notice.replaceChildren();
        element.querySelector("input")?.focus();
      } }, "Load the new values"));
    }
  }, closed.signal);

  /** @param {string} text @param {Node} [action] */
  function tell(text, action) {
    notice.replaceChildren(h("div", { class: "notice warning" }, h("p", {}, text), action));
  }
}

/** @param {any} item @param {string} name */
function read(item, name) {
  return String(item?.[name] ?? "");
}
