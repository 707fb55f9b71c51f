// The list of doctors. Those of other users are read-only.

import { doctors } from "../api.js";
import { addedFields, concise } from "../declared.js";
import { deleteDoctors, openDoctorForm } from "../doctor-actions.js";
import { h } from "../dom.js";
import { filtersOf } from "../filters.js";
import { formatDay } from "../format.js";
import { listView, rowActions } from "../list-view.js";
import { marked } from "../marks.js";
import { specialities } from "../patient-filters.js";
import { address } from "../router.js";
import { show } from "../show.js";

/** How many of an operator's fields a list shows. */
const ADDED = 3;

/** @param {import("../main.js").Context} context */
export async function doctorsView({ route, signal, user }) {
  const added = concise(await addedFields(doctors.path).catch(() => [])).slice(0, ADDED);
  /** @param {import("../api.js").Doctor} doctor */
  const isOwn = (doctor) => String(doctor.created_by) === user.id;
  return {
    title: "Doctors",
    element: listView({
      collection: "doctors", title: "Doctors", one: "doctor", picture: "doctors", order: "-created_at", route, signal,
      hint: "Add the first one, to assign to patients.",
      load: doctors.list,
      filters: filtersOf([{ name: "speciality", label: "Speciality", suggest: specialities, say: (value) => value }], ({ speciality }) => ({ speciality })),
      add: () => void openDoctorForm(),
      columns: [
        { name: "name", label: "Name", sort: "name", cell: (doctor, sought) => [
          h("a", { href: address(["doctors", doctor.id]), class: "row-link", dir: "auto" }, marked(doctor.name, sought)),
          h("span", { class: "only-narrow muted small", dir: "auto" }, doctor.speciality || "No speciality")] },
        { name: "speciality", label: "Speciality", sort: "speciality", secondary: true, cell: (doctor, sought) => [h("span", { dir: "auto" }, marked(doctor.speciality, sought))] },
        ...added.map((field, index) => ({ name: `added-field-${index + 1}`, label: field.label, sort: field.name, secondary: true,
          cell: (/** @type {any} */ doctor) => [show(field, doctor[field.name])] })),
        { name: "added", label: "Added", sort: "created_at", secondary: true, cell: (doctor) => [formatDay(doctor.created_at)] },
      ],
      actions: (doctor) => isOwn(doctor) ? rowActions(doctor, (item) => void openDoctorForm(item), (item) => void deleteDoctors([item])) : [h("span", { class: "badge" }, "Read only")],
      selected: (chosen, clear) => {
        const own = chosen.filter(isOwn);
        return [h("button", { type: "button", class: "button", "aria-disabled": String(own.length === 0), click: async () => { if (own.length > 0 && await deleteDoctors(own)) clear(); } },
          own.length === chosen.length ? "Delete" : `Delete ${own.length} of your own`)];
      },
    }),
  };
}
