// Pending deletions: records are hidden at once and deleted when the time to undo
// is over, so undoing never has to recreate a record or lose its history.

import { current } from "../session.js";
import { explain, isMissing, remove } from "./api.js";
import { publish } from "./store.js";
import { toast } from "./toast.js";

/** @typedef {{ collection: string, id: import("./api.js").Id, path: string, message: string }} Deletion */

/** How long a deletion can be undone, in milliseconds. */
const UNDO = 6000;

/** @type {Map<string, { deletion: Deletion, commit: (options?: { keepalive?: boolean }) => Promise<void> }>} */
const waiting = new Map();

/** Whether a record's deletion is pending. @param {string} collection @param {import("./api.js").Id} id */
export const isDeleted = (collection, id) => waiting.has(`${collection}/${id}`);

/** Deletes a record unless that is undone in time. @param {Deletion} deletion */
export function schedule(deletion) {
  const { collection, id } = deletion;
  const name = `${collection}/${id}`;
  const notice = toast(deletion.message, {
    action: "Undo",
    duration: UNDO,
    onAction() {
      waiting.delete(name);
      publish({ collection, action: "update", record: { id } });
    },
    onClose: () => void commit(),
  });

  /** @param {{ keepalive?: boolean }} [options] */
  async function commit(options) {
    if (!waiting.has(name)) return;
    notice.close();
    try {
      await remove(deletion.path, options);
    } catch (error) {
      if (!isMissing(error)) toast(`Not deleted. ${explain(error)}`, { bad: true });
    }
    waiting.delete(name);
    publish({ collection, action: "delete", record: { id } });
  }

  waiting.set(name, { deletion, commit });
  publish({ collection, action: "update", record: { id } });
}

/** Deletes all pending records now, for example before signing out. */
export async function finish() {
  await Promise.all([...waiting.values()].map(({ commit }) => commit()));
}

// Leaving the page ends the time to undo.
addEventListener("pagehide", () => {
  if (current()) waiting.forEach(({ commit }) => void commit({ keepalive: true }));
});
