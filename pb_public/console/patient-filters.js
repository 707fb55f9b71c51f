// The filters of the list of patients.

import { doctors, overview } from "./api.js";
import { filtersOf } from "./filters.js";
import { formatWeek } from "./format.js";

const DAY = 86_400_000;

/** The age bands of the overview. */
const bands = [...Array.from({ length: 9 }, (_, band) => `${band * 10}-${band * 10 + 9}`), "90+"]
  .map((value) => ({ value, label: `Age ${value.replace("-", "–")}` }));

/** Whether a text may be the id of a record. @param {string} text */
const isId = (text) => /^(\d+|[a-z0-9]{15})$/.test(text);

/** Returns the filters anew for each view. */
export const patientFilters = () => filtersOf([
  { name: "age", label: "Age", choices: bands },
  { name: "doctor", label: "Doctor", isValid: isId, say: async (id) => (await doctors.get(id)).name,
    search: async (text, signal) => (await doctors.list({ search: text, ordering: "name", page_size: 8 }, signal)).results },
  { name: "speciality", label: "Speciality", suggest: specialities, say: (value) => value },
  { name: "without", label: "Without a doctor" },
  { name: "week", label: "Week", hidden: true, isValid: (monday) => !Number.isNaN(Date.parse(`${monday}T00:00:00Z`)), say: (monday) => `Added in the week of ${formatWeek(monday)}` },
], ({ age = "", doctor, speciality, without, week }) => {
  const [first, last] = age.split(/[-+]/);
  const monday = Date.parse(`${week}T00:00:00Z`);
  return {
    age__gte: first, age__lte: last, doctor, doctor__speciality: speciality,
    ...(without && { doctor__isnull: "true" }),
    ...(week && { created_at__gte: new Date(monday).toISOString(), created_at__lt: new Date(monday + 7 * DAY).toISOString() }),
  };
});

/** Returns the most frequent specialities. */
export async function specialities() {
  const figures = await overview(AbortSignal.timeout(10_000));
  return figures.filter(({ chart, label }) => chart === "doctors_by_speciality" && label).map(({ label }) => label);
}
