// The records that relations name, and what people call them.

import { encode, request } from "./request.js";

/** The list that has the records, and their field to show. @typedef {{ list: string, label: string }} Related */

/** How many records a search shows. */
const SHOWN = 8;

/** What is known, by list and id. @type {Map<string, string>} */
const labels = new Map();

/** @param {Related} related @param {string} id */
const keyOf = ({ list }, id) => `${list} ${id}`;

/** Whether the list is one of the documented API, and not of the record API. @param {Related} related */
const isDocumented = ({ list }) => list.endsWith("/");

/** Returns what a record is called, as far as it is known. @param {Related} related @param {string} id */
export const labelOf = (related, id) => labels.get(keyOf(related, id)) ?? id;

/** Returns what a record is called; its id if that cannot be read. @param {Related} related @param {string} id */
export async function findLabel(related, id) {
  if (!labels.has(keyOf(related, id))) {
    const { list, label } = related, part = encodeURIComponent(id);
    try {
      note(related, id, (await request("GET", isDocumented(related) ? `${list}${part}/` : `${list}/${part}`))[label]);
    } catch {
      return id;
    }
  }
  return labelOf(related, id);
}

/** @param {Related} related @param {string} id @param {any} label */
function note(related, id, label) {
  labels.set(keyOf(related, id), String(label || id));
}

/** Returns the ids of records whose labels have a text. @param {Related} related @param {string} text @param {AbortSignal} signal @returns {Promise<{ id: string }[]>} */
export async function search(related, text, signal) {
  const { list, label } = related;
  const query = isDocumented(related) ? { search: text, ordering: label, page: 1, page_size: SHOWN }
    : { filter: text && `${label} ~ ${JSON.stringify(text)}`, sort: label, perPage: SHOWN, skipTotal: "1", fields: `id,${label}` };
  const { results, items } = await request("GET", list + encode(query), { signal });
  return (results ?? items).map((/** @type {any} */ record) => {
    note(related, String(record.id), record[label]);
    return { id: String(record.id) };
  });
}
