// Who viewed a patient, and who changed what.

import { history } from "../api.js";
import { fill, h, reconcile } from "../dom.js";
import { formatMoment } from "../format.js";
import { isMissing } from "../request.js";
import { failure, skeleton } from "../states.js";
import { live } from "../store.js";

/** @typedef {import("../api.js").HistoryEvent} HistoryEvent */

/** @type {Record<string, string>} */
const actions = { C: "Created", R: "Read", U: "Changed", D: "Deleted", E: "Executed" };

/** @type {Record<string, string>} */
const agents = { user: "A user", superuser: "A superuser", operator: "The operator" };

/** @type {Record<string, string>} */
const doors = { rest: "API", native: "record API", batch: "batch API", realtime: "live update", sql: "SQL console", command: "command line" };

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
    concerns: ({ record }) => [record.id, record.patient].map(String).includes(patient),
    signal,
    /** @param {import("../store.js").Answer<{ events: HistoryEvent[], count: number }>} answer */
    show({ data, error }) {
      element.hidden = data === undefined && isMissing(error);
      if (data === undefined) fill(place, error ? failure(error, () => void reload()) : skeleton(3));
      else fill(place, data.events.length === 0 && h("p", { class: "muted" }, "Nothing has been recorded yet."));
      reconcile(list, entriesOf(data?.events ?? []), ({ id }) => id, item);
      list.hidden = list.children.length === 0;
      more.hidden = !data || data.count <= data.events.length;
    },
  });
  return element;
}

/** @typedef {{ id: string, event: HistoryEvent, count: number }} Entry */

/** Merges consecutive events of the same kind by the same person. @param {HistoryEvent[]} events @returns {Entry[]} */
function entriesOf(events) {
  /** @type {Entry[]} */
  const entries = [];
  for (const event of events) {
    const last = entries.at(-1);
    if (last && alike(last.event) === alike(event)) last.count += 1;
    else entries.push({ id: event.id, event, count: 1 });
  }
  return entries;
}

/** @param {HistoryEvent} event */
function alike({ action, outcome, agent, agent_type, address, door, fields }) {
  return JSON.stringify([action, outcome, agent, agent_type, address, door, fields]);
}

/** @param {Entry} entry */
function item({ event, count }) {
  const what = actions[event.action] ?? event.action;
  const outcome = event.outcome === "success" ? "" : `, ${event.outcome}`;
  const who = event.agent_name || agents[event.agent_type] || "Someone who was not signed in";
  return h("li", {},
    h("div", {}, h("strong", {}, `${what}${outcome}`), event.fields?.length > 0 && `: ${event.fields.join(", ")}`,
      count > 1 && h("span", { class: "muted" }, ` ${count} times`)),
    h("div", { class: "muted small" },
      h("bdi", {}, who), " · ", h("time", { datetime: event.recorded_at }, formatMoment(event.recorded_at)),
      event.address && ` · ${event.address}`, event.door && ` · ${doors[event.door] ?? event.door}`));
}
