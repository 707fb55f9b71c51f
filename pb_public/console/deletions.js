// Pending deletions: records are hidden at once and deleted when the time to undo
// is over, so undoing never has to recreate a record or lose its history.

import { current } from "../session.js";
import { remove } from "./api.js";
import { explain, isMissing } from "./request.js";
import { publish } from "./store.js";
import { toast } from "./toast.js";

/** @typedef {{ collection: string, id: import("./api.js").Id, path: string }} Doomed */

/** How long a deletion can be undone, in milliseconds. */
const UNDO = 6000;

/** How many requests are sent at the same time. */
const AT_ONCE = 4;

/** @typedef {(options?: { keepalive?: boolean }) => Promise<void>} Commit */

/** The pending deletions by the names of their records. @type {Map<string, Commit>} */
const waiting = new Map();

/** @param {{ collection: string, id: import("./api.js").Id }} record */
const nameOf = ({ collection, id }) => `${collection}/${id}`;

/** Whether a record's deletion is pending. @param {string} collection @param {import("./api.js").Id} id */
export const isDeleted = (collection, id) => waiting.has(nameOf({ collection, id }));

/** Whether any deletion of a collection is pending. @param {string[]} collections */
export const areDeleting = (collections) => [...waiting.keys()].some((name) => collections.some((collection) => name.startsWith(`${collection}/`)));

/** Deletes records unless that is undone in time. @param {{ message: string, records: Doomed[] }} deletion */
export function schedule({ message, records }) {
  const notice = toast(message, {
    action: "Undo",
    duration: UNDO,
    onAction() {
      records.forEach((record) => waiting.delete(nameOf(record)));
      tell("update", records);
    },
    onClose: () => void commit(),
  });

  /** @type {Promise<void> | null} */
  let running = null;

  /** @type {Commit} */
  function commit({ keepalive = false } = {}) {
    notice.close();
    const left = records.filter((record) => waiting.get(nameOf(record)) === commit);
    // A page that goes away sends all of them at once, again if need be.
    if (keepalive) left.forEach((record) => void end(record, { keepalive }));
    else running ??= endInTurn(left);
    return running ?? Promise.resolve();
  }

  records.forEach((record) => waiting.set(nameOf(record), commit));
  tell("update", records);
}

/** @param {Doomed[]} records */
async function endInTurn(records) {
  const queue = records.values();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const record of queue) await end(record);
  }));
}

/** @param {Doomed} record @param {{ keepalive?: boolean }} [options] */
async function end(record, options) {
  try {
    await remove(record.path, options);
  } catch (error) {
    if (!isMissing(error)) toast(`Not deleted. ${explain(error)}`, { bad: true });
  }
  waiting.delete(nameOf(record));
  tell("delete", [record]);
}

/** @param {"update" | "delete"} action @param {Doomed[]} records */
function tell(action, records) {
  records.forEach(({ collection, id }) => publish({ collection, action, record: { id } }));
}

/** Deletes all pending records now, for example before signing out. */
export async function finish() {
  await Promise.all([...new Set(waiting.values())].map((commit) => commit()));
}

// Leaving the page ends the time to undo.
addEventListener("pagehide", () => {
  if (current()) new Set(waiting.values()).forEach((commit) => void commit({ keepalive: true }));
});
