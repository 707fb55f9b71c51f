// Statistics about the user's records.

import { overview } from "../api.js";
import { barChart, columnChart } from "../charts.js";
import { fill, h } from "../dom.js";
import { formatNumber, formatWeek } from "../format.js";
import { address } from "../router.js";
import { failure, skeleton } from "../states.js";
import { live } from "../store.js";

/** @typedef {import("../api.js").Figure} Figure */

/** @param {import("../main.js").Context} context */
export function overviewView({ signal, user }) {
  const place = h("div", { class: "overview" });
  const element = h("div", { class: "view" },
    h("header", { class: "view-head" }, h("div", {}, h("h1", { tabindex: -1 }, "Overview"), h("p", { class: "muted" }, "Signed in as ", h("bdi", {}, user.name), "."))),
    place);
  let before = "";

  const { reload } = live({
    load: overview,
    collections: ["patients", "doctors", "mappings"],
    signal,
    /** @param {import("../store.js").Answer<Figure[]>} answer */
    show({ data, error }) {
      element.setAttribute("aria-busy", String(data === undefined && error === undefined));
      if (data === undefined) return fill(place, h("div", { class: "panel" }, error ? failure(error, () => void reload()) : skeleton(8)));
      const now = JSON.stringify(data);
      if (now === before) return;
      before = now;
      const open = [...place.querySelectorAll("details")].map((details) => details.open);
      fill(place, tiles(data), charts(data));
      place.querySelectorAll("details").forEach((details, index) => { details.open = open[index] ?? false; });
    },
  });
  return { title: "Overview", element };
}

/** @param {Figure[]} figures @param {string} chart */
const of = (figures, chart) => figures.filter((figure) => figure.chart === chart);

/** @param {Figure[]} figures @param {string} chart */
const total = (figures, chart) => of(figures, chart).reduce((sum, { count }) => sum + count, 0);

/** @param {Figure[]} figures */
function tiles(figures) {
  /** @type {[string, number, string | null][]} */
  const shown = [
    ["Patients", total(figures, "patients"), address(["patients"])],
    ["Doctors", total(figures, "doctors"), address(["doctors"])],
    ["Care team assignments", total(figures, "mappings"), null],
    ["Patients added this week", of(figures, "patients_by_week").at(-1)?.count ?? 0, null],
  ];
  return h("dl", { class: "tiles" }, shown.map(([label, value, href]) => h("div", { class: "panel tile" },
    h("dt", {}, href ? h("a", { href }, label) : label), h("dd", {}, formatNumber(value)))));
}

/** @param {Figure[]} figures */
function charts(figures) {
  const ages = of(figures, "patients_by_age").map(({ label, count }) => ({ label: label.replace("-", "–"), value: count }));
  const added = of(figures, "patients_by_week").map(({ label, count }) => ({ label: formatWeek(label), value: count }));
  const specialities = of(figures, "doctors_by_speciality").map(({ label, count }) => ({ label: label || "Not stated", value: count }));
  const others = total(figures, "doctors") - total(figures, "doctors_by_speciality");
  if (others > 0) specialities.push({ label: "All others", value: others });
  return h("div", { class: "charts" },
    h("section", { class: "panel section" }, barChart("Patients by age", ages)),
    h("section", { class: "panel section" }, specialities.length > 0 ? barChart("Doctors by speciality", specialities) : h("figure", { class: "chart" }, h("figcaption", {}, "Doctors by speciality"), h("p", { class: "muted" }, "There are no doctors yet."))),
    h("section", { class: "panel section wide" }, columnChart("Patients added per week", added)));
}
