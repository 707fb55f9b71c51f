// The doctors of a patient.

import { assign, careTeam as load, doctors } from "../api.js";
import { combobox } from "../combobox.js";
import { isDeleted, schedule } from "../deletions.js";
import { fill, h, reconcile } from "../dom.js";
import { formatCount, formatDay } from "../format.js";
import { icon } from "../icons.js";
import { explain } from "../request.js";
import { address } from "../router.js";
import { failure, skeleton } from "../states.js";
import { live, publish } from "../store.js";
import { toast } from "../toast.js";

/** @typedef {{ mapping: import("../api.js").Mapping, doctor: import("../api.js").Doctor }} Member */

/** @param {string} patient @param {AbortSignal} signal */
export function careTeam(patient, signal) {
  /** @type {Set<import("../api.js").Id>} */
  let assigned = new Set();
  const list = h("ul", { class: "people" });
  const place = h("div", {}, skeleton(2));
  const count = h("p", { class: "visually-hidden", role: "status" });
  const choice = combobox({
    label: "Assign a doctor",
    placeholder: "Search by name or speciality",
    search: async (text, own) => (await doctors.list({ search: text, ordering: "name", page_size: 20 }, own)).results
      .filter(({ id }) => !assigned.has(id)).slice(0, 8),
    option: (doctor) => [h("span", { dir: "auto" }, doctor.name), doctor.speciality && h("span", { class: "muted small", dir: "auto" }, doctor.speciality)],
    choose: add,
  });

  /** @param {import("../api.js").Doctor} doctor */
  async function add(doctor) {
    try {
      const mapping = await assign(patient, doctor.id);
      publish({ collection: "mappings", action: "create", record: mapping });
      toast(`${doctor.name} assigned.`);
    } catch (error) {
      toast(`Not assigned. ${explain(error)}`, { bad: true });
    }
  }

  /** @param {Member} member */
  function item({ mapping, doctor }) {
    return h("li", {},
      h("div", { class: "person" },
        h("a", { class: "row-link", href: address(["doctors", doctor.id]), dir: "auto" }, doctor.name),
        h("span", { class: "muted small" }, doctor.speciality && h("bdi", {}, doctor.speciality), doctor.speciality && " · ", `since ${formatDay(mapping.assigned_at)}`)),
      h("button", { type: "button", class: "button quiet icon", "aria-label": `Remove ${doctor.name} from the care team`, click: () => {
        schedule({ message: `${doctor.name} removed from the care team.`, records: [{ collection: "mappings", id: mapping.id, path: `/api/mappings/detail/${mapping.id}/` }] });
        choice.focus();
      } }, icon("close")));
  }

  const { reload } = live({
    load: (own) => load(patient, own),
    collections: ["mappings", "doctors"],
    signal,
    /** @param {import("../store.js").Answer<Member[]>} answer */
    show({ data, error }) {
      const team = (data ?? []).filter(({ mapping }) => !isDeleted("mappings", mapping.id));
      assigned = new Set(team.map(({ doctor }) => doctor.id));
      if (data === undefined) fill(place, error ? failure(error, () => void reload()) : skeleton(2));
      else fill(place, team.length === 0 && h("p", { class: "muted" }, "Nobody is assigned yet."));
      reconcile(list, team, ({ mapping }) => mapping.id, item);
      list.hidden = team.length === 0;
      if (data) count.textContent = `The care team has ${formatCount(team.length, "doctor")}.`;
    },
  });
  return h("section", { class: "panel section", "aria-labelledby": "team-title" },
    h("h2", { id: "team-title" }, "Care team"), count, place, list, h("div", { class: "no-print" }, choice.element));
}
