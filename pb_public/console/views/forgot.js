// Asks for a mail with a link to a new password.

import { requestReset } from "../account-api.js";
import { h } from "../dom.js";
import { form } from "../form.js";
import { address } from "../router.js";
import { entrance } from "../entrance.js";

export function forgotView() {
  const place = h("div", {});
  const { element } = form({
    fields: [{ name: "email", label: "Email", type: "email", required: true, autocomplete: "username" }],
    submit: "Send the link",
    async save({ email = "" }) {
      await requestReset(email);
      place.replaceChildren(h("p", { class: "notice", role: "status", tabindex: -1 }, "If there is an account with this address, a mail with a link is on its way. The link is valid for a short time."));
      place.querySelector("p")?.focus();
    },
  });
  place.append(element);
  return {
    title: "Forgot your password?",
    element: entrance("Forgot your password?", h("p", { class: "muted" }, "You get a mail with a link to set a new one."), place,
      h("p", {}, h("a", { href: address(["sign-in"]) }, "Back to the sign-in"))),
  };
}
