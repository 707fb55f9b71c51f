// Line icons on a 24 by 24 grid.

import { svg } from "./dom.js";

const paths = {
  overview: "M4 13h6V4H4zm0 7h6v-4H4zm10 0h6v-9h-6zm0-16v4h6V4z",
  patients: "M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm-8 10c0-4 3.5-7 8-7s8 3 8 7",
  doctors: "M6 3v5a5 5 0 0 0 10 0V3M4 3h3m8 0h3m-7 10v2a5 5 0 0 0 10 0v-2m0 0a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  devices: "M3 5h14v10H3zm0 14h10m5-9h3v10h-6v-3",
  add: "M12 5v14M5 12h14",
  edit: "M4 20h4L19 9l-4-4L4 16zm9-13 4 4",
  remove: "M5 7h14M9 7V4h6v3m-8 0 1 13h8l1-13m-7 4v5m4-5v5",
  close: "M6 6l12 12M18 6 6 18",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zm5-2 5 5",
  filter: "M4 6h16M7 12h10m-7 6h4",
  account: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm-7 9a7 7 0 0 1 14 0M3 3h18v18H3z",
  upload: "M12 16V4m-5 5 5-5 5 5M4 20h16",
  download: "M12 4v12m-5-5 5 5 5-5M4 20h16",
  print: "M7 9V3h10v6M7 17H4V9h16v8h-3M7 14h10v7H7z",
  signOut: "M14 4h6v16h-6M10 8l-4 4 4 4m-4-4h10",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  up: "M12 19V5m-6 6 6-6 6 6",
  down: "M12 5v14m-6-6 6 6 6-6",
  alert: "M12 3 2 20h20zm0 6v5m0 3v.5",
};

/** Returns a decorative icon, hidden from screen readers. @param {keyof typeof paths} name */
export function icon(name) {
  return svg("svg", { viewBox: "0 0 24 24", class: "icon-image", "aria-hidden": "true", focusable: "false" }, svg("path", { d: paths[name] }));
}
