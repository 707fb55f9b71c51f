// The frame around every view: navigation, account, connection status.

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { address } from "./router.js";

/** @type {[string, string, Parameters<typeof icon>[0]][]} */
const places = [
  ["overview", "Overview", "overview"],
  ["patients", "Patients", "patients"],
  ["doctors", "Doctors", "doctors"],
  ["account", "Account", "account"],
];

/** @param {{ user: import("../session.js").User, signOut: () => void, notices: Node[] }} options */
export function shell({ user, signOut, notices }) {
  const main = h("main", { id: "main", tabindex: -1 });
  const links = places.map(([path, label, picture]) => h("a", { href: address([path]), "data-place": path }, icon(picture), h("span", {}, label)));
  const connection = h("div", { class: "connection", role: "status" });
  const account = h("a", { class: "account-name", href: address(["account"]) });
  showUser(user);
  const element = h("div", { class: "shell" },
    h("a", { class: "skip-link", href: "#main", click: (event) => { event.preventDefault(); main.focus(); } }, "Skip to the content"),
    h("header", { class: "side" },
      h("a", { class: "brand", href: address(["overview"]) }, h("img", { src: "icon.svg", alt: "", width: 30, height: 30 }), "Carebase"),
      h("nav", { class: "places", "aria-label": "Main" }, links),
      h("div", { class: "side-foot" },
        h("p", { class: "side-links small" }, h("a", { href: "/api/docs/" }, "API reference"), h("a", { href: "/_/" }, "Dashboard")),
        h("div", { class: "account" },
          account,
          h("button", { type: "button", class: "button quiet icon", "aria-label": "Sign out", click: signOut }, icon("signOut"))))),
    h("div", { class: "content" }, connection, ...notices, main));

  /** @param {import("../session.js").User} user */
  function showUser({ name, email }) {
    fill(account, h("strong", { dir: "auto" }, name), h("span", { class: "muted small" }, email));
  }

  return {
    element,
    showUser,
    /** @param {Element} view @param {string} place */
    show(view, place) {
      main.replaceChildren(view);
      for (const link of links) {
        if (link.dataset.place === place) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    },
    /** @param {boolean} lost */
    showConnection(lost) {
      connection.replaceChildren(...(lost ? [h("p", { class: "notice warning" }, "The connection is lost. What you see may be out of date; trying to connect again…")]
        : [h("p", { class: "visually-hidden" }, "Connected again.")]));
    },
  };
}
