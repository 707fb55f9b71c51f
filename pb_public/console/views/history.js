// Who has looked at a patient, and who has changed what.

import { history, isMissing } from "../api.js";
import { fill, h, reconcile } from "../dom.js";
import { formatMoment } from "../format.js";
import { failure, skeleton } from "../states.js";
import { live } from "../store.js";

/** @typedef {import("../api.js").HistoryEvent} HistoryEvent */

/** @type {Record<string, string>} */
const actions = { C: "Created", R: "Read", U: "Changed", D: "Deleted", E: "Searched" };

/** @param {string} patient @param {AbortSignal} signal */
export function historyOf(patient, signal) {
  let pages = 1;
  const list = h("ol", { class: "history" });
  const place = h("div", {}, skeleton(3));
  const more = h("button", { type: "button", class: "button", hidden: true, click: () => { pages += 1; void reload(); } }, "Show more");
  const element = h("section", { class: "panel section wide", "aria-labelledby": "history-title" },
    h("h2", { id: "history-title" }, "History"), place, list, more);

  /** @param {AbortSignal} own */
  async function load(own) {
    /** @type {HistoryEvent[]} */
    const events = [];
    let count = 0;
    for (let page = 1; page <= pages; page += 1) {
      const answer = await history(patient, page, own);
      events.push(...answer.results);
      count = answer.count;
      if (!answer.next) break;
    }
    return { events, count };
  }

  const { reload } = live({
    load,
    collections: ["patients", "mappings"],
    concerns: ({ record }) => record.id === patient || record.patient === patient,
    signal,
    /** @param {import("../store.js").Answer<{ events: HistoryEvent[], count: number }>} answer */
    show({ data, error }) {
      element.hidden = data === undefined && isMissing(error);
      if (data === undefined) fill(place, error ? failure(error, () => void reload()) : skeleton(3));
      else fill(place, data.events.length === 0 && h("p", { class: "muted" }, "Nothing has been recorded yet."));
      const events = data?.events ?? [];
      reconcile(list, events, ({ id }) => String(id), item);
      list.hidden = events.length === 0;
      more.hidden = !data || data.count <= events.length;
    },
  });
  return element;
}

/** @param {HistoryEvent} event */
function item(event) {
  const what = actions[event.action] ?? event.action;
  const outcome = event.outcome === "success" ? "" : `, ${event.outcome}`;
  const who = event.agent_name || (event.agent_type === "user" ? "A user" : `A ${event.agent_type || "process"}`);
  return h("li", {},
    h("div", {}, h("strong", {}, `${what}${outcome}`), event.fields?.length > 0 && h("span", {}, `: ${event.fields.join(", ")}`)),
    h("div", { class: "muted small" },
      h("bdi", {}, who), " · ", h("time", { datetime: event.recorded_at }, formatMoment(event.recorded_at)),
      event.door && ` · ${event.door}`, event.address && ` · ${event.address}`));
}
