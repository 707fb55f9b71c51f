// The pages that the links in mails lead to.

import { confirmEmailChange, confirmVerification } from "../account-api.js";
import { fill, h } from "../dom.js";
import { entrance } from "../entrance.js";
import { form } from "../form.js";
import { explain } from "../request.js";
import { address } from "../router.js";

/** @typedef {{ token: string }} Link */

/** The views by the first part of their address. @type {Record<string, (link: Link) => import("../main.js").View>} */
export const confirmationViews = {
  verify: verifyView,
  "confirm-email": confirmEmailView,
};

const onward = () => h("a", { class: "button", href: address(["overview"]) }, "Go to the console");

/** @param {Link} link */
function verifyView({ token }) {
  const place = h("div", { role: "status" }, "Confirming…");
  confirmVerification(token).then(
    () => fill(place, h("p", { class: "notice" }, "Your email address is confirmed.")),
    (error) => fill(place, h("p", { class: "notice bad" }, `Not confirmed. ${explain(error)}`), h("p", {}, "Ask for a new link on your account’s page.")));
  return { title: "Confirm your address", element: entrance("Confirm your address", place, onward()) };
}

/** @param {Link} link */
function confirmEmailView({ token }) {
  const place = h("div", {});
  const { element } = form({
    fields: [{ name: "password", label: "Password", type: "password", required: true, autocomplete: "current-password" }],
    submit: "Change the address",
    async save({ password = "" }) {
      await confirmEmailChange(token, password);
      fill(place, h("p", { class: "notice", role: "status" }, "Your email address is changed. Sign in with the new one."), onward());
    },
  });
  place.append(element);
  return { title: "Change your address", element: entrance("Change your address", h("p", { class: "muted" }, "Enter your password to confirm that the new address is yours."), place) };
}
