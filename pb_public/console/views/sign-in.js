// Sign-in and registration.

import { isRegistrationOpen, register } from "../api.js";
import { fill, h, newId } from "../dom.js";
import { draftOf, keepDraft } from "../drafts.js";
import { entrance } from "../entrance.js";
import { form } from "../form.js";
import { address } from "../router.js";
import { finishSignIn, Refused, signIn } from "../../session.js";

/** @param {{ isNew: boolean, notice: string }} options */
export function signInView({ isNew, notice }) {
  const stay = h("input", { type: "checkbox", id: newId(), class: "checkbox", "aria-describedby": "stay-help" });
  const keep = h("div", { class: "check" }, stay,
    h("div", {}, h("label", { for: stay.id }, "Keep me signed in"),
      h("p", { id: "stay-help", class: "help" }, "Only on a device that nobody else uses.")));
  /** @type {import("../form.js").Field[]} */
  const credentials = [
    { name: "email", label: "Email", type: "email", required: true, autocomplete: "username" },
    { name: "password", label: "Password", type: "password", required: true, autocomplete: isNew ? "new-password" : "current-password",
      ...(isNew && { help: "At least 8 characters, not only digits, and not a common password." }) },
  ];
  const place = h("div", {});
  const typed = isNew ? draftOf("register", null)?.values ?? {} : {};
  const fields = isNew ? [{ name: "name", label: "Your name", required: true, autocomplete: "name" }, ...credentials] : credentials;
  const { element, values } = form({
    fields: fields.map((field) => ({ ...field, value: typed[field.name] ?? "" })),
    submit: isNew ? "Create account" : "Sign in",
    extra: [keep],
    onInput() {
      const { name = "", email = "" } = values();
      if (isNew) keepDraft({ collection: "register", item: null, values: { name, email }, at: Date.now() });
    },
    async save(values) {
      if (isNew) await register(values.name ?? "", values.email ?? "", values.password ?? "");
      try {
        const step = await signIn(values.email ?? "", values.password ?? "", stay.checked);
        if (step) show(codeForm(step));
      } catch (error) {
        throw error instanceof Refused && error.status === 401 ? new Refused(401, { detail: "The email or the password is wrong." }) : error;
      }
    },
  });
  place.append(element);

  /** @param {HTMLElement} next */
  function show(next) {
    place.replaceChildren(next);
    next.querySelector("input")?.focus();
  }
  const other = isNew
    ? h("p", {}, "Already have an account? ", h("a", { href: address(["sign-in"]) }, "Sign in"))
    : h("div", { class: "stack" }, h("p", {}, h("a", { href: address(["forgot"]) }, "Forgot your password?")),
      h("p", { class: "newcomers" }, "New here? ", h("a", { href: address(["register"]) }, "Create an account")));
  if (!isNew) {
    // Without an answer the link stays: the page behind it says what is wrong.
    isRegistrationOpen().then((open) => {
      if (!open) fill(other.querySelector(".newcomers") ?? other, "Accounts are created by an administrator.");
    }, () => {});
  }
  const title = isNew ? "Create an account" : "Sign in";
  return {
    title,
    element: entrance(title, h("div", { role: "status" }, notice && h("p", { class: "notice" }, notice)), place, other),
  };
}

/**
 * The second step of signing in: a code from a mail.
 * @param {import("../../session.js").SecondStep} step
 */
function codeForm(step) {
  return form({
    fields: [{ name: "code", label: "Code", required: true, inputmode: "numeric", autocomplete: "one-time-code", help: "A mail with a code is on its way to you." }],
    submit: "Sign in",
    save: ({ code = "" }) => finishSignIn(step, code.trim()),
  }).element;
}
