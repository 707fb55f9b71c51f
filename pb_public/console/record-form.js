// The dialog that adds or changes a record. What is typed is kept as a draft, and
// nothing that somebody else saved meanwhile is overwritten unseen.

import { Refused, SessionEnded } from "../session.js";
import { explain, isMissing, isStale, newKey } from "./request.js";
import { comparison } from "./conflict.js";
import { addedFields, enumerate } from "./declared.js";
import { confirm, openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { draftOf, dropDraft, keepDraft, saving } from "./drafts.js";
import { form, NotSaved } from "./form.js";
import { formatMoment } from "./format.js";
import { onChanges, onMissed, publish } from "./store.js";
import { toast } from "./toast.js";

/** How often a save is tried again after changes elsewhere to other fields. */
const ATTEMPTS = 3;

/** What is told to who leaves while it is saved: it would be stored though it was discarded. */
const WAIT = "This is being saved. Wait for the answer.";

/**
 * @template {{ id: import("./api.js").Id, name: string, etag?: string }} Item
 * @typedef {{
 *   collection: string, one: string, fields: import("./form.js").Field[], item?: Item,
 *   resource: { get: (id: import("./api.js").Id) => Promise<Item>, create: (body: object | Blob, key: string) => Promise<Item>, update: (id: import("./api.js").Id, body: object | Blob, etag?: string) => Promise<Item> },
 *   encode: (values: import("./form.js").Values, files: Record<string, File[]>, isNew: boolean) => (object | Blob)[], done: (item: Item, isNew: boolean) => void,
 * }} RecordFormOptions
 */

/**
 * Returns the added fields that a form asks for. Without an answer that is none, but null
 * for a draft, which may have values of them.
 * @param {string} collection @param {string} path @param {{ id: import("./api.js").Id } | undefined} item
 */
export async function addedToForm(collection, path, item) {
  try {
    return await addedFields(path);
  } catch (error) {
    if (!draftOf(collection, item)) return [];
    toast(`Not opened. ${explain(error)}`, { bad: true });
    return null;
  }
}

/** @template {{ id: import("./api.js").Id, name: string, etag?: string }} Item @param {RecordFormOptions<Item>} options */
export function openRecordForm({ collection, one, fields, item, resource, encode, done }) {
  const closed = new AbortController();
  const notice = h("div", { role: "status" });
  const draft = draftOf(collection, item);
  /** The record as it was read last, which the form changes; null for a new one. @type {Item | null} */
  let base = draft ? draft.item : item ?? null;
  /** Whether the record was deleted meanwhile, and is to be added as a new one. */
  let isGone = false, asNew = false;
  /** The names of the fields that were changed on both sides, until the form is saved. */
  const contested = new Set(draft?.contested);
  /** Names the request for a new record until something else is typed: an answer may get lost, and sending it again adds no second one. */
  let key = "";
  /** Whether a request has been sent to which no answer has come. */
  let isSent = false;
  const own = form({
    fields: fields.map((field) => ({ ...field, value: read(base, field) })),
    submit: item ? "Save" : "Add",
    save,
    cancel: () => void leave(),
    onInput: () => { key = ""; remember(); },
  });
  const dialog = openDialog({
    title: item ? `Edit ${one}` : `Add a ${one}`, content: [notice, own.element], mayClose, onClose: () => closed.abort(),
  });
  own.focus();
  if (draft) resume(draft);
  onChanges([collection], ({ action, record }) => {
    if (!base || String(record.id) !== String(base.id)) return;
    if (action === "delete") return offerNew();
    if (fields.some((field) => field.name in record && read(record, field) !== read(base, field))) void follow();
  }, closed.signal);
  onMissed(() => void follow(), closed.signal);

  function remember() {
    const values = own.changed();
    const lost = fields.filter(({ name, isFleeting }) => isFleeting && name in values);
    for (const { name } of lost) delete values[name];
    if (Object.keys(values).length === 0 && !isGone) return dropDraft(collection, base);
    if (keepDraft({ collection, item: base, values, at: Date.now(), key, isSent, lost: lost.map(({ label }) => label), contested: [...contested] })) return;
    tell("This text is too long to be kept if you leave. Save it before you go elsewhere.");
  }

  /** @param {import("./drafts.js").Draft} draft */
  function resume({ values, at, key: sent = "", isSent: wasSent = false, lost = [] }) {
    own.write(values);
    key = lost.length === 0 ? sent : ""; // which stands for all of the values
    isSent = wasSent;
    remember();
    const missing = lost.length > 0 ? ` ${enumerate(lost)} could not be kept: enter ${lost.length > 1 ? "them" : "it"} again.` : "";
    tell(`What you typed ${formatMoment(new Date(at).toISOString())} is back. It is not saved yet.${missing}`, ["Discard it", () => {
      dropDraft(collection, base);
      dialog.close();
      openRecordForm({ collection, one, fields, ...(base && { item: base }), resource, encode, done });
    }]);
    compare();
    void follow();
  }

  /** @param {import("./form.js").Values} values @param {import("./form.js").Values} changed */
  async function save(values, changed) {
    const isNew = base === null || asNew;
    if (!isNew && !own.isChanged()) return dialog.close();
    const saved = await sent(() => base && !asNew ? update(base.id, changed) : create(values));
    dropDraft(collection, base);
    publish({ collection, action: isNew ? "create" : "update", record: saved });
    const isOpen = !closed.signal.aborted;
    dialog.close();
    toast(isNew ? `${saved.name} added.` : `${saved.name} saved.`);
    if (isOpen) done(saved, isNew);
  }

  /** Returns the answer to what is sent. Who has left the form by then is told why nothing was saved. @param {() => Promise<Item>} send */
  async function sent(send) {
    const end = saving(collection, base);
    isSent = true;
    try {
      return await send();
    } catch (error) {
      if (error instanceof Refused || error instanceof NotSaved) isSent = false;
      remember();
      if (closed.signal.aborted && !(error instanceof SessionEnded)) toast(`Not saved. ${explain(error)}`, { bad: true });
      throw error;
    } finally {
      if (notice.textContent === WAIT) notice.replaceChildren();
      end();
    }
  }

  /** @param {import("./form.js").Values} values */
  function create(values) {
    const body = encode(values, own.files(), true)[0] ?? {};
    key ||= newKey();
    remember();
    return resource.create(body, key);
  }

  /** Sends changed fields only, and again if somebody else has changed others. @param {import("./api.js").Id} id @param {import("./form.js").Values} changed */
  async function update(id, changed) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await sendAll(id, encode(changed, own.files(), false));
      } catch (error) {
        if (isMissing(error)) throw gone();
        if (!isStale(error) || attempt === ATTEMPTS) throw error;
      }
      const latest = await latestOf(id);
      const conflicts = adopt(latest);
      if (conflicts.length > 0) throw new NotSaved();
      changed = own.changed();
    }
  }

  /** @param {import("./api.js").Id} id @param {(object | Blob)[]} bodies */
  async function sendAll(id, bodies) {
    remember();
    let saved = /** @type {Item} */ (base);
    for (const body of bodies) saved = await resource.update(id, body, saved.etag);
    return saved;
  }

  /** @param {import("./api.js").Id} id */
  async function latestOf(id) {
    try {
      return await resource.get(id);
    } catch (error) {
      throw isMissing(error) ? gone() : error;
    }
  }

  /** Takes over what somebody else has changed meanwhile. */
  async function follow() {
    if (!base) return;
    try {
      const latest = await latestOf(base.id);
      if (!closed.signal.aborted) adopt(latest);
    } catch {
      // Saving compares again, and says what fails.
    }
  }

  /**
   * Makes the latest version what the form changes, and shows which fields were
   * changed on both sides; returns those that were not so before.
   * @param {Item} latest
   */
  function adopt(latest) {
    const before = base, changed = own.changed();
    // What is the same here was saved from here, though the answer was lost, or agrees.
    const theirs = fields.filter((field) => read(latest, field) !== read(before, field) && read(latest, field) !== changed[field.name]);
    const both = theirs.filter(({ name }) => changed[name] !== undefined);
    both.forEach(({ name }) => contested.add(name));
    base = latest;
    own.rebase(Object.fromEntries(fields.map((field) => [field.name, read(latest, field)])));
    remember();
    if (theirs.length === 0) return both;
    notice.replaceChildren();
    const others = theirs.filter((field) => !both.includes(field));
    if (others.length > 0) tell(`Somebody else has changed ${others.map(({ label }) => label.toLowerCase()).join(" and ")}; you see the new values.`);
    compare();
    return both;
  }

  /** Adds both versions of what is contested to the notice. */
  function compare() {
    const changed = own.changed();
    const conflicts = fields.filter(({ name }) => contested.has(name) && changed[name] !== undefined)
      .map((field) => ({ ...field, mine: changed[field.name] ?? "", theirs: read(base, field) }));
    if (conflicts.length === 0) return;
    dialog.element.classList.add("wide");
    notice.append(comparison(conflicts, own.write));
    notice.querySelector("h3")?.focus();
  }

  function gone() {
    offerNew();
    return new NotSaved();
  }

  function offerNew() {
    if (!base) return;
    isGone = true;
    if (own.isChanged()) remember();
    tell(`This ${one} has been deleted meanwhile. What you see here can be saved as a new ${one}.`, ["Save as new", () => {
      asNew = true;
      own.element.requestSubmit();
    }]);
  }

  async function mayClose() {
    if (own.isBusy()) {
      tell(WAIT);
      return false;
    }
    if (!own.isChanged()) {
      if (isGone) dropDraft(collection, base);
      return true;
    }
    const sure = await confirm({ title: "Discard the changes?", text: "Your changes are not saved yet.", yes: "Discard", no: "Keep editing" });
    if (sure) dropDraft(collection, base);
    return sure;
  }

  async function leave() {
    if (await mayClose()) dialog.close();
  }

  /** @param {string} text @param {[string, () => void]} [action] */
  function tell(text, action) {
    notice.replaceChildren(h("div", { class: "notice warning" }, h("p", {}, text),
      action && h("button", { type: "button", class: "button", click: () => own.isBusy() || action[1]() }, action[0])));
  }
}

/** @param {any} item @param {import("./form.js").Field} field */
function read(item, { name, textOf = (value) => String(value ?? "") }) {
  return textOf(item?.[name]);
}
