// What was typed into forms and is not saved yet. It stays in this tab's storage,
// through Back, a reload and a session that ends, until the user signs out.

import { current } from "../session.js";

/**
 * A form's unsaved input. The item is what it changes, as it was read then; null for
 * a new one. The key names the request that has been sent for it, if it has, and isSent
 * says that no answer has come. What is lost are the labels of fields that cannot be kept.
 * Contested are the fields that were changed here and, in the item, elsewhere.
 * @typedef {{ collection: string, item: any, values: Record<string, string>, at: number, key?: string, isSent?: boolean, lost?: string[], contested?: string[] }} Draft
 */

const PREFIX = "carebase.draft.";

const news = new EventTarget();

const mine = () => `${PREFIX}${current()?.user.id ?? ""}.`;

/** @param {string} collection @param {{ id: import("./api.js").Id } | null | undefined} item */
const nameOf = (collection, item) => `${mine()}${collection}/${item?.id ?? "new"}`;

/** The names of those that are being saved. @type {Set<string>} */
const underWay = new Set();

/** Whether the draft is being saved. @param {Draft} draft */
export const isUnderWay = ({ collection, item }) => underWay.has(nameOf(collection, item));

/** Marks a draft as being saved, until the function is called that it returns. @param {string} collection @param {{ id: import("./api.js").Id } | null} item */
export function saving(collection, item) {
  const name = nameOf(collection, item);
  underWay.add(name);
  announce();
  return () => {
    underWay.delete(name);
    announce();
  };
}

function announce() {
  news.dispatchEvent(new Event("change"));
}

/** Calls the listener after each change of the drafts. @param {() => void} listener @param {AbortSignal} signal */
export function onDrafts(listener, signal) {
  news.addEventListener("change", listener, { signal });
}

/** Keeps a draft; returns whether there was room. @param {Draft} draft */
export function keepDraft(draft) {
  try {
    sessionStorage.setItem(nameOf(draft.collection, draft.item), JSON.stringify(draft));
    return true;
  } catch {
    return false;
  } finally {
    announce();
  }
}

/** @param {string} collection @param {{ id: import("./api.js").Id } | null | undefined} item */
export function dropDraft(collection, item) {
  sessionStorage.removeItem(nameOf(collection, item));
  announce();
}

/** @param {string} collection @param {{ id: import("./api.js").Id } | null | undefined} item @returns {Draft | null} */
export function draftOf(collection, item) {
  return read(nameOf(collection, item));
}

/** Returns the user's drafts, newest first. @returns {Draft[]} */
export function drafts() {
  return names().filter((name) => name.startsWith(mine())).flatMap((name) => read(name) ?? []).sort((a, b) => b.at - a.at);
}

/** Forgets the drafts of everybody but the user who is signed in, if any. */
export function dropForeignDrafts() {
  const own = current() ? mine() : null;
  for (const name of names()) if (own === null || !name.startsWith(own)) sessionStorage.removeItem(name);
  announce();
}

function names() {
  return Object.keys(sessionStorage).filter((name) => name.startsWith(PREFIX));
}

/** @param {string} name @returns {Draft | null} */
function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}
