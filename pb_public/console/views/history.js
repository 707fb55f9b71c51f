// Who viewed a patient, and who changed what, in words.

import { history } from "../api.js";
import { addedFields } from "../declared.js";
import { fill, h, newId, reconcile } from "../dom.js";
import { formatMoment, formatSince } from "../format.js";
import { isMissing } from "../request.js";
import { failure, skeleton } from "../states.js";
import { live } from "../store.js";

/** @typedef {import("../api.js").HistoryEvent} HistoryEvent */

/** @type {Record<string, string>} */
const agents = { user: "A user", superuser: "A superuser", operator: "The operator" };

/** Where somebody did it, where that is worth saying. @type {Record<string, string>} */
const doors = { dashboard: "in the dashboard", sql: "in the SQL console", command: "on the command line" };

/** What a patient's fields are called; the others are the server's own. @type {Record<string, string>} */
const known = { name: "the name", age: "the age", notes: "the notes" };
const own = ["id", "created_by", "created_at"];

/** What the filter shows. @type {Record<string, (event: HistoryEvent, user: string) => boolean>} */
const kinds = {
  changes: ({ action, outcome }) => action !== "R" || outcome !== "success",
  others: (event, user) => event.agent !== user,
  all: () => true,
};

/** How many entries are shown at first and with each "Show more", and how many pages are read for them at most: one's own views may fill many. */
const SHOWN = 20, PAGES = 5;

/** @param {string} patient @param {AbortSignal} signal @param {string} user */
export function historyOf(patient, signal, user) {
  let steps = 1;
  /** @type {Record<string, string>} */
  let names = known;
  addedFields("/api/patients/").then((added) => { names = { ...known, ...Object.fromEntries(added.map(({ name, label }) => [name, `“${label}”`])) }; }, () => {});
  const kind = h("select", { class: "input", id: newId(), change: () => { show(answer); void reload(); } },
    h("option", { value: "" }, "All but my own views"), h("option", { value: "changes" }, "Changes"), h("option", { value: "others" }, "By others"), h("option", { value: "all" }, "Everything"));
  const list = h("ol", { class: "history" });
  const place = h("div", {}, skeleton(3));
  const more = h("button", { type: "button", class: "button", hidden: true, click: () => { steps += 1; show(answer); void reload(); } }, "Show more");
  const element = h("section", { class: "panel section no-print", "aria-labelledby": "history-title" },
    h("div", { class: "section-head" }, h("h2", { id: "history-title" }, "History"),
      h("div", { class: "history-kind" }, h("label", { for: kind.id, class: "visually-hidden" }, "Show"), kind)),
    place, list, more);

  /** @param {AbortSignal} own */
  async function load(own) {
    /** @type {HistoryEvent[]} */
    const events = [];
    for (let page = 1; ; page += 1) {
      const { results, next } = await history(patient, page, own);
      events.push(...results);
      const isWhole = !next;
      if (isWhole || page === PAGES * steps || shownOf(events).length > SHOWN * steps) return { events, isWhole };
    }
  }

  /** @param {HistoryEvent[]} events */
  const shownOf = (events) => entriesOf(events.filter((event) => (kinds[kind.value] ?? unfolded)(event, user)));

  /** @type {import("../store.js").Answer<{ events: HistoryEvent[], isWhole: boolean }>} */
  let answer = { data: undefined, error: undefined, loading: true };

  /** @param {typeof answer} latest */
  function show(latest) {
    answer = latest;
    const { data, error } = answer;
    element.hidden = data === undefined && isMissing(error);
    const all = shownOf(data?.events ?? []), entries = all.slice(0, SHOWN * steps);
    if (data === undefined) fill(place, error ? failure(error, () => void reload()) : skeleton(3));
    else fill(place, entries.length === 0 && h("p", { class: "muted" }, data.isWhole ? "Nothing of this kind." : "Nothing of this kind lately."));
    reconcile(list, entries, ({ id }) => id, (entry) => item(entry, user, names));
    list.hidden = entries.length === 0;
    more.hidden = !data || (data.isWhole && all.length === entries.length);
  }

  const { reload } = live({
    load,
    collections: ["patients", "mappings"],
    concerns: ({ record }) => [record.id, record.patient].map(String).includes(patient),
    signal,
    show,
  });
  return element;
}

/** Everything but that one has viewed the patient oneself. @param {HistoryEvent} event @param {string} user */
const unfolded = (event, user) => kinds["changes"]?.(event, user) || kinds["others"]?.(event, user) || false;

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
function alike({ action, outcome, agent, agent_type, address, door, collection, doctor, fields }) {
  return JSON.stringify([action, outcome, agent, agent_type, address, door, collection, doctor, fields]);
}

/** @param {Entry} entry @param {string} user @param {Record<string, string>} names */
function item({ event, count }, user, names) {
  const who = event.agent === user ? "You" : event.agent_name || agents[event.agent_type] || "Somebody who was not signed in";
  return h("li", {},
    h("div", {}, h("strong", { dir: "auto" }, who), " ", phrase(event, names), count > 1 && h("span", { class: "muted" }, `, ${count} times`)),
    h("div", { class: "muted small" },
      h("time", { datetime: event.recorded_at, title: formatMoment(event.recorded_at) }, formatSince(event.recorded_at)),
      doors[event.door] && ` · ${doors[event.door]}`, event.address && ` · ${event.address}`));
}

/** Says what somebody did. @param {HistoryEvent} event @param {Record<string, string>} names @returns {import("../dom.js").Child[]} */
function phrase(event, names) {
  const doctor = event.doctor ? h("strong", { dir: "auto" }, event.doctor) : "a doctor";
  const what = event.collection === "mappings" ? assignments[event.action] : words[event.action];
  const said = (what ?? (() => ["did something"]))(doctor, changedOf(event.fields ?? [], names));
  if (event.outcome === "success") return said;
  return [event.outcome === "denied" ? "was refused: " : "failed: ", ...said];
}

/** @type {Record<string, (doctor: import("../dom.js").Child, changed: string) => import("../dom.js").Child[]>} */
const words = {
  C: () => ["added this patient"], R: () => ["viewed"], U: (_, changed) => [changed ? `changed ${changed}` : "saved without a change"], D: () => ["deleted this patient"],
};

/** @type {typeof words} */
const assignments = {
  C: (doctor) => ["assigned ", doctor], R: () => ["viewed the care team"], U: (doctor) => ["changed the assignment of ", doctor], D: (doctor) => ["removed ", doctor, " from the care team"],
};

/** @param {string[]} fields @param {Record<string, string>} names */
function changedOf(fields, names) {
  const said = fields.filter((field) => !own.includes(field)).map((field) => names[field] ?? field.replaceAll("_", " "));
  return new Intl.ListFormat("en").format(said);
}
