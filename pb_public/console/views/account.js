// One's own account: name, address, password, devices.

import { account, changeName, changePassword, chooseSecondFactor, mayAskForMore, requestEmailChange, requestVerification } from "../account-api.js";
import { fill, h, newId } from "../dom.js";
import { draftOf, dropDraft, keepDraft } from "../drafts.js";
import { form } from "../form.js";
import { rename } from "../../session.js";
import { keysAreOn, switchKeys } from "../shortcuts.js";
import { failure, skeleton } from "../states.js";
import { live } from "../store.js";
import { explain } from "../request.js";
import { toast } from "../toast.js";
import { devicesSection } from "./devices.js";

/** @param {import("../main.js").Context} context */
export function accountView({ signal, leave }) {
  const profile = h("div", {}, skeleton(3)), email = h("div", {}), address = section("Email", email);
  address.hidden = true;
  const more = h("div", {}), second = section("Second factor", more);
  second.hidden = true;
  let begun = false;
  const { reload } = live({
    load: account,
    signal,
    /** @param {import("../store.js").Answer<import("../account-api.js").Account>} answer */
    show({ data, error }) {
      if (data === undefined) return fill(profile, error ? failure(error, () => void reload()) : skeleton(3));
      rename({ name: data.name, email: data.email });
      if (begun) return;
      begun = true;
      fill(profile, nameForm(data));
      fill(email, emailForm(data));
      address.hidden = false;
      if (typeof data.second_factor === "boolean") mayAskForMore().then((asks) => { fill(more, secondFactor(data)); second.hidden = !asks; }, () => {});
    },
  });
  return {
    title: "Account",
    element: h("div", { class: "view" },
      h("header", { class: "view-head" }, h("h1", { tabindex: -1 }, "Account")),
      h("div", { class: "columns" },
        h("div", { class: "pile" }, section("Name", profile), section("Password", passwordForm())),
        h("div", { class: "pile" }, address, second, section("Keyboard", keyboard())),
        devicesSection(signal, leave))),
  };
}

/** @param {string} title @param {...Node} content */
function section(title, ...content) {
  return h("section", { class: "panel section", "aria-label": title }, h("h2", {}, title), ...content);
}

/**
 * A form whose text is kept until it is saved.
 * @param {string} draft @param {Parameters<typeof form>[0]} options
 */
function keptForm(draft, { save, ...options }) {
  const made = form({
    ...options,
    onInput() {
      if (made.isChanged()) keepDraft({ collection: draft, item: null, values: made.changed(), at: Date.now() });
      else dropDraft(draft, null);
    },
    async save(values, changed) {
      await save(values, changed);
      dropDraft(draft, null);
    },
  });
  made.write(draftOf(draft, null)?.values ?? {});
  return made;
}

/** @param {import("../account-api.js").Account} known */
function nameForm({ name }) {
  const { element } = keptForm("account-name", {
    fields: [{ name: "name", label: "Your name", required: true, autocomplete: "name", value: name, help: "Histories of patients show it." }],
    submit: "Save the name",
    async save({ name = "" }) {
      const changed = await changeName(name);
      rename({ name: changed.name });
      toast("Name saved.");
    },
  });
  return element;
}

/** @param {import("../account-api.js").Account} known */
function emailForm({ email, verified }) {
  const status = h("p", { class: "muted", role: "status" });
  const confirmation = h("button", { type: "button", class: "button", hidden: verified, click: async () => {
    try {
      await requestVerification(email);
      status.textContent = `A mail with a link is on its way to ${email}.`;
    } catch (error) {
      status.textContent = `Not sent. ${explain(error)}`;
    }
  } }, "Send a link to confirm it");
  const { element, reset } = keptForm("account-email", {
    fields: [{ name: "email", label: "New email", type: "email", required: true, autocomplete: "email" }],
    submit: "Change the address",
    async save({ email = "" }) {
      await requestEmailChange(email);
      status.textContent = `A mail with a link is on its way to ${email}. The address changes when you follow it.`;
      reset();
    },
  });
  return h("div", { class: "stack" },
    h("p", {}, h("strong", {}, email), " ", h("span", { class: verified ? "badge good" : "badge" }, verified ? "Confirmed" : "Not confirmed")),
    confirmation, element, status);
}

function passwordForm() {
  const { element, reset } = form({
    fields: [
      { name: "old_password", label: "Current password", type: "password", required: true, autocomplete: "current-password" },
      { name: "new_password", label: "New password", type: "password", required: true, autocomplete: "new-password", help: "At least 8 characters, not only digits, and not a common password. Your other devices are signed out." },
    ],
    submit: "Change the password",
    async save(values) {
      await changePassword(values["old_password"] ?? "", values["new_password"] ?? "");
      reset();
      toast("Password changed. Your other devices are signed out.");
    },
  });
  return element;
}

/** @param {import("../account-api.js").Account} known */
function secondFactor({ second_factor: chosen }) {
  const box = h("input", { type: "checkbox", id: newId(), class: "checkbox", change: async () => {
    try {
      await chooseSecondFactor(box.checked);
      toast(box.checked ? "From now on, signing in asks for a code." : "Signing in asks for the password only.");
    } catch (error) {
      box.checked = !box.checked;
      toast(`Not saved. ${explain(error)}`);
    }
  } });
  box.checked = chosen === true;
  return h("div", { class: "stack" },
    h("div", { class: "check" }, box, h("label", { for: box.id }, "Ask for a code from a mail when I sign in")),
    h("p", { class: "muted" }, "Programs that sign in with your password cannot do so any more."));
}

function keyboard() {
  const box = h("input", { type: "checkbox", id: newId(), class: "checkbox", change: () => switchKeys(box.checked) });
  box.checked = keysAreOn();
  return h("div", { class: "stack" },
    h("div", { class: "check" }, box, h("label", { for: box.id }, "Keyboard shortcuts")),
    h("p", { class: "muted" }, "Single keys, such as ", h("kbd", {}, "/"), " to search and ", h("kbd", {}, "n"), " to add. ", h("kbd", {}, "?"), " shows all of them. The choice is kept in this browser."));
}
