// Sign-in and registration.

import { isRegistrationOpen, register } from "../api.js";
import { fill, h, newId } from "../dom.js";
import { form } from "../form.js";
import { address } from "../router.js";
import { signIn } from "../../session.js";

/** @param {{ isNew: boolean, notice: string }} options */
export function signInView({ isNew, notice }) {
  const stay = h("input", { type: "checkbox", id: newId(), class: "checkbox", "aria-describedby": "stay-help" });
  const keep = h("div", { class: "check" }, stay,
    h("div", {}, h("label", { for: stay.id }, "Keep me signed in"),
      h("p", { id: "stay-help", class: "help" }, "Only on a device that nobody else uses.")));
  /** @type {import("../form.js").Field[]} */
  const credentials = [
    { name: "email", label: "E-mail", type: "email", required: true, autocomplete: "username" },
    { name: "password", label: "Password", type: "password", required: true, autocomplete: isNew ? "new-password" : "current-password",
      ...(isNew && { help: "At least 8 characters, not only digits, and not a common password." }) },
  ];
  const { element } = form({
    fields: isNew ? [{ name: "name", label: "Your name", required: true, autocomplete: "name" }, ...credentials] : credentials,
    submit: isNew ? "Create account" : "Sign in",
    extra: [keep],
    async save(values) {
      if (isNew) await register(values.name ?? "", values.email ?? "", values.password ?? "");
      await signIn(values.email ?? "", values.password ?? "", stay.checked);
    },
  });
  const other = isNew
    ? h("p", {}, "Already have an account? ", h("a", { href: address(["sign-in"]) }, "Sign in"))
    : h("p", {}, "New here? ", h("a", { href: address(["register"]) }, "Create an account"));
  if (!isNew) {
    // Without an answer the link stays: the page behind it says what is wrong.
    isRegistrationOpen().then((open) => {
      if (!open) fill(other, "Accounts are created by an administrator.");
    }, () => {});
  }
  return {
    title: isNew ? "Create an account" : "Sign in",
    element: h("div", { class: "entrance" },
      h("main", { class: "panel entrance-card" },
        h("div", { class: "brand" }, h("img", { src: "icon.svg", alt: "", width: 36, height: 36 }), "Carebase"),
        h("h1", { tabindex: -1 }, isNew ? "Create an account" : "Sign in"),
        h("div", { role: "status" }, notice && h("p", { class: "notice" }, notice)),
        element,
        other),
      h("footer", { class: "entrance-foot small" },
        h("a", { href: "/api/docs/" }, "API reference"), h("a", { href: "/api/patients/" }, "Browsable API"), h("a", { href: "/_/" }, "Dashboard"))),
  };
}
