// The devices on which the user is signed in.

import { devices, remove } from "../api.js";
import { confirm } from "../dialog.js";
import { fill, h, reconcile } from "../dom.js";
import { formatDevice, formatMoment, formatSince } from "../format.js";
import { explain } from "../request.js";
import { failure, skeleton } from "../states.js";
import { live } from "../store.js";
import { toast } from "../toast.js";

/** @typedef {import("../api.js").Device} Device */

/** @param {AbortSignal} signal @param {import("../main.js").Context["leave"]} leave */
export function devicesSection(signal, leave) {
  const list = h("ul", { class: "people devices" });
  const place = h("div", {}, skeleton(3));
  const heading = h("h2", { id: "devices-title", tabindex: -1 }, "Devices");
  const element = h("section", { class: "panel section wide", "aria-labelledby": "devices-title" },
    h("div", { class: "section-head" }, heading,
      h("button", { type: "button", class: "button", click: everywhere }, "Sign out everywhere")),
    h("p", { class: "muted" }, "Sign out any device that you do not recognize, then change your password."),
    place, list);

  /** @param {Device} device */
  function item(device) {
    const name = formatDevice(device.user_agent);
    return h("li", {},
      h("div", { class: "person" },
        h("strong", {}, name),
        h("span", { class: "muted small" }, `${device.address} · signed in ${formatMoment(device.created_at)} · last used ${formatSince(device.last_used_at)}`)),
      device.current ? h("span", { class: "badge good" }, "This device")
        : h("button", { type: "button", class: "button", "aria-label": `Sign out ${name}, ${device.address}`, click: () => void end(device) }, "Sign out"));
  }

  /** @param {Device} device */
  async function end(device) {
    const name = formatDevice(device.user_agent);
    const sure = await confirm({ title: "Sign out this device?", text: `You will have to sign in again on ${name} at ${device.address}.`, yes: "Sign out" });
    if (!sure) return;
    try {
      await remove(`/api/auth/sessions/${device.id}/`);
      toast(`${name} signed out.`);
    } catch (error) {
      toast(`Not signed out. ${explain(error)}`, { bad: true });
    }
    heading.focus();
    void reload();
  }

  async function everywhere() {
    const sure = await confirm({ title: "Sign out everywhere?", text: "You will have to sign in again on every device, including this one.", yes: "Sign out everywhere" });
    if (sure) await leave({ everywhere: true });
  }

  const { reload } = live({
    load: devices,
    signal,
    /** @param {import("../store.js").Answer<Device[]>} answer */
    show({ data, error }) {
      if (data === undefined) fill(place, error ? failure(error, () => void reload()) : skeleton(3));
      else fill(place);
      reconcile(list, data ?? [], ({ id }) => id, item);
      list.hidden = !data;
    },
  });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void reload(), { signal });
  return element;
}
