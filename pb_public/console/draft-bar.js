// What has been typed and not saved, above every view, to go on with.

import { fill, h } from "./dom.js";
import { drafts, dropDraft, isUnderWay, onDrafts } from "./drafts.js";

/** @typedef {import("./drafts.js").Draft} Draft */

/** @param {Record<string, (item?: any) => Promise<void>>} forms @param {AbortSignal} signal */
export function draftBar(forms, signal) {
  const list = h("ul", { class: "drafts-list" });
  const element = h("section", { class: "drafts", "aria-label": "Not saved yet", hidden: true }, list);

  /** @param {Draft} draft */
  function entry(draft) {
    const { collection, item, values, isSent } = draft, one = collection.replace(/s$/, "");
    const name = values["name"]?.trim() || item?.name;
    const state = isUnderWay(draft) ? "Being saved: " : isSent ? "Sent without an answer, and perhaps saved: " : "Not saved yet: ";
    return h("li", { class: "notice warning" },
      h("p", {}, state, item ? `changes to ${one} ` : `a new ${one} `, name && h("strong", { dir: "auto" }, name)),
      !isUnderWay(draft) && h("div", { class: "buttons" },
        h("button", { type: "button", class: "button", click: () => void forms[collection]?.(item ?? undefined) }, "Continue"),
        h("button", { type: "button", class: "button quiet", click: () => { dropDraft(collection, item); document.querySelector("h1")?.focus(); } }, "Discard")));
  }

  function update() {
    const left = drafts().filter(({ collection }) => collection in forms); // others show theirs
    element.hidden = left.length === 0;
    fill(list, left.map(entry));
  }

  onDrafts(update, signal);
  update();
  return element;
}
