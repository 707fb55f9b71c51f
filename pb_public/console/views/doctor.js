// A doctor's page: details, and the user's patients whom they treat.

import { doctors, patients } from "../api.js";
import { isDeleted } from "../deletions.js";
import { deleteDoctors, openDoctorForm } from "../doctor-actions.js";
import { fill, h, reconcile } from "../dom.js";
import { formatCount, formatDay } from "../format.js";
import { icon } from "../icons.js";
import { formatAge } from "../patient-actions.js";
import { facts, recordView } from "../record-view.js";
import { address, go } from "../router.js";
import { failure, skeleton } from "../states.js";
import { live } from "../store.js";

/** How many patients the page shows. The list has them all. */
const SHOWN = 20;

/** @param {import("../main.js").Context} context */
export function doctorView({ route, signal, retitle, user }) {
  const id = route.path[1] ?? "";
  const details = facts(doctors.path);
  return recordView({
    id, signal, retitle, collection: "doctors", one: "doctor", picture: "doctors", resource: doctors,
    missing: "They were deleted, or are not yours to see.",
    summary: (doctor) => [doctor.speciality ? h("a", { href: address(["doctors"], { speciality: doctor.speciality }), dir: "auto" }, doctor.speciality) : "No speciality", ` · added ${formatDay(doctor.created_at)}`],
    buttons: (shown) => String(shown().created_by) !== user.id ? [h("span", { class: "badge" }, "Read only")] : [
      h("button", { type: "button", class: "button", "data-shortcut": "e", click: () => void openDoctorForm(shown()) }, icon("edit"), "Edit"),
      h("button", { type: "button", class: "button", click: async () => { if (await deleteDoctors([shown()])) go(address(["doctors"])); } }, icon("remove"), "Delete"),
    ],
    sections: () => [patientsOf(id, signal), details.element],
    update: (doctor) => void details.update(doctor),
  });
}

/** @param {string} doctor @param {AbortSignal} signal */
function patientsOf(doctor, signal) {
  const place = h("div", {}, skeleton(3));
  const list = h("ul", { class: "people" });
  const count = h("p", { class: "muted", role: "status" });
  const all = h("a", { class: "button", href: address(["patients"], { doctor }), hidden: true }, "Show them in the list");
  const { reload } = live({
    load: (own) => patients.list({ doctor, ordering: "name", page: 1, page_size: SHOWN }, own),
    collections: ["patients", "mappings"],
    signal,
    /** @param {import("../store.js").Answer<import("../api.js").Page<import("../api.js").Patient>>} answer */
    show({ data, error }) {
      const shown = (data?.results ?? []).filter(({ id }) => !isDeleted("patients", id));
      if (data === undefined) fill(place, error ? failure(error, () => void reload()) : skeleton(3));
      else fill(place, shown.length === 0 && h("p", { class: "muted" }, "None of your patients is assigned to this doctor. You assign doctors on a patient’s page, or for several patients at once in the list."));
      reconcile(list, shown, ({ id }) => id, (patient) => h("li", {},
        h("a", { class: "person row-link", href: address(["patients", patient.id]), dir: "auto" }, patient.name),
        h("span", { class: "muted small aside" }, formatAge(patient.age))));
      list.hidden = shown.length === 0;
      all.hidden = shown.length === 0;
      if (data) count.textContent = shown.length === 0 ? "" : formatCount(data.count, "patient");
    },
  });
  return h("section", { class: "panel section wide", "aria-labelledby": "patients-title" },
    h("div", { class: "section-head" }, h("h2", { id: "patients-title" }, "Your patients"), count), place, list, all);
}
