// The frame of the pages for those who are not signed in.

import { h } from "./dom.js";

/** @param {string} title @param {...(Node | string)} content */
export function entrance(title, ...content) {
  return h("div", { class: "entrance" },
    h("main", { class: "panel entrance-card" },
      h("div", { class: "brand" }, h("img", { src: "icon.svg", alt: "", width: 36, height: 36 }), "Carebase"),
      h("h1", { tabindex: -1 }, title),
      ...content),
    h("footer", { class: "entrance-foot small" },
      h("a", { href: "/api/docs/" }, "API reference"), h("a", { href: "/api/patients/" }, "Browsable API"), h("a", { href: "/_/" }, "Dashboard")));
}
